"""Folders of runs as a training leaves them, without a training."""

from __future__ import annotations

import json
import pathlib
import shutil
from typing import Any

CELL = """feature user: category
share {share}
task click: binary
task like: binary weight 2.0 allow MTL104
train epochs=3 batch=64
"""


def run(root: pathlib.Path, name: str, *, auc: float = 0.75, share: str = "mlp", **other: Any) -> dict[str, Any]:
    """Writes a run's folder; its line of the index."""
    place = root / name
    place.mkdir(parents=True)
    metrics = {"click": {"auc": auc, "logloss": 0.6}, "like": {"auc": auc + 0.1, "logloss": 0.2}}
    facts = {
        "format": 2, "name": name.partition("-")[0], "status": "finished", "tasks": list(metrics),
        "weights": {"click": 1.25, "like": 0.5}, "metrics": {"valid": metrics},
        "asked": {"data": ["log[log.day < 5]"], "valid": None, "test": None, "stream": None},
    }  # fmt: skip
    (place / "cell.mtl").write_text(CELL.format(share=share))
    entry = {
        "id": name, "name": facts["name"], "status": "finished", "started": "2026-11-24T17:14:05+00:00", "seconds": 8.1,
        "step": 171, "epoch": 3, "tasks": list(metrics), "metrics": metrics, "tags": [], "format": 2, "stamp": [0, 0],
    } | other  # fmt: skip
    (place / "run.json").write_text(json.dumps(facts | {k: other[k] for k in ("status", "problem") if k in other}))
    return entry


def index(root: pathlib.Path, *entries: Any) -> None:
    """Writes the index of a folder."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "index.json").write_text(json.dumps({"format": 1, "runs": list(entries)}))


def fresh(root: pathlib.Path) -> pathlib.Path:
    """An empty place for runs."""
    shutil.rmtree(root, ignore_errors=True)
    return root
