"""mtl_magic: a `%%mtl` cell that declares, trains and steers a multi-task recommender model.

In a notebook, `%load_ext mtl_magic`, then `%%mtl` cells. From Python:

    spec = mtl_magic.parse("task click: binary")
    run = mtl_magic.fit(spec, train_table)
    run.save("runs/feed")
    run = mtl_magic.load("runs/feed")

Importing this package is quick: TensorFlow, Keras, pandas and matplotlib are imported when they are first needed.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from mtl_magic.decide._public import advise, baseline, compare, front, seeds
from mtl_magic.problems import MtlError, MtlWarning, Problem

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from mtl_magic.explanation.explain import Explanation
    from mtl_magic.language.spec import Spec
    from mtl_magic.runs.run import Run
    from mtl_magic.train.control import Control
    from mtl_magic.train.events import Event

__version__ = "0.1.0"
__all__ = [
    "MtlError",
    "MtlWarning",
    "Problem",
    "__version__",
    "advise",
    "balance",
    "baseline",
    "compare",
    "datasets",
    "explain",
    "fit",
    "front",
    "load",
    "parse",
    "seeds",
]


def parse(text: str) -> Spec:
    """The typed, immutable form of a cell's text. Nothing in it is evaluated.

    Args:
        text: what stands below the `%%mtl` line.

    Raises:
        MtlError: with every mistake of the text in `problems`.

    Example:
        >>> print(parse("task click"))
        task click
    """
    from mtl_magic.runs.fitting import parse as parsed

    return parsed(text)


def fit(
    text_or_spec: str | Spec,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    namespace: Mapping[str, Any] | None = None,
    stream: bool | None = None,
    name: str = "run",
    store: str | os.PathLike[str] | None = None,
    resume: bool = False,
    checkpoint: float = 30.0,
    control: Control | None = None,
    listeners: Iterable[Callable[[Event], None]] = (),
    **train_options: Any,
) -> Run:
    """Train what a cell declares, without a notebook.

    Args:
        text_or_spec: the text below a `%%mtl` line, or what `parse` made of it.
        data: a table (pandas, polars or pyarrow; a dict of arrays; a path or glob of Parquet or CSV files; an Arrow or
            `tf.data` data set), or several, of which each teaches the tasks whose labels it has: a list of tables, or a
            dict of tables by name, as `train mix=[feed=0.7, shop=0.3]` calls them.
        valid: the validation table, or several; None: as the `split` line says, or a tenth of the rows.
        test: the test table, or several; None: as the `split` line says, or none.
        namespace: where `{…}` is evaluated; None: `{…}` is an error.
        stream: True reads the tables piece by piece and encodes them to temporary files, False reads them into memory;
            None: as their size and the free memory say.
        name: what the run calls itself.
        store: a folder of runs, in which this one is kept from its first moment on; None: it is kept nowhere.
        resume: go on with the newest run of this name in the store, which was stopped or died, to the losses that it
            would have had; weights of tasks and some options of `train` may be other than then.
        checkpoint: seconds between two checkpoints within an epoch, where there is a store.
        control: a mailbox through which another thread sets weights, pauses or stops the training.
        listeners: called with each event of the training.
        **train_options: keys of the `train` statement, which win over those in the text: `epochs=2, seed=1`.

    Raises:
        MtlError: with every mistake of the text, the data or the training in `problems`.

    Warns:
        MtlWarning: for each thing in the data that is seldom meant, a leak for example; `run.warnings` keeps them, and
            'allow MTL104' at the end of a line of the text silences one. And where a store cannot be written: training
            goes on, and the run is whole in memory.

    Example:
        A run of one epoch, and its predictions::

            run = mtl_magic.fit("task click: binary", log, epochs=1)
            run.predict(other_log)
    """
    from mtl_magic.runs import fitting

    program = fitting.compile_program(text_or_spec, namespace, train_options)
    if program.tune is not None:
        from mtl_magic.tune.fitting import fit_search

        tables = data, valid, test
        return fit_search(
            text_or_spec,
            tables,
            namespace=namespace,
            options=train_options,
            stream=stream,
            name=name,
            store=store,
            resume=resume,
            checkpoint=checkpoint,
            control=control,
            listeners=tuple(listeners),
        )
    keep = fitting.keep_in(store, name, resume=resume, seconds=checkpoint, stream=stream)
    listeners = (*listeners, fitting.warn_of_trouble)
    prepared = fitting.prepare(program, data, valid, test, stream=stream, listeners=listeners)
    for problem in prepared.warnings:
        warnings.warn(MtlWarning(problem, program.text), stacklevel=2)
    try:
        return fitting.train(program, prepared, name=name, control=control, listeners=listeners, keep=keep)
    finally:
        prepared.close()


def explain(
    text_or_spec: str | Spec,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    namespace: Mapping[str, Any] | None = None,
    stream: bool | None = None,
    **train_options: Any,
) -> Explanation:
    """Everything that `fit` would do with these arguments; nothing is trained.

    Args:
        text_or_spec: the text below a `%%mtl` line, or what `parse` made of it.
        data: a table, or several, as `fit` takes them.
        valid: the validation table, or several; None: as the `split` line says, or a tenth of the rows.
        test: the test table, or several; None: as the `split` line says, or none.
        namespace: where `{…}` is evaluated; None: `{…}` is an error.
        stream: how the tables are read, as in `fit`.
        **train_options: keys of the `train` statement, which win over those in the text.

    Returns:
        An `Explanation`: topology, parameters, and tables of features, tasks, blocks and settings. It shows itself.

    Raises:
        MtlError: with every mistake of the text or the data in `problems`.

    Example:
        The picture of a topology, as a file::

            explained = mtl_magic.explain("task click: binary", log)
            pathlib.Path("topology.svg").write_text(explained.topology.svg())
    """
    from mtl_magic.runs import fitting

    program = fitting.compile_program(text_or_spec, namespace, train_options)
    prepared = fitting.prepare(program, data, valid, test, stream=stream)
    try:
        return fitting.explain(program, prepared)
    finally:
        prepared.close()


def load(path: str | os.PathLike[str]) -> Run:
    """A run that `run.save(path)` wrote, or one that the store keeps, by its name. Nothing in the folder is executed.

    Args:
        path: a folder, or a name: 'feed' is the newest run of that name in `mtl_runs` (or where MTL_MAGIC_RUNS says),
            'feed-2' the second.

    Raises:
        MtlError: there is no such run, or a part of it is missing, damaged, or of a newer version.
    """
    from mtl_magic.runs.project.store import folder_of
    from mtl_magic.runs.store import load as loaded

    return loaded(folder_of(path) or path)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext mtl_magic`."""
    from mtl_magic.magic.magics import register

    register(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext mtl_magic`."""
    from mtl_magic.magic.magics import unregister

    unregister(shell)


def __getattr__(name: str) -> Any:
    if name in ("balance", "datasets"):
        import importlib

        return importlib.import_module(f"mtl_magic.{name}")
    raise AttributeError(f"module 'mtl_magic' has no attribute '{name}'")
