"""What has been heard of a training, in words: a notebook's widget and a terminal's lines say the same."""

from __future__ import annotations

from mtl_magic.numbers import counted, short
from mtl_magic.train.events import Device, Evaluated, Event, Finished, Note, Preparing, Progress, Started

CUT = {"stopped": ", stopped by hand", "interrupted": ", interrupted"}


class Watch:
    """What has been heard so far, and how it is said."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.started: Started | None = None
        self.progress: Progress | None = None
        self.evaluated: Evaluated | None = None
        self.finished: Finished | None = None
        self.devices: dict[str, Device] = {}
        self.note = ""

    def hear(self, event: Event) -> None:
        match event:
            case Started():
                self.started = event
            case Progress():
                self.progress = event
            case Device():
                self.devices[event.name] = event
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
        """'27,400 rows/s, at most 41 s left, GPU:0 2.10 of 79.2 GB, 43% busy'."""
        speed = self.speed()
        return ", ".join([speed, *(_device(d) for d in self.devices.values())]) if speed else ""

    def speed(self) -> str:
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


def said(event: Preparing) -> str:
    """A line about it.

    Example:
        >>> said(Preparing("encoding", 65536, 1_000_000, "rows", 2.0))
        'encoding: 65,536 of 1,000,000 rows'
    """
    if not event.done:
        return event.what
    whole = f" of {event.total:,}" if event.total else ""
    return f"{event.what}: {event.done:,}{whole} {event.unit}"


def _device(device: Device) -> str:
    """'GPU:0 2.1 of 79.2 GB, 43% busy'."""
    total = "" if device.total is None else f" of {short(device.total / 1e9)}"
    busy = "" if device.busy is None else f", {device.busy:.0%} busy"
    return f"{device.name} {short(device.used / 1e9)}{total} GB{busy}"


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
