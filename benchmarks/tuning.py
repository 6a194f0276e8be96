"""What a search costs beside its trainings, and whether it ends with a better model on rows that chose nothing.

    python benchmarks/tuning.py [--only overhead|quickstart] [--trials 12] [--seeds 3] [--method bayesian]

overhead: trials of the feed log's sample whose graph is that of an earlier one (rates, weights of tasks, batches), and trials that
need a new one. A trial's overhead is all of its time but that of the training loop: proposing, checking, building the network that
its run holds, metrics on the test part, writing its folder.

quickstart: the cell of notebooks/quickstart.ipynb with search spaces, against its defaults, which are trial 0. The validation
part chooses; the test part, the latest impressions, is what is reported: each head's test metrics, and Δm, the mean relative
change of what is searched for (AUC of click and long view, rmse of watch) against the defaults of the same seed; above 0 is better.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import mtl_magic
from mtl_magic.datasets import kuairand_sample

HEAD = """
split  valid=0.1 test=0.1 time=time_ms
ignore date, is_profile_enter, is_comment, is_follow
"""
TASKS = """
task click:     binary(label=is_click)
task long_view: binary
task like:      binary(label=is_like)
task watch:     regression(label=play_time_ms, loss=huber)
"""
SEARCHED = TASKS.replace("loss=huber)", "loss=choose(huber, mse)) weight range(0.3, 3.0, log)")
SEARCH = """
train lr=range(5e-4, 2e-3, log)
"""
SCORES = {
    "click": ("auc", 1),
    "long_view": ("auc", 1),
    "watch": ("rmse", -1),
}  # 'like' has too few positives to choose by


class Clock:
    """CPU seconds of this process that trials took beside their loops: what a machine that others use does not falsify."""

    def __init__(self) -> None:
        from mtl_magic.train.loop import Loop
        from mtl_magic.tune.trial import Trainer

        self.costs: list[float] = []
        self._loop = 0.0
        run, train = Loop.run, Trainer.train

        def timed_loop(loop: Loop) -> str:
            began = time.process_time()
            try:
                return run(loop)
            finally:
                self._loop = time.process_time() - began

        def timed_trial(trainer: Trainer, *args: object) -> object:
            began, self._loop = time.process_time(), 0.0
            try:
                return train(trainer, *args)
            finally:
                self.costs.append(time.process_time() - began - self._loop)

        Loop.run, Trainer.train = timed_loop, timed_trial


def overhead(trials: int) -> None:
    log = kuairand_sample()
    clock = Clock()
    same = HEAD + TASKS.replace("huber)", "huber) weight range(0.1, 3.0, log)")
    same += (
        f"train lr=range(2e-4, 5e-3, log) batch=choose(none, 128, 512) epochs=2\ntune trials={trials} method=bayesian"
    )
    other = (
        HEAD
        + TASKS
        + f"share mlp(units=[range(16, 256)])\ntrain epochs=2\ntune trials={max(trials // 2, 3)} method=random"
    )
    for name, cell in (("graph unchanged", same), ("a new graph each", other)):
        with tempfile.TemporaryDirectory() as store:
            began, clock.costs = time.perf_counter(), []
            run = mtl_magic.fit(cell, log, store=store, name="feed")
            whole = time.perf_counter() - began
            found = run.search.folder.trials()[1:]  # the first traces, and reads what later ones have
            costs = np.array([t.overhead for t in found])
            seconds = np.array([t.seconds for t in found])
            between = (whole - sum(t.overhead + t.seconds for t in run.search.folder.trials())) / (len(found) + 1)
        print(
            f"{name:18s} {len(found)} trials: overhead median {np.median(costs):.2f} s, most {costs.max():.2f} s;"
            f" CPU of it median {np.median(clock.costs[1:]):.2f} s, most {max(clock.costs[1:]):.2f} s;"
            f" training median {np.median(seconds):.2f} s; all else, per trial {between:.2f} s",
            flush=True,
        )


def quickstart(trials: int, seeds: int, method: str) -> None:
    log = kuairand_sample()
    gains = []
    for seed in range(seeds):
        objective = ", ".join(f"{t}.{m}" for t, (m, _) in SCORES.items())
        cell = f"{HEAD}{SEARCHED}{SEARCH}train seed={seed}\ntune trials={trials} method={method} seed={seed} objective={objective}"
        with tempfile.TemporaryDirectory() as store:
            began = time.perf_counter()
            run = mtl_magic.fit(cell, log, store=store, name="feed")
            search = run.search
            default, best, count, cell = (
                search.run(0),
                search.run(search.best),
                len(search.trials),
                search.cell(search.best),
            )
            number = search.best
        before, after = default.metrics["test"], best.metrics["test"]
        changes = [sign * (after[t][m] - before[t][m]) / before[t][m] for t, (m, sign) in SCORES.items()]
        gains.append(float(np.mean(changes)))
        print(
            f"seed {seed}: {count} trials in {time.perf_counter() - began:.0f} s, best {number}",
            flush=True,
        )
        print("   " + cell.replace("\n", "\n   "), flush=True)
        for name, kept in (("default", default), ("best", best)):
            said = "  ".join(
                f"{t} {m} {kept.metrics['test'][t][m]:.4f}"
                for t in kept.tasks
                for m in ("auc", "rmse")
                if m in kept.metrics["test"][t]
            )
            print(f"   {name:8s}{said}", flush=True)
        print(f"   test Δm {gains[-1]:+.2%}", flush=True)
    print(f"test Δm over {seeds} seeds: {', '.join(f'{g:+.2%}' for g in gains)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("overhead", "quickstart"))
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--method", default="bayesian")
    asked = parser.parse_args()
    if asked.only != "quickstart":
        overhead(asked.trials)
    if asked.only != "overhead":
        quickstart(asked.trials, asked.seeds, asked.method)
