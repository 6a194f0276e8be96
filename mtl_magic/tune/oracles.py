"""keras-tuner's oracles: trial 0 has the defaults, several objectives become one score, and a killed process loses nothing.

What is other than in keras-tuner:

- The first values are the defaults, whatever the method.
- Files are written beside their place and renamed, and a trial that was under way when the process died is proposed again,
  even where the process died between the two files that say so.
- The score of a trial is computed here of all trials at once, for with several objectives it is relative to trial 0.
- The Bayesian oracle, with several objectives, weighs them anew for each trial (ParEGO), and proposes no values twice.
- No number of failed trials in a row ends a search.
"""

from __future__ import annotations

import contextlib
import functools
import io
import pathlib
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.runs.project import files
from mtl_magic.tune.objectives import gain

if TYPE_CHECKING:
    from mtl_magic.tune.objectives import Objective
    from mtl_magic.tune.space import Hyper

RESTARTS = 3  # of the search for the kernel's length scale
POINTS, STARTS = 2048, 4  # at which the acquisition is looked at, and from which it is followed
RHO = 0.05  # of the augmented Tchebycheff norm (Knowles 2006)
SCORE = "score"
NEVER = 2**31 - 1
LEAVES = "leaves:"  # before the name of a worker that asks for no further trial


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """keras-tuner prints; of what it prints nothing is for a person here."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def metric_of(k: int) -> str:
    """What keras-tuner calls objective k: names of the user's it would look up among Keras' metrics."""
    return f"objective_{k}"


def space_of(hypers: Sequence[Hyper]) -> Any:
    """keras-tuner's HyperParameters; a space within an option is conditional on it."""
    import keras_tuner

    made = keras_tuner.HyperParameters()
    for hyper in hypers:
        with contextlib.ExitStack() as scopes:
            for name, option in hyper.when:
                scopes.enter_context(made.conditional_scope(name, [option]))
            if hyper.options:
                made.Choice(hyper.name, list(hyper.options), default=str(hyper.default), ordered=False)
            elif hyper.whole:
                sampling = "log" if hyper.log else "linear"
                made.Int(hyper.name, int(hyper.low), int(hyper.high), sampling=sampling, default=int(hyper.default))
            else:
                sampling = "log" if hyper.log else "linear"
                low, high = float(hyper.low), float(hyper.high)
                made.Float(hyper.name, low, high, sampling=sampling, default=float(hyper.default))
    return made


def oracle_of(
    method: str,
    hypers: Sequence[Hyper],
    objectives: Sequence[Objective],
    *,
    trials: int | None,
    epochs: int,
    seed: int,
) -> Any:
    """The oracle of a method.

    Args:
        method: 'random', 'bayesian' or 'hyperband'.
        hypers, objectives: what is searched, for what.
        trials: at most; None: of hyperband one round of its brackets.
        epochs: of a training at most, of which hyperband gives the first trials a part.
        seed: of what is proposed.
    """
    common: dict[str, Any] = {
        "objective": _objective(),
        "hyperparameters": space_of(hypers),
        "seed": seed + 1,  # it takes 0 for none
        "max_retries_per_trial": 0,
        "max_consecutive_failed_trials": NEVER,
        "allow_new_entries": False,
        "tune_new_entries": False,
    }
    kind = _kinds()[method]
    if method == "hyperband":
        made = kind(**common, max_epochs=epochs, hyperband_iterations=1 if trials is None else None)
        made.max_trials = trials
    else:
        made = kind(**common, max_trials=trials)
    made.objectives = tuple(objectives)
    made.verbose = 0
    return made


def _objective() -> Any:
    import keras_tuner

    return keras_tuner.Objective(SCORE, "max")


