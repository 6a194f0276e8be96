"""Experiments that may rest: a finished training is a line of a file, and what has its line is not trained again.

An `Experiment` says which trainings there are (`Case`) and on which rows. `run` makes those that are missing, one after
another, until its time is up; it may be killed at any moment and started again, in another session or on another machine.
A line holds the digest of all that its training was told (`Experiment.recipe`): of a cell that has changed since, the
old line does not count, and a test fails while it is there.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import gc
import hashlib
import json
import math
import os
import pathlib
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

HERE = pathlib.Path(__file__).parent
RESULTS = HERE / "results"
DOCUMENT = HERE.parent / "docs" / "experiments.md"
IMAGES = HERE.parent / "docs" / "images"
Scores = dict[str, dict[str, float | None]]  # task -> metric -> value; None: it is not a number


@dataclasses.dataclass(frozen=True)
class Case:
    """One training.

    Attributes:
        arm: what is compared: a method, a topology.
        seed: of rows, initial weights and order; arms are compared seed by seed.
        text: the cell, without the seed of `train`.
        point: where on the experiment's axis, if it has one.
    """

    arm: str
    seed: int
    text: str
    point: float | None = None


@dataclasses.dataclass(frozen=True)
class Line:
    """What a training left.

    Attributes:
        experiment, arm, point, seed: which training it was.
        recipe: the digest of what it was told.
        test, valid: metrics of the kept weights; `test` is empty where `failed` says why.
        losses: of each task the validation loss of the kept epoch over that of the best constant.
        steps, epochs, best_epoch, why: how long it trained, which epoch was kept, what ended it.
        seconds: of training, as the clock of a machine that others use too has them.
        parameters: of the layers ('dense') and of the embedding tables ('tables').
        failed: the code and message of the error that ended it.
        versions: of Python and packages, and `source`, a digest of mtl_magic's own files.
    """

    experiment: str
    arm: str
    point: float | None
    seed: int
    recipe: str
    test: Scores = dataclasses.field(default_factory=dict)
    valid: Scores = dataclasses.field(default_factory=dict)
    losses: dict[str, float | None] = dataclasses.field(default_factory=dict)
    steps: int = 0
    epochs: int = 0
    best_epoch: int | None = None
    why: str = ""
    seconds: float = 0.0
    parameters: dict[str, int] = dataclasses.field(default_factory=dict)
    failed: str = ""
    versions: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def key(self) -> tuple[str, float | None, int]:
        return self.arm, self.point, self.seed


@dataclasses.dataclass(frozen=True)
class Tables:
    """What `fit` is given; without `valid` the cell's `split` says which rows validate."""

    train: Any
    test: Any
    valid: Any = None


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A question, and the trainings that answer it.

    Attributes:
        name: of its file of results and of its part of docs/experiments.md.
        rows: which rows there are, in words; a change of them is a change of every recipe.
        cases: all trainings, the most urgent first; given the lines so far, for what is tuned is known only then.
        tables: the rows of a case.
        report: Markdown of finished lines, by the places in docs/experiments.md; it may draw pictures into the folder.
    """

    name: str
    rows: str
    cases: Callable[[Sequence[Line]], list[Case]]
    tables: Callable[[Case], Tables]
    report: Callable[[Sequence[Line], pathlib.Path], dict[str, str]]

    def recipe(self, case: Case) -> str:
        """A digest of what the training of this case is told."""
        told = json.dumps([self.name, self.rows, *dataclasses.astuple(case)])
        return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()

    def missing(self, lines: Sequence[Line]) -> list[Case]:
        """Cases without a line, in the order in which they are to be trained."""
        there = {line.recipe for line in lines}
        return [case for case in self.cases(lines) if self.recipe(case) not in there]

    def fitting(self, lines: Sequence[Line]) -> list[Line]:
        """The lines of trainings that this experiment still has."""
        wanted = {self.recipe(case) for case in self.cases(lines)}
        return [line for line in lines if line.recipe in wanted]


def read(path: pathlib.Path) -> list[Line]:
    """The lines of a file, none where there is none; the half line of a process that was killed does not count."""
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    return [Line(**json.loads(text)) for text in lines if text.endswith("\n") and text.strip()]


def append(path: pathlib.Path, line: Line) -> None:
    """Adds a line and has it on the disk; a half line that stands at the end is taken away first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(dataclasses.asdict(line), allow_nan=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def run(
    experiment: Experiment,
    path: pathlib.Path | None = None,
    *,
    minutes: float = math.inf,
    tell: Callable[[str], None] = print,
) -> int:
    """Trains what is missing, and begins no training that would probably last past `minutes`; returns how many are left."""
    path = path or RESULTS / f"{experiment.name}.jsonl"
    end, longest = time.monotonic() + 60 * minutes, 0.0
    while left := experiment.missing(read(path)):
        began = time.monotonic()
        if began + longest > end:
            break
        case = left[0]
        line = trained(experiment, case)
        append(path, line)
        longest = max(longest, time.monotonic() - began)
        at = "" if case.point is None else f" at {case.point:g}"
        said = line.failed or f"{line.steps} steps, epoch {line.best_epoch or line.epochs} of {line.epochs}"
        tell(f"{experiment.name}: {case.arm}{at}, seed {case.seed}: {said}, {time.monotonic() - began:.1f} s")
    return len(left)


def trained(experiment: Experiment, case: Case) -> Line:
    """Trains a case, and says what came of it. A training that the package ends with an error is a result too."""
    import keras

    import mtl_magic

    tables = experiment.tables(case)
    line = Line(experiment.name, case.arm, case.point, case.seed, experiment.recipe(case), versions=versions())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mtl_magic.MtlWarning)  # the cells were looked at
        try:
            made = mtl_magic.fit(case.text, tables.train, valid=tables.valid, test=tables.test, seed=case.seed)
        except mtl_magic.MtlError as error:
            return dataclasses.replace(line, failed="; ".join(f"{p.code} {p.message}" for p in error.problems))
    found = dataclasses.replace(
        line,
        test=_scores(made.metrics["test"]),
        valid=_scores(made.metrics["valid"]),
        losses=_losses(made),
        steps=made.step,
        epochs=made.epoch,
        best_epoch=made.best_epoch,
        why=made.why,
        seconds=round(made.facts["seconds"], 3),
        parameters=parameters(made.model),
    )
    del made
    keras.backend.clear_session()
    gc.collect()  # a process makes hundreds of graphs
    return found


