"""A cell trained with several seeds: how much of a figure is chance of the initial weights."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.decide.again import judging
from mtl_magic.decide.again import prepared as encoded_again
from mtl_magic.decide.trainings import Tell, Trainings, first_of, seeds_of
from mtl_magic.explanation.tables import Table
from mtl_magic.numbers import counted, short
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from mtl_magic.decide.comparison import Comparison
    from mtl_magic.runs.run import Run


@dataclasses.dataclass(frozen=True)
class Seeds:
    """Runs of one cell and one table that differ in their seed alone. It shows itself.

    Attributes:
        runs: one a seed, the first of which was there.
        part: on which its figures are: 'test', or 'valid' where there is no test part.
    """

    runs: tuple[Run, ...]
    part: str

    @property
    def name(self) -> str:
        return self.runs[0].name

    @property
    def frame(self) -> pd.DataFrame:
        """A row a metric: task, metric, mean, standard deviation (n − 1), least and greatest."""
        import pandas as pd

        rows = []
        for task, metrics in self.runs[0].metrics[self.part].items():
            for metric in metrics:
                values = np.array(
                    [run.metrics[self.part].get(task, {}).get(metric, np.nan) for run in self.runs], float
                )
                rows.append((task, metric, values.mean(), values.std(ddof=1), values.min(), values.max()))
        return pd.DataFrame(rows, columns=["task", "metric", "mean", "std", "least", "greatest"])

    def compare(self, other: Seeds, table: Any = None, *, by: str | None = None) -> Comparison:
        """This set and another, seed by seed: intervals know of rows and of seeds."""
        from mtl_magic.decide.comparison import compare

        return compare(self, other, table, by=by)

    def table(self) -> Table:
        rows, last = [], ""
        for row in self.frame.itertuples():
            task = row.task if row.task != last else ""
            said = f"{short(row.mean)} ± {short(row.std)}"
            rows.append((task, row.metric, said, f"{short(row.least)} to {short(row.greatest)}"))
            last = row.task
        title = f"{self.name} with {counted(len(self.runs), 'seed')}, on its {'test' if self.part == 'test' else 'validation'} rows"
        return Table(title, ("task", "metric", "mean ± standard deviation", "range"), tuple(rows))

    def __repr__(self) -> str:
        return self.table().text()

    def _repr_html_(self) -> str:
        return self.table().html()


def seeds(
    run: Run,
    count: int,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    namespace: Mapping[str, Any] | None = None,
    stream: bool | None = None,
    store: str | os.PathLike[str] | None = None,
    tell: Tell | None = None,
) -> Seeds:
    """See `mtl_magic.seeds`."""
    if count < 2:
        raise MtlError(Problem("MTL484", f"{count} seeds say nothing of chance", hint="two at least; five are usual"))
    rows = encoded_again(run, data, valid, test, namespace=namespace, stream=stream)
    try:
        part = judging(run, rows)
        trainings = Trainings.of(store, namespace, tell)
        runs = [first_of(run, rows, trainings)]
        for seed in seeds_of(run, count)[1:]:
            made = trainings.run(run.spec, rows, f"{run.name}, seed {seed}", seed=seed)
            runs.append(dataclasses.replace(made, name=run.name))
    finally:
        rows.close()
    return Seeds(tuple(runs), part)
