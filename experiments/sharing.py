"""Does `%mtl baseline` say what is so? Pairs of tasks that are built to help each other, to conflict, and to be unrelated.

    python experiments/sharing.py [--threads 1] [--trainings N] [helps conflicts unrelated …]

Each pair is drawn anew by seed; `baseline` trains both tasks together and alone, with three seeds each or as many as the pair
says, and the question is what it calls the transfer. Everything is small: what is tested is the verdict, not the network.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import sys
import time
from typing import Any

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running import steady

INPUTS = 8
TRAIN = "epochs=15 batch=64 lr=0.01"


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two tasks of the same rows.

    Attributes:
        what: how they are built, in a sentence.
        text: the cell that shares.
        rows: of training, of which a tenth validates.
        wanted: what the verdict of each head should be.
        seeds: how many pairs are drawn.
        trainings: seeds of `baseline`. A gain of 2% of which one training of a thousand rows differs from the next by 2% is
            not to be seen with three: Student's t of two degrees of freedom makes of them ±5%. More test rows do not help.
    """

    what: str
    text: str
    rows: int
    wanted: str
    seeds: int
    trainings: int = 3


CELL = "feature x: vector\nshare mlp(units=[{units}], dropout=0)\ntask a, b: regression(tower=[8])\ntrain " + TRAIN
PAIRS = {
    "helps": Pair(
        "one function of x, which b sees through fifteen times the noise of a",
        CELL.format(units="32, 16").replace("task a, b: regression(tower=[8])", "task a: regression(tower=[8])\ntask b: regression(tower=[8]) weight 0.2"), 1000, "gain", 3, 10,
    ),
    "conflicts": Pair(
        "ramps along two directions of x, and one unit to share, on which b pulls twenty times as hard",
        CELL.format(units="1").replace("task a, b: regression(tower=[8])", "task a: regression(tower=[8])\ntask b: regression(tower=[8]) weight 20"), 1500, "negative transfer", 3,
    ),
    "unrelated": Pair(
        "functions of inputs that the tasks do not have in common, many rows, room for both",
        CELL.format(units="32, 16"), 3000, "no difference", 10,
    ),
}  # fmt: skip


def table(name: str, seed: int, rows: int) -> dict[str, Any]:
    """Rows of a pair: x (rows, 8) and the labels a and b."""
    rng = np.random.default_rng([seed, len(name)])
    u, _ = np.linalg.qr(rng.normal(size=(INPUTS, 4)))
    x = rng.normal(size=(rows, INPUTS)).astype("float32")
    z = x @ u
    if name == "unrelated":
        z = np.stack([x[:, 0] + x[:, 1], x[:, 2] - x[:, 3], x[:, 4] + x[:, 5], x[:, 6] - x[:, 7]], axis=1) / 2**0.5
    first, second = np.sin(2 * z[:, 0]) + z[:, 1], np.sin(2 * z[:, 2]) + z[:, 3]
    if name == "helps":
        second = first
    elif name == "conflicts":
        first, second = 3 * np.maximum(z[:, 0], 0), 3 * np.maximum(z[:, 2], 0)
    noise = 0.5 * rng.normal(size=(rows, 2))
    if name == "helps":
        noise *= [0.4, 6.0]
    return {"x": x, "a": first + noise[:, 0], "b": second + noise[:, 1]}


def verdicts(name: str, seed: int, seeds: int = 3) -> Any:
    """The baseline of one pair."""
    import mtl_magic

    pair = PAIRS[name]
    whole = table(name, seed, pair.rows + 2000)
    train, test = ({k: v[some] for k, v in whole.items()} for some in (slice(pair.rows), slice(pair.rows, None)))
    run = mtl_magic.fit(pair.text, train, test=test, name=name)
    return mtl_magic.baseline(run, train, test=test, seeds=seeds, store="none")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(PAIRS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--trainings", type=int, help="seeds of `baseline`, in place of each pair's own")
    asked = parser.parse_args()
    steady(asked.threads)
    for name in asked.names:
        pair, right = PAIRS[name], 0
        for seed in range(pair.seeds):
            began = time.process_time()
            found = verdicts(name, seed, asked.trainings or pair.trainings)
            said = [h.verdict for h in found.heads]
            unwanted = {"gain": "negative transfer", "negative transfer": "gain"}.get(pair.wanted, "")
            right += (
                all(v == pair.wanted for v in said) if not unwanted else pair.wanted in said and unwanted not in said
            )
            heads = ", ".join(
                f"{h.task} {h.change.value:+.2f}% [{h.change.low:+.2f}, {h.change.high:+.2f}] {h.verdict}"
                for h in found.heads
            )
            claims = ", ".join(f"{c.promise} {c.verdict}" for c in found.claims)
            print(f"{name} {seed}: {heads}; {claims}; {time.process_time() - began:.0f} CPU s", flush=True)
        print(f"{name}: {right} of {pair.seeds} as built ({pair.wanted})", flush=True)


if __name__ == "__main__":
    main()
