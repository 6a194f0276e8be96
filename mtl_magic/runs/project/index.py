"""`index.json`: what a list of runs shows, readable by anything. The folders are the truth, and the index follows them.

    {"format": 1, "runs": [{"id": "feed-2", "name": "feed", "status": "finished", …}, …]}

It is read, merged and renamed into place under a lock, so that several processes lose nothing of each other's; where it
is missing, damaged or behind, it is made of the folders.
"""

from __future__ import annotations

import contextlib
import hashlib
import pathlib
import re
from collections.abc import Iterator
from typing import Any

from mtl_magic.runs.project import files
from mtl_magic.runs.project.owner import alive

FORMAT = 1
INDEX, LOCK, RUN, TAGS, CELL, CHECKPOINT = (
    "index.json",
    ".index.lock",
    "run.json",
    "tags.json",
    "cell.mtl",
    "checkpoint",
)
WAIT = 20.0  # seconds for another process to let go of the lock
LINES = 4  # of the cell

Entry = dict[str, Any]
ENDED = {"epochs": "finished", "early_stop": "finished", "stopped": "stopped", "interrupted": "interrupted"}


@contextlib.contextmanager
def locked(root: pathlib.Path) -> Iterator[bool]:
    """The store's lock; False where there can be none: a folder that cannot be written, or one that is in use for long."""
    import filelock

    lock = filelock.FileLock(root / LOCK)
    try:
        lock.acquire(timeout=WAIT)
    except (OSError, NotImplementedError):  # a time-out is an OSError, too
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def entries(root: pathlib.Path) -> list[Entry]:
    """All runs of the store, oldest first; the index is brought up to date where it can be written."""
    if not root.is_dir():
        return []
    with locked(root) as mine:
        known = _read(root)
        found = [_fresh(place, known.get(place.name)) for place in folders(root)]
        found.sort(key=lambda e: (e["started"] or "", e["id"]))
        if mine and (found != list(known.values()) or not (root / INDEX).exists()):
            with contextlib.suppress(OSError):
                _write(root, found)
    return found


def note(place: pathlib.Path) -> None:
    """The run in this folder is new, has changed or is gone. An index that cannot be written is behind, and no worse."""
    root = place.parent
    with locked(root) as mine:
        if not mine:
            return
        known = _read(root)
        known.pop(place.name, None)
        if (place / RUN).is_file():
            known[place.name] = entry_of(place)
        with contextlib.suppress(OSError):
            _write(root, list(known.values()))


def folders(root: pathlib.Path) -> list[pathlib.Path]:
    """The runs' folders."""
    try:
        return [p for p in root.iterdir() if not p.name.startswith(".") and (p / RUN).is_file()]
    except OSError:
        return []


def _read(root: pathlib.Path) -> dict[str, Entry]:
    found = files.read_json(root / INDEX)
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("runs"), list):
        return {}
    return {e["id"]: e for e in found["runs"] if isinstance(e, dict) and "id" in e and "stamp" in e}


def _write(root: pathlib.Path, runs: list[Entry]) -> None:
    files.put_json(root / INDEX, {"format": FORMAT, "runs": runs})


def stamp(place: pathlib.Path) -> list[int]:
    """When the files that an entry is made of last changed, in nanoseconds."""
    found = []
    for name in (RUN, TAGS):
        try:
            found.append((place / name).stat().st_mtime_ns)
        except OSError:
            found.append(0)
    return found


def _fresh(place: pathlib.Path, known: Entry | None) -> Entry:
    if known is not None and known["stamp"] == stamp(place) and known["status"] != "running":
        return known
    return entry_of(place)


def entry_of(place: pathlib.Path) -> Entry:
    """What the index says of the run in a folder."""
    at = stamp(place)
    facts = files.read_json(place / RUN)
    text = _text(place)
    entry: Entry = {
        "id": place.name,
        "name": place.name,
        "status": "damaged",
        "started": None,
        "seconds": None,
        "step": 0,
        "epoch": 0,
        "tasks": [],
        "metrics": {},
        "tags": tags_of(place),
        "cell": "\n".join(text.split("\n")[:LINES]),
        "hash": hashlib.blake2b(text.encode(), digest_size=8).hexdigest(),
        "bytes": files.size(place),
        "format": None,
        "stamp": at,
    }
    if not isinstance(facts, dict):
        return entry
    ended = facts.get("status", "finished") in ENDED.values()
    now = facts if ended else facts.get("progress") or {}
    metrics = now.get("metrics") or {}
    found = {
        "name": facts.get("name") or place.name,
        "status": status_of(facts, place),
        "started": facts.get("created"),
        "seconds": now.get("seconds"),
        "step": now.get("step") or 0,
        "epoch": now.get("epoch") or 0,
        "tasks": facts.get("tasks") or list(facts.get("weights") or {}),
        "metrics": metrics.get("valid") or metrics.get("test") or {},
        "format": facts.get("format"),
    }
    return entry | found


def status_of(facts: Entry, place: pathlib.Path) -> str:
    """'running', 'finished', 'stopped', 'interrupted', 'failed' or 'died': one that says that it runs, and does not."""
    status = facts.get("status") or ENDED.get(str(facts.get("why")), "finished")
    if status == "running" and not alive(facts.get("owner"), stamp(place)[0] / 1e9):
        return "died"
    return str(status)


def tags_of(place: pathlib.Path) -> list[str]:
    found = files.read_json(place / TAGS)
    return sorted({t for t in found if isinstance(t, str)}) if isinstance(found, list) else []


def _text(place: pathlib.Path) -> str:
    try:
        return (place / CELL).read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return ""


def base_of(name: str) -> str:
    """The name of the folder of the first run of a name."""
    return re.sub(r"[^\w.-]", "_", name).strip("_.")[:100] or "run"


def number_of(name: str, folder: str) -> int | None:
    """Which run of a name a folder is: 'feed' is the first, 'feed-2' the second; None: of another name.

    Example:
        >>> number_of("feed", "feed"), number_of("feed", "feed-12"), number_of("feed", "feeder")
        (1, 12, None)
    """
    if folder == name:
        return 1
    found = re.fullmatch(r"-([1-9]\d*)", folder.removeprefix(name)) if folder.startswith(name) else None
    return int(found.group(1)) if found else None
