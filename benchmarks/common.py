"""What several benchmarks share: our step on ready arrays, and intervals of ratios."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import sys
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
    """The same network: `share mmoe(experts=8, units=[128, 64], dropout=0)`, towers [64, 32], embeddings of 16, Adam.

    `options` are those of the train statement that a step knows of, as a cell has them: 'precision=mixed'.
    """

    def __init__(self, vocabs: list[int], arrays: tuple[np.ndarray, ...], batch: int, options: str = "") -> None:
        from mtl_magic.data.schema import EncodedFeature, Part, Schema, TaskSchema
        from mtl_magic.language import parse, resolve
        from mtl_magic.model.net import build
        from mtl_magic.settings.train import LR
        from mtl_magic.train.fit import dense_optimizer, tables_of
        from mtl_magic.train.order import Batches
        from mtl_magic.train.step import Step
        from mtl_magic.vocabulary import vocabulary

        cat, num, y = arrays
        tasks = [f"t{k}" for k in range(y.shape[1])]
        words = vocabulary()
        cell = f"task {', '.join(tasks)}: binary(tower=[64, 32])\nshare mmoe(experts=8, units=[128, 64], dropout=0)"
        cell += f"\ntrain {options}" if options else ""
        program = resolve(parse(cell, words), words, {})
        auto = words.find("feature", "auto")()
        features = [EncodedFeature(f"c{j}", f"c{j}", auto, Ids(v), (j, j + 1), (0, 0)) for j, v in enumerate(vocabs)]
        features.append(EncodedFeature("n", "n", auto, Numbers(num.shape[1]), (len(vocabs),) * 2, (0, num.shape[1])))
        heads = [
            TaskSchema(t, t, t, program.task(t).kind, mean=float(y[:, k].mean()), constant_loss=0.6)
            for k, t in enumerate(tasks)
        ]
        schema = Schema(tuple(features), tuple(heads))
        self.program, self.schema = program, schema
        net = build(program, schema)
        self.step = Step(
            net,
            schema,
            program.balance,
            dense_optimizer("adam", LR),
            table_optimizer=tables_of(program.train),
            average=program.train.average,
            scaled=program.train.precision == "mixed_float16",
            jit=program.train.jit is True,
        )
        self.step.full = batch
        self.step.rates.lr.assign(LR)
        self.batches = Batches([Part(cat, num, y, None)], batch, seed=0)
        self.stream = self.batches.epoch(0)

    def products(self) -> int:
        """Floating-point operations a row of the matrix products, forward and backward (three of each forward one)."""
        dense = [v for v in self.step.net.dense_variables() if len(v.shape) > 1]
        return 3 * 2 * int(sum(np.prod(v.shape) for v in dense))

    def run(self, steps: int) -> float:
        """Median seconds a step."""
        times = []
        for _ in range(steps):
            began = time.perf_counter()
            self.step.run(*next(self.stream))
            times.append(time.perf_counter() - began)
        return float(np.median(times))


def loop_of(ours: Ours, control: object, listener: object) -> object:
    """Our loop over `ours`, with nothing to evaluate; it obeys `control` (a `Control`) and tells `listener` its events."""
    from mtl_magic.train.evaluate import Evaluator
    from mtl_magic.train.fit import stopping_of
    from mtl_magic.train.loop import Loop

    return Loop(
        ours.program,
        ours.schema,
        ours.step,
        ours.batches,
        epochs=10**6,
        lr=lambda _step, peak: peak,
        peak=1e-3,
        evaluator=Evaluator(ours.step.net, ours.schema),
        valid=None,
        stopping=stopping_of(ours.program, ours.schema, {t.name: 1.0 for t in ours.schema.tasks}, None),
        control=control,
        listeners=[listener],
    )


def baselines(folder: str | None) -> str:
    """The folder of `hand_written_keras.py` and `recsys_data.py`: as said, else `bench` beside MTL_MAGIC_DATA.

    Without one the script ends, and says so: there is nothing to compare with.
    """
    data = os.environ.get("MTL_MAGIC_DATA")
    found = pathlib.Path(folder or (pathlib.Path(data).parent / "bench" if data else "bench"))
    if not (found / "hand_written_keras.py").exists():
        print(f"skipped: {found} has no hand_written_keras.py; name its folder, or set MTL_MAGIC_DATA")
        sys.exit(2 if folder else 0)
    return str(found)


def peak(size: int = 2048, rounds: int = 7) -> float:
    """Floating-point operations a second of the machine's own float32 matrix product, the best of some rounds."""
    import tensorflow as tf

    square = tf.random.normal((size, size))
    product = tf.function(lambda a: tf.reduce_sum(tf.matmul(a, a)))
    times = []
    for _ in range(rounds + 2):
        began = time.perf_counter()
        product(square).numpy()
        times.append(time.perf_counter() - began)
    return 2 * size**3 / min(times)


def interval(ratios: np.ndarray) -> tuple[float, float, float]:
    """Median and its bootstrap 95% interval."""
    rng = np.random.default_rng(0)
    medians = np.median(rng.choice(ratios, (2000, len(ratios))), axis=1)
    return float(np.median(ratios)), *map(float, np.percentile(medians, [2.5, 97.5]))
