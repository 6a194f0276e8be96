"""Task kinds, losses and metrics against plain NumPy and scikit-learn."""

from __future__ import annotations

import dataclasses
import itertools

import keras
import numpy as np
import pytest

from mtl_magic.data.schema import TaskSchema
from mtl_magic.tasks.metrics import GroupAuc, roc_auc
from tests.toy import word

RNG = np.random.default_rng(0)
PAIRS = [
    ("binary", "bce"),
    ("binary", "focal"),
    ("multiclass", "crossentropy"),
    ("regression", "mse"),
    ("regression", "mae"),
    ("regression", "huber"),
]


def schema(kind: str, loss: str, labels: np.ndarray) -> TaskSchema:
    made = word("task", kind, loss=word("loss", loss))
    frequencies: tuple[float, ...] = ()
    classes: tuple[int, ...] = ()
    if kind == "multiclass":
        classes = (0, 1, 2)
        frequencies = tuple(float((labels == c).mean()) for c in classes)
    known = labels[~np.isnan(labels)]
    task = TaskSchema(
        "t", "t", "t", made, mean=float(known.mean()), std=float(known.std()), classes=classes, frequencies=frequencies
    )
    return dataclasses.replace(task, constant_loss=made.constant_loss(labels, frequencies))


def labels_of(kind: str) -> np.ndarray:
    found = {
        "binary": RNG.random(500) < 0.2,
        "multiclass": RNG.integers(0, 3, 500) ** 2 // 2,
        "regression": RNG.gamma(2, 30, 500),
    }
    return found[kind].astype("float32")


@pytest.mark.parametrize(("kind", "loss"), PAIRS)
def test_the_constant_loss_is_the_best_constants(kind: str, loss: str) -> None:
    """No constant logits do better, and some do as well."""
    labels = labels_of(kind)
    task = schema(kind, loss, labels)
    grid = np.linspace(-4, 4, 161)
    units = task.kind.units(task)
    candidates = (
        [[z] for z in grid] if units == 1 else [[0, *p] for p in itertools.product(np.linspace(-4, 4, 41), repeat=2)]
    )
    values = [
        float(
            np.mean(
                task.kind.loss_of().rows(labels, keras.ops.convert_to_tensor(np.tile(np.float32(z), (500, 1))), task)
            )
        )
        for z in candidates
    ]
    assert min(values) >= task.constant_loss - 1e-4
    assert min(values) <= task.constant_loss * 1.02


@pytest.mark.parametrize(("kind", "loss"), [p for p in PAIRS if p[1] not in ("focal", "mae", "huber")])
def test_the_head_starts_at_the_best_constant(kind: str, loss: str) -> None:
    labels = labels_of(kind)
    task = schema(kind, loss, labels)
    logits = np.tile(np.float32(task.kind.bias(task)), (500, 1))
    assert float(np.mean(task.kind.loss_of().rows(labels, logits, task))) == pytest.approx(task.constant_loss, rel=1e-3)


@pytest.mark.parametrize(("kind", "loss"), PAIRS)
def test_losses_are_finite_for_any_logits(kind: str, loss: str) -> None:
    labels = labels_of(kind)[:50]
    task = schema(kind, loss, labels)
    logits = RNG.standard_normal((50, task.kind.units(task))).astype("float32") * 1e4
    assert np.isfinite(np.array(task.kind.loss_of().rows(labels, keras.ops.convert_to_tensor(logits), task))).all()


def test_constant_loss_ignores_missing_labels_and_leaves_callables_for_later() -> None:
    kind = word("task", "binary")
    assert kind.constant_loss(np.array([0, 1, np.nan], "float32")) == pytest.approx(np.log(2))
    assert np.isnan(word("task", "binary", loss=lambda y, p: y).constant_loss(np.array([0, 1.0])))


def test_a_loss_or_metric_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="the loss 'huber' does not serve a binary task"):
        word("task", "binary", loss=word("loss", "huber")).check()
    with pytest.raises(ValueError, match="the metric 'rmse' does not serve a binary task"):
        word("task", "binary", metrics=(word("metric", "rmse"),)).check()


@pytest.mark.parametrize("ties", [False, True])
def test_auc_equals_scikit_learns(ties: bool) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")
    y, s = RNG.random(400) < 0.3, RNG.random(400)
    s = s.round(1) if ties else s
    assert roc_auc(y, s) == pytest.approx(metrics.roc_auc_score(y, s), abs=1e-12)
    assert np.isnan(roc_auc(np.zeros(3), np.arange(3)))


def test_metrics_equal_their_definitions() -> None:
    y, p = np.array([0, 1, 1, 0.0]), np.array([0.2, 0.9, 0.4, 0.6])
    assert word("metric", "accuracy").value(y, p, {}) == 0.5
    assert word("metric", "logloss").value(y, p, {}) == pytest.approx(-np.log([0.8, 0.9, 0.4, 0.4]).mean())
    assert word("metric", "rmse").value(y, p, {}) == pytest.approx((((y - p) ** 2).mean()) ** 0.5)
    assert word("metric", "mae").value(y, p, {}) == pytest.approx(0.375)
    three = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    assert word("metric", "accuracy").value(np.array([0.0, 1.0]), three, {}) == 0.5
    assert word("metric", "logloss").value(np.array([0.0, 1.0]), three, {}) == pytest.approx(-np.log([0.7, 0.2]).mean())
    for name in ("accuracy", "logloss", "rmse", "mae", "auc"):
        assert np.isnan(word("metric", name).value(np.zeros(0), np.zeros(0), {}))


def test_group_auc_weighs_groups_and_leaves_out_those_of_one_class() -> None:
    y = np.array([0, 1, 1, 0, 1, 1.0])
    p = np.array([0.1, 0.9, 0.2, 0.8, 0.5, 0.5])
    groups = np.array(["a", "a", "b", "b", None, None], object)
    metric = GroupAuc("user")
    assert metric.columns() == ("user",)
    assert metric.value(y, p, {"user": groups}) == pytest.approx((2 * 1.0 + 2 * 0.0) / 4)
    assert np.isnan(metric.value(np.ones(2), np.ones(2), {"user": np.array([1, 2])}))


def test_a_metric_stands_once() -> None:
    gauc = [word("metric", "gauc", group=g) for g in ("user_id", "item_id")]
    with pytest.raises(ValueError, match="'gauc' stands twice"):
        word("task", "binary", metrics=tuple(gauc)).check()
