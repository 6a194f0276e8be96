"""Does sharing pay on a real feed log, how best, and which balancing helps? Seven tasks of KuaiRand-Pure, five seeds.

    python experiments/feed.py [--data FOLDER] [--minutes 30] [--threads 1] [--report]

Six binary tasks and watch time, trained on the days before 2022-05-04, tested on the days from then on. Two comparisons share
their trainings: balancing methods on one shared bottom (a single change: the `balance` line), and topologies under
`balance equal` (a single change: the `share` line). All arms have the same rows, features, towers, optimizer and rule that
chooses the epoch on validation rows; nothing is chosen on test rows.
"""

from __future__ import annotations

import functools
import itertools
import pathlib
import sys
from collections.abc import Sequence

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reporting import SINGLE, Scored, compare, draw, table, with_spread
from running import Case, Experiment, Line, Tables, data_folder, main, seed_by_seed

SEEDS = range(5)
BINARY = ("is_click", "long_view", "is_like", "is_follow", "is_comment", "is_profile_enter")
RARE = BINARY[2:]
METRICS = dict.fromkeys(BINARY, "auc") | {"watch": "spearman"}
HIDDEN = "is_forward, is_hate, play_time_ms, comment_stay_time, profile_stay_time, time_ms, date, hourmin"
ROWS = (
    "KuaiRand-Pure's feed.parquet, its 185,061 rows of 25 April to 5 May 2022; days before 4 May to train, of which a tenth, "
    "drawn by seed, validates; days from 4 May on to test; watch = log(1 + seconds played)"
)

BOTTOM = "mlp(units=[256, 64])"
TRAIN = "train epochs=8 batch=2048 early_stop=2"
TASK = {task: f"task {task}: binary" for task in BINARY} | {"watch": "task watch: regression(metrics=[spearman, rmse])"}

# what stands for `balance`; their options are the package's defaults
METHODS = (
    "equal",
    "static",
    "uncertainty",
    "dwa",
    "gradnorm",
    "famo",
    "mgda",
    "pcgrad",
    "cagrad",
    "nash_mtl",
    "imtl_g",
    "upgrad",
    "db_mtl",
)
TUNED = "tuned weights"
TOPOLOGIES = {  # of about as many weights in their layers as the shared bottom
    "mmoe": "mmoe(experts=4, units=[64])",
    "ple": "ple(levels=2, shared=2, own=1, units=[28])",
    "stem": "stem(shared=2, own=1, units=[24])",
}
SHARED, AITM = "equal", "aitm"

# tuned weights: of `balance equal`, whose losses are over those of the best constant; click and long view have 1
GRID = tuple(itertools.product((0.03, 0.1, 0.3, 1.0, 3.0), (0.3, 1.0, 3.0)))  # (rare tasks, watch)
TUNING_SEEDS = (100,)


def cell(tasks: Sequence[str], share: str = BOTTOM, balance: str = "equal", seed: int = 0) -> str:
    """A cell of lines that begin with `task`; labels that are not learnt are no features either."""
    left = [task for task in TASK if not any(f" {task}" in line.partition(":")[0] for line in tasks)]
    return "\n".join(
        [
            f"ignore {', '.join([HIDDEN, *left])}",
            f"share {share}",
            *tasks,
            f"balance {balance}",
            f"split valid=0.1 seed={seed}",
            TRAIN,
        ]
    )


def weighted(rare: float, watch: float) -> list[str]:
    """The tasks' lines with weights."""
    weight = dict.fromkeys(RARE, rare) | {"watch": watch}
    return [f"{line} weight {weight.get(task, 1):g}" for task, line in TASK.items()]


def chained() -> list[str]:
    """The tasks' lines of AITM: whatever else a person does follows upon a click; watch time stands for itself."""
    return [line if task in ("is_click", "watch") else f"{line} given is_click via aitm" for task, line in TASK.items()]


def name_of(rare: float, watch: float) -> str:
    return f"weights rare={rare:g} watch={watch:g}"


def tuning() -> list[Case]:
    """The search for static weights, on seeds of its own."""
    return seed_by_seed(
        Case(name_of(*point), seed, cell(weighted(*point), seed=seed)) for seed in TUNING_SEEDS for point in GRID
    )


