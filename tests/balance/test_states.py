"""Methods with a state against their papers' algorithms in NumPy float64, step by step, with tasks that come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import mtl_magic
from tests.balance.jacobians import draw

Step = tuple[np.ndarray, np.ndarray, np.ndarray]  # active (K,) bool, losses (K,), J (K, P)
Reference = Callable[[int, dict[str, Any]], Iterator[np.ndarray]]


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max())
    return e / e.sum()


class Adam:
    """Kingma & Ba 2015, algorithm 1, of the coordinates that are given a gradient."""

    def __init__(self, start: np.ndarray, rate: float) -> None:
        self.x, self.rate = start.astype("float64"), rate
        self.m, self.v, self.t = (np.zeros(len(start)) for _ in range(3))

    def down(self, gradient: np.ndarray, on: np.ndarray) -> None:
        self.t[on] += 1
        self.m[on] = 0.9 * self.m[on] + 0.1 * gradient[on]
        self.v[on] = 0.999 * self.v[on] + 0.001 * gradient[on] ** 2
        m, v = self.m[on] / (1 - 0.9 ** self.t[on]), self.v[on] / (1 - 0.999 ** self.t[on])
        self.x[on] -= self.rate * m / (np.sqrt(v) + 1e-8)


def gradnorm(k: int, options: dict[str, Any]) -> Any:
    """Chen et al. 2018, eq. 1-2, in w = K softmax(θ); the Jacobian of the softmax by hand."""
    logits, first = Adam(np.zeros(k), options["lr"]), [list[float]() for _ in range(k)]
    found = None
    while True:
        active, losses, J = yield found
        w = np.zeros(k)
        w[active] = active.sum() * softmax(logits.x[active])
        for i in np.flatnonzero(active):
            first[i] += [losses[i]] if len(first[i]) < options["first"] else []
        rates = np.array([losses[i] / np.mean(first[i]) for i in np.flatnonzero(active)])
        norms = np.linalg.norm(J, axis=1)[active]
        norms = norms / norms.mean()  # Adam is blind to a common factor
        sizes = w[active] * norms
        target = sizes.mean() * (rates / rates.mean()) ** options["alpha"]
        slope = np.sign(sizes - target) * norms
        z, gradient = w[active] / active.sum(), np.zeros(k)
        gradient[active] = active.sum() * (np.diag(z) - np.outer(z, z)) @ slope
        logits.down(gradient, active)
        found = w


def metabalance(k: int, options: dict[str, Any]) -> Any:
    """He et al. 2022, algorithm 1: the moving mean of norms first, then the gradients by it."""
    mean, found = np.zeros(k), None
    while True:
        active, _, J = yield found
        norms = np.linalg.norm(J, axis=1)
        mean[active] = options["beta"] * mean[active] + (1 - options["beta"]) * norms[active]
        ratio = np.where(mean > 0, mean[0] / np.where(mean > 0, mean, 1), 1) if mean[0] > 0 else np.ones(k)
        found = np.where(active, ratio * options["relax"] + 1 - options["relax"], 0)


def excess_mtl(k: int, options: dict[str, Any]) -> Any:
    """He et al. 2024, eq. 6-9, of gradients with one number a task: AdaGrad's norm."""
    total, start, w, found = np.zeros(k), np.zeros(k), np.ones(k), None
    while True:
        active, _, J = yield found
        squares = (J**2).sum(axis=1)
        total[active] += squares[active]
        excess = squares / np.sqrt(np.maximum(total, 1e-300))
        start = np.where(active & (start == 0), excess, start)
        w[active] *= np.exp(options["lr"] * excess[active] / start[active])
        found = np.where(active, w, 0) / w[active].sum()


def uncertainty(k: int, options: dict[str, Any]) -> Any:
    """Kendall et al. 2018, eq. 7 and 10: e^(−s) a L + s/2; the last task is a number, a = ½."""
    s, a, found = Adam(np.zeros(k), options["lr"]), np.r_[np.ones(k - 1), 0.5], None
    while True:
        active, losses, _ = yield found
        found = a * np.exp(-s.x)
        s.down(0.5 - found * losses, active)


def imtl_l(k: int, options: dict[str, Any]) -> Any:
    """Liu et al. 2021: e^s L − s."""
    s, found = Adam(np.zeros(k), options["lr"]), None
    while True:
        active, losses, _ = yield found
        found = np.exp(s.x)
        s.down(found * losses - 1, active)


def dwa(k: int, options: dict[str, Any]) -> Any:
    """Liu et al. 2019, eq. 7, with epochs of `steps`."""
    now: list[list[float]] = [[] for _ in range(k)]
    means: list[list[float]] = [[] for _ in range(k)]
    step, found = 0, None
    while True:
        active, losses, _ = yield found
        if step and step % options["steps"] == 0:
            for each, mine in zip(now, means, strict=True):
                mine.extend([np.mean(each)] if each else [])
                each.clear()
        r = np.array([mine[-1] / mine[-2] if len(mine) > 1 else 1.0 for mine in means])
        found = np.zeros(k)
        found[active] = active.sum() * softmax(r[active] / options["T"])
        for i in np.flatnonzero(active):
            now[i].append(losses[i])
        step += 1


