"""What `mtl_magic` offers of this room by name; light, for nothing is imported before it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from mtl_magic.decide.advice import Advice
    from mtl_magic.decide.baseline import Baseline
    from mtl_magic.decide.comparison import Comparison
    from mtl_magic.decide.front import Front
    from mtl_magic.decide.seeds import Seeds
    from mtl_magic.runs.run import Run


def compare(a: Run | Seeds, b: Run | Seeds, table: Any = None, *, by: str | None = None) -> Comparison:
    """Two runs side by side on the same rows: cells, metrics with intervals of their difference, a verdict for each head.

    Args:
        a, b: runs, or sets of runs of several seeds (`seeds`), equally many, which are compared seed by seed.
        table: rows with features and labels that neither has learnt from, in any form that `fit` takes; None: the rows
            that judged both, as this process has seen them: of the test part, else of the validation part.
        by: a column: rows of one value (a person's, say) are resampled together; None: as `split group=` says, else rows.

    Returns:
        A `Comparison`, which shows itself. A positive difference is b's.

    Raises:
        MtlError: MTL480 the rows are not known, MTL481 they differ, MTL482 there is no task in common.

    Example:
        ::

            found = mtl_magic.compare(feed, wide)
            found.verdict("click")  # 'no difference'
    """
    from mtl_magic.decide.comparison import compare as compared

    return compared(a, b, table, by=by)


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
    tell: Callable[[str], None] | None = None,
) -> Seeds:
    """The cell of a run trained with several seeds, of which the run's own is the first: mean ± standard deviation.

    Args:
        run: whose cell; it is taken as it is where nobody steered it.
        count: of seeds, at least two.
        data, valid, test: the tables of its training, as `fit` takes them.
        namespace: where `{…}` of the cell is evaluated again.
        stream: how the tables are read, as in `fit`.
        store: where trainings are kept by text and rows, so that each is made once; None: as MTL_MAGIC_RUNS says; 'none': nowhere.
        tell: hears a sentence of each training.

    Returns:
        `Seeds`, which shows itself; two of them are compared seed by seed: `compare(a, b)`.

    Raises:
        MtlError: MTL483 the tables give other rows than the run's.

    Example:
        ::

            mtl_magic.seeds(feed, 5, log)
    """
    from mtl_magic.decide.seeds import seeds as made

    return made(run, count, data, valid, test, namespace=namespace, stream=stream, store=store, tell=tell)


def baseline(
    run: Run,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    budget: str = "rows",
    seeds: int = 3,
    by: str | None = None,
    namespace: Mapping[str, Any] | None = None,
    stream: bool | None = None,
    store: str | os.PathLike[str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Baseline:
    """Does sharing help? Each task of a run trained alone under an equal budget: Δm, gain or negative transfer of each head.

    Args:
        run: a run with several tasks.
        data, valid, test: the tables of its training, as `fit` takes them.
        budget: 'rows': each task alone passes over the rows as often as the cell says; 'steps': all of them together take as
            many steps as the run; 'parameters': their layers have as many parameters together, or less.
        seeds: of both; with one, intervals know nothing of initial weights.
        by: a column that metrics or the split read: rows of one value are resampled together.
        namespace: where `{…}` of the cell is evaluated again.
        stream: how the tables are read, as in `fit`; the rows must fit in memory.
        store: where trainings are kept by text and rows, so that each is made once; None: as MTL_MAGIC_RUNS says; 'none': nowhere.
        tell: hears a sentence of each training.

    Returns:
        A `Baseline`, which shows itself; `.heads`, `.whole` (Δm) and `.claims` have the figures.

    Raises:
        MtlError: MTL483 the tables give other rows than the run's, MTL485 they are on disk, MTL486 the run has one task.

    Example:
        ::

            found = mtl_magic.baseline(feed, log, budget="steps")
            found.verdict("like")  # 'gain', 'negative transfer' or 'no difference'
    """
    from mtl_magic.decide.baseline import baseline as made

    return made(
        run,
        data,
        valid,
        test,
        budget=budget,
        seeds=seeds,
        by=by,
        namespace=namespace,
        stream=stream,
        store=store,
        tell=tell,
    )


def advise(
    run: Run,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    namespace: Mapping[str, Any] | None = None,
    stream: bool | None = None,
    tell: Callable[[str], None] | None = None,
) -> Advice:
    """What to share and how to balance: task affinities of short trainings, and a cell that follows; or "not enough evidence".

    Args:
        run: whose cell has the features and tasks.
        data, valid, test: the tables of its training, as `fit` takes them; training rows alone are used.
        namespace: where `{…}` of the cell is evaluated again.
        stream: how the tables are read, as in `fit`; the rows must fit in memory.
        tell: hears a sentence of each short training.

    Returns:
        `Advice`, which shows itself; `.groups` of tasks, and `.text`, a cell to edit; both empty where nothing is advised.

    Raises:
        MtlError: MTL483 the tables give other rows than the run's, MTL485 they are on disk, MTL486 the run has one task.

    Example:
        ::

            found = mtl_magic.advise(feed, log)
            better = mtl_magic.fit(found.text, log) if found.enough else feed
    """
    from mtl_magic.decide.advice import advise as made

    return made(run, data, valid, test, namespace=namespace, stream=stream, tell=tell)


def front(
    run: Run,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    tasks: Iterable[str] | None = None,
    stops: int = 5,
    namespace: Mapping[str, Any] | None = None,
    stream: bool | None = None,
    store: str | os.PathLike[str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Front:
    """A front of trade-offs between two tasks: the run's cell, which has `balance stch`, trained with several preferences.

    Args:
        run: whose cell; its weights of the two tasks are replaced, and what they are together stays.
        data, valid, test: the tables of its training, as `fit` takes them.
        tasks: the two; None: those of a cell with two.
        stops: how many preferences, evenly from a tenth to nine tenths for the first task.
        namespace: where `{…}` of the cell is evaluated again.
        stream: how the tables are read, as in `fit`.
        store: where trainings are kept by text and rows, so that each is made once; None: as MTL_MAGIC_RUNS says; 'none': nowhere.
        tell: hears a sentence of each training.

    Returns:
        A `Front`, which shows itself; `front[k]` and `front.choose(0.7)` are runs, `front.widget()` is a slider.

    Raises:
        MtlError: MTL483 the tables give other rows than the run's, MTL486 it has one task, MTL487 it is not balanced by stch.

    Example:
        ::

            found = mtl_magic.front(feed, log, tasks=["click", "like"])
            feed = found.choose(0.7)
    """
    from mtl_magic.decide.front import front as made

    return made(
        run,
        data,
        valid,
        test,
        tasks=None if tasks is None else list(tasks),
        stops=stops,
        namespace=namespace,
        stream=stream,
        store=store,
        tell=tell,
    )
