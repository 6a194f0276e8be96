"""What a person sees while a training runs: one small widget in a notebook, a line an epoch in a terminal.

Both are listeners of the training's events, so they only ever read; the training thread is the widget's one writer.
"""

from __future__ import annotations

import html
import time
from typing import Any

import ipywidgets

from mtl_magic.numbers import counted, short
from mtl_magic.train.events import Evaluated, Event, Finished, Note, Progress, Started

EVERY = 0.25  # seconds between two messages to the browser
BAR = "var(--jp-brand-color1, #1976d2)"
CUT = {"stopped": ", stopped by hand", "interrupted": ", interrupted"}
TRACK = "var(--jp-layout-color2, #8884)"


class Watch:
    """What has been heard so far, and how it is said."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.started: Started | None = None
        self.progress: Progress | None = None
        self.evaluated: Evaluated | None = None
        self.finished: Finished | None = None
        self.note = ""

    def hear(self, event: Event) -> None:
        match event:
            case Started():
                self.started = event
            case Progress():
                self.progress = event
            case Evaluated():
                self.evaluated = event
            case Finished():
                self.finished = event
            case Note():
                self.note = event.text

    @property
    def done(self) -> float:
        """Share of the steps that are done, of all that there may be."""
        if self.finished and self.finished.why in ("epochs", "early_stop"):
            return 1.0
        if not self.started or not self.progress:
            return 0.0
        return min(self.progress.step / max(self.started.epochs * self.started.steps_per_epoch, 1), 1.0)

    def place(self) -> str:
        """'epoch 3 of at most 10, step 1,740'."""
        if self.finished:
            ended = self.finished
            return f"{counted(ended.epoch, 'epoch')}, {counted(ended.step, 'step')} in {duration(ended.seconds)}{CUT.get(ended.why, '')}"
        if not self.started:
            return "starting"
        if not self.progress:
            return f"{self.started.rows:,} rows, at most {self.started.epochs} epochs: starting"
        epoch = min(int(self.progress.epoch) + 1, self.started.epochs)
        return f"epoch {epoch} of at most {self.started.epochs}, step {self.progress.step:,}"

    def pace(self) -> str:
        """'27,400 rows/s, at most 41 s left'."""
        if self.finished or not self.started or not self.progress:
            return ""
        left = self.started.epochs * self.started.steps_per_epoch - self.progress.step
        rate = self.progress.rows_per_second
        if rate <= 0:
            return ""
        return f"{short(rate)} rows/s, at most {duration(left * self.started.batch / rate)} left"

    def metrics(self) -> list[tuple[str, str, str]]:
        """(task, metric, value) of the last validation."""
        if not self.started or not self.evaluated:
            return []
        found = []
        for task in self.started.tasks:
            metric = self.started.metrics.get(task, "")
            value = self.evaluated.metrics.get(task, {}).get(metric)
            if value is not None:
                found.append((task, metric, short(value)))
            elif task in self.evaluated.train_losses:
                found.append((task, "training loss", short(self.evaluated.train_losses[task])))
        return found


def duration(seconds: float) -> str:
    """A time for a person.

    Example:
        >>> duration(8.4), duration(75), duration(7300)
        ('8 s', '1 min 15 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


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
