"""What balancing costs: the step of a method over the plain step of the same network.

    python benchmarks/balance.py [--tasks 8] [--batch 4096] [--rounds 20] [--methods 'upgrad;upgrad(over=subbatch)']

The network of `common.Ours`: `mmoe(experts=8, units=[128, 64])`, towers [64, 32], Adam. Steps are taken in turn, one of each
method a round, on the same arrays in one process; printed are the median ratio of times to those of `equal`, its bootstrap 95%
interval, and the ratio of processor times. The requirement: of losses 1.05 at most, over features 1.15 at 2 tasks and 1.25 at
8, over an eighth of the batch 1.8, exact 5.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from common import Ours, interval
from feeding import IDS, VALUES, table

METHODS = "equal;uncertainty;famo;mgda;upgrad;pcgrad;nash_mtl;upgrad(over=subbatch);upgrad(over=parameters);upgrad(over=parameters, every=10)"


def limit(text: str, tasks: int) -> float:
    """The greatest ratio allowed."""
    from mtl_magic.train.methods import method_of

    method = method_of(text)
    over = getattr(method, "over", "features")
    if method.uses == "losses":
        return 1.05
    return {"features": 1.15 if tasks <= 2 else 1.25, "subbatch": 1.8, "parameters": 5.0}[over]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", type=int, default=8)
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--methods", default=METHODS)
    a = parser.parse_args()
    from mtl_magic.train.methods import method_of

    cat, num, labels = table(10 * a.batch)
    labels = np.random.default_rng(0).permuted(np.tile(labels, (1, 1 + a.tasks // labels.shape[1])), axis=0)[
        :, : a.tasks
    ]
    found: dict[str, Ours] = {}
    for text in dict.fromkeys(["equal", *a.methods.split(";")]):
        found[text] = Ours([VALUES] * IDS, (cat, num, labels), a.batch)
        if text != "equal":
            found[text].step.change_method(method_of(text))
        found[text].run(3)
    seconds: dict[str, list[tuple[float, float]]] = {text: [] for text in found}
    for _ in range(a.rounds):
        for text, ours in found.items():
            batch = next(ours.stream, None)
            if batch is None:
                ours.stream = ours.batches.epoch(0)
                batch = next(ours.stream)
            wall, cpu = time.perf_counter(), time.process_time()
            ours.step.run(*batch)
            ours.step.rates.step.numpy()
            seconds[text].append((time.perf_counter() - wall, time.process_time() - cpu))
    plain = np.array(seconds["equal"])
    print(f"{a.tasks} tasks, batch {a.batch}, {a.rounds} rounds, equal {1e3 * np.median(plain[:, 0]):.0f} ms a step")
    for text, times in seconds.items():
        if text == "equal":
            continue
        ratio, low, high = interval(np.array(times)[:, 0] / plain[:, 0])
        cpu = np.median(np.array(times)[:, 1] / plain[:, 1])
        allowed = limit(text, a.tasks)
        print(
            f"{text:32s} {ratio:.3f} [{low:.3f}, {high:.3f}]  processor {cpu:.3f}  at most {allowed}: {'holds' if ratio <= allowed else 'MISSED'}"
        )


if __name__ == "__main__":
    main()
