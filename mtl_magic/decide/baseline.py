"""Does sharing help? Each task alone under an equal budget, against the run that shares; three claims of textbooks put to the test.

The change of a head is that of its first metric with a direction, in percent of the task alone, and more is better:

    Δₖ = 100 (−1)^lₖ (Mₖ − Bₖ) / Bₖ,   Δm = Σₖ Δₖ / K

M of the run that shares, B of the task alone, lₖ = 1 where less of the metric is better (Maninis, Radosavovic & Kokkinos 2019,
Attentive Single-Tasking of Multiple Tasks, §4, where a drop has the same sign: negative is worse).
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.decide.again import judging
from mtl_magic.decide.again import prepared as encoded_again
from mtl_magic.decide.bootstrap import LEVEL, Interval
from mtl_magic.decide.budget import budget_of
from mtl_magic.decide.rows import Judged, directed, grouped_by, judged
from mtl_magic.decide.single import (
    dense_parameters,
    in_memory,
    joined,
    narrowed,
    rows_alone,
    share_of_width,
    taken,
    text_alone,
)
from mtl_magic.decide.trainings import Tell, Trainings, first_of, seeds_of
from mtl_magic.decide.transfer import Claim, Head, claims_of, gap_of, heads_of, mean_of, scores_of
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from mtl_magic.data.schema import Part, Prepared
    from mtl_magic.language.spec import Spec
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run

SEEDS = 3
SAMPLED = 20_000  # training rows on which overfitting is measured, at most


@dataclasses.dataclass(frozen=True)
class Baseline:
    """A run that shares against its tasks alone. It shows itself.

    Attributes:
        shared: the runs that share, one a seed.
        alone: task -> its runs, one a seed.
        budget: 'rows', 'steps' or 'parameters'.
        part: of the rows that judge, 'test' or 'valid'; `rows` of them.
        heads: of each task.
        whole: Δm in percent.
        gap: mean over the heads of how much less the shared heads are overfitted, in percent of the metric alone.
        claims: the promises of sharing.
        by: the column by which rows are resampled together.
        level: of confidence.
    """

    shared: tuple[Run, ...]
    alone: Mapping[str, tuple[Run, ...]]
    budget: str
    part: str
    rows: int
    heads: tuple[Head, ...]
    whole: Interval
    gap: Interval
    claims: tuple[Claim, ...]
    by: str = ""
    level: float = LEVEL

    @property
    def frame(self) -> pd.DataFrame:
        """A row a head: task, metric, alone, shared, change in percent, its interval, verdict."""
        import pandas as pd

        rows = [
            (h.task, h.metric, h.alone, h.shared, h.change.value, h.change.low, h.change.high, h.verdict)
            for h in self.heads
        ]
        return pd.DataFrame(rows, columns=["task", "metric", "alone", "shared", "change", "low", "high", "verdict"])

    def verdict(self, task: str) -> str:
        """'gain', 'negative transfer' or 'no difference'."""
        return next(h.verdict for h in self.heads if h.task == task)

    def __repr__(self) -> str:
        from mtl_magic.decide.show_baseline import text

        return text(self)

    def _repr_html_(self) -> str:
        from mtl_magic.decide.show_baseline import html

        return html(self)


def baseline(
    run: Run,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    budget: str = "rows",
    seeds: int = SEEDS,
    by: str | None = None,
    level: float = LEVEL,
    namespace: Mapping[str, Any] | None = None,
    stream: bool | None = None,
    store: str | os.PathLike[str] | None = None,
    tell: Tell | None = None,
) -> Baseline:
    """See `mtl_magic.baseline`."""
    from mtl_magic.runs import fitting

    budget_of(budget)
    if seeds < 1:
        raise MtlError(Problem("MTL484", f"seeds={seeds}: a whole number of at least 1 is meant"))
    if len(run.tasks) < 2:
        hint = "a cell with several task lines has something to share"
        raise MtlError(Problem("MTL486", f"'{run.name}' has one task, which is alone already", hint=hint))
    if not any(directed(run, task) for task in run.tasks):
        hint = "name one in metrics=[…] of a task"
        raise MtlError(Problem("MTL484", f"no metric of '{run.name}' says which way is better", hint=hint))
    rows = encoded_again(run, data, valid, test, namespace=namespace, stream=stream)
    try:
        trainings = Trainings.of(store, namespace, tell)
        part = judging(run, rows)
        column = grouped_by(run, by, part, in_memory(getattr(rows, part)).extras)
        numbers = seeds_of(run, seeds)
        shared = [first_of(run, rows, trainings)]
        for seed in numbers[1:]:
            made = trainings.run(run.spec, rows, f"{run.name}, seed {seed}", seed=seed)
            shared.append(dataclasses.replace(made, name=run.name))
        program = fitting.compile_program(run.text, namespace)
        cells = _cells(run, program, rows, shared, budget=budget, trainings=trainings)
        alone = {task: _alone(task, *cells[task], numbers=numbers, trainings=trainings) for task in run.tasks}
        return _judged(shared, alone, rows, part, budget, column=column, level=level)
    finally:
        rows.close()


# -- what each task alone is told -------------------------------------------------------------------------------------


def _cells(
    run: Run, program: Program, rows: Prepared, shared: Sequence[Run], *, budget: str, trainings: Trainings
) -> dict[str, tuple[Spec, Prepared, dict[str, Any]]]:
    """Of each task its cell, its rows, and options of `train` that the budget sets."""
    from mtl_magic.runs import fitting

    whole = run.spec
    single = {task: rows_alone(rows, task) for task in run.tasks}
    texts = {task: text_alone(whole, program, rows.schema, task) for task in run.tasks}
    batch = program.train.step_rows(sum(map(len, rows.train))) // program.train.accumulate
    steps = float(np.mean([r.step for r in shared])) / len(run.tasks)
    found = {}
    if budget == "parameters":
        goal = dense_parameters(program, rows.schema)

        def cut(task: str, share: float) -> Spec:
            return narrowed(
                texts[task], fitting.compile_program(texts[task], trainings.namespace), single[task].schema, share
            )

        def count(share: float) -> int:
            made = [(fitting.compile_program(cut(t, share), trainings.namespace), single[t].schema) for t in run.tasks]
            return sum(dense_parameters(*one) for one in made)

        share = share_of_width(goal, count)
        texts = {task: cut(task, share) for task in run.tasks}
    for task in run.tasks:
        size = sum(map(len, single[task].train))
        options: dict[str, Any] = {}
        if program.train.batch is None and program.train.step_rows(size) != batch * program.train.accumulate:
            options["batch"] = batch
        if budget == "steps":
            options["epochs"] = max(1, round(steps / math.ceil(size / (batch * program.train.accumulate))))
        found[task] = texts[task], single[task], options
    return found


def _alone(
    task: str, text: Spec, rows: Prepared, options: Mapping[str, Any], *, numbers: Sequence[int], trainings: Trainings
) -> tuple[Run, ...]:
    return tuple(
        trainings.run(
            text, rows, f"{task} alone" + (f", seed {seed}" if len(numbers) > 1 else ""), **options, seed=seed
        )
        for seed in numbers
    )


# -- what comes of it -------------------------------------------------------------------------------------------------


def _judged(
    shared: Sequence[Run],
    alone: Mapping[str, tuple[Run, ...]],
    rows: Prepared,
    part: str,
    budget: str,
    *,
    column: str,
    level: float,
) -> Baseline:
    found, first = {}, shared[0]
    on_test = _on(shared, alone, in_memory(getattr(rows, part)), column)
    on_train = _on(shared, alone, _sample(rows), column)
    for task in first.tasks:
        metric = directed(first, task)
        if metric is None:
            continue
        sign = 1.0 if metric.higher_is_better else -1.0
        test = scores_of(metric, *on_test[task], sign=sign)
        train = scores_of(metric, *on_train[task], sign=sign, scale=test.scale)
        found[task] = metric.title, test, train
    heads = heads_of({task: (metric, test) for task, (metric, test, _) in found.items()}, level)
    whole = mean_of([test for _, test, _ in found.values()], [], level)
    gap = mean_of([train for _, _, train in found.values()], [test for _, test, _ in found.values()], level).times(-1)
    gaps = [gap_of(test, train) for _, test, train in found.values()]
    claims = claims_of(whole, gap, gaps, shared, alone)
    size = len(getattr(rows, part))
    return Baseline(tuple(shared), alone, budget, part, size, heads, whole, gap, claims, column, level)


def _on(
    shared: Sequence[Run], alone: Mapping[str, tuple[Run, ...]], part: Part, column: str
) -> dict[str, tuple[list[Judged], str, np.ndarray | None]]:
    """Of each task what its runs, alone and then shared, say of a part."""
    each = [judged(run, [part]) for run in shared]
    groups = part.extras.get(column) if column else None
    found = {}
    for task, runs in alone.items():
        # Rows alone are the same rows: the encoded features are those of the run that shares.
        own = [_predicted(run, part, task) for run in runs]
        found[task] = [*own, *each], task, groups
    return found


def _predicted(run: Run, part: Part, task: str) -> Judged:
    values = run.predictor(part)[run.schema.tasks[0].key]
    return Judged({}, {task: values[:, 0] if values.shape[1] == 1 else values}, part.extras, part.index)


def _sample(rows: Prepared) -> Part:
    """Training rows, spread evenly over all of them: of each table, for each may teach other tasks."""
    parts = [in_memory(part) for part in rows.train]
    total = sum(map(len, parts))
    if total <= SAMPLED:
        return joined(parts)
    counts = [math.ceil(SAMPLED * len(part) / total) for part in parts]
    chosen = [np.linspace(0, len(p) - 1, n).astype("int64") for p, n in zip(parts, counts, strict=True)]
    return joined([taken(part, some) for part, some in zip(parts, chosen, strict=True)])
