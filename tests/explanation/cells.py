"""Cells over a small table, and what the rooms below make of them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd

from mtl_magic.explanation.topology import Topology
from mtl_magic.model.settle import settle
from mtl_magic.runs.fitting import compile_program, prepare

QUICK = "task click: binary\ntask like: binary\ntask watch: regression weight 0.5"
MMOE = """
share mmoe(experts=3, units=[8, 4])
task click: binary
task like: binary given click
task watch: regression(loss=huber) from inputs
"""
TREE = """
share trunk    = mlp(units=[8])
share social   = mlp(units=[4]) from trunk
share commerce = mmoe(experts=2, units=[4]) from trunk
share user     = mlp(units=[4]) from user_*
task click: binary from commerce, user
task like:  binary from social given click
task watch: regression from commerce, social
task buy:   binary from inputs
task bot:   binary from none
"""


@functools.cache
def table() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    n = 300
    columns: dict[str, Any] = {"user_id": draw.integers(0, 9, n), "user_age": draw.normal(size=n)}
    columns |= {"item_id": draw.integers(0, 7, n), "tags": draw.choice(["a|b", "b", "c|a"], n)}
    columns |= {task: draw.integers(0, 2, n) for task in ("click", "like", "buy", "bot")}
    return pd.DataFrame({**columns, "watch": draw.normal(size=n)})


def prepared(text: str, data: pd.DataFrame | None = None, namespace: dict[str, Any] | None = None):
    """Program and data; columns that no task of the text predicts are left out."""
    data = table() if data is None else data
    unused = [
        c
        for c in ("click", "like", "buy", "bot", "watch")
        if c in data and f"task {c}" not in text and f"label={c}" not in text
    ]
    program = compile_program(text, namespace)
    made = prepare(program, data.drop(columns=unused))
    return settle(program, made.schema), made


def topology(text: str, data: pd.DataFrame | None = None, namespace: dict[str, Any] | None = None) -> Topology:
    program, made = prepared(text, data, namespace)
    return Topology.of(program, made.schema)


def edges(found: Topology, kind: str = "flow") -> set[str]:
    return {f"{e.source} -> {e.target}" for e in found.outline.edges if e.kind == kind}
