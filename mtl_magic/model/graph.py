"""Walks over the graph of a functional model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def behind(tensors: Iterable[Any], stop: Iterable[Any] = ()) -> tuple[Any, ...]:
    """The layers and operations that make the tensors, each once, from the inputs (or from `stop`) on.

    Example:
        >>> import keras
        >>> x = keras.Input((3,))
        >>> y = keras.layers.Dense(2, name="a")(x)
        >>> [o.name for o in behind([keras.layers.Dense(1, name="b")(y)], stop=[y])]
        ['b']
    """
    stops = {id(t) for t in stop}
    found: dict[int, Any] = {}
    seen: set[int] = set()
    todo = [(t, False) for t in reversed(list(tensors))]
    while todo:
        tensor, done = todo.pop()
        operation, node, _ = tensor._keras_history  # noqa: SLF001 - Keras has no public walk over a graph
        if done:
            found.setdefault(id(operation), operation)
        elif id(tensor) not in stops and id(tensor) not in seen:
            seen.add(id(tensor))
            made_of = operation._inbound_nodes[node].input_tensors  # noqa: SLF001
            if made_of:  # an input is made of nothing
                todo.append((tensor, True))
                todo += [(t, False) for t in reversed(made_of)]
    return tuple(found.values())
