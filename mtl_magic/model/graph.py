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
    return tuple({id(layer): layer for layer, _ in pieces_behind(tensors, stop)}.values())


def pieces_behind(tensors: Iterable[Any], stop: Iterable[Any] = ()) -> tuple[tuple[Any, str], ...]:
    """The same, and of a layer of separate `parts` the names of those alone that make the tensors; '': all of it.

    Output i of such a layer is made by part i and, where it has as many inputs, of input i.
    """
    stops = {id(t) for t in stop}
    found: dict[tuple[int, str], Any] = {}
    seen: set[int] = set()
    todo = [(t, False) for t in reversed(list(tensors))]
    while todo:
        tensor, done = todo.pop()
        operation, node, index = tensor._keras_history  # noqa: SLF001 - Keras has no public walk over a graph
        parts = list(operation.parts()) if hasattr(operation, "parts") else []
        if done:
            part = parts[index] if parts else ""
            found.setdefault((id(operation), part), (operation, part))
        elif id(tensor) not in stops and id(tensor) not in seen:
            seen.add(id(tensor))
            made_of = operation._inbound_nodes[node].input_tensors  # noqa: SLF001
            if parts and len(made_of) == len(parts):
                made_of = [made_of[index]]
            if made_of:  # an input is made of nothing
                todo.append((tensor, True))
                todo += [(t, False) for t in reversed(made_of)]
    return tuple(found.values())
