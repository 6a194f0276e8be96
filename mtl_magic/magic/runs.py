"""`%mtl runs` and `%mtl clean`: the store at hand."""

from __future__ import annotations

import contextlib
import fnmatch
import shlex
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mtl_magic.explanation.tables import Cell, Table
from mtl_magic.language.names import did_you_mean
from mtl_magic.numbers import counted, room, short
from mtl_magic.problems import MtlError, Problem
from mtl_magic.runs.project import space
from mtl_magic.runs.project.store import NOWHERE, Store, root_of
from mtl_magic.tune.folder import UNFINISHED, Folder, searches_in
from mtl_magic.tune.room import KINDS

if TYPE_CHECKING:
    from mtl_magic.runs.project.index import Entry

FILTERS = ("tag", "status", "task")
SHOWN = 4  # heads of a run in the table


class Shown:
    """A table, as text and as HTML."""

    def __init__(self, table: Table, below: str = "") -> None:
        self.table, self.below = table, below

    def __repr__(self) -> str:
        return "\n".join(filter(None, (self.table.text(), self.below)))

    def _repr_html_(self) -> str:
        from mtl_magic.explanation.letters import safe

        return self.table.html() + (f'<div style="opacity:.7">{safe(self.below)}</div>' if self.below else "")


# -- %mtl runs --------------------------------------------------------------------------------------------------------


def runs(rest: str) -> None:
    """`%mtl runs …`."""
    words = _words("runs", rest)
    if words and words[0] in ACTIONS:
        print(ACTIONS[words[0]](store(), words[1:]))  # noqa: T201  it is what it is for
        return
    from IPython.display import display

    display(listing(store(), words))


def store() -> Store:
    """The store of this notebook.

    Raises:
        MtlError: MTL416 the environment says that there is none.
    """
    if root_of() is None:
        hint = "unset it, or let it name a folder"
        raise MtlError(Problem("MTL416", f"MTL_MAGIC_RUNS={NOWHERE}: no run is kept", hint=hint))
    return Store()


def listing(of: Store, words: Sequence[str]) -> Shown:
    """The runs that match all of the words, newest first."""
    found = [e for e in reversed(of.entries()) if all(_matches(e, word) for word in words)]
    header = ("run", "status", "began", "epochs", "validation", "tags", "room")
    table = Table(counted(len(found), "run") + f" in {of.title}", header, tuple(_row(e) for e in found))
    if not found and not words:
        return Shown(table, "a %%mtl cell keeps its run there")
    cut = [e["id"] for e in found if e["status"] in ("stopped", "interrupted", "died")][:1]
    if not words:
        cut += [name for name, status in _searches(of).items() if status in UNFINISHED][-1:]
    return Shown(table, "; ".join(f"%mtl resume {name} goes on with what was cut short" for name in cut))


def _searches(of: Store) -> dict[str, str]:
    """Folder -> status."""
    found = {}
    for place in searches_in(of.root):
        with contextlib.suppress(MtlError):
            found[place.name] = str(Folder(place).facts["status"])
    return found


def _matches(entry: Entry, word: str) -> bool:
    key, colon, value = word.partition(":")
    if not colon:
        return any(fnmatch.fnmatchcase(entry[k], word) for k in ("id", "name"))
    if key == "tag":
        return value in entry["tags"]
    if key == "task":
        return value in entry["tasks"]
    if key == "status":
        return bool(entry["status"] == value)
    hint = did_you_mean(key, FILTERS) or "filters: " + ", ".join(f"{f}:WORD" for f in FILTERS)
    raise MtlError(Problem("MTL419", f"runs are not filtered by '{key}:'", hint=hint))


def _row(entry: Entry) -> tuple[Cell, ...]:
    heads = [
        (task, metric, short(float("nan") if value is None else value))
        for task, found in entry["metrics"].items()
        for metric, value in [m for m in found.items() if m[0] != "loss"][:1]
    ]
    said: tuple[Cell, ...] = (*heads[:SHOWN], *([f"and {len(heads) - SHOWN} more"] if len(heads) > SHOWN else []))
    began = datetime.fromisoformat(entry["started"]).astimezone() if entry["started"] else None
    return (
        entry["id"],
        entry["status"],
        f"{began:%Y-%m-%d %H:%M}" if began else "",
        int(entry["epoch"]),
        said,
        ", ".join(entry["tags"]),
        room(entry["bytes"]),
    )


def _tag(of: Store, words: Sequence[str]) -> str:
    if len(words) < 2:
        raise form("runs tag NAME WORD…")
    return _tags(words[0], of.tag(words[0], words[1:]))


def _untag(of: Store, words: Sequence[str]) -> str:
    if len(words) < 2:
        raise form("runs untag NAME WORD…")
    return _tags(words[0], of.tag(words[0], words[1:], off=True))


def _tags(name: str, tags: list[str]) -> str:
    return f"{name}: {', '.join(tags) or 'no tags'}"


def _delete(of: Store, words: Sequence[str]) -> str:
    if not words:
        raise form("runs delete NAME…")
    gone = of.delete(words)
    names = ", ".join(e["id"] for e in gone)
    size = room(sum(e["bytes"] for e in gone))
    return f"deleted {names}: {size} in the trash, which %mtl clean trash frees; %mtl runs restore {gone[-1]['id']} undoes it"


def _restore(of: Store, words: Sequence[str]) -> str:
    if len(words) != 1:
        raise form("runs restore ID")
    return f"restored {of.restore(words[0]).name}"


ACTIONS: dict[str, Callable[[Store, Sequence[str]], str]] = {
    "tag": _tag,
    "untag": _untag,
    "delete": _delete,
    "restore": _restore,
}


# -- %mtl clean -------------------------------------------------------------------------------------------------------


def clean(rest: str) -> None:
    """`%mtl clean …`."""
    from IPython.display import display

    words = _words("clean", rest)
    for word in words:
        if word not in KINDS:
            hint = did_you_mean(word, KINDS) or f"what can be freed: {', '.join(KINDS)}"
            raise MtlError(Problem("MTL419", f"'{word}' is nothing that takes room here", hint=hint))
    of = store()
    if not words:
        display(_room(of))
        return
    try:
        freed = space.free(of, words, KINDS)
    except OSError as error:
        raise MtlError(Problem("MTL411", f"not all could be removed: {error.strerror or error}")) from error
    print(f"freed {room(freed)}")  # noqa: T201  it is what it is for


def _room(of: Store) -> Shown:
    taken = space.taken(of, KINDS)
    rows = tuple((word, n, room(size), KINDS[word].summary) for word, (n, size) in taken.items())
    title = f"What can be freed in {of.title}, and of temporary files"
    return Shown(
        Table(title, ("kind", "count", "room", "what it is"), rows), "%mtl clean KIND… frees it; runs with a tag stay"
    )


def _words(command: str, rest: str) -> list[str]:
    try:
        return shlex.split(rest, comments=True)
    except ValueError as error:
        raise MtlError(
            Problem("MTL419", f"%mtl {command}: {error}", hint="names stand apart, without quotes")
        ) from error


def form(said: str) -> MtlError:
    return MtlError(Problem("MTL419", "something is missing", hint=f"%mtl {said}"))
