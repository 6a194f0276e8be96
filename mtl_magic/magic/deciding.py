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


BY = Option(str, "a column", "rows of one value are resampled together, for they are not independent")
OPTIONS: dict[str, dict[str, Option]] = {
    "compare": {"by": BY},
    "baseline": {
        "budget": Option(str, "rows, steps or parameters", "what the tasks alone have as much of as the run"),
        "seeds": Option(_whole(1), "a whole number of at least 1", "of both; 3 where nothing is said"),
        "by": BY,
    },
    "seeds": {},
    "advise": {},
    "front": {
        "stops": Option(
            _whole(2), "a whole number of at least 2", "preferences that are trained; 5 where nothing is said"
        )
    },
}
NAMES = {"compare": 2, "baseline": 1, "seeds": 1, "advise": 1, "front": 1}  # runs that a command takes
TABLES = ("data", "valid", "test")
FLAGS = {
    "compare": ("data",),
    "baseline": TABLES,
    "seeds": TABLES,
    "advise": TABLES,
    "front": TABLES,
}  # flags of tables


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
    from mtl_magic.data.named import named
    from mtl_magic.decide.comparison import compare as compared

    form = "%mtl compare A B [by=COLUMN] [--data EXPR]"
    said = asked("compare", rest, form)
    if len(said.names) != 2:
        raise MtlError(Problem("MTL484", "two runs are compared", hint=form), f"%mtl compare {rest}".rstrip())
    a, b = (found(shell, name) for name in said.names)
    data, _, _ = evaluated(shell, said.flags)
    if len(data) > 1:
        raise MtlError(Problem("MTL484", "two runs are compared on one table", hint=form), f"%mtl compare {rest}")
    table = named(data)[0].data if data else None
    if table is None:
        remembered(shell, a, b)
    return compared(a, b, table, by=said.options.get("by"))


def baseline(shell: InteractiveShell, rest: str) -> Any:
    """`%mtl baseline NAME [budget=rows|steps|parameters] [seeds=N] [by=COLUMN] [--data EXPR]`."""
    from mtl_magic.decide.baseline import baseline as made

    form = "%mtl baseline NAME [budget=rows|steps|parameters] [seeds=N] [by=COLUMN] [--data EXPR]"
    said = asked("baseline", rest, form)
    run, (data, valid, test) = _one_run(shell, said, "baseline", form)
    return made(run, data, valid, test, **said.options, **_trained_here(shell, said))


def seeds(shell: InteractiveShell, rest: str) -> Any:
    """`%mtl seeds NAME N [--data EXPR]`."""
    from mtl_magic.decide.seeds import seeds as made

    form = "%mtl seeds NAME N [--data EXPR]"
    said = asked("seeds", rest, form)
    if len(said.names) != 2 or not said.names[1].isdigit():
        raise MtlError(
            Problem("MTL484", "a run and a number of seeds are meant", hint=form), f"%mtl seeds {rest}".rstrip()
        )
    run, (data, valid, test) = _one_run(shell, dataclasses.replace(said, names=said.names[:1]), "seeds", form)
    return made(run, int(said.names[1]), data, valid, test, **_trained_here(shell, said))


def advise(shell: InteractiveShell, rest: str) -> Any:
    """`%mtl advise NAME [--data EXPR]`: the evidence, and the cell that follows, as the next one."""
    from mtl_magic.decide.advice import advise as made
    from mtl_magic.magic.flags import MAGIC
    from mtl_magic.magic.keeping import written

    form = "%mtl advise NAME [--data EXPR]"
    said = asked("advise", rest, form)
    run, (data, valid, test) = _one_run(shell, said, "advise", form)
    advice = made(run, data, valid, test, **_trained_here(shell, said))
    if advice.text:
        flags = said.flags if said.flags.data else None
        tables_said = _flags_of(flags) if flags is not None else written(run.facts.get("asked") or {})
        shell.set_next_input(f"{MAGIC}{run.name}_advised {tables_said}".rstrip() + f"\n{advice.text}")
    return advice


def _flags_of(flags: Flags) -> str:
    """The flags of tables, as they were written."""
    found = [(flag, e.text) for flag in TABLES for e in flags.tables(flag)]
    return " ".join(f"--{flag} {text}" for flag, text in found)


def front(shell: InteractiveShell, rest: str) -> Any:
    """`%mtl front NAME [TASK TASK] [stops=N] [--data EXPR]`: a slider in a notebook, and what a saved one shows."""
    from mtl_magic.decide.front import front as made

    form = "%mtl front NAME [TASK TASK] [stops=N] [--data EXPR]"
    said = asked("front", rest, form)
    two = said.names[1:]
    if len(two) not in (0, 2):
        raise MtlError(Problem("MTL484", "a front lies between two tasks", hint=form), f"%mtl front {rest}".rstrip())
    run, (data, valid, test) = _one_run(shell, dataclasses.replace(said, names=said.names[:1]), "front", form)
    found_front = made(run, data, valid, test, tasks=two or None, **said.options, **_trained_here(shell, said))
    if getattr(shell, "kernel", None) is not None:
        from IPython.display import display

        display(found_front.widget(lambda name, chosen: kept(shell, name, chosen)))
    return found_front


def kept(shell: InteractiveShell, name: str, run: Run) -> str:
    """A stop of a front becomes a run: of the notebook, and of the store. What is said of it.

    Raises:
        MtlError: MTL403 the name is none; MTL404 it is taken by something else.
    """
    from mtl_magic.magic.runs import store
    from mtl_magic.runs.project import index
    from mtl_magic.runs.run import Run
    from mtl_magic.runs.store import commit

    flags = parse_flags(name)
    if flags.problems or not flags.name:
        raise MtlError(flags.problems or Problem("MTL403", "a run needs a name", hint="a name of a variable"))
    if not isinstance(shell.user_ns.get(name), (Run, type(None))):
        raise MtlError(Problem("MTL404", f"'{name}' already holds something else, and a run never replaces it"))
    made = dataclasses.replace(run, name=name)
    shell.user_ns[name] = made
    try:
        place = store().claim(name)
        commit(made, place)
    except (MtlError, OSError) as error:
        return f"{name} is a run of this notebook; it is not kept: {error}"
    made.folder = place
    index.note(place)
    return f"{name} is a run of this notebook, kept as {place.name}"


def _one_run(shell: InteractiveShell, said: Asked, command: str, form: str) -> tuple[Run, tuple[Any, Any, Any]]:
    """The run that a line names, and its tables: data, valid, test.

    Raises:
        MtlError: MTL484 it names none, or several; MTL483 nothing is known of its tables.
    """
    from mtl_magic.decide.seeds import Seeds
    from mtl_magic.magic.background import check_free
    from mtl_magic.magic.given import given

    if len(said.names) != 1:
        raise MtlError(Problem("MTL484", f"%mtl {command} takes one run", hint=form), f"%mtl {command}")
    check_free()
    run = found(shell, said.names[0])
    run = run.runs[0] if isinstance(run, Seeds) else run
    tables = given(said.flags if said.flags.data else cell_flags(run), shell.user_ns)
    return run, (tables.data, tables.valid, tables.test)


def _trained_here(shell: InteractiveShell, said: Asked) -> dict[str, Any]:
    """What every command that trains is told: names for `{…}`, how tables are read, and that a person waits."""
    return {"namespace": shell.user_ns, "stream": said.flags.stream, "tell": _say}


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201  it takes a while


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
