"""`%mtl compare`, `baseline`, `seeds`, `advise` and `front`: from runs that are there to a decision.

Each takes the names of runs (variables of the notebook, else the store's), options as `budget=steps`, and the flags of tables.
Where no table is named, it is the one that the run's cell had, if its rows are still those.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.decide.budget import NAMED, budget_of
from mtl_magic.language.names import did_you_mean
from mtl_magic.magic.flags import EXPRESSIONS, FLAGS, MAGIC, Flags, parse_flags
from mtl_magic.magic.line import COMMANDS
from mtl_magic.problems import MtlError, Problem, listed, typed

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
        "budget": Option(budget_of, NAMED, "what the tasks alone have as much of as the run"),
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
TABLES = tuple(EXPRESSIONS)
READ = (*TABLES, "stream", "no-stream")
TAKES = {"compare": ("data",), "baseline": READ, "seeds": READ, "advise": READ, "front": READ}


def asked(command: str, rest: str) -> Asked:
    """The line, read.

    Raises:
        MtlError: MTL484 it is written in another way, and all that is wrong with its flags.
    """
    before, dashes, tail = rest.partition("--")
    flags = parse_flags(f"{dashes}{tail}") if dashes else Flags()
    problems = [_about(command, p) for p in flags.problems] or list(_unfit(command, flags))
    names, options = [], {}
    for word in before.split():
        name, equals, value = word.partition("=")
        option = OPTIONS[command].get(name)
        if not equals:
            names.append(word)
        elif option is None:
            takes = [f"{o}=" for o in OPTIONS[command]]
            hint = did_you_mean(name, OPTIONS[command]) or (f"it takes {listed(takes)}" if takes else _form(command))
            problems.append(Problem("MTL484", f"%mtl {command} has no option '{name}'", hint=hint))
        else:
            try:
                options[name] = option.read(value)
            except ValueError:
                problems.append(Problem("MTL484", f"{name}={value}: {option.takes} is meant", hint=_form(command)))
            except MtlError as error:
                problems += error.problems
    if problems:
        raise MtlError(problems, f"%mtl {command} {rest}")
    return Asked(tuple(names), options, flags)


def _form(command: str) -> str:
    return COMMANDS[command].form


def _about(command: str, problem: Problem) -> Problem:
    """Of a flag; where there is none like it, what this line takes, not what a cell's takes."""
    near = any(f"'--{flag}'" in problem.hint for flag in TAKES[command])
    hint = _form(command) if problem.code == "MTL401" and not near else problem.hint
    return dataclasses.replace(problem, span=None, hint=hint)


def _unfit(command: str, flags: Flags) -> Iterator[Problem]:
    """What a cell's line may have, and this one may not."""
    given = [*(flag for flag in TABLES if flags.tables(flag)), *flags.values, *sorted(flags.switches)]
    for flag in given:
        if flag not in TAKES[command]:
            yield Problem("MTL484", f"%mtl {command} takes no --{flag}", hint=_form(command))
    if flags.name:
        yield Problem("MTL484", f"'{flags.name}' stands behind the flags", hint=_form(command))
    alone = [f"--{flag}" for flag in TABLES[1:] if flag in given and flag in TAKES[command]]
    if alone and not flags.data:
        hint = "name all tables of its training, or none: then they are those of its cell"
        yield Problem("MTL484", f"{listed(alone)} without --data", hint=hint)


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
        raise MtlError(Problem("MTL484", f"'{name}' is {typed(value)}, not a run", hint=hint))
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

    said = asked("compare", rest)
    if len(said.names) != 2:
        raise MtlError(
            Problem("MTL484", "two runs are compared", hint=_form("compare")), f"%mtl compare {rest}".rstrip()
        )
    a, b = (found(shell, name) for name in said.names)
    data, _, _ = evaluated(shell, said.flags)
    if len(data) > 1:
        hint = _form("compare")
        raise MtlError(Problem("MTL484", "two runs are compared on one table", hint=hint), f"%mtl compare {rest}")
    table = named(data)[0].data if data else None
    if table is None:
        remembered(shell, a, b)
    return compared(a, b, table, by=said.options.get("by"))


def baseline(shell: InteractiveShell, rest: str) -> Any:
    """`%mtl baseline NAME [budget=rows|steps|parameters] [seeds=N] [by=COLUMN] [--data EXPR]`."""
    from mtl_magic.decide.baseline import baseline as made

    said = asked("baseline", rest)
    run, (data, valid, test), told = _one_run(shell, said, "baseline")
    return made(run, data, valid, test, **said.options, **told)


