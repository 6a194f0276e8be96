"""Pieces of work on all cores, their results in order."""

from __future__ import annotations

import collections
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
WORKERS = min(os.cpu_count() or 1, 8)


def mapped(function: Callable[[Item], Result], items: Iterable[Item], workers: int = WORKERS) -> Iterator[Result]:
    """`function` of each item, in the items' order; as many at a time as there are workers, few read ahead.

    The first is computed by the caller's own thread, so that what is made at a first call (a graph) is made there.
    An exception is raised where its result would have come.

    Example:
        >>> list(mapped(abs, [-1, 2, -3]))
        [1, 2, 3]
    """
    rest = iter(items)
    for first in rest:
        yield function(first)
        break
    waiting: collections.deque[Future[Any]] = collections.deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="mtl_magic-chunks")
    try:
        for item in rest:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
