"""Topologies on Census-Income, five seeds: three heads in one model, and one model a head.

    python experiments/census.py [--data FOLDER] [--minutes 30] [--threads 1] [--report]

The tasks are those of the MMoE and PLE papers: an income above 50,000, never married, and a college degree. Rows are a third of
the data set, its official test part, which is the part that can be had. All arms have the same rows, features, towers, optimizer and
rule that chooses the epoch on validation rows; nothing is chosen on test rows.
"""

from __future__ import annotations

import functools
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reporting import SINGLE, Scored, compare, draw
from running import Case, Experiment, Line, Tables, data_folder, main, seed_by_seed

SEEDS = range(5)
TASKS = ("income", "never_married", "college")
METRICS = dict.fromkeys(TASKS, "auc")
HIDDEN = "marital_stat, education, income_50k, det_hh_fam_stat, hs_college, instance_weight"
ROWS = (
    "the 99,762 rows of Census-Income's official test part; by seed a fifth of them tests, and of the others a tenth validates; "
    "income: 50000+; never_married: Never married; college: a degree of Bachelor, Master, Doctor or of a professional school"
)
DEGREES = ("Bachelors", "Masters", "Doctorate", "Prof school")

TRAIN = "train epochs=10 batch=1024 early_stop=2"
BOTTOM = "mlp(units=[256, 64])"
TOPOLOGIES = {  # of about as many weights in their layers as the shared bottom
    "shared bottom": BOTTOM,
    "mmoe": "mmoe(experts=4, units=[72])",
    "ple": "ple(levels=2, shared=2, own=1, units=[52])",
    "stem": "stem(shared=2, own=1, units=[58])",
}
EACH = [f"task {task}: binary" for task in TASKS]
# no event of the three holds only where another does, so that no order of probabilities is asked for
CHAIN = [*EACH[1:], f"{EACH[0]} given college, never_married via aitm(alpha=0)"]


def cell(tasks: Sequence[str], share: str, seed: int) -> str:
    """A cell of lines that begin with `task`; labels that are not learnt are no features either."""
    left = [task for task in TASKS if not any(line.startswith(f"task {task}:") for line in tasks)]
    split = f"split valid=0.1 seed={seed}"
    return "\n".join([f"ignore {', '.join([HIDDEN, *left])}", f"share {share}", *tasks, split, TRAIN])


def cases(_: Sequence[Line]) -> list[Case]:
    return seed_by_seed(
        [Case(arm, seed, cell(EACH, share, seed)) for seed in SEEDS for arm, share in TOPOLOGIES.items()]
        + [Case("aitm", seed, cell(CHAIN, BOTTOM, seed)) for seed in SEEDS]
        + [
            Case(f"single {t}", seed, cell([line], BOTTOM, seed))
            for seed in SEEDS
            for t, line in zip(TASKS, EACH, strict=True)
        ]
    )


@functools.cache
def table() -> Any:
    """All rows, with the three labels; 'NA' is a value of hisp_origin."""
    import pandas as pd

    path = data_folder() / "census-income-kdd" / "census_income_test.csv.gz"
    rows = pd.read_csv(path, keep_default_na=False)
    rows["income"] = rows["income_50k"].str.contains(r"50000\+").astype(int)
    rows["never_married"] = rows["marital_stat"].eq("Never married").astype(int)
    rows["college"] = rows["education"].str.startswith(DEGREES).astype(int)
    return rows


@functools.lru_cache(maxsize=1)
def tables(seed: int) -> Tables:
    """The rows of a seed, divided as in benchmarks/quality.py."""
    import numpy as np

    tests = np.random.default_rng(seed).random(len(table())) < 0.2
    return Tables(table()[~tests].reset_index(drop=True), table()[tests].reset_index(drop=True))


def report(lines: Sequence[Line], folder: pathlib.Path) -> dict[str, str]:
    scored = Scored.of(lines, METRICS, SEEDS).only([SINGLE, *TOPOLOGIES, "aitm"])
    draw(scored, SINGLE, folder / "census_topologies.svg")
    return {"census_topologies": compare(scored, [SINGLE, "shared bottom"])}


EXPERIMENT = Experiment("census", ROWS, cases, lambda case: tables(case.seed), report)

if __name__ == "__main__":
    main(EXPERIMENT, __doc__)