def seeds(shell: InteractiveShell, rest: str) -> Any:
    """`%mtl seeds NAME N [--data EXPR]`."""
    from mtl_magic.decide.seeds import seeds as made

    said = asked("seeds", rest)
    if len(said.names) != 2 or not said.names[1].isdecimal():
        problem = Problem("MTL484", "a run and a number of seeds are meant", hint=_form("seeds"))
        raise MtlError(problem, f"%mtl seeds {rest}".rstrip())
    run, (data, valid, test), told = _one_run(shell, dataclasses.replace(said, names=said.names[:1]), "seeds")
    return made(run, int(said.names[1]), data, valid, test, **told)


def advise(shell: InteractiveShell, rest: str) -> Any:
    """`%mtl advise NAME [--data EXPR]`: the evidence, and the cell that follows, as the next one."""
    from mtl_magic.decide.advice import advise as made
    from mtl_magic.magic.keeping import written

    said = asked("advise", rest)
    run, (data, valid, test), told = _one_run(shell, said, "advise")
    advice = made(run, data, valid, test, **told)
    if advice.text:
        typed_here = {flag: [e.text for e in said.flags.tables(flag)] for flag in TABLES}
        known = typed_here if said.flags.data else run.facts.get("asked") or {}
        line = written({**known, "stream": told["stream"]})
        shell.set_next_input(f"{MAGIC}{run.name}_advised {line}".rstrip() + f"\n{advice.text}")
    return advice


def front(shell: InteractiveShell, rest: str) -> Any:
    """`%mtl front NAME [TASK TASK] [stops=N] [--data EXPR]`: a slider in a notebook, and what a saved one shows."""
    from mtl_magic.decide.front import front as made

    said = asked("front", rest)
    two = said.names[1:]
    if len(two) not in (0, 2):
        problem = Problem("MTL484", "a front lies between two tasks", hint=_form("front"))
        raise MtlError(problem, f"%mtl front {rest}".rstrip())
    run, (data, valid, test), told = _one_run(shell, dataclasses.replace(said, names=said.names[:1]), "front")
    found_front = made(run, data, valid, test, tasks=two or None, **said.options, **told)
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


def _one_run(shell: InteractiveShell, said: Asked, command: str) -> tuple[Run, tuple[Any, Any, Any], dict[str, Any]]:
    """The run that a line names; its tables, data, valid and test; and what every command that trains is told: names for
    `{…}`, how tables are read, and that a person waits.

    Raises:
        MtlError: MTL484 it names none, or several; MTL483 nothing is known of its tables.
    """
    from mtl_magic.decide.seeds import Seeds
    from mtl_magic.magic.background import check_free

    if len(said.names) != 1:
        raise MtlError(Problem("MTL484", f"%mtl {command} takes one run", hint=_form(command)), f"%mtl {command}")
    check_free()
    run = found(shell, said.names[0])
    run = run.runs[0] if isinstance(run, Seeds) else run
    flags = said.flags if said.flags.data else cell_flags(run)
    stream = flags.stream if said.flags.stream is None else said.flags.stream
    return run, evaluated(shell, flags), {"namespace": shell.user_ns, "stream": stream, "tell": _say}


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

    if before and before[-1].removeprefix("--") in TABLES:
        return [(name, "table", size) for name, size in tables(namespace).items()]
    said = {word.partition("=")[0] for word in before if "=" in word}
    options = [
        (f"{name}=", "option", f"{o.takes}: {o.doc}") for name, o in OPTIONS[command].items() if name not in said
    ]
    flags = [(f"--{flag}", "flag", FLAGS[flag]) for flag in TAKES[command]]
    if any(word.startswith("--") for word in before):
        return flags
    kinds = ("mtl_magic.runs.run", "mtl_magic.decide.seeds")
    here = {
        n: "a run of this notebook"
        for n, v in list(namespace.items())
        if type(v).__module__ in kinds and not n.startswith("_")
    }
    names = {**here, **{n: doc for n, doc in Store().names().items() if n not in here}}
    room = sum("=" not in word for word in before) < NAMES[command]
    return [*((name, "run", doc) for name, doc in names.items() if room and name not in before), *options, *flags]
