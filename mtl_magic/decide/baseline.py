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

from mtl_magic.decide.again import prepared as encoded_again
from mtl_magic.decide.bootstrap import LEVEL, Interval, Replicates, holm, joined
from mtl_magic.decide.replicates import replicates
from mtl_magic.decide.rows import Judged, group_of, judged
from mtl_magic.decide.single import dense_parameters, in_memory, narrowed, rows_alone, share_of_width, text_alone
from mtl_magic.decide.trainings import Tell, Trainings, first_of, seeds_of
from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from mtl_magic.data.schema import Part, Prepared
    from mtl_magic.language.spec import Spec
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run

BUDGETS = {
    "rows": "each task alone passes over the rows as often as the cell says",
    "steps": "all tasks alone take as many steps together as the run that shares",
    "parameters": "the layers of all tasks alone have as many parameters together as those that share, or less",
}
GAIN, LOSS, SAME, UNKNOWN = "gain", "negative transfer", "no difference", "too few rows to tell"
SEEDS = 3
SAMPLED = 20_000  # training rows on which overfitting is measured, at most


@dataclasses.dataclass(frozen=True)
class Head:
    """A task, shared and alone; both are means over seeds."""

    task: str
    metric: str
    shared: float
    alone: float
    change: Interval  # Δₖ in percent
    p: float  # adjusted for the number of heads
    verdict: str
    seeds: tuple[float, ...]  # Δₖ of each seed


@dataclasses.dataclass(frozen=True)
class Claim:
    """What sharing promises, and what these rows say of it."""

    promise: str
    alone: str
    shared: str
    evidence: str
    verdict: str  # 'shown', 'refuted', 'neither'


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

    if budget not in BUDGETS:
        hint = did_you_mean(budget, BUDGETS) or f"budgets: {', '.join(BUDGETS)}"
        raise MtlError(Problem("MTL484", f"there is no budget '{budget}'", hint=hint))
    if seeds < 1:
        raise MtlError(Problem("MTL484", f"seeds={seeds}: a whole number of at least 1 is meant"))
    if len(run.tasks) < 2:
        hint = "a cell with several task lines has something to share"
        raise MtlError(Problem("MTL486", f"'{run.name}' has one task, which is alone already", hint=hint))
    rows = encoded_again(run, data, valid, test, namespace=namespace, stream=stream)
    try:
        trainings = Trainings.of(store, namespace, tell)
        part = "test" if rows.test is not None else "valid"
        if getattr(rows, part) is None:
            hint = "give it a part that judges: split test=0.1"
            raise MtlError(Problem("MTL480", f"the run '{run.name}' has no test or validation part", hint=hint))
        in_memory(getattr(rows, part))
        numbers = seeds_of(run, seeds)
        shared = [first_of(run, rows, trainings)]
        for seed in numbers[1:]:
            made = trainings.run(run.spec, rows, f"{run.name}, seed {seed}", seed=seed)
            shared.append(dataclasses.replace(made, name=run.name))
        program = fitting.compile_program(run.text, namespace)
        cells = _cells(run, program, rows, shared, budget=budget, trainings=trainings)
        alone = {task: _alone(task, *cells[task], numbers=numbers, trainings=trainings) for task in run.tasks}
        return _judged(shared, alone, rows, part, budget, by=by, level=level)
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


@dataclasses.dataclass(frozen=True)
class _Scores:
    """A head on some rows: replicates of its runs alone (the first S) and shared (the others)."""

    drawn: Replicates
    seeds: int
    sign: float  # −1 where less is better
    scale: float  # 100 / |the metric alone, on the rows that judge|

    def percent(self) -> Replicates:
        """Δₖ, the mean over seeds, as replicates of one value."""
        weights = np.repeat([-1.0, 1.0], self.seeds) / self.seeds * self.sign * self.scale
        moved = None if self.drawn.influence is None else (weights @ self.drawn.influence)[None]
        drawn = (weights @ self.drawn.drawn)[None]
        return Replicates(np.array([weights @ self.drawn.values]), drawn, moved, self.drawn.units, self.drawn.events)

    def each(self) -> np.ndarray:
        """Δₖ of each seed."""
        values = self.drawn.values
        found: np.ndarray = (values[self.seeds :] - values[: self.seeds]) * self.sign * self.scale
        return found


