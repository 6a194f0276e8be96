"""How full and how busy the GPUs are: TensorFlow's own figures, and the driver's where its Python package is installed."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from typing import Any

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Reading:
    """Of one GPU; see `events.Device`."""

    name: str
    used: int
    peak: int
    total: int | None = None
    busy: float | None = None


class Meter:
    """Reads the GPUs that a training uses.

    Args:
        names: 'GPU:0', …; none: nothing is ever read.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self._handles = _handles(names)

    @classmethod
    def of(cls, strategy: tf.distribute.Strategy) -> Meter:
        """Of the GPUs of a strategy that belong to this process; TensorFlow's default uses the first."""
        if not tf.config.list_physical_devices("GPU"):
            return cls([])
        several = strategy.num_replicas_in_sync > 1  # TensorFlow's default knows no devices
        return cls([f"GPU:{i}" for i in range(len(strategy.extended.worker_devices) if several else 1)])

    def read(self) -> list[Reading]:
        """One reading a GPU; none of one that does not answer."""
        found = []
        for name in self.names:
            with contextlib.suppress(ValueError, RuntimeError, tf.errors.OpError):
                memory = tf.config.experimental.get_memory_info(name)
                found.append(Reading(name, int(memory["current"]), int(memory["peak"]), *self._of_driver(name)))
        return found

    def _of_driver(self, name: str) -> tuple[int | None, float | None]:
        """Bytes of the card, and the share of time in which it computed."""
        if name not in self._handles:
            return None, None
        import pynvml

        handle = self._handles[name]
        try:
            total = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
            return total, pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
        except pynvml.NVMLError:
            return None, None


def _handles(names: list[str]) -> dict[str, Any]:
    """The driver's handle of each GPU; none where it cannot be asked.

    TensorFlow counts what CUDA_VISIBLE_DEVICES shows, the driver all cards, in the order of their places on the bus.
    """
    if not names:
        return {}
    try:
        import pynvml
    except ImportError:
        return {}
    try:
        pynvml.nvmlInit()
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        cards = [c.strip() for c in visible.split(",")] if visible else [str(i) for i in range(len(names))]
        return {
            name: pynvml.nvmlDeviceGetHandleByIndex(int(card))
            if card.isdecimal()
            else pynvml.nvmlDeviceGetHandleByUUID(card)
            for name, card in zip(names, cards, strict=False)
        }
    except pynvml.NVMLError:
        return {}