OPTIONS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {  # reference, options, those of `create` alone
    "gradnorm": (gradnorm, {"alpha": 1.5, "lr": 0.05, "first": 3}, {}),
    "metabalance": (metabalance, {"relax": 0.7, "beta": 0.9}, {}),
    "excess_mtl": (excess_mtl, {"lr": 0.3}, {}),
    "uncertainty": (uncertainty, {"lr": 0.1}, {"numbers": [3]}),
    "imtl_l": (imtl_l, {"lr": 0.1}, {}),
    "dwa": (dwa, {"T": 2.0, "steps": 3}, {}),
}


def batches(k: int, steps: int, seed: int, *, spread: bool) -> Iterator[Step]:
    """Losses and Jacobians of a training; from the fourth batch on now and then a task has no label."""
    rng = np.random.default_rng(seed)
    scale = 10.0 ** np.linspace(-3, 3, k) if spread else np.ones(k)
    for i in range(steps):
        active = np.ones(k, bool)
        if i > 3:
            active[1:] = rng.random(k - 1) > 0.3
        losses = rng.uniform(0.2, 1.0, k).astype("float32").astype("float64")
        yield active, losses, draw("conflicting", k, seed + i) * scale[:, None]


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("name", OPTIONS)
def test_a_state_moves_as_its_paper_says(name: str, *, spread: bool) -> None:
    reference, options, more = OPTIONS[name]
    method, wanted = mtl_magic.balance.create(name, tasks=4, **options, **more), reference(4, options)
    method._weights = method._weighed  # some steps are sooner taken than traced
    next(wanted)
    for active, losses, J in batches(4, 12, 7, spread=spread):
        # The Gramian of a task without a label means nothing, nor does its loss.
        found = method.update(losses=np.where(active, losses, np.nan), gramian=J @ J.T)
        want = np.where(active, wanted.send((active, losses, J)), 0)
        assert np.allclose(found, want, rtol=1e-5, atol=1e-7 * np.abs(want).max())


def test_famo_moves_as_its_algorithm_says() -> None:
    """Liu et al. 2023, algorithm 1, with the Jacobian of the softmax by hand and the decay in Adam's gradient."""
    rng, xi = np.random.default_rng(0), Adam(np.zeros(4), 0.1)
    famo = mtl_magic.balance.create("famo", tasks=4, gamma=0.02, lr=0.1)
    for active, losses, _ in batches(4, 12, 3, spread=False):
        after = losses * rng.uniform(0.8, 1.05, 4)
        z = np.zeros(4)
        z[active] = softmax(xi.x[active])
        found = famo.update(losses=np.where(active, losses, np.nan))
        assert np.allclose(found, z / losses / (z / losses).sum(), rtol=1e-5)
        famo.after(np.where(active, after, np.nan))
        delta = np.log(losses) - np.log(after)
        xi.down((np.diag(z) - np.outer(z, z)) @ delta + 0.02 * xi.x, active)


def test_gradvac_moves_its_usual_cosines_as_its_paper_says() -> None:
    """Wang et al. 2021, over several steps: φ is kept, so that gradients are turned which do not conflict."""
    from mtl_magic.balance._random import orders
    from tests.balance.references import gradvac

    method, phi, turned = mtl_magic.balance.create("gradvac", tasks=4, beta=0.3), np.zeros((4, 4)), 0
    for step in range(6):
        J = draw("well", 4, step) + 0.7 * draw("well", 1, step)
        w = method.update(gramian=J @ J.T)
        turned += bool((phi > 0.1).any())
        wanted = gradvac(J, orders(0, step, 4).numpy(), phi, 0.3)
        assert np.allclose(J.T @ w, wanted, rtol=1e-4, atol=1e-5 * np.abs(wanted).max())
    assert turned > 3


def test_graddrop_is_its_algorithm_for_every_leak() -> None:
    """Chen et al. 2020, algorithm 1, lines 10-15, of a feature of 2 rows and 6 units; U is what the method draws."""
    import tensorflow as tf

    from mtl_magic.balance._base import BalanceTask, Evidence
    from mtl_magic.balance._random import stream
    from tests.toy import word

    rng = np.random.default_rng(0)
    feature, each = rng.normal(size=(2, 6)).astype("float32"), rng.normal(size=(3, 2, 6)).astype("float32")
    tasks = tuple(BalanceTask(str(i), classification=True) for i in range(3))
    step = tf.constant(5, tf.int64)
    u = tf.random.stateless_uniform((6,), stream(0, step)).numpy()
    G = (np.sign(feature)[None] * each).sum(axis=1)
    P = 0.5 * (1 + G.sum(0) / np.abs(G).sum(0))
    for leak in (0.0, 0.3):
        evidence = Evidence(tf.ones(3), tf.ones(3), tf.constant([True] * 3), step)
        (found,), _, _ = word("balance", "graddrop", leak=leak).combine(
            [tf.constant(each)], [tf.constant(feature)], evidence, {}, tasks
        )
        mask = np.where(u < P, G > 0, G < 0)
        wanted = ((leak + (1 - leak) * mask)[:, None] * each).sum(axis=0)
        assert np.allclose(found, wanted, atol=1e-6)
