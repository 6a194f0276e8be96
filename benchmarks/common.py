"""What several benchmarks share: our step on ready arrays, and intervals of ratios."""

from __future__ import annotations

import dataclasses
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np


@dataclasses.dataclass(frozen=True)
class Ids:
    """An encoder for a column that is ids already."""

    rows: int
    id_width: int = 1
    float_width: int = 0
    dim: int = 16
    pool: None = None


@dataclasses.dataclass(frozen=True)
class Numbers:
    """An encoder for columns that are scaled already."""

    float_width: int
    id_width: int = 0
    rows: int = 0
    dim: None = None
    pool: None = None


class Ours:
    """The same network: `share mmoe(experts=8, units=[128, 64], dropout=0)`, towers [64, 32], embeddings of 16, Adam."""

    def __init__(self, vocabs: list[int], arrays: tuple[np.ndarray, ...], batch: int) -> None:
        from mtl_magic.data.schema import EncodedFeature, Part, Schema, TaskSchema
        from mtl_magic.language import parse, resolve
        from mtl_magic.model.net import build
        from mtl_magic.settings.train import LR
        from mtl_magic.train.fit import dense_optimizer
        from mtl_magic.train.order import Batches
        from mtl_magic.train.step import Step
        from mtl_magic.vocabulary import vocabulary

        cat, num, y = arrays
        tasks = [f"t{k}" for k in range(y.shape[1])]
        words = vocabulary()
        cell = f"task {', '.join(tasks)}: binary(tower=[64, 32])\nshare mmoe(experts=8, units=[128, 64], dropout=0)"
        program = resolve(parse(cell, words), words, {})
        auto = words.find("feature", "auto")()
        features = [EncodedFeature(f"c{j}", f"c{j}", auto, Ids(v), (j, j + 1), (0, 0)) for j, v in enumerate(vocabs)]
        features.append(EncodedFeature("n", "n", auto, Numbers(num.shape[1]), (len(vocabs),) * 2, (0, num.shape[1])))
        heads = [
            TaskSchema(t, t, t, program.task(t).kind, mean=float(y[:, k].mean()), constant_loss=0.6)
            for k, t in enumerate(tasks)
        ]
        schema = Schema(tuple(features), tuple(heads))
        net = build(program, schema)
        self.step = Step(net, schema, program.balance, dense_optimizer("adam", LR), average=program.train.average)
        self.step.rates.lr.assign(LR)
        self.batches = Batches([Part(cat, num, y, None)], batch, seed=0)
        self.stream = self.batches.epoch(0)

    def run(self, steps: int) -> float:
        """Median seconds a step."""
        times = []
        for _ in range(steps):
            began = time.perf_counter()
            self.step.run(*next(self.stream))
            times.append(time.perf_counter() - began)
        return float(np.median(times))


def interval(ratios: np.ndarray) -> tuple[float, float, float]:
    """Median and its bootstrap 95% interval."""
    rng = np.random.default_rng(0)
    medians = np.median(rng.choice(ratios, (2000, len(ratios))), axis=1)
    return float(np.median(ratios)), *map(float, np.percentile(medians, [2.5, 97.5]))
