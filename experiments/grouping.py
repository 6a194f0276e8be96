"""Does `%mtl advise` find groups that are there, and none where there are none? Six tasks, planted and noise.

    python experiments/grouping.py [--threads 1] [planted noise]

Planted: the tasks of a group are readouts of the same two hidden features of x, tasks of different groups of different ones; which
tasks belong together is drawn by seed, in three pairs, two triples, or four and two. Noise: six labels that x knows nothing of.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import time
from typing import Any

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running import steady

SIZES = ((2, 2, 2), (3, 3), (4, 2))
NAMES = ("a", "b", "c", "d", "e", "f")
CELL = "feature x: vector\ntask a, b, c: regression\ntask d, e, f: binary\ntrain epochs=1 batch=512"
ROWS, INPUTS = 4000, 12


def table(seed: int, *, noise: bool = False, rows: int = ROWS) -> tuple[dict[str, Any], set[frozenset[str]]]:
    """Rows, and the groups of tasks that are in them."""
    rng = np.random.default_rng([seed, noise])
    x = rng.normal(size=(rows, INPUTS)).astype("float32")
    names = list(rng.permutation(NAMES))
    groups, labels = set(), {}
    sizes = SIZES[seed % len(SIZES)]
    directions = np.split(np.linalg.qr(rng.normal(size=(INPUTS, INPUTS)))[0], 4, axis=1)
    for k, size in enumerate(sizes):
        mine, names = names[:size], names[size:]
        groups.add(frozenset(mine))
        hidden = np.tanh(2 * x @ directions[k][:, :2])
        for name in mine:
            value = hidden @ rng.uniform(0.3, 1.3, 2) + 0.5 * rng.normal(size=rows)
            value = rng.normal(size=rows) if noise else value
            labels[name] = (value > rng.uniform(-0.5, 0.5)) * 1 if name in "def" else value
    return {"x": x, **labels}, groups


def advice(seed: int, *, noise: bool = False) -> tuple[Any, set[frozenset[str]]]:
    """What is advised, and what should be."""
    import mtl_magic

    rows, groups = table(seed, noise=noise)
    run = mtl_magic.fit(CELL, rows, name="six")
    return mtl_magic.advise(run, rows), groups


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=["planted", "noise"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    steady(asked.threads)
    for name in asked.names:
        right = 0
        for seed in range(asked.seeds):
            began = time.process_time()
            found, groups = advice(seed, noise=name == "noise")
            made = {frozenset(g) for g in found.groups}
            right += not found.enough if name == "noise" else made == groups
            said = "; ".join(",".join(g) for g in found.groups) or "not enough evidence"
            wanted = "; ".join(",".join(sorted(g)) for g in groups)
            p = found.evidence.p if found.evidence else float("nan")
            print(
                f"{name} {seed}: {said} (there: {'noise' if name == 'noise' else wanted}), p = {p:.4f}, {time.process_time() - began:.0f} CPU s",
                flush=True,
            )
        print(f"{name}: {right} of {asked.seeds} right", flush=True)


if __name__ == "__main__":
    main()
