"""Training on Parquet files several times a memory cap, which the test sets, and a control that the cap binds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CAP = 256  # MB more than a process that has trained already, on a table of a few rows
ROWS, FILES = 500_000, 6
LONG = 80  # bytes of a text

SCRIPT = """
import json, os, resource, sys, threading, time
import numpy as np, psutil
import mtl_magic

CELL = "task y: binary(tower=[8])\\nshare none\\nsplit valid=0.05\\ntrain epochs=1 batch=8192\\n"
mtl_magic.fit(CELL, {"a": np.arange(2000) % 7, "y": np.arange(2000) % 2})
process = psutil.Process()
base = process.memory_info()
limit = base.data + int(sys.argv[2]) * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
peak = [base.rss]

def watch():
    while True:
        peak[0] = max(peak[0], process.memory_info().rss)
        time.sleep(0.01)

threading.Thread(target=watch, daemon=True).start()
run = mtl_magic.fit(CELL, sys.argv[1])
print(json.dumps({"rows": run.facts["rows"], "auc": run.metrics["valid"]["y"]["auc"], "note": run.notes[0],
                  "peak": (peak[0] - base.rss) / 2**20}), flush=True)
try:
    mtl_magic.fit(CELL, sys.argv[1], stream=False)
    print(json.dumps("in memory, all the same"))
except (MemoryError, mtl_magic.MtlError) as error:
    print(json.dumps(str(error)))
"""


@pytest.fixture
def files(tmp_path) -> str:
    """Texts, numbers, and a label that follows the first of each; one file under several names."""
    rng = np.random.default_rng(0)
    words = pa.array([f"{i:05} " + "x" * (LONG - 6) for i in range(2000)])
    codes = rng.integers(0, 2000, (4, ROWS))
    x = rng.standard_normal(ROWS).round(2)
    y = (x + codes[0] / 1000 - 1 + rng.standard_normal(ROWS) > 0).astype("int8")
    columns = {f"s{k}": words.take(pa.array(code)) for k, code in enumerate(codes)}
    pq.write_table(pa.table({**columns, "x": x, "y": y}), tmp_path / "0.parquet", row_group_size=200_000)
    for k in range(1, FILES):
        os.link(tmp_path / "0.parquet", tmp_path / f"{k}.parquet")
    return str(tmp_path / "*.parquet")


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on memory that is kept is Linux's")
def test_a_table_several_times_the_cap(files, tmp_path):
    size = FILES * ROWS * (4 * (LONG + 4) + 9) / 2**20
    assert size > 3.5 * CAP
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    plain = {  # allocators that ask for what is used and no more, so that the limit is on that
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
        "TMPDIR": str(scratch),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, files, str(CAP)],
        env={**os.environ, **plain},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line[:1] in '{"']
    assert lines, done.stderr[-3000:]
    found = lines[0]
    assert sum(found["rows"].values()) == FILES * ROWS
    assert "piece by piece" in found["note"], "the cap itself chose the road"
    assert found["peak"] < CAP
    assert found["auc"] > 0.75
    if len(lines) > 1:
        assert "memory" in lines[1].lower(), lines[1]
        assert "all the same" not in lines[1]
        assert not list(scratch.iterdir()), "its files are gone"
    else:  # a library that cannot say so ends the process
        assert done.returncode < 0
