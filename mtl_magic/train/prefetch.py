"""Work that runs ahead of whoever uses it, in a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from typing import Any

WAIT = 0.1  # seconds after which a thread that waits looks whether it is still wanted


def prefetched(items: Generator[Any, None, None], ahead: int = 2) -> Generator[Any, None, None]:
    """The items in their order, `ahead` of them made before they are asked for.

    An exception of theirs is raised where the item would have come. The thread ends when the items do, or as soon as the
    iterator is closed, as a `for` loop that is left does; an item that is being made then is finished first.

    Example:
        >>> list(prefetched(k * k for k in range(3)))
        [0, 1, 4]
    """
    waiting: queue.Queue[tuple[Any, BaseException | None, bool]] = queue.Queue(ahead)
    unwanted = threading.Event()

    def put(item: Any, error: BaseException | None = None, *, last: bool = False) -> None:
        while not unwanted.is_set():
            try:
                waiting.put((item, error, last), timeout=WAIT)
                return
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                put(item)
                if unwanted.is_set():
                    return
            put(None, last=True)
        except BaseException as error:  # noqa: BLE001  it is the user's thread that it is raised in
            put(None, error)
        finally:
            items.close()

    thread = threading.Thread(target=work, name="mtl_magic-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item, error, last = waiting.get()
            if error is not None:
                raise error
            if last:
                return
            yield item
    finally:
        unwanted.set()
        thread.join()