def found_by_tuning(lines: Sequence[Line]) -> dict[tuple[float, float], float]:
    """Of each point of the grid that is finished the mean validation score, of all tasks and tuning seeds."""
    at = {(line.arm, line.seed): line for line in lines if line.seed in TUNING_SEEDS and not line.failed}
    return {
        point: float(np.mean([at[name_of(*point), s].valid[t][m] for s in TUNING_SEEDS for t, m in METRICS.items()]))
        for point in GRID
        if all((name_of(*point), s) in at for s in TUNING_SEEDS)
    }


def best(lines: Sequence[Line]) -> tuple[float, float] | None:
    """The weights of the best mean validation score, once all have been tried."""
    found = found_by_tuning(lines)
    return max(found, key=lambda point: found[point]) if len(found) == len(GRID) else None


def cases(lines: Sequence[Line]) -> list[Case]:
    """The search; then, seed by seed, balancing and single tasks; then topologies."""
    everything, point = list(TASK.values()), best(lines)
    balancing = [Case(f"single {task}", seed, cell([line], seed=seed)) for seed in SEEDS for task, line in TASK.items()]
    balancing += [Case(m, seed, cell(everything, balance=m, seed=seed)) for seed in SEEDS for m in METHODS]
    if point is not None:
        balancing += [Case(TUNED, seed, cell(weighted(*point), seed=seed)) for seed in SEEDS]
    topologies = [Case(a, seed, cell(everything, s, seed=seed)) for seed in SEEDS for a, s in TOPOLOGIES.items()]
    topologies += [Case(AITM, seed, cell(chained(), seed=seed)) for seed in SEEDS]
    return tuning() + seed_by_seed(balancing) + seed_by_seed(topologies)


@functools.cache
def log() -> Tables:
    import pandas as pd

    table = pd.read_parquet(data_folder() / "kuairand-pure" / "feed.parquet")
    table["watch"] = np.log1p(table["play_time_ms"] / 1000)
    early = table["date"] < 20220504
    return Tables(table[early].reset_index(drop=True), table[~early].reset_index(drop=True))


def report(lines: Sequence[Line], folder: pathlib.Path) -> dict[str, str]:
    """Balancing and topologies, each with two tables and a picture, and what the search found."""
    scored = Scored.of(lines, METRICS, SEEDS)
    balancing = scored.only([SINGLE, TUNED, *METHODS])
    renamed = scored.only([SINGLE, SHARED, *TOPOLOGIES, AITM]).renamed({SHARED: "shared bottom"})
    draw(balancing, SINGLE, folder / "feed_balancing.svg")
    draw(renamed, SINGLE, folder / "feed_topologies.svg")
    return {
        "feed_tuning": searched(lines),
        "feed_balancing": "\n\n".join([compare(balancing, [SINGLE, TUNED, "equal"]), watched(lines, balancing)]),
        "feed_topologies": compare(renamed, [SINGLE, "shared bottom"]),
    }


def searched(lines: Sequence[Line]) -> str:
    """The grid of the search, with its best point."""
    found, chosen = found_by_tuning(lines), best(lines)
    rares, watches = (list(dict.fromkeys(axis)) for axis in zip(*GRID, strict=True))
    rows = []
    for rare in rares:
        row = []
        for watch in watches:
            value = f"{found[rare, watch]:.4f}" if (rare, watch) in found else ""
            row.append(f"**{value}**" if (rare, watch) == chosen else value)
        rows.append([f"rare tasks {rare:g}", *row])
    return table(["mean validation score", *(f"watch {watch:g}" for watch in watches)], rows)


def watched(lines: Sequence[Line], scored: Scored) -> str:
    """The error of the watch time, which is what its loss measures; the tables above have its rank correlation."""
    names = {f"single {t}" if arm == SINGLE else arm: arm for arm in scored.scores for t in ("watch",)}
    errors: dict[str, list[float]] = {}
    for line in lines:
        if line.arm in names and line.seed in scored.seeds and not line.failed:
            errors.setdefault(names[line.arm], []).append(line.test["watch"]["rmse"] or np.nan)
    cells = [f"{arm} {with_spread(np.array(errors[arm]), 3)}" for arm in scored.scores if arm in errors]
    return f"Watch time, test RMSE of log(1 + s): {'; '.join(cells)}." if cells else ""


EXPERIMENT = Experiment("feed", ROWS, cases, lambda case: log(), report)

if __name__ == "__main__":
    main(EXPERIMENT, __doc__)