def _judged(
    shared: Sequence[Run],
    alone: Mapping[str, tuple[Run, ...]],
    rows: Prepared,
    part: str,
    budget: str,
    *,
    by: str | None,
    level: float,
) -> Baseline:
    found, first = {}, shared[0]
    on_test = _on(shared, alone, in_memory(getattr(rows, part)), by)
    on_train = _on(shared, alone, _sample(rows), by)
    for task in first.tasks:
        kind = first.schema.task(task).kind
        metric = next((m for m in kind.metrics_of() if m.higher_is_better is not None), None)
        if metric is None:
            continue
        sign = 1.0 if metric.higher_is_better else -1.0
        test = _scores(metric, *on_test[task], sign=sign)
        train = _scores(metric, *on_train[task], sign=sign, scale=test.scale)
        found[task] = metric.title, test, train
    column = by or group_of(first)
    column = column if column in in_memory(getattr(rows, part)).extras else ""
    heads = _heads({task: (metric, test) for task, (metric, test, _) in found.items()}, level)
    whole = _mean([test for _, test, _ in found.values()], [], level)
    gap = _mean([train for _, _, train in found.values()], [test for _, test, _ in found.values()], level).times(-1)
    gaps = [_gap(test, train) for _, test, train in found.values()]
    claims = _claims(whole, gap, gaps, shared, alone)
    size = len(getattr(rows, part))
    return Baseline(tuple(shared), alone, budget, part, size, heads, whole, gap, claims, column, level)


def _on(
    shared: Sequence[Run], alone: Mapping[str, tuple[Run, ...]], part: Part, by: str | None
) -> dict[str, tuple[list[Judged], str, np.ndarray | None]]:
    """Of each task what its runs, alone and then shared, say of a part."""
    each = [judged(run, [part]) for run in shared]
    column = by or group_of(shared[0])
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


def _scores(
    metric: Any, each: Sequence[Judged], task: str, groups: np.ndarray | None, *, sign: float, scale: float = 0.0
) -> _Scores:
    labels = each[-1].labels[task]
    drawn = replicates(metric, labels, [e.predictions[task] for e in each], each[-1].extras, groups)
    seeds = len(each) // 2
    base = abs(float(drawn.values[:seeds].mean()))
    return _Scores(drawn, seeds, sign, scale or (100 / base if base > 0 else math.nan))


def _sample(rows: Prepared) -> Part:
    """Training rows, spread evenly over all of them."""
    parts = [in_memory(part) for part in rows.train]
    part = max(parts, key=len)
    if len(part) <= SAMPLED:
        return part
    chosen = np.linspace(0, len(part) - 1, SAMPLED).astype("int64")
    extras = {name: values[chosen] for name, values in part.extras.items()}
    return dataclasses.replace(
        part,
        ids=part.ids[chosen],
        floats=part.floats[chosen],
        labels=part.labels[chosen],
        index=part.index[chosen],
        extras=extras,
    )


def _heads(found: Mapping[str, tuple[str, _Scores]], level: float) -> tuple[Head, ...]:
    changes = [_interval([scores.percent()], [scores.each()], level) for _, scores in found.values()]
    adjusted, heads = holm([c.p for c in changes]), []
    for (task, (metric, scores)), change, p in zip(found.items(), changes, adjusted, strict=True):
        values = scores.drawn.values
        said = UNKNOWN if math.isnan(p) else SAME if p > 1 - level else GAIN if change.value > 0 else LOSS
        each = tuple(map(float, scores.each()))
        shared, alone = float(values[scores.seeds :].mean()), float(values[: scores.seeds].mean())
        heads.append(Head(task, metric, shared, alone, change, p, said, each))
    return tuple(heads)


def _interval(parts: Sequence[Replicates], each: Sequence[np.ndarray], level: float) -> Interval:
    """Of a sum of independent parts, each replicates of one value; `each` are the seeds' values, which add up too."""
    value = float(sum(p.values[0] for p in parts))
    errors = [p.error([1]) for p in parts]
    seeds = sum(each)
    pieces = [(error**2, freedom) for error, freedom in errors]
    if np.size(seeds) > 1:
        pieces.append((float(np.var(seeds, ddof=1)) / np.size(seeds), np.size(seeds) - 1))
    return joined(value, pieces, level)


