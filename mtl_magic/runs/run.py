"""The Run: a finished (or stopped) training, its model and everything that is known of it."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    import pathlib
    from collections.abc import Mapping

    import keras
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

    from mtl_magic.data.schema import Schema
    from mtl_magic.decide.comparison import Comparison
    from mtl_magic.explanation.topology import Topology
    from mtl_magic.language.spec import Spec
    from mtl_magic.problems import Problem
    from mtl_magic.train.evaluate import Predictor
    from mtl_magic.tune.search import Search

Metrics = dict[str, dict[str, float]]  # task -> metric -> value


@dataclasses.dataclass
class Run:
    """A trained multi-task model.

    Attributes:
        name: the variable of the notebook that holds it, or what `fit` was told.
        text: the canonical text of the cell.
        model: a plain `keras.Model`: a dict of encoded rows in, a dict of predictions out.
        schema: the features and tasks as they were fitted on the training rows.
        outputs: of each output of the model, Keras's name for it and the person's ('buy', 'buy|click').
        history: a DataFrame, one row an epoch: epoch, step, seconds, lr, best, and of each task `click.loss`, `click.val_loss`,
            `click.val_auc` (each metric) and `click.weight`.
        weights: the tasks' weights as they were applied last.
        metrics: part ('valid', 'test') -> task -> metric -> value, of the weights that the run ended with.
        why: how it ended: 'epochs', 'early_stop', 'stopped' or 'interrupted'.
        step: steps that were made.
        epoch: epochs that were finished.
        best_epoch: the epoch whose weights the run holds, where validation chose it.
        facts: what else identifies the run: seed, versions, a hash of the data, when it was made.
        gradients: how the tasks' gradients stood to each other, a DataFrame of a row a task and a pair of tasks in each of a few
            windows (`step`, `task`, `other`, `steps`, `norm`, `left_out`, `weight`, `cosine`, `conflict`); None: they were not
            compared, as neither the method nor `train gradients=…` does so.
        notes: sentences for the person, as they were shown when it ran.
        warnings: what the checks before training found and no `allow` silenced; each has code, message, line and hint.
        folder: where it is kept; None: nowhere, until `save` is told a place.
    """

    name: str
    text: str
    model: keras.Model
    schema: Schema
    outputs: tuple[tuple[str, str], ...]
    history: pd.DataFrame
    weights: dict[str, float]
    metrics: dict[str, Metrics]
    why: str
    step: int
    epoch: int
    best_epoch: int | None = None
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    folder: pathlib.Path | None = None
    gradients: pd.DataFrame | None = None

    @functools.cached_property
    def predictor(self) -> Predictor:
        """The model's predictions on encoded rows, compiled once."""
        from mtl_magic.runs.quiet import keras_quietly

        keras_quietly()
        from mtl_magic.train.evaluate import Predictor

        return Predictor(self.model)

    @functools.cached_property
    def search(self) -> Search | None:
        """The search whose best it is, or one of whose trials; None: it was trained alone."""
        from mtl_magic.tune.search import search_of

        return search_of(self)

    @property
    def spec(self) -> Spec:
        """The cell as a typed Spec."""
        from mtl_magic.runs.fitting import parse

        return parse(self.text)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, in the order of the cell."""
        return tuple(t.name for t in self.schema.tasks)

    @property
    def watched(self) -> dict[str, str]:
        """For each task its first metric, which is shown while it trains."""
        found: dict[str, str] = {}
        for task in self.schema.tasks:
            metrics = task.kind.metrics_of()
            found[task.name] = metrics[0].title if metrics else "loss"
        return found

    @property
    def meanings(self) -> dict[str, str]:
        """Which probability or expectation each prediction is: 'P(buy)', 'P(buy | click = 1)', 'E[price | buy = 1]'."""
        from mtl_magic.explanation.meaning import meanings

        return meanings(self.outputs, self.schema)

    @property
    def features(self) -> pd.DataFrame:
        """The features: name, kind, whether the kind was inferred, and what was learnt of it."""
        from mtl_magic.runs.features import feature_frame

        return feature_frame(self.schema)

    def topology(self, namespace: Mapping[str, Any] | None = None) -> Topology:
        """Which task reads what, as a picture. `print` shows it as a tree, `.svg()` is a file's text.

        Args:
            namespace: where `{…}` of the cell is evaluated again; None: a cell with `{…}` is an error.
        """
        from mtl_magic.explanation.topology import Topology
        from mtl_magic.runs.fitting import compile_program
        from mtl_magic.runs.quiet import keras_quietly

        keras_quietly()
        return Topology.of(compile_program(self.text, namespace), self.schema)

    def evaluate(self, table: Any = None) -> pd.DataFrame:
        """Exact metrics.

        Args:
            table: rows with the features and labels, in any form that `--data` takes; every row with a label counts.
                None: the metrics that the run ended with, of its test part, or of its validation part where it had no
                test part.

        Returns:
            A DataFrame with the columns task, metric, value.
        """
        import pandas as pd

        if table is None:
            metrics = self.metrics.get("test") or self.metrics.get("valid") or {}
        else:
            from mtl_magic.runs.use import evaluate

            metrics = evaluate(self, table)
        rows = [(task, metric, value) for task, found in metrics.items() for metric, value in found.items()]
        return pd.DataFrame(rows, columns=["task", "metric", "value"])

    def predict(self, table: Any) -> pd.DataFrame:
        """Predictions, on the index of the table.

        Args:
            table: rows with the features, in any form that `--data` takes; labels are not needed.

        Returns:
            A DataFrame with a column a task: the probability of a binary task, the value of a regression, count or ranking, the
            class of a multiclass or ordinal task, which adds a probability a class in `task:class`; of a multilabel task these
            alone. A child of a product (`esmm`, `escm2_*`) adds `child|parent`, which is conditional.
        """
        from mtl_magic.runs.use import predict

        return predict(self, table)

    def compare(self, other: Run, table: Any = None, *, by: str | None = None) -> Comparison:
        """This run and another side by side: cells, metrics with intervals of their difference, and a verdict for each head.

        Args:
            other: the run that is compared with this one; of both the same rows must be known, or `table` given.
            table: rows with features and labels that neither has learnt from; None: the test rows of both, else the
                validation rows, as this process has seen them.
            by: a column of the table: rows of one value (a person's, say) are resampled together; None: as `split group=` says.

        Returns:
            A `Comparison`. It shows itself; `.frame` is a row a metric, `.verdicts` one a head.
        """
        from mtl_magic.decide.comparison import compare

        return compare(self, other, table, by=by)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the run as a folder of standard files; `mtl_magic.load` reads it back.

        Args:
            path: the folder, which is made.
            overwrite: replace a run that is there already. Anything that is not a run is never replaced.
        """
        from mtl_magic.runs.store import save

        save(self, path, overwrite=overwrite)

    def encode(self, table: Any) -> dict[str, np.ndarray]:
        """What `model` takes for the rows of a table.

        Args:
            table: rows with the features, in any form that `--data` takes; labels are not needed.

        Returns:
            'ids' (n, columns) int32 and 'floats' (n, columns) float32, those of them that the model has.
        """
        from mtl_magic.runs.use import encode

        return encode(self, table)

    def export(self, path: str | os.PathLike[str], *, format: str = "saved_model", overwrite: bool = False) -> None:  # noqa: A002  Keras' own name
        """Write the model for serving, usable without this package.

        Args:
            path: what is made, for TensorFlow Serving a folder named by a version ('feed/1'), for ONNX a file.
            format: 'saved_model' takes raw columns, texts included, and answers as `predict` does; 'onnx' takes encoded rows, as
                `encode` makes them, and answers as `model` does.
            overwrite: replace an export that is there already. Anything else is never replaced.

        Raises:
            MtlError: MTL410 there is something at the path, MTL411 it cannot be written, MTL450 a feature cannot be
                exported, MTL452 tf2onnx is not installed, MTL453 it cannot convert the model.

        Example:
            ::

                run.export("models/feed/1")
                answer = tf.saved_model.load("models/feed/1").signatures["serving_default"]
                answer(user_id=tf.constant(["u1", ""]), price=tf.constant([9.5, math.nan], tf.float64))
        """
        from mtl_magic.runs.export import export

        export(self, path, format=format, overwrite=overwrite)

    def code(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        overwrite: bool = False,
        namespace: Mapping[str, Any] | None = None,
    ) -> str:
        """The model as a script of plain Keras, which builds, trains, evaluates and uses it without this package.

        With the files that are written beside it, it predicts what this run predicts. A new training there has the same
        network and objective in `Model.fit`; what it leaves out its first lines say.

        Args:
            path: a folder, which is made: `model.py`, `encoders.json` (vocabularies and scales) and `model.weights.h5` are
                written there. None: nothing is written.
            overwrite: replace these files where they are there already.
            namespace: where `{…}` of the cell is evaluated again; None: a cell with `{…}` is an error.

        Returns:
            The script's text.

        Raises:
            MtlError: MTL440 one of the files is there already, MTL411 they cannot be written.

        Example:
            ::

                print(run.code())
                run.code("feed_model")  # then: python feed_model/model.py predict log.parquet
        """
        from mtl_magic.runs.code import write

        return write(self, path, overwrite=overwrite, namespace=namespace)

    def plot(self) -> Figure:
        """The run as a matplotlib figure: losses over that of the best constant, and a panel a head with its metric; where
        gradients were compared, how they agreed, and the weights that were applied.

        Nothing is shown: a notebook draws the figure where it is a cell's value.

        Example:
            ::

                run.plot().savefig("feed.pdf")
        """
        from mtl_magic.runs.picture import draw

        return draw(self)

    def dashboard(self, before: Run | None = None) -> Any:
        """The run's dashboard again, as a widget, of what the run remembers: of each epoch, and of what a person did.

        Args:
            before: another run of these tasks, drawn behind.

        Example:
            ::

                mtl_magic.load("mtl_runs/feed").dashboard()
        """
        from mtl_magic.dashboard.stored import replayed

        return replayed(self, ghost=before)

    def __repr__(self) -> str:
        from mtl_magic.runs.report import text

        return text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The notebook's view: text, table and picture."""
        from mtl_magic.runs.report import bundle

        return bundle(self)
