"""`%mtl resume`: a run or a search of the store goes on, with the cell and the tables of then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.language.names import did_you_mean
from mtl_magic.magic.flags import Flags, parse_flags
from mtl_magic.magic.keeping import Again, again, store_of
from mtl_magic.magic.runs import form
from mtl_magic.magic.tables import tables, told
from mtl_magic.problems import MtlError, Problem
from mtl_magic.tune.folder import SUFFIX

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def resume(shell: InteractiveShell, rest: str) -> Any:
    """`%mtl resume NAME [CHANGE=VALUE…] [flags]`: the cell of the run, or of the search, again, with `--resume`."""
    from mtl_magic.magic.cell import run_cell

    before, dashes, after = rest.partition("--")
    words = before.split()
    if not words:
        raise form("resume NAME [CHANGE=VALUE…] [--data EXPR…]")
    name, changes = words[0], _changes(words[1:])
    line = f"{dashes}{after} --resume".strip()
    flags, namespace = parse_flags(line), dict(shell.user_ns)
    found = again(flags, name, changes=changes)
    text = _rewritten(found, changes)
    _check_tables(found, flags, namespace, name)
    if not flags.quiet and (note := _note(found, flags, name)):
        print(note)  # noqa: T201  a sentence for the person
    return run_cell(shell, f"{_variable(name, found.id)} {line}".strip(), text, namespace, found.id)


def _rewritten(found: Again, changes: Mapping[str, str]) -> str:
    """The text of then, with what is to change."""
    from mtl_magic.runs.fitting import parse
    from mtl_magic.train import changes as of_run
    from mtl_magic.tune import changes as of_search

    return str((of_search if found.searches else of_run).rewritten(parse(found.text), changes))


def _check_tables(found: Again, flags: Flags, namespace: Mapping[str, Any], name: str) -> None:
    """The tables of then must be there, or others be named.

    Raises:
        MtlError: MTL400 nothing says what they were; MTL405 a variable is gone.
    """
    if flags.data or flags.problems:
        return
    known = tables(namespace)
    example = f"%mtl resume {name} --data {next(iter(known), 'TABLE')}"
    remembered = parse_flags(found.flags)
    if not remembered.data:
        message = f"on which rows {found.id} was trained is not known"
        raise MtlError(Problem("MTL400", message, hint=f"give the rows of then: {example}"))
    gone = [e.text for e in remembered.expressions if e.text.isidentifier() and e.text not in namespace]
    if gone:
        there = did_you_mean(gone[0], known) or (f"tables in this notebook: {told(known)}" if known else "")
        hint = f"load it first, or name the rows of then: {example}"
        hint = f"{there}; {hint}" if there else hint
        raise MtlError([Problem("MTL405", f"there is no variable '{each}'", hint=hint) for each in gone])


def _note(found: Again, flags: Flags, name: str) -> str:
    """Which goes on, where a run and a search were cut short, and how the other is named."""
    from mtl_magic.magic.found import other

    store = store_of(flags)
    named = other(store, name, search=found.searches) if store is not None and not name.endswith(SUFFIX) else ""
    one, two = ("search", "run") if found.searches else ("run", "search")
    return f"the {one} {found.id} goes on; the {two}: %mtl resume {named}" if named else ""


def _variable(asked: str, folder: str) -> str:
    """The variable that will hold the run: 'feed' of 'feed-2'."""
    base = folder.removesuffix(SUFFIX)
    name = asked if asked.isidentifier() else base.rpartition("-")[0] or base
    return name if name.isidentifier() else ""


def _changes(words: Iterable[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name or not value:
            hint = "a change is written like=2 or lr=1e-4, without spaces"
            raise MtlError(Problem("MTL419", f"'{word}' is no change", hint=hint))
        found[name] = value
    return found
