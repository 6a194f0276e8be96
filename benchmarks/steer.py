"""How soon a training obeys: a stop, and a change of a weight, sent from another thread at random moments.

    python benchmarks/steer.py [--batch 4096] [--rows 200000] [--stops 20]

The network of `common.Ours` under our own loop. A stop acts when the running step ends: printed is the time from that end to
the moment at which the loop has obeyed, and to the end of the training, its bookkeeping (resting rows of the tables among
it) included, for a training without a validation part. Between the stops weights are changed: the step must not be
traced again. The requirement: obeyed after 0.2 s at most, 0 tracings.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
from typing import Any

import numpy as np
from common import Ours, loop_of
from feeding import IDS, VALUES, table

from mtl_magic.train.control import Control
from mtl_magic.train.events import Steered

LIMIT = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--stops", type=int, default=20)
    a = parser.parse_args()
    ours = Ours([VALUES] * IDS, table(a.rows), a.batch)
    ours.run(3)
    step, draw = ours.step, random.Random(0)
    ends: list[float] = []
    run = step.run

    def timed(*batch: Any) -> None:
        run(*batch)
        step.rates.step.numpy()  # the step has ended, on an accelerator too
        ends.append(time.perf_counter())

    step.run = timed
    obeyed, over = [], []
    for _ in range(a.stops):
        control = Control()
        clicked: list[float] = []
        heard: list[float] = []

        def person(control: Control = control, clicked: list[float] = clicked) -> None:
            for _ in range(3):
                time.sleep(draw.uniform(0.1, 0.4))
                control.set_weight(f"t{draw.randrange(4)}", draw.uniform(0.5, 2))
            clicked.append(time.perf_counter())
            control.stop()

        def listen(event: object, heard: list[float] = heard) -> None:
            if isinstance(event, Steered) and event.what == "stop":
                heard.append(time.perf_counter())

        thread = threading.Thread(target=person)
        loop = loop_of(ours, control, listen)
        thread.start()
        why = loop.run()
        ended = time.perf_counter()
        thread.join()
        assert why == "stopped"
        start = max(ends[-1], clicked[0])
        assert ends[-2] < clicked[0], "another step was made after the click"
        obeyed.append(heard[0] - start)
        over.append(ended - start)
    traced = run.experimental_get_tracing_count()
    print(
        f"batch {a.batch}, a step of {1e3 * np.median(np.diff(ends)):.0f} ms, {a.stops} stops: obeyed "
        f"{1e3 * np.median(obeyed):.1f} ms after the running step's end, at most {1e3 * max(obeyed):.1f}; at most {1e3 * LIMIT:.0f}: "
        f"{'holds' if max(obeyed) <= LIMIT else 'MISSED'}; training over after {1e3 * np.median(over):.0f} ms, at most "
        f"{1e3 * max(over):.0f}; the step traced {traced} time(s) for {3 * a.stops} changes of weights: "
        f"{'holds' if traced == 1 else 'MISSED'}"
    )


if __name__ == "__main__":
    main()
