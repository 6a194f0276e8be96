"""Losses of amounts, counts, ranks and quantiles against their papers in SciPy, their constants, and their gradients."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize, stats

from mtl_magic.data.schema import TaskSchema
from tests.toy import word

RNG = np.random.default_rng(3)
ROWS = 400
AMOUNT = (np.where(RNG.random(ROWS) < 0.4, 0.0, RNG.lognormal(2, 0.8, ROWS))).astype("float32")
COUNT = RNG.poisson(2.5, ROWS).astype("float32")
VALUE = RNG.gamma(2, 30, ROWS).astype("float32")
RANK = RNG.binomial(4, 0.4, ROWS).astype("float32")
WEIGHT = RNG.random(ROWS).astype("float32") * 3
CASES = {
    "poisson": ("count", word("loss", "poisson"), COUNT),
    "tweedie": ("regression", word("loss", "tweedie", p=1.4), AMOUNT),
    "ziln": ("regression", word("loss", "ziln"), AMOUNT),
    "log": ("regression", word("loss", "log"), AMOUNT),
    "quantile": ("regression", word("loss", "quantile", q=0.8), VALUE),
    "corn": ("ordinal", word("loss", "corn"), RANK),
    "smoothed": ("binary", word("loss", "bce", label_smoothing=0.2), (COUNT > 3).astype("float32")),
    "smoothed classes": ("multiclass", word("loss", "crossentropy", label_smoothing=0.2), RANK),
}


def task_of(name: str, weights: np.ndarray | None = None) -> TaskSchema:
    kind, loss, labels = CASES[name]
    made = word("task", kind, loss=loss)
    classes = tuple(range(5)) if kind in ("ordinal", "multiclass") else ()
    frequencies = tuple(float((labels == c).mean()) for c in classes)
    known = labels.astype("float64")
    return TaskSchema(
        "t", "t", "t", made, classes=classes, frequencies=frequencies, mean=float(known.mean()), std=float(known.std()),
        learnt=made.learnt(known, weights), start=made.start(known, weights),
        constant_loss=made.constant_loss(known, frequencies, weights),
    )  # fmt: skip


def rows_of(name: str, logits: np.ndarray, task: TaskSchema | None = None) -> np.ndarray:
    task = task or task_of(name)
    return np.array(task.kind.loss_of().rows(tf.constant(CASES[name][2]), tf.constant(logits, tf.float32), task))


def predicted(name: str, logits: np.ndarray) -> np.ndarray:
    task = task_of(name)
    return np.array(task.kind.prediction(keras.ops.convert_to_tensor(logits.astype("float32")), task))


def test_poisson_is_minus_the_log_likelihood_over_a_perfect_fits():
    z = RNG.normal(0, 0.5, (ROWS, 1))
    mu = predicted("poisson", z)[:, 0].astype("float64")
    perfect = stats.poisson.logpmf(COUNT, np.maximum(COUNT, 1e-12))
    want = perfect - stats.poisson.logpmf(COUNT, mu)
    np.testing.assert_allclose(rows_of("poisson", z) * COUNT.mean(), want, rtol=1e-3, atol=1e-4)


def test_tweedie_is_the_deviance():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")
    z = RNG.normal(0, 0.5, (ROWS, 1))
    mu, mean = predicted("tweedie", z)[:, 0], AMOUNT.mean(dtype="float64")
    want = metrics.mean_tweedie_deviance(AMOUNT / mean, mu / mean, power=1.4)
    assert rows_of("tweedie", z).mean() == pytest.approx(want, rel=1e-4)


def test_ziln_is_the_papers_likelihood_and_predicts_its_mean():
    z = RNG.normal(0, 1, (ROWS, 3))
    task = task_of("ziln")
    _, mean, std = task.learnt
    p = 1 / (1 + np.exp(-z[:, 0]))
    mu, sigma = mean + std * z[:, 1], std * (0.1 + np.log1p(np.exp(z[:, 2] + np.log(np.expm1(0.9)))))
    paid = AMOUNT > 0
    log = np.where(paid, np.log(np.where(paid, AMOUNT, 1)), 0)
    # Of log y in deviations, and above 0: its density over the constants that the docstring names.
    density = stats.norm.logpdf(log, mu, sigma) + np.log(std) + 0.5 * np.log(2 * np.pi) + np.log(0.1)
    want = np.where(paid, -np.log(p) - density, -np.log(1 - p))
    np.testing.assert_allclose(rows_of("ziln", z), want, rtol=1e-4, atol=1e-4)
    assert (rows_of("ziln", z) >= 0).all()
    np.testing.assert_allclose(predicted("ziln", z)[:, 0], p * np.exp(mu + sigma**2 / 2), rtol=1e-3)


def test_log_is_the_squared_error_of_logs_and_predictions_are_not_below_0():
    z = RNG.normal(0, 2, (ROWS, 1))
    logs = np.log1p(AMOUNT.astype("float64"))
    np.testing.assert_allclose(
        rows_of("log", z), ((logs - logs.mean()) / logs.std() - z[:, 0]) ** 2, rtol=1e-3, atol=1e-4
    )
    found = predicted("log", z)
    assert found.min() == 0
    inside = found[:, 0] > 0
    np.testing.assert_allclose(
        np.log1p(found[inside, 0]), (logs.mean() + logs.std() * z[inside, 0]), rtol=1e-3, atol=1e-4
    )


def test_the_best_constant_of_a_quantile_is_the_quantile():
    task = task_of("quantile")
    found = predicted("quantile", np.full((1, 1), task.start[0]))
    assert found[0, 0] == pytest.approx(np.quantile(VALUE, 0.8), rel=1e-4)
    assert (found[0, 0] > VALUE).mean() == pytest.approx(0.8, abs=0.01)


def test_corn_is_minus_the_log_of_the_ranks_probability():
    z = RNG.normal(0, 2, (ROWS, 4))
    shares = predicted("corn", z)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    steps = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(1 - np.cumsum(shares, axis=1)[:, :-1], np.cumprod(steps, axis=1), atol=1e-5)
    want = -np.log(shares[np.arange(ROWS), RANK.astype(int)])
    np.testing.assert_allclose(rows_of("corn", z), want, rtol=1e-3, atol=1e-4)


def test_smoothed_losses_are_those_of_mixed_labels():
    z = RNG.normal(0, 2, (ROWS, 1))
    p, y = 1 / (1 + np.exp(-z[:, 0])), CASES["smoothed"][2] * 0.8 + 0.1
    np.testing.assert_allclose(rows_of("smoothed", z), -y * np.log(p) - (1 - y) * np.log(1 - p), rtol=1e-4, atol=1e-5)
    z = RNG.normal(0, 2, (ROWS, 5))
    log = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    want = -(0.8 * log[np.arange(ROWS), RANK.astype(int)] + 0.2 * log.mean(axis=1))
    np.testing.assert_allclose(rows_of("smoothed classes", z), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_the_constant_is_the_best_and_the_head_starts_there(name: str, weighted: bool):
    """No constant logits do better by SciPy's search, and the start is as good."""
    weights = WEIGHT if weighted else None
    task = task_of(name, weights)

    def mean(z: np.ndarray) -> float:
        each = rows_of(name, np.tile(z, (ROWS, 1)), task)
        return float(np.average(each, weights=weights))

    start = np.array(task.kind.bias(task))
    best = optimize.minimize(mean, start, method="Powell", options={"maxiter": 2000})
    assert task.constant_loss == pytest.approx(float(best.fun), rel=2e-3)
    if not (weighted and CASES[name][0] in ("ordinal", "multiclass")):  # these start at the shares of rows
        smoothed = name.startswith("smoothed c")
        assert mean(start) == pytest.approx(task.constant_loss, rel=0.05 if smoothed else 2e-3)


