"""What dependencies add to losses: the papers' terms, on the right rows."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from dependencies import references
from dependencies.nets import net, schema

from mtl_magic.train.step import row_losses
from tests.toy import word

NAN = float("nan")
# rows of click, buy, watch: all four pairs of the first two, then one without the parent's label, one without the child's
LABELS = np.array([[0, 0, 1], [1, 0, 0], [1, 1, NAN], [0, 1, 0], [NAN, 1, 1], [1, NAN, 0]], "float32")
RNG = np.random.default_rng(0)
KEYS = ("click", "buy", "watch", "buy_given_click", "buy_imputed")
Z = {key: RNG.normal(0, 2, (len(LABELS), 1)).astype("float32") for key in KEYS}
CLICK, BUY, OWN, IMPUTED = (Z[k][:, 0].astype("float64") for k in ("click", "buy", "buy_given_click", "buy_imputed"))
HAPPENED = (LABELS[:, 0] == 1).astype("float64")
Y = np.nan_to_num(LABELS[:, 1])


def added(method, labels=LABELS, z=Z):
    """What the term adds to the losses of all tasks, (rows, 3)."""
    made = net({"buy": [("click", method)]})
    plain, known = row_losses(schema(), z, tf.constant(labels))
    with_it, _ = row_losses(schema(), z, tf.constant(labels), made.terms)
    assert np.isfinite(np.array(with_it)).all()
    assert (np.array(known) == np.isfinite(labels)).all()
    return np.array(with_it - plain)


def test_the_calibrator_counts_what_is_above_the_parent():
    found = added(word("given", "aitm", alpha=0.6))
    expected = 0.6 * references.calibrator(BUY, CLICK) * np.isfinite(LABELS[:, 1])
    assert found[:, 1] == pytest.approx(expected, abs=1e-6)
    assert (found[:, 1] > 0).any()
    assert (found[:, [0, 2]] == 0).all()
    assert (added(word("given", "aitm", alpha=0)) == 0).all()


def test_ips_weighs_by_one_over_the_propensity():
    found = added(word("given", "escm2_ips", weight=0.5, clip=1e6))
    expected = 0.5 * references.ips(Y, HAPPENED, OWN, references.sigmoid(CLICK)) * np.isfinite(LABELS[:, 1])
    assert found[:, 1] == pytest.approx(expected, rel=1e-4)
    assert (found[[0, 3, 4, 5], 1] == 0).all()  # no click, no label of it, none of the child
    assert (found[:, [0, 2]] == 0).all()


def test_weights_are_clipped():
    rate = schema().tasks[0].mean
    low = {**Z, "click": np.full_like(Z["click"], -30.0)}
    found = added(word("given", "escm2_ips", weight=1, clip=4), z=low)[:, 1]
    expected = references.ips(Y, HAPPENED, OWN, rate / 4) * np.isfinite(LABELS[:, 1])
    assert found == pytest.approx(expected, rel=1e-4)


def test_doubly_robust_is_the_papers_risk():
    found = added(word("given", "escm2_dr", weight=0.5, clip=1e6))
    guess = np.log1p(np.exp(IMPUTED))
    whole = references.doubly_robust(Y, HAPPENED, OWN, references.sigmoid(CLICK), guess)
    expected = 0.5 * whole * np.isfinite(LABELS[:, :2]).all(1)
    assert found[:, 1] == pytest.approx(expected, rel=1e-4)


def test_ips_is_unbiased_where_the_propensity_is_right():
    """The risk over clicked rows, weighted, is that over all rows: clicks that depend on what a purchase depends on."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=200_000)
    propensity, rate = references.sigmoid(x), references.sigmoid(0.7 * x - 1)
    click, would = rng.random(len(x)) < propensity, rng.random(len(x)) < rate
    own = 0.4 * x
    truth = references.log_loss(would * 1.0, own).mean()
    weighted = references.ips(would * 1.0, click, own, propensity).mean()
    clicked = references.log_loss(would[click] * 1.0, own[click]).mean()
    assert weighted == pytest.approx(truth, rel=0.02)
    assert abs(clicked - truth) > 0.03 * truth
    z = {k: np.zeros((len(x), 1), "float32") for k in KEYS}
    z |= {"click": x[:, None].astype("float32"), "buy_given_click": own[:, None].astype("float32")}
    labels = np.stack([click, click & would, np.zeros(len(x))], axis=1).astype("float32")
    found = added(word("given", "escm2_ips", weight=1, clip=1000), labels, z)[:, 1].mean()
    assert found == pytest.approx(truth, rel=0.02)
