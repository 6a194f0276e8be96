"""What a person sees of a training in a terminal: a line an epoch. A notebook has the dashboard."""

from __future__ import annotations

from mtl_magic.runs.watch import Watch, duration
from mtl_magic.train.events import Evaluated, Event


class TerminalProgress:
    """Listens, and prints a line an epoch."""

    def __init__(self, name: str) -> None:
        self._watch = Watch(name)

    def __call__(self, event: Event) -> None:
        self._watch.hear(event)
        if isinstance(event, Evaluated):
            metrics = "  ".join(f"{t} {m} {v}" for t, m, v in self._watch.metrics())
            print(f"epoch {event.epoch}  {metrics}  ({duration(event.seconds)})")  # noqa: T201  it is what it is for
