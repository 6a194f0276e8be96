from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mtl_magic.data.category import FIRST, MISSING
from mtl_magic.data.columns import MisfitError, coded
from mtl_magic.data.encoders import Encoder
from mtl_magic.data.hashed import HashEncoder
from mtl_magic.data.prepare import prepare
from mtl_magic.language import parse, resolve
from mtl_magic.vocabulary import vocabulary

WORDS = ["a", "b", "é", "a longer value, 😀", "3"]
IDS = [977, 284, 482, 905, 267]  # never change: saved models are read by them


def ids(encoder: Encoder, column: object) -> list[int]:
    found, floats = encoder.encode(column)  # type: ignore[arg-type]
    assert floats is None
    assert found is not None
    assert found.dtype == np.int32
    assert found.shape == (len(column), 1)  # type: ignore[arg-type]
    return found[:, 0].tolist()


def hashing(size: int = 1000) -> HashEncoder:
    return HashEncoder.fit(pa.array(["x"]), size=size)


def test_ids_are_what_they_always_were() -> None:
    assert ids(hashing(), pa.array(WORDS)) == IDS


def test_another_process_gives_the_same_ids() -> None:
    code = (
        "import sys, json, pyarrow as pa; from mtl_magic.data.hashed import HashEncoder;"
        "words = pa.array(json.loads(sys.argv[1]));"
        "print(HashEncoder.fit(words, size=1000).encode(words)[0][:, 0].tolist())"
    )
    env = os.environ | {"PYTHONHASHSEED": "7"}
    run = subprocess.run(
        [sys.executable, "-c", code, json.dumps(WORDS)], capture_output=True, text=True, check=True, env=env
    )
    assert json.loads(run.stdout) == IDS


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([3, 30, None], pa.int64()),
        ([3, 30, None], pa.uint8()),
        ([3.0, 30.0, float("nan")], pa.float64()),
        ([3.0, 30.0, float("inf")], pa.float32()),
        (["3", "30", ""], pa.string()),
        (["3", "30", None], pa.large_string()),
    ],
)
def test_a_value_is_the_same_in_every_dtype(values: list[object], kind: pa.DataType) -> None:
    column = pa.array(values, kind)
    expected = [*ids(hashing(10**6), pa.array(["3", "30"])), MISSING]
    assert len(set(expected)) == 3
    for given in (column, coded(column), pa.chunked_array([column[:1], column[1:]])):
        assert ids(hashing(10**6), given) == expected


def test_fractions_and_yes_and_no() -> None:
    encoder = hashing(10**6)
    texts = ids(encoder, pa.array(["0.1", "0", "1e+300"]))
    assert ids(encoder, pa.array([0.1, -0.0])) == texts[:2]
    assert ids(encoder, pa.array([0.1, 0.0], pa.float32())) == texts[:2]
    assert ids(encoder, pa.array([True, False])) == ids(encoder, pa.array(["True", "False"]))
    assert ids(encoder, pa.array(pd.Series(["b", None], dtype="category"))) == ids(encoder, pa.array(["b", None]))


def test_many_values_fill_the_rows_evenly() -> None:
    encoder = hashing(64)
    found = np.array(ids(encoder, pa.array([str(i) for i in range(20_000)])))
    assert encoder.rows == 66
    counts = np.bincount(found, minlength=encoder.rows)
    assert counts[:FIRST].tolist() == [0, 0]
    assert counts[FIRST:].min() > 200
    assert counts[FIRST:].max() < 450


def test_what_it_says_and_keeps() -> None:
    encoder = HashEncoder.fit(pa.array(["a", None, "", "b"]), size=5000, dim=3)
    assert encoder.describe() == "hashed to 5,000 rows; 50% missing"
    assert not encoder.silence
    plain, arrays = encoder.state()
    again = Encoder.from_state(json.loads(json.dumps(plain)), arrays)
    assert again == encoder
    assert ids(again, pa.array(["b", "new"])) == ids(encoder, pa.array(["b", "new"]))
    assert HashEncoder.fit(pa.nulls(3), size=5).silence == "every value is missing"
    assert ids(encoder, pa.nulls(2)) == [MISSING] * 2
    assert ids(encoder, pa.array([], pa.string())) == []


@pytest.mark.parametrize("column", [pa.array([[1]]), pa.array(pd.to_datetime(["2022-05-04"]))])
def test_dates_and_lists_are_refused(column: pa.Array) -> None:
    with pytest.raises(MisfitError, match="which have no vocabulary"):
        hashing().encode(column)


def test_a_line_asks_for_it() -> None:
    words = vocabulary()
    program = resolve(parse("feature user: category(hash=50, dim=4)\ntask click: binary", words), words, {})
    table = {"user": [f"u{k}" for k in range(100)], "click": [0, 1] * 50}
    made = prepare(program, [table])
    encoder = made.schema.features[0].encoder
    assert isinstance(encoder, HashEncoder)
    assert (encoder.rows, encoder.dim) == (52, 4)
    assert made.valid is not None
    assert (made.valid.ids >= FIRST).all()  # values that training never saw have embeddings too
