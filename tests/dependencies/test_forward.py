"""Each dependency computes what its paper says, starts at the labels' rates, and moves what it should."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from dependencies import references
from dependencies.nets import PART, inside, moved, net, outputs, schema, weights

from tests.toy import word

WORDS = ("esmm", "escm2_ips", "escm2_dr", "monotone", "aitm", "dbmtl")


@pytest.mark.parametrize("name", ["esmm", "escm2_ips", "escm2_dr"])
def test_products_of_a_chain_and_of_two_parents(name):
    method = word("given", name)
    made = net({"buy": [("click", method)], "watch": [("buy", method), ("click", method)]})
    z = outputs(made)
    assert [o.title for o in made.outputs] == ["click", "buy", "watch", "buy|click", "watch|buy,click"]
    assert made.outputs[-1].parents == ("buy", "click")
    buy = references.esmm(z["buy_given_click"], z["click"])
    watch = references.esmm(z["watch_given_buy_click"], z["buy"], z["click"])
    assert references.sigmoid(z["buy"]) == pytest.approx(buy, rel=1e-5)
    assert references.sigmoid(z["watch"]) == pytest.approx(watch, rel=1e-5)


def test_monotone_is_below_the_least_of_its_parents():
    made = net({"watch": [("buy", word("given", "monotone")), ("click", word("given", "monotone"))]})
    z = outputs(made)
    own = inside(made, "logits")[2]
    assert references.sigmoid(z["watch"]) == pytest.approx(references.monotone(own, z["buy"], z["click"]), rel=1e-5)
    assert (z["watch"] < np.minimum(z["buy"], z["click"])).all()


def test_aitm_reads_its_parents_by_attention():
    method = word("given", "aitm")
    made = net({"buy": [("click", method)], "watch": [("buy", method), ("click", method)]})
    w, (click, buy, watch) = weights(made), inside(made, "towers")
    read = references.aitm(buy, {"click": click}, w, "buy")
    last = references.aitm(watch, {"buy": read, "click": click}, w, "watch")
    assert inside(made, "buy_transfer") == pytest.approx(read, rel=1e-4, abs=1e-6)
    z = outputs(made)
    assert z["watch"] == pytest.approx(references.dense(last, w, "watch_logits"), rel=1e-4, abs=1e-5)
    assert [o.title for o in made.outputs] == ["click", "buy", "watch"]  # no conditional: it predicts P(child)


def test_dbmtl_reads_its_parents_by_an_mlp():
    method = word("given", "dbmtl", units=(6, 4))
    made = net({"buy": [("click", method)], "watch": [("click", method), ("buy", method)]})
    w, (click, buy, watch) = weights(made), inside(made, "towers")
    read = references.dbmtl(buy, {"click": click}, w, "buy", 2)
    last = references.dbmtl(watch, {"click": click, "buy": read}, w, "watch", 2)
    z = outputs(made)
    assert z["buy"] == pytest.approx(references.dense(read, w, "buy_logits"), rel=1e-4, abs=1e-5)
    assert z["watch"] == pytest.approx(references.dense(last, w, "watch_logits"), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", WORDS)
def test_it_starts_at_the_labels_rates(name):
    made = net({"buy": [("click", word("given", name))]})
    rates = {t.key: t.mean for t in schema().tasks}
    for layer in made.heads.layers:  # the weights of a head aside, a prediction is its start
        if isinstance(layer, keras.layers.Dense) and layer.name.endswith("logits"):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
        elif layer.name.startswith("logits"):
            layer.kernels[0].assign(np.zeros(layer.kernels[0].shape))
    for key in ("click", "buy"):
        assert references.sigmoid(outputs(made)[key]) == pytest.approx(rates[key], rel=1e-4)


REACHED = {  # what the child's own loss moves of its parent, and what is the child's
    "esmm": ({"click_tower", "click_logits"}, {"buy_tower", "buy_logits"}),
    "escm2_ips": ({"click_tower", "click_logits"}, {"buy_tower", "buy_logits"}),
    "escm2_dr": ({"click_tower", "click_logits"}, {"buy_tower", "buy_logits"}),
    "monotone": ({"click_tower", "click_logits"}, {"buy_tower", "buy_logits"}),
    "aitm": ({"click_tower"}, {"buy_tower", "buy_logits", "buy_from_click", "buy_query", "buy_key", "buy_value"}),
    "dbmtl": ({"click_tower"}, {"buy_tower", "buy_logits", "buy_relation"}),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_gradient_reaches_what_it_should(name):
    made = net({"buy": [("click", word("given", name))]})
    parents, own = REACHED[name]
    assert moved(made, lambda z: tf.reduce_sum(z["buy"] ** 2)) == parents | own
    assert moved(made, lambda z: tf.reduce_sum(z["click"] ** 2)) == {"click_tower", "click_logits"}
    assert moved(made, lambda z: tf.reduce_sum(z["watch"] ** 2)) == {"watch_tower", "watch_logits"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("escm2_ips", {"buy_tower", "buy_logits"}),
        ("escm2_dr", {"buy_tower", "buy_logits", "buy_imputation", "buy_imputed_logits"}),
        ("aitm", {"click_logits", *REACHED["aitm"][0], *REACHED["aitm"][1]}),
    ],
)
def test_a_term_reaches_what_it_should(name, expected):
    made = net({"buy": [("click", word("given", name))]})
    (term,) = made.terms
    labels = tf.constant(PART.labels[:64])

    def loss(z):
        if name == "aitm":  # the calibrator says something only where the child is above
            z = {**z, "buy": z["buy"] + 5}
        return tf.reduce_sum(term.rows(schema(), z, labels))

    assert moved(made, loss) == expected  # the propensity, which is the parent's, is not moved


@pytest.mark.parametrize("name", ["click", "buy"])
def test_what_is_said_of_one_task_is_not_said_of_the_other(name):
    tables = schema()
    frozen = tuple(
        dataclasses.replace(t, kind=word("task", "binary", frozen=True)) if t.name == name else t for t in tables.tasks
    )
    made = net({"buy": [("click", word("given", "aitm"))]}, tables=dataclasses.replace(tables, tasks=frozen))
    click = {"click_tower_dense_0", "click_logits"}
    buy = {"buy_tower_dense_0", "buy_logits", "buy_from_click_dense_0", "buy_query", "buy_key", "buy_value"}
    stay, learn = (click, buy) if name == "click" else (buy, click)
    trained = set[str]()
    for layer in made.heads.layers:
        if layer.trainable_weights:
            names = layer.parts() if hasattr(layer, "parts") else [layer.name]  # a tower that is fused with others
            trained |= {f"{part}_dense_0" if part.endswith("_tower") else part for part in names}
    assert not stay & trained
    assert learn <= trained