def _scores(metrics: dict[str, dict[str, float]]) -> Scores:
    return {task: {m: _number(v) for m, v in found.items()} for task, found in metrics.items()}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _losses(made: Any) -> dict[str, float | None]:
    """Of each task its validation loss in the epoch that was kept, over that of the best constant."""
    at = made.history["epoch"] == made.best_epoch if made.best_epoch else slice(-1, None)
    row = made.history[at].iloc[-1]
    return {t.name: _number(row[f"{t.name}.val_loss"] / t.constant_loss) for t in made.schema.tasks}


def parameters(model: Any) -> dict[str, int]:
    """Numbers that the layers and the embedding tables of a run's model learn; Keras has the tables as not trainable."""
    from mtl_magic.layers.embedding import FusedEmbedding

    tables = sum(layer.rows * layer.dim for layer in model.layers if isinstance(layer, FusedEmbedding))
    return {"dense": sum(math.prod(v.shape) for v in model.trainable_variables), "tables": tables}


@functools.cache
def versions() -> dict[str, str]:
    """What trains: as a run says it, and a digest of the package's own files, whichever copy of it is imported."""
    import mtl_magic
    from mtl_magic.runs.fitting import versions as named

    root = pathlib.Path(mtl_magic.__file__).parent
    found = hashlib.blake2b(digest_size=8)
    for path in sorted(root.rglob("*.py")):
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return {**named(), "source": found.hexdigest()}


def steady(threads: int) -> None:
    """TensorFlow keeps to so many threads; to be called before its first operation."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def seed_by_seed(cases: Iterable[Case]) -> list[Case]:
    """All arms of the first seed, then of the next: whatever is finished can be compared seed by seed."""
    return sorted(cases, key=lambda case: case.seed)


def data_folder() -> pathlib.Path:
    """Where the data sets are: what MTL_MAGIC_DATA names.

    Raises:
        SystemExit: it names nothing.
    """
    folder = os.environ.get("MTL_MAGIC_DATA")
    if not folder:
        raise SystemExit("name the folder of data sets with --data, or set MTL_MAGIC_DATA")
    return pathlib.Path(folder)


def main(experiment: Experiment, description: str) -> None:
    """What an experiment's script does: train what is missing, then say what is there, in docs/experiments.md too."""
    from reporting import insert

    parser = argparse.ArgumentParser(description=description.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", help="the folder of data sets, in place of what MTL_MAGIC_DATA names")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no training that lasts past these")
    parser.add_argument("--threads", type=int, default=2, help="of TensorFlow")
    parser.add_argument("--report", action="store_true", help="train nothing; write the tables, draw the pictures")
    told = parser.parse_args()
    if told.data:
        os.environ["MTL_MAGIC_DATA"] = told.data
    if not told.report:
        steady(told.threads)
        left = run(experiment, minutes=told.minutes, tell=lambda text: print(text, flush=True))
        print(f"{experiment.name}: {left} trainings are left", file=sys.stderr)
    parts = experiment.report(experiment.fitting(read(RESULTS / f"{experiment.name}.jsonl")), IMAGES)
    DOCUMENT.write_text(insert(DOCUMENT.read_text("utf-8"), parts), "utf-8")
    print("\n\n".join(parts.values()))
