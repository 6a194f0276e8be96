"""What trials of searches take of a store, and what frees it: a kind beside those of `runs.project.space`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.problems import MtlError
from mtl_magic.runs.project import index, space
from mtl_magic.runs.project.store import TRASH
from mtl_magic.tune.folder import FINISHED, Folder, searches_in
from mtl_magic.tune.search import Search

if TYPE_CHECKING:
    import pathlib

    from mtl_magic.runs.project.store import Store


def _trials(store: Store) -> list[pathlib.Path]:
    """Runs of trials of searches that have ended by themselves, and what such a search has put away.

    One that runs, or was cut short, keeps all: it goes on from them. The best's stays: it may be copied anew.
    """
    found = []
    for place in searches_in(store.root):
        folder = Folder(place)
        try:
            if folder.facts["status"] != FINISHED:
                continue
            best = Search(folder).best_trial
        except MtlError:  # it is damaged: which is the best is not known
            continue
        kept = folder.run_of(best) if best is not None else None
        found += [p for p in index.folders(place) if p != kept and not index.tags_of(p)]
        trash = place / TRASH
        found += sorted(trash.iterdir()) if trash.is_dir() else []
    return sorted(found)


TRIALS = space.Kind(
    "trials", "runs of the trials of finished searches, but for the best's; cells and metrics of all stay", _trials
)
KINDS = {**space.KINDS, TRIALS.word: TRIALS}  # all that `%mtl clean` frees