@pytest.mark.parametrize("name", CASES)
def test_losses_and_gradients_are_finite_for_any_logits(name: str):
    task = task_of(name)
    for size in (0.0, 1.0, 1e4):
        logits = tf.constant(RNG.standard_normal((ROWS, task.kind.units(task))) * size, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            each = task.kind.loss_of().rows(tf.constant(CASES[name][2]), logits, task)
        assert np.isfinite(each.numpy()).all()
        assert np.isfinite(tape.gradient(each, logits).numpy()).all()
        assert np.isfinite(np.array(task.kind.prediction(logits, task))).all()


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_differences(name: str):
    task = task_of(name)
    logits = RNG.normal(0.1, 0.7, (ROWS, task.kind.units(task)))
    with tf.GradientTape() as tape:
        z = tf.constant(logits, tf.float32)
        tape.watch(z)
        total = tf.reduce_sum(task.kind.loss_of().rows(tf.constant(CASES[name][2]), z, task))
    found = tape.gradient(total, z).numpy()
    step = 1e-2
    for unit in range(logits.shape[1]):
        moved = [logits.copy(), logits.copy()]
        moved[0][:, unit] += step
        moved[1][:, unit] -= step
        want = (rows_of(name, moved[0], task) - rows_of(name, moved[1], task)) / (2 * step)
        near = np.abs(found[:, unit] - want) < 0.02 * np.maximum(np.abs(want), 1) + 0.01
        assert near.mean() > 0.97  # a pinball has a corner


def lists(loss: Any, labels: Any, scores: Any, numbers: Any, known: Any = None) -> np.ndarray:
    known = np.ones(len(labels), bool) if known is None else np.array(known)
    scores = np.array(scores, "float32")[:, None]
    return np.array(loss.lists(np.array(labels, "float32"), scores, known, np.array(numbers, "int32")))


def test_pairwise_is_ranknets_mean_over_the_pairs_of_a_list():
    y, s, g = [2, 0, 1, 1, 0, 0], [0.3, 0.8, -0.2, 1.0, 0.1, 0.4], [0, 0, 0, 1, 1, 2]
    pairs = [(0, 1), (0, 2), (2, 1)]
    first = np.mean([np.log1p(np.exp(-(s[i] - s[j]))) for i, j in pairs])
    second = np.log1p(np.exp(-(1.0 - 0.1)))
    np.testing.assert_allclose(lists(word("loss", "pairwise"), y, s, g), [first] * 3 + [second] * 2 + [0], rtol=1e-5)
    hinge = np.mean([max(0, 1 - (s[i] - s[j]) / 2) for i, j in pairs])
    made = lists(word("loss", "pairwise", kind="hinge", temperature=2.0), y, s, g)
    assert made[0] == pytest.approx(hinge, rel=1e-5)
    without = lists(word("loss", "pairwise"), y, s, g, [True, True, False, True, True, True])
    assert without[0] == pytest.approx(np.log1p(np.exp(0.5)), rel=1e-5)


def test_listwise_is_the_softmax_cross_entropy_of_a_list():
    y, s, g = [2, 0, 1, 0, 0], np.array([0.3, 0.8, -0.2, 1.0, 0.1]), [0, 0, 0, 1, 1]
    log = s[:3] - np.log(np.exp(s[:3]).sum())
    assert lists(word("loss", "listwise"), y, s, g)[0] == pytest.approx(-(2 * log[0] + log[2]) / 3, rel=1e-5)
    exponential = lists(word("loss", "listwise", gain="exponential"), y, s, g)
    assert exponential[0] == pytest.approx(-(3 * log[0] + log[2]) / 4, rel=1e-5)
    assert exponential[3] == 0  # no positive
    huge = lists(word("loss", "listwise"), [1, 0], [1e4, -1e4], [0, 0])
    assert huge[0] == pytest.approx(0)


def test_losses_of_lists_equal_keras_rs():
    losses = pytest.importorskip("keras_rs.losses", reason="keras-rs is the reference")
    y, s = RNG.integers(0, 3, (4, 6)), RNG.normal(size=(4, 6)).astype("float32")
    theirs = losses.PairwiseLogisticLoss(reduction="none")(y.astype("float32"), s).numpy().sum(axis=1)
    count = (y[:, :, None] > y[:, None, :]).sum(axis=(1, 2))
    ours = lists(word("loss", "pairwise"), y.ravel(), s.ravel(), np.repeat(range(4), 6)).reshape(4, 6)[:, 0]
    np.testing.assert_allclose(ours * count, theirs, rtol=1e-4)


def test_what_does_not_fit_together_is_said():
    from mtl_magic import MtlError, parse

    def said(text: str) -> tuple[str, str]:
        with pytest.raises(MtlError) as caught:
            parse(text)
        problem = caught.value.problems[0]
        return problem.code, problem.message

    assert said("task a: ranking") == (
        "MTL045",
        "a ranking task needs group=, the column whose equal values are a list",
    )
    assert said("task a: binary(loss=pairwise)")[0] == "MTL045"
    assert said("task a: regression(loss=quantile(1))")[0] == "MTL041"
    assert said("task a: regression(loss=tweedie(2))")[0] == "MTL041"
    code, message = said("task a: regression(loss=[mse, tweedie])")
    assert (code, "'mse'" in message, "'tweedie'" in message) == ("MTL045", True, True)
    assert said("task a: binary(loss=[bce(weight=0)])")[1] == "every loss of the list has weight 0"
    assert said("task a: binary(loss=[pairwise(u), listwise(v)])")[0] == "MTL045"
    assert said("task a: binary(loss=[bce, mse])")[1] == "the loss 'mse' does not serve a binary task"
    assert said("task a: multilabel(label=x, labels=[y, z])")[0] == "MTL045"
    assert said("task a, b: multilabel(labels=[y, z])")[0] == "MTL033"


def test_a_list_of_losses_is_their_weighted_sum():
    from mtl_magic.data.schema import Schema
    from mtl_magic.train.losses import row_losses

    both = word("task", "binary", loss=(word("loss", "bce"), word("loss", "focal", weight=0.25)))
    labels = tf.constant([[1.0], [0.0], [float("nan")]])
    logits = {"t": tf.constant([[0.3], [-1.0], [2.0]])}
    task = TaskSchema("t", "t", "t", both, mean=0.5, frequencies=(0.5, 0.5))
    found, weights = row_losses(Schema((), (task,)), logits, labels)
    each = [
        row_losses(
            Schema((), (dataclasses.replace(task, kind=word("task", "binary", loss=word("loss", w))),)), logits, labels
        )
        for w in ("bce", "focal")
    ]
    np.testing.assert_allclose(found, each[0][0] + 0.25 * each[1][0], rtol=1e-6)
    assert weights.numpy().ravel().tolist() == [1, 1, 0]
    known = np.array([0.0, 1.0])
    assert both.constant_loss(known) == pytest.approx(np.log(2) + 0.25 * word("loss", "focal").constant(known, ()))


@pytest.mark.parametrize("kind", ["logistic", "hinge"])
def test_pairs_in_blocks_are_all_pairs_and_their_gradient(monkeypatch, kind):
    from mtl_magic.tasks import within

    monkeypatch.setattr(within, "PAIRS", 50)
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(12), rng.integers(1, 30, 12)).astype("int32")
    y, known = rng.integers(0, 3, len(g)).astype("float32"), rng.random(len(g)) < 0.8
    upstream = rng.random(len(g)).astype("float32")
    above = (g[:, None] == g) & (y[:, None] > y) & known[:, None] & known

    def all_pairs(s: Any) -> Any:
        apart = (s[:, None] - s[None, :]) / 0.7
        each = tf.nn.softplus(-apart) if kind == "logistic" else tf.nn.relu(1 - apart)
        per_row = tf.reduce_sum(tf.where(above, each, 0.0), 1)
        counts = np.maximum(np.bincount(g, above.sum(1)), 1)
        return tf.gather(tf.math.unsorted_segment_sum(per_row, g, 12) / counts.astype("float32"), g)

    s = tf.Variable(rng.normal(size=len(g)).astype("float32"))
    loss = word("loss", "pairwise", kind=kind, temperature=0.7)

    @tf.function
    def ours() -> Any:
        with tf.GradientTape() as tape:
            found = loss.lists(y, s[:, None], known, g)
            total = tf.reduce_sum(upstream * found)
        return found, tape.gradient(total, s)

    with tf.GradientTape() as tape:
        want = all_pairs(s)
        total = tf.reduce_sum(upstream * want)
    found, slopes = ours()
    np.testing.assert_allclose(found, want, rtol=1e-5)
    np.testing.assert_allclose(slopes, tape.gradient(total, s), rtol=1e-4, atol=1e-6)


def test_memory_of_pairs_is_bounded_however_long_a_list_is():
    import resource

    n = 7000  # 24 million pairs: more than 1 GB where all stand side by side
    y, s = RNG.integers(0, 2, n), RNG.normal(size=n)
    lists(word("loss", "pairwise"), y[:100], s[:100], np.zeros(100))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = lists(word("loss", "pairwise"), y, s, np.zeros(n))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    positive, negative = np.sort(s[y == 1]), s[y == 0]
    some = negative[:500]
    rough = np.mean(np.log1p(np.exp(some[None, :] - positive[:, None])))
    assert found[0] == pytest.approx(rough, rel=0.05)
