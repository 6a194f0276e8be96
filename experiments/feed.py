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
from collections.abc import Mapping, Sequence

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reporting import NONE_YET, SINGLE, Scored, compare, draw, table, with_spread
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
    "uncertainty",
    "upgrad",
    "nash_mtl",
    "famo",
    "gradnorm",
    "cagrad",
    "static",
    "mgda",
    "db_mtl",
    "pcgrad",
    "imtl_g",
    "dwa",
    "excess_mtl",
)
TUNED = "tuned weights"
TOPOLOGIES = {  # of about as many weights in their layers as the shared bottom
    "mmoe": "mmoe(experts=4, units=[64])",
    "ple": "ple(levels=2, shared=2, own=1, units=[28])",
    "stem": "stem(shared=2, own=1, units=[24])",
}
SHARED, AITM = "equal", "aitm"
CLICKS = "equal, the epoch of is_click"  # what one epoch for all tasks costs one of them

# tuned weights: of `balance equal`, whose losses are over those of the best constant; click and long view have 1.
# First the rare tasks' weight, then, at the best of these, that of the watch time.
RARE_WEIGHTS, WATCH_WEIGHTS = (0.03, 0.1, 0.3, 1.0, 3.0), (0.3, 1.0, 3.0)
TUNING_SEED = 100


def cell(tasks: Sequence[str], share: str = BOTTOM, balance: str = "equal", seed: int = 0, train: str = TRAIN) -> str:
    """A cell of lines that begin with `task`; labels that are not learnt are no features either."""
    left = [task for task in TASK if not any(f" {task}" in line.partition(":")[0] for line in tasks)]
    return "\n".join(
        [
            f"ignore {', '.join([HIDDEN, *left])}",
            f"share {share}",
            *tasks,
            f"balance {balance}",
            f"split valid=0.1 seed={seed}",
            train,
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


def searched(lines: Sequence[Line]) -> dict[tuple[float, float], float]:
    """Of each pair of weights that was tried the mean over the tasks of the validation scores."""
    at = {line.arm: line.valid for line in lines if line.seed == TUNING_SEED and not line.failed}
    points = itertools.product(RARE_WEIGHTS, WATCH_WEIGHTS)
    return {
        point: float(np.mean([at[name_of(*point)][t][m] for t, m in METRICS.items()]))
        for point in points
        if name_of(*point) in at
    }


def to_search(found: Mapping[tuple[float, float], float]) -> list[tuple[float, float]]:
    """The pairs of weights that the search tries, as far as it can be said by what it has found."""
    first = [(rare, 1.0) for rare in RARE_WEIGHTS]
    if not found.keys() >= set(first):
        return first
    rare = max(first, key=lambda point: found[point])[0]
    return first + [(rare, watch) for watch in WATCH_WEIGHTS if watch != 1]


def best(lines: Sequence[Line]) -> tuple[float, float] | None:
    """The pair of weights with the best mean validation score, once the search has ended."""
    found = searched(lines)
    tried = to_search(found)
    ended = len(tried) > len(RARE_WEIGHTS) and found.keys() >= set(tried)
    return max(tried, key=lambda point: found[point]) if ended else None


def cases(lines: Sequence[Line]) -> list[Case]:
    """The search; what both comparisons need, seed by seed; then method by method, so that what is there has all seeds."""
    everything, point = list(TASK.values()), best(lines)
    search = [
        Case(name_of(*pair), TUNING_SEED, cell(weighted(*pair), seed=TUNING_SEED))
        for pair in to_search(searched(lines))
    ]
    single = [Case(f"single {task}", seed, cell([line], seed=seed)) for seed in SEEDS for task, line in TASK.items()]
    tuned = [Case(TUNED, seed, cell(weighted(*point), seed=seed)) for seed in SEEDS] if point else []
    methods = [Case(m, seed, cell(everything, balance=m, seed=seed)) for m in METHODS for seed in SEEDS]
    shares = [Case(a, seed, cell(everything, s, seed=seed)) for a, s in TOPOLOGIES.items() for seed in SEEDS]
    shares += [Case(AITM, seed, cell(chained(), seed=seed)) for seed in SEEDS]
    by_click = TRAIN.replace("early_stop=2", "early_stop=is_click.loss")
    shares += [Case(CLICKS, seed, cell(everything, seed=seed, train=by_click)) for seed in SEEDS]
    both = [case for case in methods if case.arm == SHARED]
    return search + seed_by_seed(both + tuned + single + shares) + [case for case in methods if case.arm != SHARED]


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
    compared = compare(balancing, [SINGLE, TUNED, "equal"])
    draw(balancing, SINGLE, folder / "feed_balancing.svg")
    draw(renamed, SINGLE, folder / "feed_topologies.svg")
    return {
        "feed_tuning": tuning(lines),
        "feed_balancing": "\n\n".join(filter(None, [compared, watched(lines, balancing.finished())])),
        "feed_epochs": compare(scored.only([SINGLE, SHARED, CLICKS]), [SINGLE, SHARED]),
        "feed_topologies": compare(renamed, [SINGLE, "shared bottom"]),
    }


def tuning(lines: Sequence[Line]) -> str:
    """What the search found; its best point is bold."""
    found, chosen = searched(lines), best(lines)
    if not found:
        return NONE_YET
    rows = [
        [f"{rare:g}", f"{watch:g}", f"**{value:.4f}**" if (rare, watch) == chosen else f"{value:.4f}"]
        for (rare, watch), value in found.items()
    ]
    return table(["weight of like, follow, comment, profile", "of watch time", "mean validation score"], rows)


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
