"""keras-tuner's loop over trials: an oracle proposes, this process trains. Alone, or as a worker of a chief (`workers.py`)."""

from __future__ import annotations

import contextlib
import functools
import time
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError
from mtl_magic.train.control import Control
from mtl_magic.train.events import Event
from mtl_magic.tune.events import TrialBegan, TrialEnded, Waiting
from mtl_magic.tune.folder import FAILED, FINISHED, STOPPED, Trial
from mtl_magic.tune.oracles import LEAVES, SCORE, metric_of, silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtl_magic.tune.folder import Folder
    from mtl_magic.tune.trial import Trainer

GOODBYE = 10.0  # seconds in which a chief should hear that a worker leaves
IDLE = 0.2  # seconds between two questions of a worker for which there is nothing to do yet


class Clock:
    """The time that a search has, over all its sittings.

    Args:
        seconds: altogether; None: as long as it takes.
        before: that it has had.
    """

    def __init__(self, seconds: float | None, before: float = 0.0) -> None:
        self._began, self._seconds, self._before = time.monotonic(), seconds, before

    @classmethod
    def of(cls, folder: Folder, seconds: float | None) -> Clock:
        """What is left of them to whatever process asks: those that the folder knows of are gone."""
        return cls(seconds, float(folder.facts.get("seconds") or 0.0))

    @property
    def spent(self) -> float:
        return self._before + time.monotonic() - self._began

    @property
    def over(self) -> bool:
        return self._seconds is not None and self.spent >= self._seconds


class TimeKeeper:
    """A listener of trainings: stops the one under way when the search's time is over."""

    def __init__(self, clock: Clock, control: Control) -> None:
        self._clock, self._control, self.cut = clock, control, False

    def __call__(self, event: Event) -> None:
        if self._clock.over and not self.cut:
            self.cut = True
            self._control.stop()


class Guide:
    """What the loop and its trials share: how the search goes, and why it ends.

    Args:
        trainer: of trials.
        clock: of the search.
        tell: hears of trials, and that there is none now.
    """

    def __init__(self, trainer: Trainer, clock: Clock, tell: Callable[[Event], None]) -> None:
        self.trainer, self.clock, self.tell = trainer, clock, tell
        self.why = ""
        self.timer = TimeKeeper(clock, trainer.control)
        trainer.listeners = (*trainer.listeners, self.timer)

    def run(self, trial_id: str, values: dict[str, Any]) -> Trial:
        """Train one; afterwards `why` says whether the search ends with it."""
        epochs, past = values.get("tuner/epochs"), values.get("tuner/trial_id")
        came_from = int(past) if past not in (None, "") else None
        begun = self.trainer.begun(int(trial_id), values, epochs, came_from)
        self.tell(TrialBegan(begun))
        ended, run = self.trainer.train(begun, epochs)
        self.tell(TrialEnded(ended))
        if run is not None and run.why == "interrupted":
            self.why = "interrupted"
        elif ended.status == STOPPED:
            self.why = "time" if self.timer.cut else "stopped"
        return ended

    @property
    def ends(self) -> bool:
        """Whether no trial may begin."""
        if not self.why and self.clock.over:
            self.why = "time"
        return bool(self.why)


@functools.cache
def _classes() -> tuple[Any, Any]:
    """The end of a search, and the tuner; made late, for keras-tuner imports TensorFlow."""
    import keras_tuner

    class Over(keras_tuner.errors.FatalError):
        """No trial follows: keras-tuner lets it through."""

    class Tuner(keras_tuner.Tuner):
        """Trials of cells. keras-tuner's own `run_trial`, the one part that imports tensorboard, is not called."""

        guide: Guide
        _waits = False

        def pre_create_trial(self) -> None:
            if self.guide.ends:
                raise Over(self.guide.why)
            if self._waits:
                self.guide.tell(Waiting())
                time.sleep(IDLE)
            self._waits = True

        def on_trial_begin(self, trial: Any) -> None:
            self._waits = False

        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
            ended = self.guide.run(trial.trial_id, dict(trial.hyperparameters.values))
            if ended.status == STOPPED and not (self.guide.why == "time" and ended.counts):
                raise Over(self.guide.why)  # it is proposed again when the search goes on
            if ended.status == FAILED:
                raise keras_tuner.errors.FailedTrialError(ended.error.get("message", ""))
            found = {metric_of(k): ended.objectives[o.name] for k, o in enumerate(self.guide.trainer.objectives)}
            return {SCORE: 0.0, **found}

    return Over, Tuner


def search(oracle: Any, guide: Guide) -> str:
    """Trials until the oracle has no more, time is over, or somebody ends it.

    Args:
        oracle: of `oracles.oracle_of`.
        guide: of the search.

    Returns:
        Why it ended: see `SearchEnded`.
    """
    over, _ = _classes()
    tuner = opened(oracle, guide.trainer.folder)
    tuner.guide = guide
    try:
        tuner.search(verbose=0)
    except over:
        pass
    except KeyboardInterrupt:
        guide.why = "interrupted"
    if guide.why:
        _leave(tuner.oracle)
    return guide.why or "finished"


def _leave(oracle: Any) -> None:
    """Tell a chief that this worker asks for no further trial, or it would wait for it."""
    if not hasattr(oracle, "stub"):  # of this process
        return
    import grpc
    from keras_tuner.src import protos

    asked = protos.get_service().CreateTrialRequest(tuner_id=LEAVES + oracle.tuner_id)
    with contextlib.suppress(grpc.RpcError):  # it has gone before
        oracle.stub.CreateTrial(asked, timeout=GOODBYE)


def opened(oracle: Any, folder: Folder) -> Any:
    """The tuner of an oracle, which has read what it left in the folder; in a worker it asks the chief in its place."""
    _, kind = _classes()
    place = folder.oracle
    with silent():
        tuner = kind(oracle, directory=str(place.parent), project_name=place.name)
    tuner.save()  # what is not there in the first trial would not be read after a death in it
    return tuner


def failed_all(trials: list[Trial]) -> Trial | None:
    """The last trial, where every one has failed."""
    done = [t for t in trials if t.status in (FINISHED, FAILED)]
    return done[-1] if done and all(t.status == FAILED for t in done) else None


def nothing_learnt(trial: Trial, text: str) -> MtlError:
    """What to say of a search in which every trial has failed."""
    from mtl_magic.problems import Problem

    said = f"{trial.error.get('code', '')} {trial.error.get('message', '')}".strip()
    hint = "run the cell of trial 0 alone to see all of it: write the first value of each choose, and leave 'tune' out"
    return MtlError(Problem("MTL492", f"every trial failed; the last one: {said}", hint=hint), text)
