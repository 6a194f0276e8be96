"""A search as lines of text: one a trial, for terminals and logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mtl_magic.train.events import Event
from mtl_magic.tune.events import SearchEnded, TrialEnded
from mtl_magic.tune.folder import FAILED, STOPPED, Trial

if TYPE_CHECKING:
    from mtl_magic.tune.search import Search


class TrialLines:
    """A listener: says a line a trial.

    Args:
        planned: trials at most; None: nobody knows.
        say: gets the lines.

    Attributes:
        search: of which; None until there is one.
    """

    def __init__(self, planned: int | None, say: Callable[[str], None]) -> None:
        self.search: Search | None = None
        self._planned, self._say = planned, say
        self._tried = False

    def __call__(self, event: Event) -> None:
        if isinstance(event, TrialEnded):
            self._tried = True
            self._say(self.line(event.trial))
        elif isinstance(event, SearchEnded) and self.search is not None:
            nothing = not self._tried and event.why in ("finished", "time")
            left = "; nothing was left to try: more trials= or time= let it go on" if nothing else ""
            self._say(f"search {self.search.name}: {self.search.headline()}{left}")

    def line(self, trial: Trial) -> str:
        """'trial 3 of 20: click.auc 0.7123, best so far, 4 epochs in 2.1 s'."""
        of = f" of {self._planned}" if self._planned else ""
        start = f"trial {trial.number}{of}: "
        if trial.status == FAILED:
            return start + f"failed: {trial.error.get('code', '')} {trial.error.get('message', '')}".replace("  ", " ")
        if trial.status == STOPPED and not trial.counts:
            return start + "stopped"
        found = ", ".join(f"{name} {value:.4g}" for name, value in trial.objectives.items())
        best = ", best so far" if self.search is not None and self.search.best == trial.number else ""
        return start + f"{found}{best}, {trial.epochs} epochs in {trial.seconds:.1f} s"
