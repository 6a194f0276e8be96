"""The two-task problem of the CAGrad and Nash-MTL papers: five starts, five methods, and the Pareto front.

Run from the repository, `python experiments/toy_pareto.py` prints how near each method comes to the front, after how many
steps, and draws docs/images/toy_pareto.svg. Starts, scale (the first loss times 0.1), c and steps (35,000 of Adam at 1e-3) are those
of Nash-MTL's code. CAGrad's own experiment (three starts, unscaled, c = 0.5) takes 100,000; it and UPGrad need more than
35,000 from one start, (9, 9), where they follow a valley slowly as the mean does, and as the authors' own codes do
(docs/balancing.md has the numbers). A test runs the same functions.
"""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

from mtl_magic.balance._base import BalanceTask, Evidence
from mtl_magic.vocabulary import vocabulary

STARTS = ((-8.5, 7.5), (0.0, 0.0), (9.0, 9.0), (-7.5, -0.5), (9.0, -1.0))
METHODS: dict[str, dict[str, Any]] = {
    "mgda": {"norm": None},
    "cagrad": {"c": 0.4},
    "nash_mtl": {},
    "imtl_g": {},
    "upgrad": {},
}
STEPS = {"cagrad": 100_000, "upgrad": 100_000, "mgda": 35_000, "nash_mtl": 35_000, "imtl_g": 35_000}
RATE, SCALE = 1e-3, 0.1
NEAR = 1e-2  # of the front, in the plane of the two losses
EVERY = 500  # steps between two points of a path


def losses(x: Any) -> Any:
    """Both losses (2,) of a point (2,), float64: a valley of logarithms above x₂ = 0, two paraboloids below."""
    x1, x2 = x[0], x[1]
    valleys = (0.5 * (-x1 - 7) - tf.tanh(-x2), 0.5 * (-x1 + 3) + tf.tanh(-x2) + 2)
    above, below = tf.maximum(tf.tanh(0.5 * x2), 0), tf.maximum(tf.tanh(-0.5 * x2), 0)
    found = []
    for valley, side in zip(valleys, (7.0, -7.0), strict=True):
        deep = tf.math.log(tf.maximum(tf.abs(valley), 5e-6)) + 6
        bowl = ((-x1 + side) ** 2 + 0.1 * (-x2 - 8) ** 2) / 10 - 20
        found.append(deep * above + bowl * below)
    return tf.stack([SCALE * found[0], found[1]])


def front(points: int = 4001) -> np.ndarray:
    """Points (n, 2) of the Pareto front: minima of λ f₁ + (1 − λ) f₂, of which x₁ = 14 λ − 7 whatever x₂ is."""
    share = np.linspace(0, 1, points)
    x1 = 14 * share - 7
    x2 = np.linspace(-9, -7, 20_001)
    bowl = (0.1 * (x2 + 8) ** 2)[None]
    mixed = (((49 - x1**2)[:, None] + bowl) / 10 - 20) * np.tanh(-x2 / 2)[None]
    x2 = x2[mixed.argmin(axis=1)]
    each = [(((x1 - side) ** 2 + 0.1 * (x2 + 8) ** 2) / 10 - 20) * np.tanh(-x2 / 2) for side in (7, -7)]
    return np.stack([SCALE * each[0], each[1]], axis=1)


def distance(found: np.ndarray, of: np.ndarray) -> float:
    """Of losses (2,) from the polyline through points of the front (n, 2)."""
    start, along = of[:-1], np.diff(of, axis=0)
    share = np.clip(((found - start) * along).sum(axis=1) / (along**2).sum(axis=1), 0, 1)
    return float(np.linalg.norm(start + share[:, None] * along - found, axis=1).min())


def walker(name: str) -> Any:
    """A function that takes `EVERY` steps of a method: point, moments (2, 2), step -> the same, later."""
    declaration = vocabulary().find("balance", name)
    assert declaration is not None
    method: Any = declaration(**METHODS[name])
    tasks = (BalanceTask("1", classification=False), BalanceTask("2", classification=False))
    state = {key: tf.constant(value) for key, value in method.start(tasks).items()}
    active = tf.constant([True, True])

    def step(x: Any, m: Any, v: Any, t: Any) -> tuple[Any, ...]:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            values = losses(x)
            first, second = values[0], values[1]
        jacobian = tf.stack([tape.gradient(first, x), tape.gradient(second, x)])
        seen = tf.cast(values, tf.float32)
        evidence = Evidence(seen, seen, active, tf.cast(t, tf.int64), tf.matmul(jacobian, jacobian, transpose_b=True))
        w, _ = method.weights(evidence, state, tasks)
        d = tf.linalg.matvec(jacobian, w, transpose_a=True)
        t += 1
        m, v = 0.9 * m + 0.1 * d, 0.999 * v + 0.001 * d**2
        return x - RATE * (m / (1 - 0.9**t)) / (tf.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v, t

    def walk(x: Any, m: Any, v: Any, t: Any) -> tuple[Any, ...]:
        return tf.while_loop(lambda *_: True, step, (x, m, v, t), maximum_iterations=EVERY)

    return tf.function(walk, autograph=False, jit_compile=True)


def paths(name: str) -> list[np.ndarray]:
    """Of each start the points (n, 2) at every `EVERY` steps, up to the first that is near the front, or to the last."""
    walk, goal = walker(name), front()
    found = []
    for start in STARTS:
        x = tf.constant(start, tf.float64)
        state = (x, tf.zeros_like(x), tf.zeros_like(x), tf.constant(0.0, tf.float64))
        points = [x.numpy()]
        while (len(points) - 1) * EVERY < STEPS[name]:
            state = walk(*state)
            points.append(state[0].numpy())
            if distance(losses(state[0]).numpy(), goal) < NEAR:
                break
        found.append(np.array(points))
    return found


def draw(found: dict[str, list[np.ndarray]], path: pathlib.Path) -> None:
    """A panel a method: its five paths in the plane of the two losses, and the front."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "toy_pareto"
    goal = front(401)
    figure, axes = plt.subplots(1, len(found), figsize=(2.6 * len(found), 2.8), sharey=True, layout="constrained")
    for axis, (name, each) in zip(axes, found.items(), strict=True):
        axis.plot(*goal.T, color="#b0b0b0", linewidth=5, solid_capstyle="round", label="Pareto front")
        for k, points in enumerate(each):
            seen = np.array([losses(tf.constant(point)).numpy() for point in points])
            axis.plot(*seen.T, linewidth=1, color=f"C{k}")
            axis.plot(*seen[0], "o", markersize=4, color=f"C{k}")
            axis.plot(*seen[-1], "*", markersize=9, color=f"C{k}", markeredgecolor="white")
        axis.set_title(name)
        axis.set_xlabel("0.1 f₁")
    axes[0].set_ylabel("f₂")
    axes[0].legend(loc="upper right", frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    goal, drawn = front(), {}
    for name in METHODS:
        drawn[name] = paths(name)
        for start, points in zip(STARTS, drawn[name], strict=True):
            away = distance(losses(tf.constant(points[-1])).numpy(), goal)
            print(f"{name:9} from {start!s:13} {away:.4f} from the front after {(len(points) - 1) * EVERY:,} steps")
    draw(drawn, pathlib.Path(__file__).parents[1] / "docs" / "images" / "toy_pareto.svg")


if __name__ == "__main__":
    main()
