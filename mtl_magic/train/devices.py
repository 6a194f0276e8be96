"""Which devices compute, and how full they are.

A machine without a GPU counts its logical CPUs as devices. There is one, unless somebody has configured several: that is
how tests prove with a CPU what several GPUs do.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

import tensorflow as tf

from mtl_magic.numbers import counted
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.program import Program


def grow_memory() -> None:
    """TensorFlow takes of a GPU's memory what it needs, not all of it at once. Without effect once a GPU is in use."""
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError, ValueError):
            tf.config.experimental.set_memory_growth(gpu, enable=True)


def strategy_of(program: Program, joined: tf.distribute.Strategy | None = None) -> tf.distribute.Strategy:
    """What `train devices=` asks for; of several processes it is what they have `joined`, with all GPUs that each sees.

    Raises:
        MtlError: MTL320 there are fewer devices; MTL324 several processes train, and the text counts devices.
    """
    asked = program.train.devices
    if joined is not None:
        if asked not in ("auto", "all"):
            hint = "leave it out: a worker uses the GPUs that CUDA_VISIBLE_DEVICES shows it"
            message = f"devices={asked} is for one process, and several train"
            raise MtlError(Problem("MTL324", message, program.places.get("train.devices"), hint), program.text)
        return joined
    grow_memory()
    found = devices()
    if isinstance(asked, int) and asked > len(found):
        kind = found[0].partition(":")[0]
        message = f"devices={asked}, and TensorFlow sees {counted(len(found), kind)} here"
        hint = f"write devices=all for what there is: {', '.join(found)}"
        raise MtlError(Problem("MTL320", message, program.places.get("train.devices"), hint), program.text)
    if asked in ("auto", "one"):
        return tf.distribute.get_strategy()
    return _strategy(tuple(found if asked == "all" else found[:asked]))


def devices() -> list[str]:
    """The GPUs, without any the CPUs: 'GPU:0', …"""
    for kind in ("GPU", "CPU"):
        found = tf.config.list_logical_devices(kind)
        if found:
            return [f"{kind}:{i}" for i in range(len(found))]
    return ["CPU:0"]


@functools.cache  # one a process: a second strategy's collectives would clash with the first one's
def _strategy(names: tuple[str, ...]) -> tf.distribute.Strategy:
    if len(names) == 1:
        return tf.distribute.get_strategy()  # TensorFlow's own choice is the first GPU, else the CPU
    return tf.distribute.MirroredStrategy(list(names))
