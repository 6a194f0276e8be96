"""A front of trade-offs between two tasks: `balance stch` trained with several preferences, each stop a run.

Smooth Tchebycheff scalarization has a Pareto optimum for each preference λ, also where the front is not convex (Lin et al. 2024,
Smooth Tchebycheff Scalarization for Multi-Objective Optimization, theorem 3.4); the tasks' weights are λ.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.decide.again import judging
from mtl_magic.decide.again import prepared as encoded_again
from mtl_magic.decide.rows import directed
from mtl_magic.decide.trainings import Tell, Trainings
from mtl_magic.language import spec
from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem, listed
from mtl_magic.tune.objectives import front as unbeaten

if TYPE_CHECKING:
    import pandas as pd

    from mtl_magic.runs.run import Run

STOPS = 5
ENDS = 0.1, 0.9  # shares of the first task's preference: at 0 or 1 a task would not learn


@dataclasses.dataclass(frozen=True)
class Stop:
    """A point of the front."""

    share: float  # of the preference, for the first task
    run: Run
    values: tuple[float, float]  # the two tasks' metrics
    best: bool  # no other stop is better in one and no worse in the other


@dataclasses.dataclass(frozen=True)
class Front:
    """Runs of one cell with several preferences between two tasks. It shows itself; `.widget()` is a slider along it.

    Attributes:
        name: of the run.
        tasks, metrics: the two, and what they are judged by.
        higher: of both, whether more is better.
        stops: from the second task's side to the first's.
        part: on which they are judged: 'valid', so that the test part has no say in the choice, else 'test'.
    """

    name: str
    tasks: tuple[str, str]
    metrics: tuple[str, str]
    higher: tuple[bool, bool]
    stops: tuple[Stop, ...]
    part: str

    def __len__(self) -> int:
        return len(self.stops)

    def __getitem__(self, at: int) -> Run:
        return self.stops[at].run

    def choose(self, share: float) -> Run:
        """The run of the stop whose preference for the first task is nearest."""
        return min(self.stops, key=lambda stop: abs(stop.share - share)).run

    @property
    def frame(self) -> pd.DataFrame:
        """A row a stop: preference for the first task, both metrics, and whether no other stop is better in all."""
        import pandas as pd

        a, b = (f"{task}.{metric}" for task, metric in zip(self.tasks, self.metrics, strict=True))
        rows = [(s.share, *s.values, s.best) for s in self.stops]
        return pd.DataFrame(rows, columns=["preference", a, b, "best"])

    def widget(self, keep: Callable[[str, Run], str] | None = None) -> Any:
        """A slider along the front, and a button that makes a run of the stop at which it stands.

        Args:
            keep: called with a name and a run; what it says is shown. None: no button.
        """
        from mtl_magic.decide.front_board import FrontBoard

        return FrontBoard(self, keep)

    def __repr__(self) -> str:
        from mtl_magic.decide.show_front import text

        return text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from mtl_magic.decide.show_front import bundle

        return bundle(self)


def front(
    run: Run,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    tasks: Sequence[str] | None = None,
    stops: int = STOPS,
    namespace: Mapping[str, Any] | None = None,
    stream: bool | None = None,
    store: str | os.PathLike[str] | None = None,
    tell: Tell | None = None,
) -> Front:
    """See `mtl_magic.front`."""
    from mtl_magic.runs import fitting

    program = fitting.compile_program(run.text, namespace)
    two = _two(run, tasks)
    if getattr(program.balance, "word", "") != "stch":
        hint = "write 'balance stch' in its cell: a weighted sum does not reach every trade-off"
        raise MtlError(
            Problem("MTL487", f"'{run.name}' is not balanced by stch, whose weights are preferences", hint=hint)
        )
    if stops < 2:
        raise MtlError(Problem("MTL484", f"stops={stops}: a front has two at least"))
    found = [_metric(run, task) for task in two]
    total = sum(program.task(task).weight for task in two) or 2.0
    rows = encoded_again(run, data, valid, test, namespace=namespace, stream=stream)
    try:
        part = judging(run, rows, ("valid", "test"))
        trainings, made = Trainings.of(store, namespace, tell), []
        for share in np.linspace(*ENDS, stops):
            weights = {two[0]: float(round(total * share, 6)), two[1]: float(round(total * (1 - share), 6))}
            title = f"{run.name}, {100 * share:.0f}% {two[0]}"
            made.append((float(share), trainings.run(weighed(run.spec, weights), rows, title)))
    finally:
        rows.close()
    values = [tuple(r.metrics[part][t][m] for t, (m, _) in zip(two, found, strict=True)) for _, r in made]
    higher = (found[0][1], found[1][1])
    best = undominated(np.array(values) * np.where(higher, 1.0, -1.0))
    stopped = tuple(Stop(s, r, v, bool(b)) for (s, r), v, b in zip(made, values, best, strict=True))  # type: ignore[arg-type]
    return Front(run.name, two, (found[0][0], found[1][0]), higher, stopped, part)


def _two(run: Run, tasks: Sequence[str] | None) -> tuple[str, str]:
    """The two tasks between which is chosen."""
    if len(run.tasks) < 2:
        raise MtlError(Problem("MTL486", f"'{run.name}' has one task: there is nothing to trade"))
    named = tuple(tasks or (run.tasks if len(run.tasks) == 2 else ()))
    for name in named:
        if name not in run.tasks:
            hint = did_you_mean(name, list(run.tasks)) or f"tasks: {listed(run.tasks)}"
            raise MtlError(Problem("MTL484", f"'{run.name}' has no task '{name}'", hint=hint))
    if len(named) != 2 or named[0] == named[1]:
        hint = f"name two of {listed(run.tasks)}; the others keep their weights"
        raise MtlError(Problem("MTL484", "a front lies between two tasks", hint=hint))
    return named[0], named[1]


def _metric(run: Run, task: str) -> tuple[str, bool]:
    """What a task is judged by, and whether more of it is better."""
    if (metric := directed(run, task)) is not None:
        return metric.title, bool(metric.higher_is_better)
    raise MtlError(Problem("MTL484", f"no metric of '{task}' says which way is better", hint="name one in metrics=[…]"))


def weighed(whole: spec.Spec, weights: Mapping[str, float]) -> spec.Spec:
    r"""The cell with these weights of tasks.

    Example:
        >>> from mtl_magic import parse
        >>> print(weighed(parse("task a, b: binary\ntask c"), {"a": 0.5}))
        task b: binary
        task a: binary weight 0.5
        task c
    """
    made: list[spec.Statement] = []
    for statement in whole.statements:
        if not isinstance(statement, spec.Task):
            made.append(statement)
            continue
        rest = tuple(w for w in statement.names if w.text not in weights)
        made += [dataclasses.replace(statement, names=rest)] if rest else []
        made += [
            dataclasses.replace(statement, names=(w,), weight=spec.Number(weights[w.text]))
            for w in statement.names
            if w.text in weights
        ]
    return dataclasses.replace(whole, statements=tuple(made))


def undominated(values: np.ndarray) -> np.ndarray:
    """Of points (n, d), where more is better, those to which no other is better in one and no worse in all: (n,) bool.

    Example:
        >>> undominated(np.array([[1, 3], [2, 2], [1, 2], [2, 2]])).tolist()
        [True, True, False, True]
    """
    best = unbeaten(dict(enumerate(values.tolist())))
    return np.isin(np.arange(len(values)), best)
