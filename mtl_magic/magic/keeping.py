"""Where a cell's run is kept, and which run or search of the store it goes on with."""

from __future__ import annotations

import ast
import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any

from mtl_magic.magic.flags import Flags
from mtl_magic.magic.warned import Warned
from mtl_magic.problems import MtlError, Problem
from mtl_magic.train.events import Event, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtl_magic.runs.project.recorder import Keep
    from mtl_magic.runs.project.store import Store
    from mtl_magic.tune.folder import Folder


@dataclasses.dataclass(frozen=True)
class Again:
    """A run or a search of the store that goes on.

    Attributes:
        id: of its folder.
        text: its cell.
        flags: with which its data was read.
        place: its folder.
        searches: whether it is a search.
    """

    id: str
    text: str
    flags: str
    place: pathlib.Path
    searches: bool = False

    @property
    def file(self) -> pathlib.Path:
        """That holds the text."""
        from mtl_magic.runs.project.index import CELL
        from mtl_magic.tune.folder import SEARCH

        return self.place / (SEARCH if self.searches else CELL)


def store_of(flags: Flags) -> Store | None:
    """The store that the line names; None: none."""
    from mtl_magic.runs.project.store import Store, root_of

    root = root_of(flags.values.get("store"))
    return None if root is None else Store(root)


def again(flags: Flags, name: str | None = None, *, searches: bool | None = None, changes: Iterable[str] = ()) -> Again:
    """What goes on: the newest run of the cell's name, or the one whose name or id is given; or the search of that name.

    Args:
        flags: of the line.
        name: of the run or search, or its folder's; None: the cell's.
        searches: whether a search is meant; None: what `found.meant` says.
        changes: what is to change meanwhile.

    Raises:
        MtlError: there is none, it trains now, or has ended by itself.
    """
    from mtl_magic.magic import found as finding

    store = store_of(flags)
    place = flags.places.get("resume")
    if store is None:
        hint = "name the store that keeps the run, or leave --store out"
        raise MtlError(Problem("MTL416", "--store none keeps no run that could go on", place, hint))
    asked = name or flags.name
    if not asked:
        raise MtlError(Problem("MTL416", "--resume needs the name of a run", place, "write it before the flags"))
    try:
        if searches is None:
            search = finding.meant(store, asked, changes)
        else:
            search = finding.search(store, asked) if searches else None
        return _of_run(store, asked) if search is None else _of_search(search)
    except MtlError as error:
        raise MtlError([dataclasses.replace(p, span=p.span or flags.name_span) for p in error.problems]) from error


def _of_run(store: Store, name: str) -> Again:
    from mtl_magic.runs.project.recorder import may_go_on, text_in

    found = store.find(name)
    place = store.place(found)
    facts = may_go_on(place)
    return Again(found["id"], text_in(place), written(facts.get("asked") or {}), place)


def _of_search(found: Folder) -> Again:
    from mtl_magic.tune.running import may_go_on

    facts = may_go_on(found)
    return Again(found.place.name, facts["text"], written(facts.get("asked") or {}), found.place, True)


MINE: set[pathlib.Path] = set()  # folders of runs that this process has trained: what they remember was typed here


def check_unasked(found: Again, *, text: str = "", flags: Flags | None = None) -> None:
    """What a folder remembers may be somebody else's: Python is run from it only where it was typed in this process.

    Args:
        found: the run that goes on.
        text: the cell's, where the person has not given it.
        flags: those of the data, where the person has not given them. A name or a quoted path needs no Python.

    Raises:
        MtlError: MTL425.
    """
    if found.place.resolve() in MINE:
        return
    problems = []
    if "{" in text:
        hint = f"read it, then run the cell itself with --resume; the text is in '{found.file}'"
        problems.append(
            Problem("MTL425", f"the text of {found.id} holds Python in braces, which was not typed here", hint=hint)
        )
    for expression in flags.expressions if flags else ():
        if not _plain(expression.text):
            message = f"the data of {found.id} is remembered as Python that was not typed here: {expression.text}"
            problems.append(Problem("MTL425", message, hint="write it on the line: --data EXPR"))
    if problems:
        raise MtlError(problems)


def _plain(expression: str) -> bool:
    """Whether it is a name or a quoted path."""
    try:
        found = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError:
        return False
    return isinstance(found, (ast.Name, ast.Constant))


def texts(found: Iterable[str]) -> list[str] | str | None:
    """What a run keeps of the expressions of a part: none, one, or a list of several."""
    several = list(found)
    return several if len(several) > 1 else next(iter(several), None)


def written(asked: dict[str, Any]) -> str:
    """The flags that ask for the same data.

    Example:
        >>> written({"data": ["log"], "valid": "late", "test": None, "stream": True})
        '--data log --valid late --stream'
        >>> written({"data": ["a", "b"], "valid": ["late_a", "late_b"]})
        '--data a --data b --valid late_a --valid late_b'
    """
    parts = [f"--data {e}" for e in asked.get("data") or []]
    for part in ("valid", "test"):
        found = asked.get(part) or []
        parts += [f"--{part} {e}" for e in (found if isinstance(found, list) else [found])]
    stream = asked.get("stream")
    return " ".join([*parts, *(["--stream"] if stream else ["--no-stream"] if stream is False else [])])


def keep_of(flags: Flags, going_on: Again | None) -> Keep | None:
    """Where the run of a cell is kept; None: nowhere."""
    from mtl_magic.runs.project.recorder import Keep

    store = store_of(flags)
    if store is None:
        return None
    asked = {
        "data": [e.text for e in flags.data],
        **{part: texts(e.text for e in flags.tables(part)) for part in ("valid", "test")},
        "stream": flags.stream,
    }
    return Keep(store, asked, flags.checkpoint, going_on.id if going_on else None)


class Troubles:
    """Listens, and shows once what of a run cannot be kept."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Trouble) and event.text not in self._said:
            from IPython.display import display

            self._said.add(event.text)
            display(Warned([Problem("MTL411", event.text, severity="warning")], ""))
