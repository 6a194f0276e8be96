"""`%mtl compare`, `baseline`, `seeds`, `advise` and `front`: from runs that are there to a decision.

Each takes the names of runs (variables of the notebook, else the store's), options as `budget=steps`, and the flags of tables.
Where no table is named, it is the one that the run's cell had, if its rows are still those.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.language.names import did_you_mean
from mtl_magic.magic.flags import EXPRESSIONS, Flags, parse_flags
from mtl_magic.problems import MtlError, Problem, listed

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mtl_magic.data.schema import Prepared
    from mtl_magic.decide.seeds import Seeds
    from mtl_magic.runs.run import Run


@dataclasses.dataclass(frozen=True)
class Option:
    """An option of a command: what it may be, and what it means."""

    read: Callable[[str], Any]
    takes: str
    doc: str


@dataclasses.dataclass(frozen=True)
class Asked:
    """What stands behind a command."""

    names: tuple[str, ...]
    options: Mapping[str, Any]
    flags: Flags


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if value < least:
            raise ValueError
        return value

    return read


OPTIONS: dict[str, dict[str, Option]] = {
    "compare": {
        "by": Option(str, "a column", "rows of one value are resampled together, for they are not independent")
    },
}
NAMES = {"compare": 2}  # runs that a command takes
FLAGS = {"compare": ("data",)}  # flags of tables


def asked(command: str, rest: str, form: str) -> Asked:
    """The line, read.

    Raises:
        MtlError: MTL484 it is written in another way.
    """
    before, dashes, tail = rest.partition("--")
    flags = parse_flags(f"{dashes}{tail}") if dashes else Flags()
    problems = [dataclasses.replace(p, span=None) for p in flags.problems]
    names, options = [], {}
    for word in before.split():
        name, equals, value = word.partition("=")
        option = OPTIONS[command].get(name)
        if not equals:
            names.append(word)
        elif option is None:
            hint = did_you_mean(name, OPTIONS[command]) or f"it takes {listed([f'{o}=' for o in OPTIONS[command]])}"
            problems.append(Problem("MTL484", f"%mtl {command} has no option '{name}'", hint=hint))
        else:
            try:
                options[name] = option.read(value)
            except ValueError:
                problems.append(Problem("MTL484", f"{name}={value}: {option.takes} is meant", hint=form))
    if problems:
        raise MtlError(problems, f"%mtl {command} {rest}")
    return Asked(tuple(names), options, flags)


# -- runs and their rows ----------------------------------------------------------------------------------------------


def found(shell: InteractiveShell, name: str) -> Run | Seeds:
    """What a name means: a variable, else a run of the store.

    Raises:
        MtlError: MTL416 there is none; MTL484 the variable holds something else.
    """
    from mtl_magic.decide.seeds import Seeds
    from mtl_magic.magic.runs import store
    from mtl_magic.runs.run import Run
    from mtl_magic.runs.store import load

    value = shell.user_ns.get(name)
    if isinstance(value, (Run, Seeds)):
        return value
    here = [n for n, v in shell.user_ns.items() if isinstance(v, (Run, Seeds)) and not n.startswith("_")]
    if value is not None:
        hint = f"runs here: {listed(here)}" if here else "no cell has made a run in this notebook"
        raise MtlError(Problem("MTL484", f"'{name}' is a {type(value).__name__}, not a run", hint=hint))
    of = store()
    try:
        return load(of.place(of.find(name)))
    except MtlError as error:
        if error.problems[0].code == "MTL416" and here:
            hint = did_you_mean(name, here) or f"runs here: {listed(here)}"
            raise MtlError(dataclasses.replace(error.problems[0], hint=hint)) from error
        raise


def evaluated(shell: InteractiveShell, flags: Flags) -> tuple[list[Any], Any, Any]:
    """The tables that the flags name."""
    from mtl_magic.magic.given import given

    found = given(flags, shell.user_ns)
    return found.data, found.valid, found.test


def cell_flags(run: Run) -> Flags:
    """The flags of the cell that made a run, as far as they may be evaluated again.

    Raises:
        MtlError: MTL483 nothing is known of its tables; MTL425 they are Python that was not typed here.
    """
    from mtl_magic.magic.keeping import Again, check_unasked, written

    known = run.facts.get("asked") or {}
    if not known.get("data") or run.folder is None:
        hint = "name it: --data TABLE, with --valid and --test where the cell had them"
        raise MtlError(Problem("MTL483", f"the table on which '{run.name}' was trained is not known", hint=hint))
    flags = parse_flags(written(known))
    check_unasked(Again(run.folder.name, run.text, "", run.folder), text=run.text, flags=flags)
    return flags


def rows_of(shell: InteractiveShell, run: Run, flags: Flags | None = None) -> Prepared:
    """The rows on which a run was trained, encoded anew; the tables are those that the flags name, else its cell's.

    Raises:
        MtlError: MTL483 they are other rows than then, or it is not known which they were.
    """
    from mtl_magic.decide.again import prepared

    flags = flags if flags is not None and flags.data else cell_flags(run)
    data, valid, test = evaluated(shell, flags)
    return prepared(run, data, valid, test, namespace=shell.user_ns, stream=flags.stream)


# -- commands ---------------------------------------------------------------------------------------------------------


def compare(shell: InteractiveShell, rest: str) -> Any:
    """`%mtl compare A B [by=COLUMN] [--data EXPR]`."""
    from mtl_magic.decide.comparison import compare as compared

    form = "%mtl compare A B [by=COLUMN] [--data EXPR]"
    said = asked("compare", rest, form)
    if len(said.names) != 2:
        raise MtlError(Problem("MTL484", "two runs are compared", hint=form), f"%mtl compare {rest}".rstrip())
    a, b = (found(shell, name) for name in said.names)
    data, _, _ = evaluated(shell, said.flags)
    table = data[0] if data else None
    if table is None:
        remembered(shell, a, b)
    return compared(a, b, table, by=said.options.get("by"))


def remembered(shell: InteractiveShell, *sides: Run | Seeds) -> None:
    """Where the rows that judge a run are not in memory, its cell's table is read again; what fails is said later."""
    from mtl_magic.decide.seeds import Seeds
    from mtl_magic.runs.judged import recalled

    for run in (run for side in sides for run in (side.runs if isinstance(side, Seeds) else (side,))):
        part, rows = recalled(run.facts)
        if part and rows is None:
            try:
                rows_of(shell, run).close()
            except MtlError:
                return


