"""Circles and orders of a small graph; loops, never recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def circles(edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The circles of a graph, each once, in the order in which a depth-first walk closes them.

    Example:
        >>> circles({"a": ["b"], "b": ["a"], "c": ["a"]})
        [['a', 'b']]
    """
    found, done = [], set[str]()
    for root in edges:
        path: list[str] = []
        place: dict[str, int] = {}
        todo: list[tuple[str, Iterator[str]]] = []
        here: str | None = root
        while True:
            if here is not None and here not in done:
                if here in place:
                    found.append(path[place[here] :])
                else:
                    place[here] = len(path)
                    path.append(here)
                    todo.append((here, iter(edges.get(here, ()))))
            if not todo:
                break
            here = next(todo[-1][1], None)
            if here is None:
                gone, _ = todo.pop()
                path.pop()
                del place[gone]
                done.add(gone)
    return found


def ordered(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """The nodes of a graph without circles, each after those that it draws from, else in the order given.

    Example:
        >>> ordered({"a": ["c"], "b": [], "c": ["b"]})
        ['b', 'c', 'a']
    """
    done: dict[str, None] = {}
    for root in edges:
        todo = [root]
        while todo:
            open_ones = [n for n in edges[todo[-1]] if n in edges and n not in done]
            if open_ones:
                todo.append(open_ones[0])
            else:
                done[todo.pop()] = None
    return list(done)
