"""What a script's training minimises is what the run's does, terms of dependencies too."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow as tf
from dependencies.nets import PART, net, outputs, schema

from mtl_magic.runs.code.functions import losses, risks
from mtl_magic.runs.code.source import Functions
from mtl_magic.runs.code.text import show
from mtl_magic.runs.code.writers import GivenAt, writer
from mtl_magic.train.step import row_losses
from tests.toy import word


@pytest.mark.parametrize(
    "method", [word("given", "aitm", alpha=2.0), word("given", "escm2_ips", clip=1.5), word("given", "escm2_dr")]
)
def test_objectives_are_equal(method):
    made = net({"buy": [("click", method), ("watch", method)]})
    (term,) = made.terms
    tables = schema()
    labels = PART.labels[:32].copy()
    labels[:, 2] = np.random.default_rng(0).integers(0, 2, 32)
    labels[3:6, 0], labels[5:9, 1] = np.nan, np.nan
    z = {key: np.array(value, "float32") * 9 for key, value in outputs(made).items()}
    rows, known = row_losses(tables, z, tf.constant(labels), made.terms)

    click, buy, watch = tables.tasks
    at = GivenAt(
        Functions(),
        buy,
        (click, watch),
        "x",
        "t",
        {"click": "c", "watch": "w"},
        "z",
        ("a", "b"),
        units=(4,),
        dropout=0.0,
    )
    text = writer("given", method.word)(method, at)
    function = eval(show(text.term), {"functools": functools, **vars(risks)})
    mean = risks.of_labelled_with(losses.bce, function)
    beside = np.concatenate([z[k] for k in ("buy", term.own, "click", "watch", *term.further)], axis=1)
    found = mean(tf.constant(labels[:, [1, 0, 2]]), tf.constant(beside))
    assert float(found) == pytest.approx(float(rows[:, 1].numpy().sum() / known[:, 1].numpy().sum()), rel=1e-5)
