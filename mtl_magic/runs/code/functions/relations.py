"""What stands between the heads of tasks."""

from __future__ import annotations

import keras
from keras import layers, ops

from mtl_magic.runs.code.functions.network import dense_stack


def transfer(
    own: keras.KerasTensor,
    parents: dict,
    name: str,
    dropout: float = 0.0,
) -> keras.KerasTensor:
    """What a head reads of its tower and of what its parents' heads read, by attention
    (Xi et al. 2021): a vector's weight is of its own query and key.
    """
    width = own.shape[-1]
    both = [own]
    for parent, z in parents.items():
        both.append(dense_stack(z, [width], f"{name}_from_{parent}", dropout))
    both = ops.stack(both, axis=1)
    query = layers.Dense(width, use_bias=False, name=f"{name}_query")(both)
    key = layers.Dense(width, use_bias=False, name=f"{name}_key")(both)
    value = layers.Dense(width, use_bias=False, name=f"{name}_value")(both)
    alike = ops.sum(query * key, axis=-1, keepdims=True) / width**0.5
    return ops.sum(ops.softmax(alike, axis=1) * value, axis=1)


def related(
    own: keras.KerasTensor,
    parents: dict,
    units: list[int],
    name: str,
    dropout: float = 0.0,
) -> keras.KerasTensor:
    """What a head reads: an MLP over its tower and what its parents' heads read."""
    joined = layers.Concatenate(name=f"{name}_related")([own, *parents.values()])
    return dense_stack(joined, units, f"{name}_relation", dropout)


def below(own: keras.KerasTensor, *parents: keras.KerasTensor) -> keras.KerasTensor:
    """A logit that is not above any of the parents'."""
    least = parents[0]
    for other in parents[1:]:
        least = ops.minimum(least, other)
    return least - ops.softplus(own)