def _mean(some: Sequence[_Scores], less: Sequence[_Scores], level: float) -> Interval:
    """The mean of Δₖ over the heads; less that on other, independent rows."""
    parts = [_over_heads([s.percent() for s in some])]
    each = np.mean([s.each() for s in some], axis=0)
    if less:
        other = _over_heads([s.percent() for s in less])
        parts.append(dataclasses.replace(other, values=-other.values))
        each = each - np.mean([s.each() for s in less], axis=0)
    return _interval(parts, [each], level)


def _over_heads(each: Sequence[Replicates]) -> Replicates:
    """The mean of several heads' values. Heads of the same units have the same resamples; where units differ (lists) they
    are taken for fully dependent, so that the standard error is rather too large.
    """
    values = np.mean([e.values for e in each], axis=0)
    if len({(e.units, e.drawn.shape) for e in each}) == 1:
        moved = [e.influence for e in each if e.influence is not None]
        influence = np.mean(moved, axis=0) if len(moved) == len(each) else None
        return Replicates(
            values, np.mean([e.drawn for e in each], axis=0), influence, each[0].units, min(e.events for e in each)
        )
    error = float(np.mean([e.error([1])[0] for e in each]))
    fewest = min(each, key=lambda e: e.units)
    two = values[0] + error * np.array([[-1.0, 1.0]]) / math.sqrt(2)
    return Replicates(values, two, None, fewest.units, max(2, min(e.events or e.units for e in each)))


def _gap(test: _Scores, train: _Scores) -> tuple[float, float]:
    """How much better a head is on training rows, in percent of the metric alone: alone, and shared."""
    found = []
    for rows in (slice(None, test.seeds), slice(test.seeds, None)):
        difference = train.drawn.values[rows].mean() - test.drawn.values[rows].mean()
        found.append(float(difference * test.sign * test.scale))
    return found[0], found[1]


def _claims(
    whole: Interval,
    gap: Interval,
    gaps: Sequence[tuple[float, float]],
    shared: Sequence[Run],
    alone: Mapping[str, tuple[Run, ...]],
) -> tuple[Claim, ...]:
    """Three promises of sharing (Caruana 1997; Ruder 2017; Crawshaw 2020), each against what was measured."""
    from mtl_magic.decide.show import between, signed
    from mtl_magic.numbers import short

    steps = [sum(runs[s].step for runs in alone.values()) for s in range(len(shared))]
    seconds = [sum(float(runs[s].facts.get("seconds") or 0) for runs in alone.values()) for s in range(len(shared))]
    own_steps, own_seconds = [r.step for r in shared], [float(r.facts.get("seconds") or 0) for r in shared]
    quicker = {a > b for a, b in zip(steps, own_steps, strict=True)}
    time = "shown" if quicker == {True} else "refuted" if quicker == {False} else "neither"

    def said(steps: Sequence[int], seconds: Sequence[float]) -> str:
        return f"{np.mean(steps):,.0f} steps, {np.mean(seconds):.1f} s"

    overfit = [float(np.mean(side)) for side in zip(*gaps, strict=True)]
    ratio = np.mean(steps) / max(float(np.mean(own_steps)), 1.0)
    return (
        Claim("better heads", "", "", f"Δm {signed(whole.value)}% {between(whole, '%')}", shown(whole)),
        Claim(
            "less training", said(steps, seconds), said(own_steps, own_seconds), f"{ratio:.1f} × the steps alone", time
        ),
        Claim(
            "less overfitting",
            f"{short(overfit[0])}% better in training",
            f"{short(overfit[1])}% better in training",
            f"{signed(gap.value)}% {between(gap, '%')}",
            shown(gap),
        ),
    )


def shown(interval: Interval) -> str:
    """Whether a promise that is a value above 0 is kept."""
    if not interval.known or interval.low <= 0 <= interval.high:
        return "neither"
    return "shown" if interval.low > 0 else "refuted"
