"""What a search says while it runs, beside what each of its trainings says (`train.events`)."""

from __future__ import annotations

import dataclasses

from mtl_magic.train.events import Event
from mtl_magic.tune.folder import Trial


@dataclasses.dataclass(frozen=True)
class TrialBegan(Event):
    """A trial is about to train."""

    trial: Trial


@dataclasses.dataclass(frozen=True)
class TrialEnded(Event):
    """It has ended, whatever way, and is written."""

    trial: Trial


@dataclasses.dataclass(frozen=True)
class Waiting(Event):
    """No trial is to be had before another process has ended its own; a few times a second."""


@dataclasses.dataclass(frozen=True)
class SearchEnded(Event):
    """No trial follows in this process. `why`: 'finished', 'time', 'stopped', 'interrupted' or 'failed'."""

    why: str
