"""Are row-sparse updates an excuse? Row-sparse forms of Adam against dense Adam on the full feed log, the same seeds.

    python benchmarks/lazy.py [DATA_FOLDER] [--seeds 5]

DATA_FOLDER (default: the environment variable MTL_MAGIC_DATA) holds `kuairand-pure`. The cell is that of `quality.py`, with
`train tables=` adam (the default, whose resting rows make up for what they missed), lazy_adam and dense_adam, epochs chosen
on its own validation part, all tested on the same later days. Prints each head's test AUC, and the mean of the differences
to dense_adam, paired by seed, with its 95% interval (Student's t).
"""

from __future__ import annotations

import argparse
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from quality import FEED, FEED_TASKS, ours, report

T95 = {
    2: 12.706,
    3: 4.303,
    4: 3.182,
    5: 2.776,
    6: 2.571,
    7: 2.447,
    8: 2.365,
    9: 2.306,
    10: 2.262,
}  # two-sided, by seeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("MTL_MAGIC_DATA"))
    parser.add_argument("--seeds", type=int, default=5, choices=T95)
    a = parser.parse_args()
    if not a.data:
        parser.error("say the data folder, or set MTL_MAGIC_DATA")
    log = pd.read_parquet(pathlib.Path(a.data) / "kuairand-pure" / "feed.parquet")
    train, test = (log[m].reset_index(drop=True) for m in (log.date < 20220504, log.date >= 20220504))
    scores: dict[str, list[list[float]]] = {"adam": [], "lazy_adam": [], "dense_adam": []}
    for seed in range(a.seeds):
        for tables, found in scores.items():
            found.append(ours(f"{FEED}\ntrain tables={tables}", FEED_TASKS, train, test, seed))
    for tables, found in scores.items():
        report(f"tables={tables}", found, FEED_TASKS)
    for tables in ("adam", "lazy_adam"):
        gain = np.array(scores[tables]) - np.array(scores["dense_adam"])
        half = T95[a.seeds] * gain.std(0, ddof=1) / a.seeds**0.5
        for task, mean, width in zip(FEED_TASKS, gain.mean(0), half, strict=True):
            print(f"  {task}: {tables} less dense {mean:+.4f}, 95% from {mean - width:+.4f} to {mean + width:+.4f}")


if __name__ == "__main__":
    main()
