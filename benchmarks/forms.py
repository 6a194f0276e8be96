"""The step in other forms (XLA, 16 bits) against the default, on the model of `speed.py`.

    python benchmarks/forms.py [HAND_WRITTEN_FOLDER] [--batch 512 4096] [--rounds 12] [--rows 400000]

All take turns in one process. Prints the CPU time of a step and of the first one, and the median of each round's ratio of
a form's time to the default's, with its bootstrap 95% interval.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from common import Ours, baselines, interval

FORMS = ("", "jit=true", "precision=mixed", "precision=mixed_float16")


def cpu(ours: Ours, steps: int) -> float:
    """CPU seconds a step: of all threads, so that what else runs on the machine counts little."""
    began = time.process_time()
    ours.run(steps)
    return (time.process_time() - began) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", help="folder of recsys_data.py")
    parser.add_argument("--batch", type=int, nargs="+", default=[512, 4096])
    parser.add_argument("--forms", nargs="+", default=list(FORMS))
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=4, help="timed steps a round")
    parser.add_argument("--rows", type=int, default=400_000)
    a = parser.parse_args()
    sys.path.insert(0, baselines(a.folder))
    import recsys_data

    arrays = recsys_data.load(a.rows, 4)
    for batch in a.batch:
        made = {form: Ours(recsys_data.VOCABS, arrays, batch, form) for form in a.forms}
        first = {form: cpu(ours, 1) for form, ours in made.items()}
        for ours in made.values():
            ours.run(2)
        rounds = [{form: cpu(ours, a.steps) for form, ours in made.items()} for _ in range(a.rounds)]
        for form in a.forms:
            times = np.array([r[form] for r in rounds])
            middle, low, high = interval(times / np.array([r[a.forms[0]] for r in rounds]))
            print(
                f"batch {batch:5d} {form or 'default':24s} {1e3 * np.median(times):7.1f} ms of CPU, "
                f"{middle:.2f} of the default ({low:.2f} to {high:.2f}), first step {first[form]:.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
