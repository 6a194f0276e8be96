"""Does a step cost what it touches? Step time and memory against the number of embedding rows.

    python benchmarks/vocabulary.py [--batch 4096] [--rows 100000 10000000] [--rounds 20]

The model of `speed.py` (20 categorical columns, MMoE of 8 experts, 4 heads), row-sparse Adam, ids drawn log-uniformly, as
in `recsys_data.py`. The sizes take turns in one process. Prints each one's median step, the ratio to the first, round by
round, with its bootstrap 95% interval, and the memory of tables and moments over that of the tables.
"""

from __future__ import annotations

import argparse

import numpy as np
from common import Ours, interval  # first: it quiets TensorFlow

FIELDS, NUMERIC, TASKS = 20, 10, 4


def arrays(vocab: int, rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-uniform ids of `vocab` values a field, standard normal numbers, and labels."""
    rng = np.random.default_rng(seed)
    ids = np.minimum(vocab ** rng.random((rows, FIELDS)) - 1, vocab - 1).astype("int32")
    return (
        ids,
        rng.standard_normal((rows, NUMERIC), dtype="float32"),
        (rng.random((rows, TASKS)) < 0.3).astype("float32"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 10_000_000], help="embedding rows in all")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3, help="steps a round")
    a = parser.parse_args()
    ours = {}
    for rows in a.rows:
        vocab = rows // FIELDS
        ours[rows] = Ours([vocab] * FIELDS, arrays(vocab, a.batch * (a.rounds + 2) * a.steps), a.batch)
        ours[rows].run(a.steps)
    times = np.array([[ours[rows].run(a.steps) for rows in a.rows] for _ in range(a.rounds)])
    for i, rows in enumerate(a.rows):
        median, low, high = interval(times[:, i] / times[:, 0])
        tables = ours[rows].step.tables
        held = sum(t.layer.table.numpy().nbytes + sum(s.numpy().nbytes for s in t.slots.values()) for t in tables)
        ratio = held / sum(t.layer.table.numpy().nbytes for t in tables)
        print(
            f"{rows:>12,} rows: {1e3 * np.median(times[:, i]):.1f} ms a step, {median:.2f} of the first "
            f"(95% {low:.2f} to {high:.2f}); tables and moments {ratio:.2f} × the tables",
            flush=True,
        )


if __name__ == "__main__":
    main()
