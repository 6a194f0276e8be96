"""The `tune` statement."""

from __future__ import annotations

import re

from mtl_magic.parameters import SEED, Choice, Int, ListOf, Name, maybe
from mtl_magic.registry import Declaration, declare, option

METHODS = ("bayesian", "random", "hyperband")
TRIALS = 20  # where nothing is said
CHANGEABLE = ("trials", "time")  # while a search rests
UNITS = {"h": 3600, "m": 60, "s": 1}
_TIME = re.compile(r"(?:(\d+(?:\.\d+)?)\s*h)?\s*(?:(\d+(?:\.\d+)?)\s*m(?:in)?)?\s*(?:(\d+(?:\.\d+)?)\s*s)?", re.ASCII)


def seconds_of(text: str) -> float:
    """'90s', '30m', '1h30m' in seconds.

    Raises:
        ValueError: it is no time, or none above 0.

    Example:
        >>> seconds_of("1h30m"), seconds_of("90 s")
        (5400.0, 90.0)
    """
    found = _TIME.fullmatch(text.strip())
    total = sum(float(n) * size for n, size in zip(found.groups(), UNITS.values(), strict=True) if n) if found else 0.0
    if total <= 0:
        raise ValueError(text)
    return total


@declare("settings", "tune", example='task click: binary\ntrain lr=range(1e-4, 1e-2, log)\ntune trials=30 time="30m"')
class Tune(Declaration):
    """How the search spaces of a cell, `choose(…)` and `range(…)`, are searched.

    Trial 0 has the defaults: the first value of each `choose`, and of a `range` the default of its parameter where it lies
    within, else the middle. Each trial is a whole training of the cell with one value in place of each space, and its run
    is kept. Trials are compared on the validation part; the test part has no say, so that what it says of the best is
    honest. The cell's run is the best trial's.

    `random` draws values. `bayesian` draws three times as many trials as there are spaces, then follows a Gaussian process
    (Srinivas et al. 2010, lower confidence bound). `hyperband` (Li et al. 2018) gives many trials few epochs, and goes on with the
    best third from where they stopped, up to the `epochs` of `train`; each going on counts as a trial.

    With several objectives those trials are kept in view that no other beats in all of them, the Pareto front. `bayesian` then
    weighs the objectives anew for each trial, by the augmented Tchebycheff norm of random weights (Knowles 2006, ParEGO,
    equation 2), so that the front is searched in its whole width. `hyperband`, and the choice of the best, take the mean
    relative change against trial 0 (Maninis et al. 2019, Δm, equation 4).

    A trial that fails is kept with its error, and the search goes on.
    """

    trials: int | None = option(
        maybe(Int(minimum=1)), None, f"trials at most; none: {TRIALS}, and of hyperband one round of all its brackets"
    )
    method: str = option(Choice(METHODS), "bayesian", "how values are proposed")
    objective: tuple[str, ...] | None = option(
        maybe(ListOf(Name("metric"), 1)),
        None,
        "what is to be best on the validation part: one or several metrics that tasks report, as in click.auc, or losses, as in click.loss; none: what chooses the epoch",
    )
    time: str | None = option(
        maybe(Name("text")),
        None,
        "time for the search, in quotes: '30m', '2h', '1h30m'; the trial under way then is stopped; none: as long as it takes",
    )
    seed: int = option(
        Int(minimum=0, maximum=SEED), 0, "seed of what is proposed; the trials' own seed is that of `train`"
    )

    def check(self) -> None:
        if self.time is not None:
            try:
                seconds_of(self.time)
            except ValueError as error:
                raise ValueError(f"time is written as in '30m', '2h' or '1h30m', not '{self.time}'") from error
        if self.objective is not None and len(set(self.objective)) < len(self.objective):
            raise ValueError("an objective is named twice")

    @property
    def seconds(self) -> float | None:
        """The time that the search has."""
        return None if self.time is None else seconds_of(self.time)
