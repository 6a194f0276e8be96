"""A small encoded data set with known structure: two binary heads and one regression, made without the data room."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from mtl_magic.data.schema import EncodedFeature, Part, Prepared, Schema, TaskSchema
from mtl_magic.program import BlockPlan, GivenPlan, Program, TaskPlan
from mtl_magic.vocabulary import vocabulary


@dataclasses.dataclass(frozen=True)
class ToyEncoder:
    id_width: int
    float_width: int
    rows: int = 0
    dim: int | None = None
    pool: str | None = None


def word(family: str, name: str, **options: Any) -> Any:
    """An instance of a declaration."""
    found = vocabulary().find(family, name)
    assert found is not None
    return found(**options)


def data(rows: int = 4000, valid: int = 800, seed: int = 0) -> Prepared:
    """`click` and `buy` (which needs a click) follow user and x; `watch` too, with a third of its labels missing."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, 50, rows)
    tags = rng.integers(0, 5, (rows, 3))
    x = rng.standard_normal((rows, 2)).astype("float32")
    score = rng.standard_normal(50)[user] + x[:, 0] - 1
    click = (rng.random(rows) < 1 / (1 + np.exp(-score))).astype("float32")
    buy = click * (rng.random(rows) < 0.3)
    watch = np.where(np.arange(rows) % 3 == 0, np.nan, score * 10 + rng.standard_normal(rows) + 50)
    labels = np.stack([click, buy, watch], 1).astype("float32")
    ids = np.concatenate([user[:, None], tags], 1).astype("int32")
    kind = word("feature", "auto")
    features: Any = (
        EncodedFeature("user", "user", kind, ToyEncoder(1, 0, 50, 8), (0, 1), (0, 0)),  # type: ignore[arg-type]
        EncodedFeature("tags", "tags", kind, ToyEncoder(3, 0, 5, 8, "mean"), (1, 4), (0, 0)),  # type: ignore[arg-type]
        EncodedFeature("x", "x", kind, ToyEncoder(0, 2), (4, 4), (0, 2)),  # type: ignore[arg-type]
    )
    kinds = {"click": word("task", "binary"), "buy": word("task", "binary"), "watch": word("task", "regression")}
    tasks = []
    for k, (name, task) in enumerate(kinds.items()):
        known = labels[:, k][~np.isnan(labels[:, k])]
        tasks.append(
            TaskSchema(
                name,
                name,
                name,
                task,
                rows=len(known),
                mean=float(known.mean()),
                std=float(known.std()),
                constant_loss=task.constant_loss(labels[:, k]),
            )
        )
    schema = Schema(features, tuple(tasks))

    def part(start: int, stop: int) -> Part:
        return Part(ids[start:stop], x[start:stop], labels[start:stop], None)  # type: ignore[arg-type]

    return Prepared(schema, [part(0, rows - valid)], part(rows - valid, rows), None)


def program(
    block: Any = "mlp", balance: Any = "equal", given: str | None = None, sources: tuple[str, ...] = ("",), **train: Any
) -> Program:
    """A program over `data()`; `block` and `balance` are words or instances, no dropout unless the instance has it."""
    if isinstance(block, str):
        block = word("block", block, **({} if block == "none" else {"dropout": 0.0, "units": (16, 8)}))
    if isinstance(balance, str):
        balance = word("balance", balance)
    givens = (GivenPlan("click", word("given", given)),) if given else ()
    tasks = (TaskPlan("click", None, sources), TaskPlan("buy", None, sources, givens), TaskPlan("watch", None, sources))
    options = {"epochs": 2, "batch": 256, "lr": 1e-2} | train
    return Program(
        (),
        (),
        (BlockPlan("", block, ("inputs",)),),
        tasks,
        balance,
        word("settings", "split"),
        word("settings", "train", **options),
    )
