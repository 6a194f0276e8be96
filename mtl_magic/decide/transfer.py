"""Transfer: the change of heads that are shared against the same alone, as intervals over rows, heads and seeds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.decide.bootstrap import Interval, Replicates, holm, joined
from mtl_magic.decide.replicates import replicates

if TYPE_CHECKING:
    from mtl_magic.decide.rows import Judged
    from mtl_magic.runs.run import Run

GAIN, LOSS, SAME, UNKNOWN = "gain", "negative transfer", "no difference", "too few rows to tell"


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
class Scores:
    """A head on some rows: replicates of its runs alone (the first S) and shared (the others)."""

    drawn: Replicates
    seeds: int
    sign: float  # −1 where less is better
    scale: float  # 100 / |the metric alone, on the rows that judge|

    def percent(self) -> Replicates:
        """Δₖ, the mean over seeds, as replicates of one value."""
        found = self.drawn
        moved = None if found.influence is None else self._changes(found.influence).mean(axis=0)[None]
        values, drawn = (self._changes(some).mean(axis=0)[None] for some in (found.values, found.drawn))
        return Replicates(values, drawn, moved, found.units, found.events)

    def each(self) -> np.ndarray:
        """Δₖ of each seed."""
        return self._changes(self.drawn.values)

    def _changes(self, values: np.ndarray) -> np.ndarray:
        """(2 S, …) -> (S, …). The difference comes first: of equal values it is 0, and no rounding looks like a change."""
        found: np.ndarray = (values[self.seeds :] - values[: self.seeds]) * self.sign * self.scale
        return found


def scores_of(
    metric: Any, each: Sequence[Judged], task: str, groups: np.ndarray | None, *, sign: float, scale: float = 0.0
) -> Scores:
    labels = each[-1].labels[task]
    drawn = replicates(metric, labels, [e.predictions[task] for e in each], each[-1].extras, groups)
    seeds = len(each) // 2
    base = abs(float(drawn.values[:seeds].mean()))
    return Scores(drawn, seeds, sign, scale or (100 / base if base > 0 else math.nan))


def heads_of(found: Mapping[str, tuple[str, Scores]], level: float) -> tuple[Head, ...]:
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


def mean_of(some: Sequence[Scores], less: Sequence[Scores], level: float) -> Interval:
    """The mean of Δₖ over the heads; less that on other, independent rows."""
    parts = [over_heads([s.percent() for s in some])]
    each = np.mean([s.each() for s in some], axis=0)
    if less:
        other = over_heads([s.percent() for s in less])
        parts.append(dataclasses.replace(other, values=-other.values))
        each = each - np.mean([s.each() for s in less], axis=0)
    return _interval(parts, [each], level)


def over_heads(each: Sequence[Replicates]) -> Replicates:
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


def gap_of(test: Scores, train: Scores) -> tuple[float, float]:
    """How much better a head is on training rows, in percent of the metric alone: alone, and shared."""
    found = []
    for rows in (slice(None, test.seeds), slice(test.seeds, None)):
        difference = train.drawn.values[rows].mean() - test.drawn.values[rows].mean()
        found.append(float(difference * test.sign * test.scale))
    return found[0], found[1]


def claims_of(
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
