"""What a person sees while a training runs: one small widget in a notebook, a line an epoch in a terminal.

Both are listeners of the training's events, so they only ever read; the training thread is the widget's one writer.
"""

from __future__ import annotations

import html
import time
from typing import Any

import ipywidgets

from mtl_magic.runs.watch import Watch, duration
from mtl_magic.train.events import Evaluated, Event, Progress

EVERY = 0.25  # seconds between two messages to the browser
BAR = "var(--jp-brand-color1, #1976d2)"
TRACK = "var(--jp-layout-color2, #8884)"


class ProgressWidget(ipywidgets.HTML):
    """The notebook's progress: a bar and a line. Its text form is the same at every execution."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(**options)
        self._run_name = name

    def __repr__(self) -> str:
        return f"Training of {self._run_name}"


class NotebookProgress:
    """Listens, and shows a `ProgressWidget` that is renewed a few times a second."""

    def __init__(self, name: str) -> None:
        self._watch = Watch(name)
        self._last = 0.0
        self.widget = ProgressWidget(name, value=self._html())

    def __call__(self, event: Event) -> None:
        self._watch.hear(event)
        now = time.monotonic()
        if isinstance(event, Progress) and now - self._last < EVERY:
            return
        self._last = now
        self.widget.value = self._html()

    def _html(self) -> str:
        watch = self._watch
        metrics = " ".join(
            f'<span style="margin-right:1em">{html.escape(t)} <span style="opacity:.6">{html.escape(m)}</span> {v}</span>'
            for t, m, v in watch.metrics()
        )
        pace = f'<span style="opacity:.6;margin-left:1em">{watch.pace()}</span>' if watch.pace() else ""
        return (
            '<div style="font-variant-numeric:tabular-nums;line-height:1.5">'
            f"<div><strong>{html.escape(watch.name)}</strong> {watch.place()}{pace}</div>"
            f'<div style="height:3px;background:{TRACK};margin:2px 0">'
            f'<div style="height:3px;width:{100 * watch.done:.1f}%;background:{BAR}"></div></div>'
            # The last epoch's metrics end with the training: the report below has those of the weights that are kept.
            + ("</div>" if watch.finished else f"<div>{metrics}</div></div>")
        )


class TerminalProgress:
    """Listens, and prints a line an epoch."""

    def __init__(self, name: str) -> None:
        self._watch = Watch(name)

    def __call__(self, event: Event) -> None:
        self._watch.hear(event)
        if isinstance(event, Evaluated):
            metrics = "  ".join(f"{t} {m} {v}" for t, m, v in self._watch.metrics())
            print(f"epoch {event.epoch}  {metrics}  ({duration(event.seconds)})")  # noqa: T201  it is what it is for
