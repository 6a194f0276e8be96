"""Two replicas on one machine, in a process of their own: logical devices must be set before TensorFlow starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any


def strategy() -> Any:
    """In that process. One for all that it does: a second one's collectives clash."""
    import tensorflow as tf

    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def shares(strategy: Any, first: int, middle: int, last: int) -> Callable[[Any], Any]:
    """Of an array the rows [first, middle) for one replica and [middle, last) for the other."""
    import tensorflow as tf

    def of(array: Any) -> Any:
        return strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(
                array[first:middle] if context.replica_id_in_sync_group == 0 else array[middle:last]
            )
        )

    return of


def printed(script: str) -> list[float]:
    """The last word of each line that the script prints."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [float(line.split()[-1]) for line in done.stdout.splitlines()]
