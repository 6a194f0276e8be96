"""Time to encode columns of texts, against Arrow's hashing of the same columns alone.

    python benchmarks/encoding.py [--rows 5000000] [--rounds 20]

Four columns with vocabularies of 1M, 100k, 1k and 10 values, drawn log-uniformly (few values are frequent, most are
rare). Ours is what `prepare` does with a category: hash the column once, learn the vocabulary, give each row its id.
Arrow's is `dictionary_encode` alone, which is the least that anyone must do. The two take turns in one process
(A B A B …). Prints the median ratio of their times, round by round, with its bootstrap 95% interval; the requirement is
a median of at most 1.3.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from common import interval

from mtl_magic.data.category import CategoryEncoder
from mtl_magic.data.columns import coded

VOCABULARIES = (1_000_000, 100_000, 1_000, 10)
LIMIT = 1.3


def columns(rows: int) -> list[pa.Array]:
    """One text column a vocabulary, (rows,)."""
    rng = np.random.default_rng(0)
    made = []
    for size in VOCABULARIES:
        drawn = np.exp(rng.uniform(0, np.log(size + 1), rows)).astype("int64") - 1
        words = pa.array([f"{value * 2654435761 % 2**32:08x}" for value in range(size)])  # no order of frequency
        made.append(words.take(pa.array(np.minimum(drawn, size - 1))))
    return made


def ours(column: pa.Array) -> None:
    shared = coded(column)
    CategoryEncoder.fit(shared).encode(shared)


def arrow(column: pa.Array) -> None:
    column.dictionary_encode()


def timed(work: Callable[[pa.Array], None], column: pa.Array) -> float:
    began = time.perf_counter()
    work(column)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    a = parser.parse_args()
    tables = columns(a.rows)
    for column in tables:
        ours(column), arrow(column)
    taken = np.array([[[timed(work, c) for c in tables] for work in (ours, arrow)] for _ in range(a.rounds)])
    for size, column in zip(VOCABULARIES, np.median(taken, axis=0).T, strict=True):
        print(f"vocabulary {size:>9,}: ours {column[0] * 1e3:6.0f} ms, Arrow alone {column[1] * 1e3:6.0f} ms")
    whole = taken.sum(axis=2)
    median, low, high = interval(whole[:, 0] / whole[:, 1])
    print(
        f"{a.rows:,} rows: ours {np.median(whole[:, 0]):.2f} s, Arrow alone {np.median(whole[:, 1]):.2f} s; "
        f"ratio {median:.2f} [{low:.2f}, {high:.2f}], at most {LIMIT}: {'holds' if median <= LIMIT else 'MISSED'}"
    )


if __name__ == "__main__":
    main()
