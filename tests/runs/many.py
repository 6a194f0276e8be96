"""Writes runs into a store, as fast as it can; the model is a stand-in, so that TensorFlow is not loaded."""

from __future__ import annotations

import pathlib
import sys

import pandas as pd

from mtl_magic.data.schema import Schema
from mtl_magic.runs import store as folder
from mtl_magic.runs.project import index
from mtl_magic.runs.project.store import Store
from mtl_magic.runs.run import Run


class Model:
    def save(self, path: pathlib.Path) -> None:
        path.write_bytes(b"weights" * 100)


def write(root: pathlib.Path, count: int, who: str) -> None:
    store, history = Store(root), pd.DataFrame({"epoch": [1]})
    for k in range(count):
        place = store.claim("feed")
        facts = {"created": f"2026-01-01T00:00:{k:02}+00:00", "who": who, "k": k}
        run = Run("feed", "task a", Model(), Schema((), ()), (), history, {}, {}, "epochs", 1, 1, facts=facts)  # type: ignore[arg-type]
        folder.commit(run, place)
        index.note(place)


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