@functools.cache
def _kinds() -> dict[str, Any]:
    """The classes, made late: keras-tuner imports TensorFlow."""
    import keras_tuner
    from keras_tuner import oracles

    class Ours:
        """What all three have."""

        objectives: tuple[Objective, ...] = ()
        closed = False  # no trial begins any more

        def create_trial(self: Any, tuner_id: str) -> Any:
            from keras_tuner.engine import trial

            if tuner_id.startswith(LEAVES):
                self.release(tuner_id.removeprefix(LEAVES))
                return trial.Trial(self.get_space(), trial_id="", status=trial.TrialStatus.IDLE)
            if not self.closed:
                return super().create_trial(tuner_id)  # type: ignore[misc]
            self.tuner_ids.discard(tuner_id)
            return trial.Trial(self.get_space(), trial_id="", status=trial.TrialStatus.STOPPED)

        def end_trial(self: Any, trial: Any) -> None:
            under_way = {t.trial_id for t in self.ongoing_trials.values()}
            if trial.trial_id in under_way:  # else its worker was given up, and has come back
                super().end_trial(trial)  # type: ignore[misc]

        def _random_values(self: Any) -> dict[str, Any] | None:
            if self.start_order:
                found: dict[str, Any] | None = super()._random_values()  # type: ignore[misc]
                return found
            first = self.get_space()
            first.values = {}
            for hp in first.space:
                if first.is_active(hp):
                    first.values[hp.name] = hp.default
            return dict(first.values)

        def score_trial(self: Any, trial: Any) -> None:
            done = [t for t in self.trials.values() if t is trial or t.status == "COMPLETED"]
            done.sort(key=lambda t: int(t.trial_id))  # they end, and are read again, in another order
            for each, score in zip(done, scored(self.objectives, self.values_of(done)), strict=True):
                each.score, each.best_step = score, 0

        def values_of(self: Any, trials: Sequence[Any]) -> np.ndarray:
            """(trials, objectives)."""
            return np.array(
                [[t.metrics.get_last_value(metric_of(k)) for k in range(len(self.objectives))] for t in trials]
            ).reshape(len(trials), -1)

        @keras_tuner.synchronized  # a chief's own thread calls it while another's asks for a trial
        def release(self: Any, tuner: str) -> None:
            """A worker is gone: what it had under way goes to another, and nobody waits for it."""
            trial = self.ongoing_trials.pop(tuner, None)
            self.tuner_ids.discard(tuner)
            if trial is not None and trial.trial_id not in self._retry_queue:
                self._retry_queue.append(trial.trial_id)
                self.save()

        # -- files

        def save(self: Any) -> None:
            _put(self._get_oracle_fname(), self.get_state())

        def _save_trial(self: Any, trial: Any) -> None:
            _put(f"{self._get_trial_dir(trial.trial_id)}/trial.json", trial.get_state())

        def reload(self: Any) -> None:
            super().reload()  # type: ignore[misc]
            self.tuner_ids.clear()
            known = set(self._retry_queue)
            for trial_id, trial in self.trials.items():
                if trial.status in ("RUNNING", "INVALID") and trial_id not in known:
                    self._retry_queue.append(trial_id)
                if trial_id not in self.start_order:
                    self.start_order.append(trial_id)

    class Random(Ours, oracles.RandomSearchOracle):
        pass

    class Bayesian(Ours, oracles.BayesianOptimizationOracle):
        """keras-tuner's Gaussian process and acquisition; the acquisition's best is looked for among many points at once, and then
        from a few of them on, for its fifty searches one after another take a second.
        """

        def _make_gpr(self: Any) -> Any:
            made = super()._make_gpr()
            made.n_restarts_optimizer = RESTARTS
            return made

        def populate_space(self: Any, trial_id: str) -> dict[str, Any]:
            done = [t for t in self.trials.values() if t.status == "COMPLETED"]
            if len(done) < (self.num_initial_points or max(3 * len(self.hyperparameters.space), 3)):
                return dict(self._random_populate_space())
            kept = [t.score for t in done]
            try:
                if len(self.objectives) > 1:
                    scores = weighed(self.objectives, self.values_of(done), len(self.trials))
                    for trial, score in zip(done, scores, strict=True):
                        trial.score = score
                values = self._vector_to_values(self._best_point(*self._vectorize_trials()))
            finally:
                for trial, score in zip(done, kept, strict=True):
                    trial.score = score
            if self._duplicate(values):
                return dict(self._random_populate_space())
            return {"status": "RUNNING", "values": values}

        def _best_point(self: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
            """Where the lower confidence bound of the costs y (n,) at x (n, d) is lowest: (d,)."""
            from scipy.optimize import minimize
            from threadpoolctl import threadpool_limits

            def bound(points: np.ndarray) -> np.ndarray:
                mean, std = self.gpr.predict(np.atleast_2d(points), return_std=True)
                found: np.ndarray = mean - self.beta * std
                return found

            def at(point: np.ndarray) -> float:
                return float(bound(point)[0])

            limits = [(0.0, 1.0)] * x.shape[1]
            with threadpool_limits(limits=1), warnings.catch_warnings():  # threads cost more than these small products
                warnings.simplefilter("ignore")  # a length scale at its bound: a space that does not matter
                self.gpr.fit(x, y)
                points = self._random_state.uniform(size=(POINTS, x.shape[1]))
                starts = points[np.argsort(bound(points))[:STARTS]]
                ends = [minimize(at, x0=p, bounds=limits, method="L-BFGS-B").x for p in starts]
                best: np.ndarray = min(ends, key=at)
            return best

    class Hyperband(Ours, oracles.HyperbandOracle):
        def set_state(self: Any, state: Any) -> None:
            """How many rounds there are says the cell as it is now, whose `trials` may have come or gone."""
            rounds = self.hyperband_iterations
            super().set_state(state)
            self.hyperband_iterations = rounds

    return {"random": Random, "bayesian": Bayesian, "hyperband": Hyperband}


def _put(path: str, state: Any) -> None:
    import json

    files.put(pathlib.Path(path), json.dumps(state))


def scored(objectives: Sequence[Objective], values: np.ndarray) -> list[float]:
    """One number a trial, more is better: the objective itself, or of several the mean relative change against the first trial.

    Args:
        values: (trials, objectives); of a trial with one that is not finite the score is NaN.
    """
    if len(objectives) == 1:
        return [float(objectives[0].sign * v) for v in values[:, 0]]
    names = [o.name for o in objectives]
    rows = [dict(zip(names, map(float, row), strict=True)) for row in values]
    known = [row for row in rows if np.isfinite(list(row.values())).all()]
    return [gain(objectives, row, known[0]) if row in known else float("nan") for row in rows]


def weighed(objectives: Sequence[Objective], values: np.ndarray, draw: int) -> list[float]:
    """The negative augmented Tchebycheff norm of normalised costs, with random weights: one a trial, more is better.

    Knowles 2006, ParEGO, equation 2: max_k λ_k f_k + ρ Σ_k λ_k f_k, the costs f brought to [0, 1] over the trials.

    Args:
        values: (trials, objectives).
        draw: the number of the draw of λ.
    """
    costs = -values * np.array([o.sign for o in objectives])
    low, high = costs.min(axis=0), costs.max(axis=0)
    costs = (costs - low) / np.where(high > low, high - low, 1.0)
    weights = np.random.default_rng(draw).dirichlet(np.ones(len(objectives)))
    return [float(x) for x in -((weights * costs).max(axis=1) + RHO * (weights * costs).sum(axis=1))]
