"""Two runs compared: texts, metrics with intervals, curves, and a verdict for each head."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.decide import texts
from mtl_magic.decide.bootstrap import LEVEL, RESAMPLES, Interval, holm
from mtl_magic.decide.replicates import replicates
from mtl_magic.decide.rows import SideBySide, alike, common_metrics, side_by_side
from mtl_magic.problems import MtlError, Problem, listed

if TYPE_CHECKING:
    import pandas as pd

    from mtl_magic.decide.seeds import Seeds
    from mtl_magic.runs.run import Run

SAME, UNKNOWN = "no difference", "too few rows to tell"


@dataclasses.dataclass(frozen=True)
class Compared:
    """A metric of an output, of both runs (of several seeds, the mean)."""

    title: str  # of the output: a task, or a conditional
    metric: str
    a: float
    b: float
    difference: Interval  # b − a, in the metric's unit
    higher_is_better: bool | None
    seeds: tuple[float, ...] = ()  # the difference of each seed, where there are several
    resamples: int = RESAMPLES  # on which it was computed

    @property
    def gain(self) -> Interval:
        """The difference in the direction in which more is better."""
        return self.difference.times(-1.0 if self.higher_is_better is False else 1.0)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What is to be said of a head."""

    task: str
    metric: str
    gain: Interval
    p: float  # of the difference, adjusted for the number of heads
    better: str  # 'a', 'b', '' no difference
    said: str


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two runs, or two sets of runs of several seeds, side by side on the same rows. It shows itself.

    Attributes:
        a, b: the runs of each side, one a seed.
        names: what the sides are called.
        rows: on which they are judged.
        found: each metric that both have.
        verdicts: of each head that both have, by the first of these metrics that has a direction.
        alone: heads that only one side has, as sentences.
        level: of confidence.
    """

    a: tuple[Run, ...]
    b: tuple[Run, ...]
    names: tuple[str, str]
    rows: SideBySide
    found: tuple[Compared, ...]
    verdicts: tuple[Verdict, ...]
    alone: tuple[str, ...]
    level: float = LEVEL

    @property
    def texts(self) -> list[texts.Line]:
        """The difference of the two cells: (' ', '-' or '+', statement)."""
        return texts.difference(self.a[0].spec, self.b[0].spec)

    @property
    def frame(self) -> pd.DataFrame:
        """A row a metric: task, metric, both values, difference, low, high, p (of this metric alone)."""
        import pandas as pd

        a, b = self.names
        rows = [
            (c.title, c.metric, c.a, c.b, c.difference.value, c.difference.low, c.difference.high, c.difference.p)
            for c in self.found
        ]
        return pd.DataFrame(rows, columns=["task", "metric", a, b, "difference", "low", "high", "p"])

    def verdict(self, task: str) -> str:
        """'no difference', 'wide is better', …"""
        return next(v.said for v in self.verdicts if v.task == task)

    def __repr__(self) -> str:
        from mtl_magic.decide.show import comparison_text

        return comparison_text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from mtl_magic.decide.show import comparison_bundle

        return comparison_bundle(self)


def compare(
    a: Run | Seeds,
    b: Run | Seeds,
    table: Any = None,
    *,
    by: str | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """See `mtl_magic.compare`."""
    from mtl_magic.decide.seeds import Seeds

    sides = tuple(s.runs if isinstance(s, Seeds) else (s,) for s in (a, b))
    if len(sides[0]) != len(sides[1]):
        message = f"{len(sides[0])} runs against {len(sides[1])}: a comparison is seed by seed"
        raise MtlError(Problem("MTL482", message, hint="make as many of both: mtl_magic.seeds(run, 5, data)"))
    common, alone = _common(sides[0][0], sides[1][0], _called(*sides))
    runs = (*sides[0], *sides[1])
    rows = side_by_side(runs, table, by)
    return of_rows(sides[0], sides[1], rows, common, alone, level=level, count=resamples, seed=seed)


def of_rows(
    a: Sequence[Run],
    b: Sequence[Run],
    rows: SideBySide,
    titles: Sequence[str],
    alone: Sequence[str] = (),
    *,
    level: float = LEVEL,
    count: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """The comparison on rows that are known: `rows.each` are those of `a`, then those of `b`."""
    runs, found = (*a, *b), []
    pairs = [(k, len(a) + k) for k in range(len(a))]
    for title, metrics in common_metrics(runs, titles).items():
        labels = rows.each[0].labels[title]
        made = [each.predictions[title] for each in rows.each]
        for metric in metrics:
            drawn = replicates(metric, labels, made, rows.each[0].extras, rows.groups, count=count, seed=seed)
            values = drawn.values
            found.append(
                Compared(
                    title,
                    metric.title,
                    float(values[: len(a)].mean()),
                    float(values[len(a) :].mean()),
                    drawn.over_seeds(pairs, level),
                    metric.higher_is_better,
                    tuple(float(values[j] - values[i]) for i, j in pairs) if len(pairs) > 1 else (),
                    drawn.drawn.shape[1],
                )
            )
    names = _called(tuple(a), tuple(b))
    tasks = [t for t in titles if t in runs[0].tasks]
    return Comparison(
        tuple(a), tuple(b), names, rows, tuple(found), verdicts(found, tasks, names, level), tuple(alone), level
    )


def verdicts(
    found: Sequence[Compared], tasks: Sequence[str], names: tuple[str, str], level: float = LEVEL
) -> tuple[Verdict, ...]:
    """One a head, by its first metric with a direction; p-values are adjusted for the number of heads (Holm 1979)."""
    first: dict[str, Compared] = {}
    for one in found:
        if one.title in tasks and one.higher_is_better is not None:
            first.setdefault(one.title, one)
    adjusted = holm([one.difference.p for one in first.values()])
    made = []
    for one, p in zip(first.values(), adjusted, strict=True):
        better = "" if math.isnan(p) or p > 1 - level else "b" if one.gain.value > 0 else "a"
        said = UNKNOWN if math.isnan(p) else SAME if not better else f"{names[better == 'b']} is better"
        made.append(Verdict(one.title, one.metric, one.gain, p, better, said))
    return tuple(made)


def _common(a: Run, b: Run, names: tuple[str, str]) -> tuple[list[str], list[str]]:
    """Titles of the outputs that both have, and sentences on the others.

    Raises:
        MtlError: MTL482 they have no task in common.
    """
    outputs = [[title for _, title in run.outputs] for run in (a, b)]
    same = [t for t in outputs[0] if t in outputs[1] and alike(a, b, t)]
    if not any(t in a.tasks for t in same):
        hint = f"{names[0]} has {listed(a.tasks)}; {names[1]} has {listed(b.tasks)}"
        raise MtlError(Problem("MTL482", f"'{names[0]}' and '{names[1]}' have no task in common", hint=hint))
    alone = []
    for name, run, other in ((names[0], a, b), (names[1], b, a)):
        missing = [t for t in run.tasks if t not in other.tasks]
        if missing:
            alone.append(f"only in {name}: {listed(missing)}")
    other_kind = [t for t in a.tasks if t in b.tasks and not alike(a, b, t)]
    if other_kind:
        alone.append(f"of another kind in each: {listed(other_kind)}")
    return same, alone


def _called(a: Sequence[Run], b: Sequence[Run]) -> tuple[str, str]:
    """What the two are called: by their names, else by their folders, else 'a' and 'b'."""
    names = a[0].name, b[0].name
    if names[0] != names[1]:
        return names
    folders = tuple(run.folder.name if run.folder is not None else "" for run in (a[0], b[0]))
    if all(folders) and folders[0] != folders[1]:
        return folders[0], folders[1]
    return f"{names[0]} (a)", f"{names[1]} (b)"
