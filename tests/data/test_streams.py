from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from mtl_magic.data.prepare import prepare
from mtl_magic.data.sources import read_table
from mtl_magic.language import parse, resolve
from mtl_magic.problems import MtlError
from mtl_magic.vocabulary import vocabulary

ROWS = 5
FEATURES = {
    "user": np.array(["a", "é", "", "a", "b"]),
    "age": np.array([1, 2, 3, 4, 5]),
    "price": np.array([0.5, np.nan, 2, 3, 4], "float32"),
    "vec": np.arange(15, dtype="float32").reshape(5, 3),
    "wide": np.arange(5).reshape(5, 1),
}
LABELS = {"click": np.array([True, False, True, False, True])}
EXPECTED = {
    "user": ["a", "é", "", "a", "b"],
    "age": [1, 2, 3, 4, 5],
    "price": [0.5, None, 2, 3, 4],
    "vec": FEATURES["vec"].tolist(),
    "wide": [0, 1, 2, 3, 4],
    "click": [True, False, True, False, True],
}


def values(data: object) -> dict[str, list[object]]:
    table = read_table(data)
    return {name: table[name].to_pylist() for name in table.names}


def problem(data: object) -> str:
    with pytest.raises(MtlError) as caught:
        read_table(data)
    return str(caught.value)


@pytest.mark.parametrize("batch", [None, 1, 2, 100])
@pytest.mark.parametrize("pair", [False, True])
def test_rows_and_batches_of_dicts_and_pairs(batch: int | None, pair: bool) -> None:
    data = tf.data.Dataset.from_tensor_slices((FEATURES, LABELS) if pair else FEATURES | LABELS)
    data = data if batch is None else data.batch(batch)
    found = values(data)
    assert {name: found[name] for name in EXPECTED} == EXPECTED
    assert read_table(data)["vec"].type == pa.list_(pa.float32(), 3)
    assert len(read_table(data)) == ROWS


def test_batches_of_one_size() -> None:
    data = tf.data.Dataset.from_tensor_slices(FEATURES).batch(2, drop_remainder=True)
    assert values(data)["age"] == [1, 2, 3, 4]


@pytest.mark.parametrize("batch", [None, 2])
def test_ragged_and_sparse_rows(batch: int | None) -> None:
    lists = [["x", "y"], [], ["z"]]
    data = tf.data.Dataset.from_tensor_slices(
        {
            "words": tf.ragged.constant(lists),
            "numbers": tf.ragged.constant([[1], [2, 3], []]),
            "sparse": tf.sparse.from_dense([[0, 5], [0, 0], [7, 0]]),
            "y": [1, 0, 1],
        }
    )
    found = values(data if batch is None else data.batch(batch))
    assert found == {"words": lists, "numbers": [[1], [2, 3], []], "sparse": [[0, 5], [0, 0], [7, 0]], "y": [1, 0, 1]}


def test_rows_of_varying_length_and_padded_batches() -> None:
    def rows():
        for k in range(1, 5):
            yield {"item": [k] * k, "text": [b"t"] * 2, "y": k}

    kinds = {
        "item": tf.TensorSpec([None], tf.int64),
        "text": tf.TensorSpec([2], tf.string),
        "y": tf.TensorSpec([], tf.int32),
    }
    data = tf.data.Dataset.from_generator(rows, output_signature=kinds)
    assert values(data)["item"] == [[1], [2, 2], [3, 3, 3], [4, 4, 4, 4]]
    assert values(data)["text"] == [["t", "t"]] * 4
    padded = values(data.padded_batch(2))
    assert padded["item"] == [[1, 0], [2, 2], [3, 3, 3, 0], [4, 4, 4, 4]]
    assert padded["y"] == [1, 2, 3, 4]


def test_a_dataset_trains_a_cell() -> None:
    words = vocabulary()
    program = resolve(parse("feature user: category\nfeature age: number\ntask click: binary", words), words, {})
    labels = {"click": np.tile([True, False], 50)}
    features = {"user": np.tile(["a", "b"], 50), "age": np.arange(100)}
    given = prepare(program, [tf.data.Dataset.from_tensor_slices((features, labels)).batch(7)])
    plain = prepare(program, [features | labels])
    for one, other in zip(given.train, plain.train, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.floats, other.floats)
        np.testing.assert_array_equal(one.labels, other.labels)


def test_what_cannot_be_read() -> None:
    data = tf.data.Dataset.from_tensor_slices(FEATURES)
    assert problem(data.repeat()) == (
        "MtlError MTL212: the data is a dataset without an end\n"
        "give it an end, for example ds.take(n) where ds.repeat() stands"
    )
    assert values(data.repeat().take(7))["age"] == [1, 2, 3, 4, 5, 1, 2]
    nameless = problem(tf.data.Dataset.from_tensor_slices((FEATURES, [0] * ROWS)))
    assert nameless.startswith("MtlError MTL212: the data is a dataset whose elements have no names\n")
    assert nameless.endswith('ds.map(lambda x, y: (x, {"click": y})) gives a label its name')
    assert "several columns of one name: age" in problem(
        tf.data.Dataset.from_tensor_slices((FEATURES, {"age": [0] * ROWS}))
    )
    assert "column 'a' of the data is a dict, not a tensor" in problem(
        tf.data.Dataset.from_tensor_slices({"a": {"b": [1]}})
    )
    assert "holds bytes that are no UTF-8 text" in problem(tf.data.Dataset.from_tensor_slices({"a": [b"\xff"]}))
    assert problem(data.take(0)) == "MtlError MTL202: the data has no rows"
    loose = tf.data.Dataset.from_generator(lambda: iter([{"a": 1}]), output_types={"a": tf.int32})
    assert "column 'a' of the data is a tensor of unknown shape" in problem(loose)
    broken = tf.data.TextLineDataset("/nowhere/at/all").map(lambda line: {"a": line})
    said = "/nowhere/at/all; No such file or directory"
    assert problem(broken) == f"MtlError MTL212: the data is a dataset that cannot be read: {said}"


def test_other_tables_import_no_tensorflow() -> None:
    code = "import sys; from mtl_magic.data.sources import read_table; read_table({'a': [1]}); "
    code += "sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
