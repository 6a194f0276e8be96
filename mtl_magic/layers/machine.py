"""What the machine is made of, where the faster form of a layer depends on it."""

from __future__ import annotations

import keras


def accelerated() -> bool:
    """Whether there is a GPU or TPU."""
    return bool(keras.distribution.list_devices("gpu") or keras.distribution.list_devices("tpu"))