# -- completion -------------------------------------------------------------------------------------------------------


def offers(command: str, before: list[str], namespace: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What may stand behind one of these commands: runs, options, flags of tables. The store's index is read, no folder."""
    from mtl_magic.magic.tables import tables
    from mtl_magic.runs.project.store import Store

    if before and before[-1].startswith("--"):
        return [(name, "table", size) for name, size in tables(namespace).items()]
    said = {word.partition("=")[0] for word in before if "=" in word}
    options = [
        (f"{name}=", "option", f"{o.takes}: {o.doc}") for name, o in OPTIONS[command].items() if name not in said
    ]
    if any(word.startswith("--") for word in before):
        return [(f"--{flag}", "flag", EXPRESSIONS[flag]) for flag in FLAGS[command]]
    kinds = ("mtl_magic.runs.run", "mtl_magic.decide.seeds")
    here = {
        n: "a run of this notebook"
        for n, v in list(namespace.items())
        if type(v).__module__ in kinds and not n.startswith("_")
    }
    names = {**here, **{n: doc for n, doc in Store().names().items() if n not in here}}
    flags = [(f"--{flag}", "flag", EXPRESSIONS[flag]) for flag in FLAGS[command]]
    room = sum("=" not in word for word in before) < NAMES[command]
    return [*((name, "run", doc) for name, doc in names.items() if room and name not in before), *options, *flags]
