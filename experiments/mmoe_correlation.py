"""Does sharing suffer when tasks differ? The synthetic sweep of the MMoE paper (Ma et al. 2018, §3.2 and figure 2).

    python experiments/mmoe_correlation.py [--minutes 30] [--threads 1] [--report]

Two regression tasks of the same 100 inputs whose labels' correlation is set by the cosine p of two weight vectors: as p
falls, one bottom serves both less well. Three networks of about equal size (8 experts of 16 units; one bottom of 113;
towers of 8), all else equal. Everything that the paper leaves open is said in `ROWS` and `CELL`.
"""

from __future__ import annotations

import argparse
import functools
import pathlib
import sys
from collections.abc import Sequence

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running import RESULTS, Case, Experiment, Line, Tables, read, run, seed_by_seed, steady

POINTS = (0.5, 0.9, 1.0)
SEEDS = 20
INPUTS, SINES, NOISE = 100, 4, 0.1
TRAIN, REST = 100_000, 10_000
ARMS = {
    "shared bottom": "mlp(units=[113], dropout=0)",
    "omoe": "omoe(experts=8, units=[16], dropout=0)",
    "mmoe": "mmoe(experts=8, units=[16], dropout=0)",
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
    return seed_by_seed(
        Case(arm, seed, CELL.format(share=share), point)
        for seed in range(SEEDS)
        for point in POINTS
        for arm, share in ARMS.items()
    )


def error(line: Line) -> float:
    """The mean over both tasks of the test rows' mean squared error."""
    return float(np.mean([(line.test[t]["rmse"] or np.nan) ** 2 for t in ("a", "b")]))


def report(lines: Sequence[Line], folder: pathlib.Path) -> str:
    """A table of mean ± standard deviation over seeds, the rise against p = 1 paired by seed, and the plot."""
    found = {line.key: error(line) for line in lines if not line.failed}
    seeds = [s for s in range(SEEDS) if all((a, p, s) in found for a in ARMS for p in POINTS)]
    size = {line.arm: line.parameters["dense"] for line in lines if not line.failed}
    at = {a: {p: np.array([found[a, p, s] for s in seeds]) for p in POINTS} for a in ARMS}
    head = " | ".join(f"p = {p:g}" for p in POINTS)
    text = [
        f"Seeds: {len(seeds)}. Test error (mean square, both tasks), mean ± standard deviation; what noise alone leaves is {NOISE**2:g}.",
        "",
    ]
    text += [f"| | weights | {head} | p = {POINTS[0]:g} less p = 1, by seed |", "|---" * (len(POINTS) + 3) + "|"]
    for arm in ARMS:
        each = " | ".join(f"{at[arm][p].mean():.4f} ± {at[arm][p].std(ddof=1):.4f}" for p in POINTS)
        rise = at[arm][POINTS[0]] - at[arm][1.0]
        half = 1.96 * rise.std(ddof=1) / np.sqrt(len(seeds))
        text.append(
            f"| {arm} | {size[arm]:,} | {each} | {rise.mean():+.4f} [{rise.mean() - half:+.4f}, {rise.mean() + half:+.4f}] |"
        )
    draw(at, folder / "mmoe_correlation.svg")
    return "\n".join(text)


def draw(at: dict[str, dict[float, np.ndarray]], path: pathlib.Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    from mtl_magic.explanation.colours import LIGHT

    mpl.rcParams["svg.hashsalt"] = "mtl_magic"
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for colour, (arm, points) in zip(LIGHT, at.items(), strict=False):
        mean = np.array([v.mean() for v in points.values()])
        half = np.array([1.96 * v.std(ddof=1) / np.sqrt(len(v)) for v in points.values()])
        axes.errorbar(list(points), mean, half, color=colour, marker="o", capsize=3, label=arm)
    axes.set_xlabel("cosine p of the tasks' weight vectors")
    axes.set_ylabel("test error, mean square")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


EXPERIMENT = Experiment("mmoe_correlation", ROWS, cases, lambda case: tables(case.point or 0.0, case.seed), report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--report", action="store_true", help="only print the table of what is there, and draw the plot"
    )
    a = parser.parse_args()
    if not a.report:
        steady(a.threads)
        run(EXPERIMENT, minutes=a.minutes)
    lines = EXPERIMENT.fitting(read(RESULTS / f"{EXPERIMENT.name}.jsonl"))
    print(report(lines, pathlib.Path(__file__).parent.parent / "docs" / "images"))


if __name__ == "__main__":
    main()
