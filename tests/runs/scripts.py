"""Runs whose weights are random, and the scripts that they are written as."""

from __future__ import annotations

import runpy
from typing import Any

import numpy as np
import pandas as pd


def untrained(cell: str, table: Any, namespace: dict[str, Any] | None = None, seed: int = 0) -> Any:
    """A run of a cell, fitted on the table and never trained: all of its weights are drawn at random."""
    from mtl_magic.data.prepare import prepare
    from mtl_magic.model.net import build
    from mtl_magic.model.settle import settle
    from mtl_magic.runs import Run
    from mtl_magic.runs.fitting import compile_program

    program = compile_program(cell, namespace)
    prepared = prepare(program, [table])
    program = settle(program, prepared.schema)
    net = build(program, prepared.schema)
    rng = np.random.default_rng(seed)
    for weight in net.model.weights:
        if "seed" not in weight.path:
            weight.assign(rng.normal(0, 0.1, weight.shape))
    return Run(
        name="feed",
        text=program.canonical,
        model=net.model,
        schema=prepared.schema,
        outputs=tuple((o.key, o.title) for o in net.outputs),
        history=pd.DataFrame(),
        weights={},
        metrics={},
        why="epochs",
        step=0,
        epoch=0,
        facts={"rows": {"train": sum(map(len, prepared.train))}},
    )


def module_of(folder: Any) -> dict[str, Any]:
    """What a script defines, as if it were imported."""
    return runpy.run_path(str(folder / "model.py"), run_name="model")


def differences(run: Any, predict: Any, table: pd.DataFrame) -> dict[str, float]:
    """Of each column of a prediction how far the script's is from the run's, over the greater of 1 and its size."""
    want, got = run.predict(table), predict(table)
    assert list(want) == list(got)
    assert want.index.equals(got.index)
    found = {}
    for name in want:
        if want[name].dtype.kind == "f":
            assert np.isfinite(want[name]).all()
            found[name] = float(((want[name] - got[name]).abs() / np.maximum(want[name].abs(), 1)).max())
        else:
            found[name] = float((want[name] != got[name]).mean())
    return found
