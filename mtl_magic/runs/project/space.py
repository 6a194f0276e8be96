"""What takes room in a store and in the folder for temporary files, by kind, and what frees it."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping

from mtl_magic.runs.project import files, index
from mtl_magic.runs.project.store import TRASH, Store

TRAININGS = ".trainings"  # in a store: what was trained beside runs (`decide/trainings.py`)
REST = 3600.0  # seconds that a leftover must be old: one that is written now looks the same


@dataclasses.dataclass(frozen=True)
class Kind:
    """Things of one kind that can be removed."""

    word: str
    summary: str
    places: Callable[[Store], list[pathlib.Path]]


def _trash(store: Store) -> list[pathlib.Path]:
    trash = store.root / TRASH
    return [p for p in _below(trash) if not p.name.startswith(".")]


def _dead(store: Store) -> list[pathlib.Path]:
    found = [store.place(e) for e in store.entries() if e["status"] in ("died", "failed") and not e["tags"]]
    return found + [p for p in _below(store.root) if p.name.startswith(".") and p.suffix == ".work" and _rests(p)]


def _checkpoints(store: Store) -> list[pathlib.Path]:
    """Those of runs that have ended: of a finished one it is of no use, of a stopped one it is what resume needs."""
    found = [store.place(e) / index.CHECKPOINT for e in store.entries() if e["status"] in index.ENDED.values()]
    return [p for p in found if p.is_dir()]


def _old(store: Store) -> list[pathlib.Path]:
    found = [e for e in store.entries() if e["status"] != "damaged"]
    kept = {store.find(e["name"])["id"] for e in found}
    return [store.place(e) for e in found if e["id"] not in kept and e["status"] != "running" and not e["tags"]]


def _scratch(_: Store) -> list[pathlib.Path]:
    """Encoded rows whose process is gone (see `data.streaming.scratch`)."""
    found = [p for p in pathlib.Path(tempfile.gettempdir()).glob("mtl_magic-*") if p.is_dir() and _rests(p)]
    return [p for p in found if not _lives(p.name.split("-")[1])]


def _lives(pid: str) -> bool:
    import psutil

    return pid.isdecimal() and psutil.pid_exists(int(pid))


def _trainings(store: Store) -> list[pathlib.Path]:
    """None that is written now."""
    return [p for p in _below(store.root / TRAININGS) if not p.name.startswith(".") or _rests(p)]


def _leftovers(store: Store) -> list[pathlib.Path]:
    """Of writes that a kill has cut short."""
    hidden = [p for place in (store.root, *index.folders(store.root)) for p in _below(place)]
    hidden += [p for p in _below(store.root / TRASH) if p.name.startswith(".")]
    begun = [p for p in _below(store.root) if p.is_dir() and not p.name.startswith(".") and _only_begun(p)]
    return [p for p in hidden if _cut_short(p) and _rests(p)] + [p for p in begun if _rests(p)]


def _cut_short(place: pathlib.Path) -> bool:
    return place.name.startswith(".") and place.suffix in (".part", ".old")


def _only_begun(place: pathlib.Path) -> bool:
    """A folder that was claimed for a run, whose process was killed before it could write the first `run.json`."""
    return all(p.name == index.CELL or _cut_short(p) for p in _below(place))


def _below(place: pathlib.Path) -> list[pathlib.Path]:
    return sorted(place.iterdir()) if place.is_dir() else []


def _rests(place: pathlib.Path) -> bool:
    try:
        newest = max([place.stat().st_mtime, *(p.stat().st_mtime for p in place.glob("*"))])
    except OSError:
        return False
    return time.time() - newest > REST


KINDS = {
    kind.word: kind
    for kind in (
        Kind("trash", "deleted runs", _trash),
        Kind("dead", "runs that died or failed, with what they could be resumed from (of the command line too)", _dead),
        Kind(
            "checkpoints", "checkpoints of runs that have ended; a stopped one cannot be resumed without", _checkpoints
        ),
        Kind("old", "all but the newest run of each name", _old),
        Kind(
            "trainings",
            "single tasks and other seeds that baselines trained, trained anew where they are wanted",
            _trainings,
        ),
        Kind("scratch", "encoded rows of trainings that are gone, in the folder for temporary files", _scratch),
        Kind("leftovers", "files of writes that were cut short, and folders of runs that never began", _leftovers),
    )
}


def taken(store: Store, kinds: Mapping[str, Kind] = KINDS) -> dict[str, tuple[int, int]]:
    """Kind -> how many there are, and their bytes."""
    found = {}
    for word, kind in kinds.items():
        places = kind.places(store)
        found[word] = (len(places), sum(map(files.size, places)))
    return found


def free(store: Store, words: Iterable[str], kinds: Mapping[str, Kind] = KINDS) -> int:
    """Remove what is of these kinds; tagged runs stay. Returns the bytes.

    Raises:
        OSError: something cannot be removed.
    """
    freed = 0
    for word in words:
        for place in kinds[word].places(store):
            freed += files.remove(place)
    store.entries()
    return freed
