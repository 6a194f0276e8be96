"""Does sharing suffer when tasks differ? The synthetic sweep of the MMoE paper (Ma et al. 2018, §3.2 and figure 2).

    python experiments/mmoe_correlation.py [--minutes 30] [--threads 1] [--report]

Two regression tasks of the same 100 inputs whose labels' correlation is set by the cosine p of two weight vectors: as p
falls, one bottom serves both less well. Three networks of about equal size (8 experts of 16 units; one bottom of 113;
towers of 8), all else equal. Everything that the paper leaves open is said in `ROWS` and `CELL`.
"""

from __future__ import annotations

import functools
import pathlib
import sys
from collections.abc import Sequence

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reporting import NONE_YET, half, table, with_interval, with_spread
from running import Case, Experiment, Line, Tables, main, seed_by_seed

POINTS = (0.5, 0.9, 1.0)
SEEDS = 20
INPUTS, SINES, NOISE = 100, 4, 0.1
TRAIN, REST = 100_000, 10_000
BOTTOM, GATED = "shared bottom", "mmoe"
ARMS = {
    BOTTOM: "mlp(units=[113], dropout=0)",
    GATED: "mmoe(experts=8, units=[16], dropout=0)",
    "omoe": "omoe(experts=8, units=[16], dropout=0)",
}
CELL = """feature x: vector
share {share}
task a, b: regression(tower=[8])
train epochs=20 batch=1024 lr=0.01 early_stop=none"""
ROWS = (
    f"x ~ N(0, 1) of {INPUTS} inputs; u1, u2 orthonormal, w1 = u1, w2 = p u1 + sqrt(1 - p^2) u2; "
    f"y = w.x + sum over i = 1..{SINES} of sin(i w.x + (i - 1)^2) + N(0, {NOISE}^2); "
    f"{TRAIN} rows to train, {REST} to validate, {REST} to test; all drawn anew by seed"
)


@functools.lru_cache(maxsize=2)
def tables(point: float, seed: int) -> Tables:
    """The rows of one seed at one cosine p; the inputs of a seed are the same at every p."""
    import pyarrow as pa

    rng = np.random.default_rng(seed)
    u, _ = np.linalg.qr(rng.normal(size=(INPUTS, 2)))
    x = rng.normal(size=(TRAIN + 2 * REST, INPUTS)).astype("float32")
    w = np.stack([u[:, 0], point * u[:, 0] + np.sqrt(1 - point**2) * u[:, 1]], axis=1)
    y = labels(x @ w) + NOISE * rng.normal(size=(len(x), 2))
    column = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), INPUTS)
    table = pa.table({"x": column, "a": y[:, 0], "b": y[:, 1]})
    return Tables(table.slice(0, TRAIN), table.slice(TRAIN + REST), table.slice(TRAIN, REST))


def labels(z: np.ndarray) -> np.ndarray:
    """z + Σᵢ sin(αᵢ z + βᵢ), elementwise (eq. 2-3 of the paper)."""
    return z + sum(np.sin(i * z + (i - 1) ** 2) for i in range(1, SINES + 1))


def cases(_: Sequence[Line]) -> list[Case]:
    """Of the two arms that the question is about, seed by seed; then of the one gate for all tasks."""
    every = [
        Case(arm, seed, CELL.format(share=share), point)
        for arm, share in ARMS.items()
        for seed in range(SEEDS)
        for point in POINTS
    ]
    return seed_by_seed(c for c in every if c.arm in (BOTTOM, GATED)) + [c for c in every if c.arm == "omoe"]


def error(line: Line) -> float:
    """The mean over both tasks of the test rows' mean squared error."""
    return float(np.mean([(line.test[t]["rmse"] or np.nan) ** 2 for t in ("a", "b")]))


def report(lines: Sequence[Line], folder: pathlib.Path) -> dict[str, str]:
    """A table of mean ± standard deviation over seeds, what falls with p paired by seed, and the plot."""
    found = {line.key: error(line) for line in lines if not line.failed}
    size = {line.arm: line.parameters["dense"] for line in lines if not line.failed}
    whole = {arm: {s for s in range(SEEDS) if all((arm, p, s) in found for p in POINTS)} for arm in ARMS}
    seeds = sorted(whole[BOTTOM] & whole[GATED])
    if len(seeds) < 2:
        return {"mmoe_correlation": NONE_YET}
    arms = [arm for arm in ARMS if whole[arm] >= set(seeds)]
    at = {a: {p: np.array([found[a, p, s] for s in seeds]) for p in POINTS} for a in arms}
    draw(at, folder / "mmoe_correlation.svg")
    low, *_, high = POINTS
    rows = [
        [a, f"{size[a]:,}", *(with_spread(v) for v in at[a].values()), with_interval(at[a][low] - at[a][high])]
        for a in arms
    ]
    middle = [[a, *(f"{np.median(v):.4f}".removeprefix("0") for v in at[a].values())] for a in arms]
    rise = {a: at[a][low] - at[a][high] for a in arms}
    less = [
        [a, *(with_interval(at[a][p] - at[BOTTOM][p]) for p in POINTS), with_interval(rise[a] - rise[BOTTOM])]
        for a in arms
        if a != BOTTOM
    ]
    points = [f"p = {p:g}" for p in POINTS]
    text = [
        (
            f"Seeds: {len(seeds)}. Test error (mean square, both tasks), mean ± standard deviation; what the noise of the "
            f"labels alone leaves is {NOISE**2:g}:"
        ),
        table(["", "weights", *points, f"p = {low:g} less p = {high:g}, by seed"], rows),
        f"The error less that of the {BOTTOM} on the same seed, with the 95% interval of the mean over seeds:",
        table(["", *points, "rise from p = 1"], less),
        "The median over seeds:",
        table(["", *points], middle),
    ]
    return {"mmoe_correlation": "\n\n".join(text)}


def draw(at: dict[str, dict[float, np.ndarray]], path: pathlib.Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    from mtl_magic.explanation.colours import LIGHT

    mpl.rcParams |= {"svg.hashsalt": "mtl_magic", "svg.fonttype": "none"}
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for colour, (arm, points) in zip(LIGHT, at.items(), strict=False):
        mean = np.array([v.mean() for v in points.values()])
        each = np.array([half(v) for v in points.values()])
        axes.errorbar(list(points), mean, each, color=colour, marker="o", capsize=3, label=arm)
    axes.set_xlabel("cosine p of the tasks' weight vectors")
    axes.set_ylabel("test error, mean square")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


EXPERIMENT = Experiment("mmoe_correlation", ROWS, cases, lambda case: tables(case.point or 0.0, case.seed), report)


if __name__ == "__main__":
    main(EXPERIMENT, __doc__)
