"""Where a training stands, in the words that the page shows."""

from __future__ import annotations

import collections
from typing import Any

from mtl_magic.runs.watch import Watch
from mtl_magic.train.events import Changed, Event, Finished, Note, Progress, Started, Steered, Trouble

ENDED = {"epochs": "finished", "early_stop": "stopped early", "stopped": "stopped", "interrupted": "interrupted"}
SAYS = {"lr": "learning rate", "pause": "paused", "resume": "resumed", "stop": "stopped"}
SAID = 3  # of the last sentences
METHODS = 8  # of the last methods of balancing


class Status:
    """Follows the events.

    Args:
        name: of the run.
    """

    def __init__(self, name: str) -> None:
        self.watch = Watch(name)
        self.state = "starting"  # | 'training' | 'paused' | 'ended'
        self.word = "starting"
        self.road = ""  # how the controls arrive
        self.methods: list[tuple[int, str]] = []  # of balancing: from which step on
        self.yours = False  # whether a person has weighed a task
        self._said: collections.deque[tuple[str, str]] = collections.deque(maxlen=SAID)  # what it is about, sentence

    def hear(self, event: Event) -> None:
        self.watch.hear(event)
        match event:
            case Started():
                self.state, self.word = "training", "training"
                self.methods = [(0, event.method)] if event.method else []
            case Progress() if self.state == "starting":
                self.state, self.word = "training", "training"
            case Steered():
                self._steered(event)
            case Changed():
                self._say(event.what, f"{event.what} {event.after or 'the default'} from step {event.step:,}")
            case Note() | Trouble():
                self._say(event.text, event.text)
            case Finished():
                self.state, self.word = "ended", ENDED.get(event.why, event.why)

    def _steered(self, event: Steered) -> None:
        if event.what == "pause":
            self.state, self.word = "paused", "paused"
        elif event.what == "resume":
            self.state, self.word = "training", "training"
        self.yours |= event.what == "weight"
        if event.what == "method":
            self.methods = [*self.methods, (event.step, str(event.value))][-METHODS:]
        self._say(f"{event.what} {event.task}", sentence(event))

    def _say(self, about: str, text: str) -> None:
        """A slider that is dragged says one thing, its last."""
        if self._said and self._said[-1][0] == about:
            self._said.pop()
        self._said.append((about, text))

    def told(self) -> dict[str, Any]:
        """As it travels."""
        watch = self.watch
        started, progress, ended = watch.started, watch.progress, watch.finished
        return {
            "state": self.state,
            "word": self.word,
            "road": "" if self.state == "ended" else self.road,
            "place": watch.place(),
            "pace": watch.speed(),
            "done": watch.done,
            "epochs": started.epochs if started else 0,
            "per_epoch": started.steps_per_epoch if started else 0,
            "step": ended.step if ended else progress.step if progress else 0,
            "best_epoch": ended.best_epoch if ended else None,
            "methods": [list(pair) for pair in self.methods],
            "yours": self.yours,
            "said": [text for _, text in self._said],
        }


def sentence(event: Steered) -> str:
    """Who set what.

    Example:
        >>> sentence(Steered(900, 12.0, "weight", "like", 2.5))
        'like 2.5 (you) at step 900'
    """
    at = f"(you) at step {event.step:,}"
    if event.what == "method":
        return f"{event.before or ''} → {event.value} {at}".lstrip()
    value = "" if event.value is None else f" {_text(event.value)}"
    return f"{event.task or SAYS.get(event.what, event.what)}{value} {at}"


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
