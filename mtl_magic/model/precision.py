"""In which precision the dense part of a network computes. Its variables, the tables and the logits are float32 in any."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras

# words of the language -> Keras' policies
POLICIES = {
    "float32": "float32",
    "mixed": "mixed_bfloat16",  # the range of float32: nothing overflows, and nothing need be scaled
    "mixed_bfloat16": "mixed_bfloat16",
    "mixed_float16": "mixed_float16",
}


@contextlib.contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Layers that are made inside compute in this precision; Keras' global policy is what it was afterwards."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
