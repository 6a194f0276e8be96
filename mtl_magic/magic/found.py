"""Of a name that a run and a search of the store may have: which of them goes on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem, listed
from mtl_magic.settings.tune import CHANGEABLE
from mtl_magic.tune.folder import SEARCH, SUFFIX, UNFINISHED, Folder, searched_in, searches_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtl_magic.runs.project.index import Entry
    from mtl_magic.runs.project.store import Store


def search(store: Store, name: str) -> Folder:
    """The newest search of a name, 'feed', or the one whose folder is named, 'feed-2.search'.

    Raises:
        MtlError: MTL416 there is none.
    """
    exactly = Folder(store.root / name)
    found = exactly if name.endswith(SUFFIX) else Folder.newest(store.root, name)
    if found is None or not (found.place / SEARCH).is_file():
        there = [place.name for place in searches_in(store.root)]
        hint = did_you_mean(name, there) or (
            f"searches there: {listed(there)}" if there else "without --resume one begins"
        )
        raise MtlError(Problem("MTL416", f"there is no search '{name}' in '{store.title}'", hint=hint))
    return found


def searches(store: Store) -> dict[str, str]:
    """Names of searches, and of their folders -> what they mean, for completion. No trial is looked at."""
    found: dict[str, str] = {}
    for place in searches_in(store.root):
        with contextlib.suppress(MtlError):
            facts = Folder(place).facts
            found[str(facts.get("name"))] = "the newest search of this name"
            found[place.name] = f"a search: {facts['status']}"
    return found


def meant(store: Store, name: str, changes: Iterable[str] = ()) -> Folder | None:
    """The search that a name means to somebody who wants to go on; None: the name means a run.

    It is a search where no run has the name, or only what a search has left (its best); also where the search was cut
    short and the run has ended by itself, and where more trials or time are wanted. Where both may go on it is the later one.

    Args:
        store: of both.
        name: of them, or a folder's.
        changes: what is to change meanwhile.

    Raises:
        MtlError: MTL416 the folder of a search is named, and there is none.
    """
    if name.endswith(SUFFIX):
        return search(store, name)
    run = _run(store, name)
    of_run = _search_of(store, run)
    found = Folder.newest(store.root, name) or of_run
    if found is None or run is None or of_run is not None:
        return found
    try:
        facts = found.facts
    except MtlError:  # it is damaged, and the run is whole
        return None
    if set(changes) & set(CHANGEABLE) - set(run["tasks"]):
        return found
    if run["status"] == "running" or facts["status"] not in UNFINISHED:
        return None
    later = (facts.get("created") or "") > (run["started"] or "")
    return found if later or not _cut_short(store, run) else None


def other(store: Store, name: str, *, search: bool) -> str:
    """How that is named which was cut short, too, where a name meant the search, or the run; '': there is none."""
    run, found = _run(store, name), Folder.newest(store.root, name)
    if run is None or found is None or _search_of(store, run) is not None:
        return ""
    if not search:
        return found.place.name if found.facts["status"] in UNFINISHED else ""
    return (run["id"] if run["id"] != name else f"{name}-1") if _cut_short(store, run) else ""


def _run(store: Store, name: str) -> Entry | None:
    try:
        return store.find(name)
    except MtlError:
        return None


def _cut_short(store: Store, run: Entry) -> bool:
    from mtl_magic.runs.project.recorder import may_go_on

    try:
        return bool(may_go_on(store.place(run)))
    except MtlError:
        return False


def _search_of(store: Store, run: Entry | None) -> Folder | None:
    """The search that has left a run."""
    name = searched_in(store.place(run)) if run is not None else ""
    place = store.root / f"{name}{SUFFIX}"
    return Folder(place) if name and (place / SEARCH).is_file() else None
