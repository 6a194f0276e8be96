"""From a cell's text and tables to a Run: the rooms in the order in which a cell goes through them."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import os
import platform
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mtl_magic.language import spec
from mtl_magic.problems import MtlError, MtlWarning, Problem
from mtl_magic.runs.history import History
from mtl_magic.runs.judged import remember
from mtl_magic.runs.quiet import keras_quietly
from mtl_magic.runs.run import Run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mtl_magic.data.schema import Prepared, Rows
    from mtl_magic.explanation.explain import Explanation
    from mtl_magic.program import Program
    from mtl_magic.runs.project.recorder import Keep
    from mtl_magic.train.checkpoint import Keeper
    from mtl_magic.train.control import Control
    from mtl_magic.train.events import Event, Listener
    from mtl_magic.train.fit import Trained
    from mtl_magic.train.team import Alone

PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "pyarrow")


def parse(text: str, header: str = "") -> spec.Spec:
    """The spec of a text; `header` is the line above it in a cell."""
    from mtl_magic.language import parse as parsed
    from mtl_magic.vocabulary import vocabulary

    return parsed(text, vocabulary(), header=header)


def compile_program(
    text_or_spec: str | spec.Spec,
    namespace: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Program:
    """The program of a text: every word looked up, every `{…}` evaluated.

    Args:
        text_or_spec: the text, or what `parse` made of it.
        namespace: where `{…}` is evaluated; None: it is an error.
        options: keys of the train statement that win over those in the text.
    """
    from mtl_magic.language import resolve
    from mtl_magic.runs.warm import found
    from mtl_magic.vocabulary import vocabulary

    whole = parse(text_or_spec) if isinstance(text_or_spec, str) else text_or_spec
    if options:
        whole, objects = with_options(whole, options)
        namespace = {**(namespace or {}), **objects} if objects else namespace
    program = found(resolve(whole, vocabulary(), namespace), namespace)
    if program.train.callbacks:
        from mtl_magic.train.callbacks import check

        check(program)
    return program


def with_options(whole: spec.Spec, options: Mapping[str, Any]) -> tuple[spec.Spec, dict[str, Any]]:
    r"""The spec with these keys in its train statement, and the Python objects that its text now names.

    Example:
        >>> print(with_options(parse("task a\ntrain epochs=9 lr=0.1"), {"epochs": 2})[0])
        task a
        train lr=0.1
        train epochs=2
    """
    objects: dict[str, Any] = {}
    kept: list[spec.Statement] = []
    allow: tuple[str, ...] = ()
    for statement in whole.statements:
        if isinstance(statement, spec.Settings) and statement.word == "train":
            left = tuple(a for a in statement.args if a.name not in options)
            if left:
                kept.append(dataclasses.replace(statement, args=left))
            else:
                allow += statement.allow
        else:
            kept.append(statement)
    given = tuple(spec.Arg(name, _node(name, value, objects)) for name, value in options.items())
    return dataclasses.replace(whole, statements=(*kept, spec.Settings("train", given, allow=allow))), objects


def _node(name: str, value: Any, objects: dict[str, Any]) -> Any:
    """A Python value as the language writes it; an object is named, as `{…}` would name it."""
    if value is None or isinstance(value, bool):
        return spec.Constant(value)
    if isinstance(value, (int, float)):
        return spec.Number(value)
    if isinstance(value, str):
        return _text(name, value)
    objects[f"{name}_of_fit"] = value
    return spec.Python(f"{name}_of_fit")


def _text(name: str, value: str) -> spec.Word | spec.Dotted:
    """A text as the language writes it: 'click.auc' is a metric of a task where the key takes one."""
    from mtl_magic.language.values import flat, parameters
    from mtl_magic.parameters import Name
    from mtl_magic.vocabulary import vocabulary

    declaration: Any = vocabulary().find("settings", "train")
    param = parameters(declaration).get(name)
    task, dot, metric = value.rpartition(".")
    if not dot or param is None or Name("metric") not in flat(param.type):
        return spec.Word(value)
    task, quote = task.strip(), task.strip()[:1]
    if len(task) > 1 and quote in ("'", '"') and task.endswith(quote):
        return spec.Dotted(spec.Word(task[1:-1].replace(quote * 2, quote), "*" in task), metric.strip())
    child, bar, parent = task.partition("|")
    owner = spec.Conditional(child.strip(), parent.strip()) if bar else spec.Word(task, "*" in task)
    return spec.Dotted(owner, metric.strip())


def prepare(
    program: Program,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    stream: bool | None = None,
    listeners: Sequence[Listener] = (),
) -> Prepared:
    """The encoded data, checked.

    Args:
        data: a table, a list of tables, or a dict of tables by name.
        valid, test: None, or the same.
        stream: read it piece by piece (True), into memory (False), or as its size says (None).
        listeners: called with `Preparing` where it takes more than a moment.
    """
    from mtl_magic.checks import run_checks
    from mtl_magic.data.named import tables_of
    from mtl_magic.data.prepare import prepare as prepared
    from mtl_magic.runs.preparing import teller

    made = prepared(program, tables_of(data), valid, test, stream=stream, tell=teller(listeners))
    try:
        made.warnings = run_checks(program, made)
    except BaseException:
        made.close()
        raise
    made.raw = made.sample = None
    return made


def explain(program: Program, prepared: Prepared) -> Explanation:
    """What `train` would do."""
    keras_quietly()
    from mtl_magic.explanation.explain import explain as explained

    return explained(program, prepared, prepared.warnings)


def train(
    program: Program,
    prepared: Prepared,
    *,
    name: str = "run",
    control: Control | None = None,
    listeners: Sequence[Listener] = (),
    team: Alone | None = None,
    keeper: Keeper | None = None,
    keep: Keep | None = None,
) -> Run:
    """Train, and keep everything that is known of it.

    Args:
        program, prepared: what to train, on what.
        name: of the run.
        control: a mailbox of commands.
        listeners: called with each event.
        team: the processes that train together, of which the chief's run alone has metrics.
        keeper: keeps checkpoints, and training goes on from the one that it has.
        keep: where a folder of the training is kept while it runs; a run of it may go on.
    """
    keras_quietly()
    from mtl_magic.runs.warm import source
    from mtl_magic.train.fit import train as fit

    history = History()
    parts = {k: v for k, v in (("valid", prepared.valid), ("test", prepared.test)) if v is not None}
    facts = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": None,
        "seed": program.train.seed,
        "rows": {"train": sum(map(len, prepared.train)), **{k: len(v) for k, v in parts.items()}},
        "data": fingerprint(prepared.train),
        "data_of": {k: fingerprint([v]) for k, v in parts.items()},
        **({"tables": tables_in(prepared)} if prepared.tables else {}),
        "versions": versions(),
    }
    if team is not None:
        team.same(facts["data"])
    heard: tuple[Listener, ...] = (history, *listeners)
    recorder = None
    if keep is not None:
        from mtl_magic.runs.project.recorder import Recorder, heard_by

        recorder = Recorder(keep, name, program, facts=facts, history=history, tell=heard_by(heard))
        heard, keeper = (history, recorder, *listeners), recorder.keeper
    goes_on = keep is not None and keeper is not None and keeper.there
    start = None if goes_on else source(program)  # the run that it came from may be gone by now
    try:
        trained = fit(program, prepared, control=control, listeners=heard, team=team, keeper=keeper, start=start)
        run = _run(name, program, prepared, trained, history=history, facts=facts)
    except BaseException as error:
        if recorder is not None:
            recorder.failed(error)
        raise
    remember(parts, facts["data_of"])
    if recorder is not None:
        recorder.ended(run)
    return run


def _run(
    name: str, program: Program, prepared: Prepared, trained: Trained, *, history: History, facts: dict[str, Any]
) -> Run:
    return Run(
        name=name,
        text=program.canonical,
        model=trained.net.model,
        schema=trained.schema,
        outputs=tuple((o.key, o.title) for o in trained.net.outputs),
        history=history.frame(),
        gradients=history.gradients(),
        weights={task: float(weight) for task, weight in trained.weights.items()},
        metrics={
            part: {task: {m: v for m, v in scores.items() if m != "loss"} for task, scores in found.items()}
            for part, found in (("valid", trained.metrics), ("test", trained.test))
            if found
        },
        why=trained.why,
        step=int(trained.step),
        epoch=int(trained.epoch),
        best_epoch=trained.best_epoch,
        facts={
            **facts,
            "seconds": history.finished.seconds if history.finished else None,
            **({"changes": history.changes} if history.changes else {}),
            **{k: v for k, v in (("steered", history.commands()), ("gates", history.gates())) if v},
        },
        notes=(*prepared.notes, *trained.notes, *history.troubles),
        warnings=prepared.warnings,
    )


def keep_in(
    store: str | os.PathLike[str] | None,
    name: str,
    *,
    resume: bool = False,
    seconds: float = 30.0,
    stream: bool | None = None,
) -> Keep | None:
    """Where a training is kept that no notebook asked for; None: nowhere.

    Raises:
        MtlError: MTL416 with `resume`, there is no run of this name, or no store.
    """
    from mtl_magic.runs.project.recorder import Keep
    from mtl_magic.runs.project.store import Store, root_of

    root = None if store is None else root_of(store)
    if root is None:
        if resume:
            hint = "name the folder that keeps the run: store='mtl_runs'"
            raise MtlError(Problem("MTL416", "resume needs the store of the run", hint=hint))
        return None
    found = Store(root)
    return Keep(found, {"stream": stream}, seconds, found.find(name)["id"] if resume else None)


def warn_of_trouble(event: Event) -> None:
    """A listener: what of a run cannot be kept becomes a warning of Python's."""
    from mtl_magic.train.events import Trouble

    if isinstance(event, Trouble):
        warnings.warn(MtlWarning(Problem("MTL411", event.text, severity="warning")), stacklevel=2)


def fingerprint(parts: Sequence[Rows]) -> str:
    """A hash of the encoded training rows: equal data and declarations give equal ones, on any machine."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        part.feed(found)
    return f"blake2b:{found.hexdigest()}"


def tables_in(prepared: Prepared) -> list[dict[str, Any]]:
    """What a run keeps of several training tables: name, rows, labelled rows of each task, a hash of the rows."""
    return [
        {"name": t.name, "rows": t.rows, "labels": dict(t.labels), "data": fingerprint([part])}
        for t, part in zip(prepared.tables, prepared.train, strict=True)
    ]


def versions() -> dict[str, str]:
    """What the run was made with."""
    import mtl_magic

    found = {"mtl_magic": mtl_magic.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:  # tensorflow-cpu, a nightly: the module is there all the same
            found[package] = getattr(importlib.import_module(package), "__version__", "")
    return found
