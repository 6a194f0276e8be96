"""TensorFlow without its start-up log lines: they come from C++ and go past Python, straight to file descriptor 2."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from mtl_magic.problems import MtlError, Problem

# what TensorFlow, absl and CUDA write when they are loaded; any other line is passed on
_LOG = re.compile(
    rb"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWEF] |[IWEF]\d{4} \d\d:\d\d:\d\d"
    rb"|WARNING: All log messages before absl::InitializeLog|To enable the following instructions)"
)


def keras_quietly(first: Callable[[], None] = lambda: None) -> Any:
    """Keras on TensorFlow, imported and warmed up, with not a line on the screen.

    `first` is called before TensorFlow's first operation, where this is the process's first call.

    Raises:
        MtlError: Keras runs on another backend in this process.
    """
    if "tensorflow" not in sys.modules or "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with _held_stderr():
            _warm_up(first)
    logger = logging.getLogger("tensorflow")
    if _not_ours not in logger.filters:
        logger.addFilter(_not_ours)
    keras: ModuleType = sys.modules["keras"]
    if keras.config.backend() != "tensorflow":
        message = f"Keras runs on '{keras.config.backend()}' in this process, and mtl_magic needs TensorFlow"
        hint = "restart the kernel and run `import os; os.environ['KERAS_BACKEND'] = 'tensorflow'` first"
        raise MtlError(Problem("MTL409", message, hint=hint))
    return keras


def _not_ours(record: logging.LogRecord) -> bool:
    """Drop TensorFlow's complaint that functions of ours are traced again: each run of a notebook has its own."""
    said = record.getMessage()
    return not ("triggered tf.function retracing" in said and "mtl_magic." in said)


def _warm_up(first: Callable[[], None]) -> None:
    import keras  # noqa: F401
    import tensorflow as tf

    from mtl_magic.train.devices import grow_memory

    grow_memory()
    first()
    tf.constant(0.0) + 1.0  # the search for GPUs, with its complaints, waits for the first operation


@contextlib.contextmanager
def _held_stderr() -> Iterator[None]:
    """Hold back what is written to descriptor 2, then pass on everything that is not a log line of TensorFlow's."""
    try:
        real = os.dup(2)
    except OSError:  # a process without one: nothing to hold back
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(real, 2)
            os.close(real)
            held.seek(0)
            rest = b"".join(line for line in held if not _LOG.match(line))
            if rest.strip():
                os.write(2, rest)
