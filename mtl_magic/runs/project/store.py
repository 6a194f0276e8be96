"""A directory of runs: a folder for each, found by its name, tagged, put into the trash and taken out again."""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem, listed
from mtl_magic.runs.project import files, index

if TYPE_CHECKING:
    from mtl_magic.runs.project.index import Entry

VARIABLE, USUAL, NOWHERE = "MTL_MAGIC_RUNS", "mtl_runs", "none"
TRASH = ".trash"
MODEL = "model.keras"  # in a run's folder, once it has one


def root_of(asked: str | os.PathLike[str] | None = None) -> pathlib.Path | None:
    """Where runs are kept: as asked, else as MTL_MAGIC_RUNS says, else `mtl_runs` here. None: nowhere ('none')."""
    named = os.fspath(asked) if asked is not None else os.environ.get(VARIABLE) or USUAL
    return None if named == NOWHERE else pathlib.Path(named).expanduser().absolute()


class Store:
    """The runs in a directory, which need not be there before the first of them.

    Args:
        root: the directory; None: where runs are kept by default.

    Example:
        Which runs of the last week were any good::

            for entry in Store("mtl_runs").entries():
                print(entry["id"], entry["status"], entry["metrics"])
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self.root = pathlib.Path(root).expanduser().absolute() if root is not None else root_of() or pathlib.Path(USUAL)

    @property
    def title(self) -> str:
        """As a person would write it."""
        return shown(self.root)

    def claim(self, name: str) -> pathlib.Path:
        """A new folder for a run of this name: 'feed', then 'feed-2', … A folder is one process's alone.

        Raises:
            OSError: it cannot be made.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        base = index.base_of(name)
        there = [p.name for p in self.root.iterdir()] + [p.name.rpartition(".")[0] for p in self._trash()]
        taken = [n for n in (index.number_of(base, name) for name in there) if n is not None]
        for number in itertools.count(max(taken, default=0) + 1):
            place = self.root / (base if number == 1 else f"{base}-{number}")
            with contextlib.suppress(FileExistsError):
                place.mkdir()
                return place
        raise AssertionError

    def claim_exactly(self, name: str, *, replace: bool = False) -> pathlib.Path:
        """A new folder of exactly this name.

        Args:
            name: of the folder.
            replace: what is there goes into the trash. A training that left neither a model nor a checkpoint does in any case.

        Raises:
            MtlError: MTL410 there is something; MTL417 there is a run that trains.
            OSError: it cannot be made.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        place = self.root / name
        self.check_free(name, replace=replace)
        if place.exists():
            self._put_away(place)
        try:
            place.mkdir()
        except FileExistsError:  # by another process, since
            self.check_free(name)
            raise
        return place

    def check_free(self, name: str, *, replace: bool = False) -> None:
        """Whether `claim_exactly` may have the folder.

        Raises:
            MtlError: MTL410 there is something; MTL417 there is a run that trains.
        """
        place = self.root / name
        if not place.exists():
            return
        status = index.entry_of(place)["status"] if (place / index.RUN).is_file() else ""
        if status == "running":
            _fail("MTL417", f"'{name}' trains now", "stop it first, or choose another name")
        empty = not any((place / part).exists() for part in (MODEL, index.CHECKPOINT))
        if replace or (empty and status in ("died", "failed")):
            return
        more = "go on with it by --resume, " if (place / index.CHECKPOINT).is_dir() else ""
        _fail(
            "MTL410", f"there is something at '{place}'", f"{more}choose another name, or replace it with --overwrite"
        )

    def _put_away(self, place: pathlib.Path) -> None:
        (self.root / TRASH).mkdir(exist_ok=True)
        place.rename(self.root / TRASH / f"{place.name}.{time.time_ns():x}")

    def entries(self) -> list[Entry]:
        """What the index says of each run, oldest first. See `docs/runs.md`."""
        return index.entries(self.root)

    def names(self) -> dict[str, str]:
        """Ids and names -> what they mean, for completion; newest first. The folders are not looked at."""
        found: dict[str, str] = {}
        known = files.read_json(self.root / index.INDEX) if self.root.is_dir() else None
        runs = known.get("runs", []) if isinstance(known, dict) else []
        for e in reversed([e for e in runs if isinstance(e, dict) and "id" in e]):
            found.setdefault(str(e.get("name", e["id"])), f"the newest run of this name: {e['id']}")
            found.setdefault(str(e["id"]), f"{e.get('status', '')}, {e.get('epoch', 0)} epochs")
        return found

    def find(self, name: str) -> Entry:
        """The newest run of a name, or the one whose id it is; 'feed-1' is the first of 'feed'.

        Raises:
            MtlError: MTL416 there is none.
        """
        found, base = self.entries(), index.base_of(name)
        numbers = {e["id"]: index.number_of(base, e["id"]) for e in found if index.base_of(e["name"]) == base}
        newest = max((n, i) for i, n in numbers.items() if n) if any(numbers.values()) else (0, "")
        if newest[0]:
            return next(e for e in found if e["id"] == newest[1])
        for entry in found:
            if entry["id"] in (name, name.removesuffix("-1")):
                return entry
        where, hint = (
            f"in '{self.title}'",
            did_you_mean(name, [*{e["name"]: 0 for e in found}, *(e["id"] for e in found)]),
        )
        if not found:
            hint = "a %%mtl cell keeps its run there; MTL_MAGIC_RUNS or --store names another place"
        hint = hint or f"runs there: {listed([e['id'] for e in reversed(found)], 8)}"
        raise MtlError(Problem("MTL416", f"there is no run '{name}' {where}", hint=hint))

    def place(self, entry: Entry) -> pathlib.Path:
        return self.root / entry["id"]

    def tag(self, name: str, words: Iterable[str], *, off: bool = False) -> list[str]:
        """Give a run tags, or take them off; the tags that it has then.

        Raises:
            MtlError: MTL416 there is no such run; MTL411 its folder cannot be written.
        """
        place = self.place(self.find(name))
        with _written(f"the tags of '{name}'"), index.locked(self.root):
            now = set(index.tags_of(place))
            tags = sorted(now - set(words) if off else now | set(words))
            files.put_json(place / index.TAGS, tags)
        index.note(place)
        return tags

    def delete(self, names: Sequence[str]) -> list[Entry]:
        """Put runs into the trash, all or none of them.

        Raises:
            MtlError: MTL416 there is no such run; MTL417 one of them trains.
        """
        found = list({e["id"]: e for e in map(self.find, names)}.values())
        for entry in found:
            if entry["status"] == "running":
                _fail("MTL417", f"'{entry['id']}' trains now", "stop it first: a run that trains is not deleted")
        for entry in found:
            with _written(f"'{entry['id']}'"):
                self._put_away(self.place(entry))
            index.note(self.place(entry))
        return found

    def restore(self, name: str) -> pathlib.Path:
        """Take the run that was deleted last of this id out of the trash.

        Raises:
            MtlError: MTL416 there is none in the trash; MTL410 its place is taken.
        """
        found = sorted(p for p in self._trash() if p.name.rpartition(".")[0] == name)
        if not found:
            there = sorted({p.name.rpartition(".")[0] for p in self._trash()})
            hint = did_you_mean(name, there) or (f"there: {listed(there)}" if there else "the trash is empty")
            _fail("MTL416", f"there is no '{name}' in the trash of '{self.title}'", hint)
        place = self.root / name
        if place.exists():
            _fail("MTL410", f"there is something at '{shown(place)}'", "delete that run first")
        with _written(f"'{name}'"):
            found[-1].rename(place)
        index.note(place)
        return place

    def _trash(self) -> list[pathlib.Path]:
        trash = self.root / TRASH
        return list(trash.iterdir()) if trash.is_dir() else []


def folder_of(path: str | os.PathLike[str]) -> pathlib.Path | None:
    """The folder of the run that a name means in the store; None where `path` is a path, or there is no such run."""
    named, root = os.fspath(path), root_of()
    if root is None or not root.is_dir() or pathlib.Path(named).name != named:
        return None
    if pathlib.Path(named, index.RUN).is_file():
        return None
    store = Store(root)
    try:
        return store.place(store.find(named))
    except MtlError:
        return None


def shown(place: pathlib.Path) -> str:
    """A path from here, where it is below."""
    try:
        return str(place.relative_to(pathlib.Path.cwd()))
    except (ValueError, OSError):
        return str(place)


def _fail(code: str, message: str, hint: str) -> NoReturn:
    raise MtlError(Problem(code, message, hint=hint))


@contextlib.contextmanager
def _written(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "nothing has changed there"
        raise MtlError(Problem("MTL411", f"{what} cannot be written: {error.strerror or error}", hint=hint)) from error
