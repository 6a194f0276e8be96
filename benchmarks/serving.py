"""Time of one request to an exported model: one row of raw columns in, the columns of a prediction out.

    python benchmarks/serving.py [--requests 2000] [--batch 1]

A model of the KuaiRand sample with the default network, exported, loaded as a SavedModel and called through its signature
in this process; a server adds its network. Tensors are made anew for each request. Prints median and 99th percentile.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import mtl_magic

CELL = """
share mmoe(experts=8, units=[128, 64])
task is_click: binary
task long_view: binary
ignore is_like, is_profile_enter, is_comment, is_follow, play_time_ms
train epochs=1
"""


def requests(folder: pathlib.Path, feed: object, batch: int, count: int) -> list[dict[str, np.ndarray]]:
    """Rows of the sample as requests, what is missing as columns.json says."""
    fields = json.loads((folder / "assets.extra" / "columns.json").read_text())["inputs"]
    columns = {}
    for field in fields:
        column, missing = feed[field["column"]], field["missing"]
        if field["dtype"] == "string":
            columns[field["tensor"]] = column.fillna("").astype(str).to_numpy(object)
        else:
            filled = column.fillna(np.nan if missing == "NaN" else missing)
            columns[field["tensor"]] = filled.to_numpy(field["dtype"])
    starts = np.random.default_rng(0).integers(0, len(feed) - batch, count)
    return [{name: values[s : s + batch] for name, values in columns.items()} for s in starts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=1)
    a = parser.parse_args()
    feed = mtl_magic.datasets.kuairand_sample()
    run = mtl_magic.fit(CELL, feed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "feed" / "1"
        began = time.perf_counter()
        run.export(folder)
        exported = time.perf_counter() - began
        size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
        began = time.perf_counter()
        answer = tf.saved_model.load(str(folder)).signatures["serving_default"]
        loaded = time.perf_counter() - began
        asked = requests(folder, feed, a.batch, a.requests + 200)
        taken = []
        for request in asked:
            began = time.perf_counter()
            made = answer(**{name: tf.constant(values) for name, values in request.items()})
            made["is_click"].numpy()
            taken.append(time.perf_counter() - began)
    found = 1e3 * np.array(taken[200:])
    print(
        f"{len(asked[0])} columns, {a.batch} row(s) a request: median {np.median(found):.2f} ms, 99th percentile "
        f"{np.percentile(found, 99):.2f} ms, {a.requests} requests; export {exported:.1f} s, {size / 1e6:.1f} MB, load {loaded:.1f} s"
    )


if __name__ == "__main__":
    main()
