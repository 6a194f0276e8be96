"""TensorBoard's event files: losses, validation metrics, weights and the learning rate by step.

TensorBoard itself is not needed to write them, and reads them with `tensorboard --logdir mtl_runs`.
"""

from __future__ import annotations

import os
import pathlib
import socket
import time
from collections.abc import Mapping
from typing import Any

from mtl_magic.train.events import Evaluated, Event, Progress, Started

FLUSH = 5.0  # seconds between two writes to the disk, epochs aside


class Board:
    """Listens to a training, and writes a file of events into a folder.

    Raises:
        OSError: of `__call__` and `close`: the file cannot be written.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._writer: Any = None
        self._flushed = time.monotonic()
        self._from = 0  # the step that a checkpoint went on from: what came before is in an earlier file

    def __call__(self, event: Event) -> None:
        import tensorflow as tf

        try:
            match event:
                case Started():
                    self._begin(event.step)
                case Progress():
                    weights = {f"weight/{t}": v for t, v in event.weights.items()}
                    self._add(event.step, {f"loss/{t}": v for t, v in event.losses.items()} | weights)
                    if time.monotonic() - self._flushed >= FLUSH:
                        self._flush()
                case Evaluated() if event.step > self._from:
                    values = {f"epoch_loss/{t}": v for t, v in event.train_losses.items()}
                    for task, found in event.metrics.items():
                        values |= {f"valid_{metric}/{task}": v for metric, v in found.items()}
                    self._add(event.step, values | {"learning_rate": event.lr, "epoch": float(event.epoch)})
                    self._flush()
        except tf.errors.OpError as error:
            raise OSError(None, error.message, str(self.folder)) from error

    def close(self) -> None:
        """No event comes any more."""
        import tensorflow as tf

        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except tf.errors.OpError as error:
                raise OSError(None, error.message, str(self.folder)) from error

    def _begin(self, step: int) -> None:
        import tensorflow as tf

        self._from = step
        self.folder.mkdir(exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns() // 10**9:010}.{socket.gethostname()}.{os.getpid()}.{step}"
        self._writer = tf.io.TFRecordWriter(str(self.folder / name))
        self._write(file_version="brain.Event:2")
        if step:  # what was written of later steps, before the training died, is not of this run
            self._write(session_log=tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START), step=step + 1)
        self._flush()

    def _add(self, step: int, values: Mapping[str, float]) -> None:
        import tensorflow as tf

        summary = tf.compat.v1.Summary
        known = [summary.Value(tag=tag, simple_value=v) for tag, v in values.items() if v == v]  # noqa: PLR0124  NaN
        self._write(summary=summary(value=known), step=step)

    def _write(self, **fields: Any) -> None:
        import tensorflow as tf

        if self._writer is not None:
            self._writer.write(tf.compat.v1.Event(wall_time=time.time(), **fields).SerializeToString())

    def _flush(self) -> None:
        self._flushed = time.monotonic()
        if self._writer is not None:
            self._writer.flush()
