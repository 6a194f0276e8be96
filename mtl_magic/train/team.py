"""Several processes that train one network: who decides, and how the others learn of it.

Sums over rows are sums over all processes (`train/replicas.py`), so that weights and losses are equal on all of them.
What depends on a clock, a person or the last bit of a float is the chief's to decide: the first worker's. The workers
meet at steps that they all know, a few times a second, and take over what it says there, so that none waits for ever in a
sum that another has left.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from mtl_magic.problems import MtlError, Problem
from mtl_magic.train.stopping import Verdict

if TYPE_CHECKING:
    from mtl_magic.train.loop import Loop

TICK = 0.25  # seconds between two meetings, and between two looks at the losses
WHYS = ("", "stopped", "interrupted", "early_stop")
PIECE = 2**22  # numbers that are sent at a time
FARTHEST = 4096  # steps between two meetings


class Alone:
    """A training in one process: nobody to ask."""

    chief = True
    index, size = 0, 1

    def begin(self) -> None:
        """A training begins."""

    def meets(self, steps: int) -> bool:
        """Whether commands are carried out before this step."""
        return True

    def due(self, steps: int, seconds: float) -> bool:
        """Whether the losses are looked at after this step, so long after the last look."""
        return seconds >= TICK

    def follow(self, loop: Loop, interrupted: bool) -> None:
        """What has been decided becomes the loop's."""
        if interrupted:
            loop.why = "interrupted"

    def verdict(self, verdict: Verdict) -> Verdict:
        """On an epoch: the chief's."""
        return verdict

    def same(self, digest: str) -> None:
        """Raises where the workers do not all have the same rows."""

    def spread(self, arrays: Mapping[str, np.ndarray] | None) -> dict[str, np.ndarray] | None:
        """The chief's arrays, on all workers."""
        return None if arrays is None else dict(arrays)

    def meet(self) -> None:
        """Wait until all are here."""


class Team(Alone):
    """The workers of a `MultiWorkerMirroredStrategy`, of which this process is one.

    Args:
        strategy: it, made of TF_CONFIG (see `join`).
        index: of this process; 0 is the chief.
        size: how many there are.
    """

    def __init__(self, strategy: tf.distribute.Strategy, index: int, size: int) -> None:
        self.strategy, self.index, self.size = strategy, index, size
        self.chief = index == 0
        self.begin()
        self._added = {dtype: self._sum_of(dtype) for dtype in (tf.float64, tf.float32)}

    def _sum_of(self, dtype: tf.DType) -> Any:
        def one(values: Any) -> Any:
            context = tf.distribute.get_replica_context()
            mine = context.num_replicas_in_sync // self.size  # a worker's replicas have equal values: the first counts
            counts = tf.equal(tf.math.floormod(context.replica_id_in_sync_group, mine), 0)
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.where(counts, values, tf.zeros_like(values)))

        @tf.function(input_signature=[tf.TensorSpec((None,), dtype)], autograph=False)
        def added(values: Any) -> Any:
            return self.strategy.experimental_local_results(self.strategy.run(one, args=(values,)))[0]

        return added

    def added(self, values: Any, dtype: tf.DType = tf.float64) -> np.ndarray:
        """The sum over workers of (n,) numbers."""
        found: np.ndarray = self._added[dtype](tf.constant(values, dtype)).numpy()
        return found

    def begin(self) -> None:
        self._next = 0  # the step before which the workers meet
        self._met: tuple[int, float] | None = None  # the last meeting: the step and the time

    def meets(self, steps: int) -> bool:
        return steps >= self._next

    def due(self, steps: int, seconds: float) -> bool:
        return steps >= self._next

    def follow(self, loop: Loop, interrupted: bool) -> None:
        person = loop.step.rates.person.numpy()
        mine = [WHYS.index(loop.why), loop.peak, self._ahead(loop.steps), *person]
        said = self.added([float(interrupted), *(mine if self.chief else np.zeros(len(mine)))])
        loop.why = WHYS[int(said[1])] or ("interrupted" if said[0] else "")
        loop.peak, self._next = float(said[2]), loop.steps + int(said[3])
        if (said[4:] != person).any():
            loop.step.rates.person.assign(said[4:].astype("float32"))

    def _ahead(self, steps: int) -> int:
        """Steps to the next meeting, about `TICK` from now."""
        before, self._met = self._met, (steps, time.perf_counter())
        if before is None:
            return 1
        return int(np.clip(TICK * (steps - before[0]) / max(self._met[1] - before[1], 1e-9), 1, FARTHEST))

    def verdict(self, verdict: Verdict) -> Verdict:
        said = self.added([float(verdict.best), float(verdict.stop)] if self.chief else [0.0, 0.0])
        return verdict if self.chief else Verdict(bool(said[0]), bool(said[1]))

    def same(self, digest: str) -> None:
        halves = np.zeros((self.size, 2))
        halves[self.index] = int(digest[-8:], 16), int(digest[-16:-8], 16)
        halves = self.added(halves.reshape(-1)).reshape(self.size, 2)
        other = [str(i) for i in range(self.size) if (halves[i] != halves[0]).any()]
        if other:
            message = f"worker {', '.join(other)} has other training rows than worker 0"
            hint = "every worker reads all of the data: give each the same files, and let the text split them by a seed"
            raise MtlError(Problem("MTL321", message, hint=hint))

    def spread(self, arrays: Mapping[str, np.ndarray] | None) -> dict[str, np.ndarray] | None:
        shapes = [(name, list(a.shape), a.dtype.str) for name, a in (arrays or {}).items()] if self.chief else []
        told = np.frombuffer(json.dumps(shapes).encode(), "uint8").astype("float64")
        (size,) = self.added([len(told) if self.chief else 0.0])
        told = self.added(told if self.chief else np.zeros(int(size)))
        shapes = json.loads(told.astype("uint8").tobytes())
        found = {}
        for name, shape, kind in shapes:
            dtype = tf.float32 if kind.endswith("f4") else tf.float64  # counters and seeds are exact in float64
            mine = arrays[name] if self.chief and arrays is not None else np.zeros(shape)
            flat = mine.reshape(-1).astype(dtype.as_numpy_dtype)
            pieces = [self.added(flat[i : i + PIECE], dtype) for i in range(0, max(len(flat), 1), PIECE)]
            found[name] = np.concatenate(pieces).astype(kind).reshape(shape)
        return found or None

    def meet(self) -> None:
        self.added([0.0])


def join() -> Alone:
    """The team that the environment's TF_CONFIG describes; `Alone` where it names one worker.

    To be called before TensorFlow's first operation: its collectives are set up with its devices.
    """
    cluster = json.loads(os.environ["TF_CONFIG"])
    workers, index = cluster["cluster"]["worker"], int(cluster["task"]["index"])
    if len(workers) == 1:
        return Alone()
    return Team(tf.distribute.MultiWorkerMirroredStrategy(), index, len(workers))
