"""An exported model answers raw rows as `predict` does, whatever is missing or was never seen, without this package."""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from runs.asking import columns, request, values
from runs.scripts import untrained

import mtl_magic
from mtl_magic.data.encoders import HOMES
from mtl_magic.problems import MtlError

CELL = """
feature user, 名, 'item id', gapped, ratio, flag: category
feature h_user: category(hash=50, column=user)
feature h_item: category(hash=70, column='item id')
feature h_flag: category(hash=9, column=flag)
feature price: number(scale=log)
feature price_rank: number(scale=quantile, bins=0, column=price)
feature price_plain: number(scale=none, bins=0, column=price)
feature gap_number: number(column=gapped)
feature age, spelt, when: number
feature age_bin: bucket(10, column=age)
feature age_id: category(column=age)
feature steps: number(scale=quantile)
feature genres, list, ids, code: tags
feature word: tags(pool=sum)
feature vec: vector
share mlp(units=[16])
task click: binary
task buy: binary given click
task watch: regression
task kind, stars: multiclass
"""


def rows(n: int, seed: int, *, new: bool = False) -> pd.DataFrame:
    """A table with a column of every form; `new` has values that the other has not, and a row of nothing."""
    rng = np.random.default_rng(seed)
    many = 60 if new else 30

    def some(values, share=0.1):
        column = pd.Series(list(values), dtype=object)
        column[rng.random(n) < share] = None
        return column

    def words(*known):
        return [*known, *(["never"] if new else [])]

    def gaps(values):
        return pd.Series(values).mask(rng.random(n) < 0.1)

    moments = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**6, n), unit="s")
    spelt = [f" {x:.3g}" if x < 2.5 else "many" if x > 2.9 else "+7.25e0" for x in rng.random(n) * 3]
    joined = [" | ".join(rng.choice(words("a", "b", "", "ü"), rng.integers(1, 4))) for _ in range(n)]
    lists = [list(rng.choice(words("k", "l", "m "), rng.integers(0, 6))) for _ in range(n)]
    table = {
        "user": some(f"u{i}" for i in rng.integers(0, many, n)),
        "名": some(f"t{i} \n" for i in rng.integers(0, many, n)),
        "item id": pd.Series(rng.integers(-5, many, n), dtype="Int64"),
        "gapped": gaps(rng.integers(0, many, n).astype(float)),
        "ratio": gaps(rng.integers(0, many, n) / 7).astype("float32"),
        "flag": gaps(pd.array(rng.random(n) < 0.5, dtype="boolean")),
        "price": gaps(rng.lognormal(3, 2, n)),
        "age": pd.Series(rng.integers(0, 90, n), dtype="Int64"),
        "steps": gaps(rng.choice([0, 0, 1, 2, 2.5, 9], n) * (3 if new else 1)),
        "spelt": some(spelt),
        "when": gaps(moments),
        "genres": some(joined),
        "word": some(rng.choice(words(" x ", "y", "\u3000z"), n)),
        "list": some(lists),
        "ids": some([[int(i) for i in rng.integers(0, many, rng.integers(0, 3))] for _ in range(n)]),
        "code": pd.Series(rng.integers(0, 9 if new else 5, n), dtype="Int64"),
        "vec": some([[float(x) for x in v] for v in rng.standard_normal((n, 4)).astype("float32")]),
    }
    found = pd.DataFrame(table)
    if new:
        found.loc[0] = None
        return found
    chance = rng.random(n)
    found["click"], found["buy"], found["watch"] = (chance < 0.3) * 1, (chance < 0.1) * 1, chance * 5
    found["kind"], found["stars"] = rng.choice(["x y", "z", "w"], n), rng.integers(1, 4, n)
    return found


@pytest.fixture(scope="module")
def every():
    return untrained(CELL, rows(800, 0))


@pytest.fixture(scope="module")
def exported(every, tmp_path_factory):
    place = tmp_path_factory.mktemp("models") / "feed" / "1"
    every.export(place)
    return place


@functools.cache
def loaded(folder: pathlib.Path):
    import tensorflow as tf

    return tf.saved_model.load(str(folder))


def answers(folder: pathlib.Path, asked: dict) -> dict[str, np.ndarray]:
    import tensorflow as tf

    answer = loaded(folder).signatures["serving_default"]
    made = answer(**{name: tf.constant(value) for name, value in asked.items()})
    return {name: tensor.numpy() for name, tensor in made.items()}


def same(want: pd.DataFrame, got: dict[str, np.ndarray]) -> None:
    assert set(want) == set(got)
    for name in want:
        if want[name].dtype.kind == "f":
            assert np.ptp(want[name]) > 1e-4, f"{name} tells rows apart"
            np.testing.assert_allclose(got[name], want[name], rtol=1e-6, atol=1e-6, err_msg=name)
        else:
            said = [v.decode() if isinstance(v, bytes) else v for v in got[name].tolist()]
            assert said == want[name].tolist()


def test_raw_rows_are_answered_as_predict_does(every, exported):
    new = rows(300, 5, new=True)
    same(every.predict(new), answers(exported, request(columns(exported), new)))


@pytest.mark.parametrize("precision", ["float32", "mixed"])
def test_a_run_that_was_loaded_and_a_layer_of_ones_own(tmp_path, precision):
    import keras

    cell = "feature user: category\nfeature list: tags\nfeature when, price: number\nfeature vec: vector\n"
    cell += f"share {{keras.layers.Dense(6, 'gelu')}}\ntask watch: regression\ntrain precision={precision}"
    made = untrained(cell, rows(800, 0), {"keras": keras})
    dataclasses.replace(made, history=pd.DataFrame({"epoch": [1]})).save(tmp_path / "run")
    run, new = mtl_magic.load(tmp_path / "run"), rows(50, 6, new=True)
    run.export(tmp_path / "m")
    want, got = run.predict(new), answers(tmp_path / "m", request(columns(tmp_path / "m"), new))
    np.testing.assert_allclose(got["watch"], want["watch"], rtol=1e-6, atol=1e-6)


def test_a_run_of_format_1(tmp_path):
    """Its encoders do not say what their columns were of."""
    folder = pathlib.Path(__file__).parent / "format_1"
    run = mtl_magic.load(folder / "feed")
    run.export(tmp_path / "m")
    fields = columns(tmp_path / "m")
    new = pd.DataFrame({f["column"]: absent(f) for f in fields})
    same_first(run.predict(new), answers(tmp_path / "m", request(fields, new)))


def absent(field: dict) -> list:
    """Two rows without a value."""
    return [None, None] if field["dtype"] == "string" or len(field["shape"]) > 1 else [np.nan, np.nan]


def same_first(want: pd.DataFrame, got: dict[str, np.ndarray]) -> None:
    for name in want.select_dtypes("number"):
        np.testing.assert_allclose(got[name], want[name], rtol=1e-6, atol=1e-6, err_msg=name)


def test_one_row_alone(every, exported):
    new = rows(300, 5, new=True)
    got = answers(exported, request(columns(exported), new.iloc[:1]))
    assert {name: len(value) for name, value in got.items()} == dict.fromkeys(got, 1)


@pytest.mark.parametrize("number", [np.inf, -np.inf, 1e300, -1e300, -0.0, 2.0**63, 1e-40, 3e-308])
def test_odd_numbers(every, exported, number):
    new = rows(3, 7, new=True)
    for name in ("price", "gapped", "steps"):
        new[name] = number
    want, got = every.predict(new), answers(exported, request(columns(exported), new))
    np.testing.assert_allclose(got["click"], want["click"], rtol=1e-6, atol=1e-6)


def test_a_fresh_process_needs_neither_this_package_nor_keras(every, exported, tmp_path):
    new = rows(40, 8, new=True)
    asked = request(columns(exported), new)
    np.savez(tmp_path / "asked.npz", **{k: v.astype("U") if v.dtype == object else v for k, v in asked.items()})
    script = f"""
import sys
sys.modules["mtl_magic"] = sys.modules["keras"] = None
import numpy as np, tensorflow as tf
asked = np.load({str(tmp_path / "asked.npz")!r})
answer = tf.saved_model.load({str(exported)!r}).signatures["serving_default"]
made = answer(**{{k: tf.constant(v.tolist() if v.dtype.kind == "U" else v) for k, v in asked.items()}})
np.savez({str(tmp_path / "made.npz")!r}, **{{k.replace(":", "%"): v.numpy().astype("U" if v.dtype == tf.string else None) for k, v in made.items()}})
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)
    with np.load(tmp_path / "made.npz") as made:
        same(every.predict(new), {k.replace("%", ":"): v for k, v in made.items()})


def test_vocabularies_are_files_of_it_and_none_is_read_elsewhere(exported):
    files = {p.name for p in (exported / "assets").iterdir()}
    assert {"user.txt", "item_id.txt", "ids.txt"} <= files
    assert "n_51a5d6.txt" not in files, "words with lines of their own are in the graph"


def test_columns_json_says_what_a_request_holds(exported):
    about = json.loads((exported / "assets.extra" / "columns.json").read_text())
    fields = {i["column"]: i for i in about["inputs"]}
    assert fields["item id"] == {
        "column": "item id",
        "tensor": "item_id",
        "holds": "whole numbers",
        "dtype": "int64",
        "shape": [-1],
        "missing": -(2**63),
    }
    assert {c: f["dtype"] for c, f in fields.items() if c in ("gapped", "age", "spelt", "vec")} == {
        "gapped": "float64",
        "age": "int64",
        "spelt": "string",
        "vec": "float32",
    }
    assert fields["vec"]["shape"] == [-1, 4]
    assert fields["ids"]["shape"] == [-1, -1]
    assert about["outputs"][:2] == ["click", "buy"]


def test_every_encoder_has_a_mirror():
    from mtl_magic.runs.export.encoders import MIRRORS

    assert set(MIRRORS) == set(HOMES)


def test_the_hash_is_that_of_the_encoder():
    import tensorflow as tf

    from mtl_magic.data.hashed import hashes
    from mtl_magic.runs.export.encoders import siphash

    words = ["", "a", "ü", "12345678", "x" * 1000, *map(str, range(5000))]
    assert (siphash(tf.constant(words)).numpy() == hashes(pa.array(words))).all()


def test_an_encoder_without_a_mirror_is_an_error(every, tmp_path, monkeypatch):
    from mtl_magic.runs.export.encoders import MIRRORS

    monkeypatch.delitem(MIRRORS, "bucket")
    with pytest.raises(MtlError, match="'bucket'") as caught:
        every.export(tmp_path / "m")
    assert [p.code for p in caught.value.problems] == ["MTL450"]
    assert list(tmp_path.iterdir()) == []


def test_one_column_as_two_things_is_an_error(tmp_path):
    table = pd.DataFrame({"v": [[1.0, 2.0], [3.0, 5.0]] * 200, "click": [0, 1, 1, 0] * 100})
    run = untrained("feature v: vector\nfeature t: tags(column=v)\ntask click: binary", table)
    with pytest.raises(MtlError, match="'v' vectors, 't' lists of whole numbers") as caught:
        run.export(tmp_path / "m")
    assert [p.code for p in caught.value.problems] == ["MTL450"]


def test_hashed_fractions_are_texts(tmp_path):
    values = pd.Series([0.5, 1 / 3, 3.0, 1e-7, None, 2.5] * 100)
    table = pd.DataFrame({"f": values, "click": [0, 1, 1, 0, 1, 0] * 100})
    cell = "feature h: category(hash=1000, column=f)\nfeature v: category(column=f)\nfeature n: number(column=f)"
    run = untrained(f"{cell}\ntask click: binary", table)
    run.export(tmp_path / "m")
    fields = columns(tmp_path / "m")
    assert [f["dtype"] for f in fields] == ["string"]
    new = pd.DataFrame({"f": [0.5, 1 / 3, 3.0, 1e-7, np.nan, 7.25]})
    same(run.predict(new), answers(tmp_path / "m", request(fields, new)))


def test_large_ids_and_an_empty_vocabulary(tmp_path):
    big = np.arange(2**63 - 3, 2**63 + 3, dtype="uint64")
    table = pd.DataFrame({"big": np.tile(big, 100), "rare": ["a", "b", "c"] * 200, "click": [0, 1, 1, 0, 1, 0] * 100})
    cell = "feature big: category\nfeature rare: category(min_count=500)\ntask click: binary"
    run = untrained(cell, table)
    run.export(tmp_path / "m")
    new = pd.DataFrame({"big": [*big[:2], *big[4:], 7], "rare": ["a", "", "b", None, "z"]})
    made = answers(tmp_path / "m", {"big": new["big"].to_numpy("uint64"), "rare": new["rare"].fillna("").to_list()})
    same(run.predict(new), made)


def test_a_real_log(tmp_path):
    feed = mtl_magic.datasets.kuairand_sample()
    cell = "ignore long_view, is_like, is_follow, is_comment, is_forward, is_hate, play_time_ms, is_profile_enter\n"
    named = [name for name in cell.removeprefix("ignore ").strip().split(", ") if name in feed]
    run = untrained(f"ignore {', '.join(named)}\ntask is_click: binary", feed.iloc[:20_000])
    new = feed.iloc[20_000:22_000].copy()
    new.iloc[::7, new.columns.get_loc("user_id")] = -1
    run.export(tmp_path / "m")
    same(run.predict(new), answers(tmp_path / "m", request(columns(tmp_path / "m"), new)))


def test_nothing_but_an_export_is_replaced(run, tmp_path):
    place = tmp_path / "m"
    place.mkdir()
    (place / "precious").write_text("precious")
    with pytest.raises(MtlError) as caught:
        run.export(place, overwrite=True)
    assert [p.code for p in caught.value.problems] == ["MTL410"]
    assert (place / "precious").read_text() == "precious"
    run.export(tmp_path / "n")
    with pytest.raises(MtlError, match="overwrite=True"):
        run.export(tmp_path / "n")
    run.export(tmp_path / "n", overwrite=True)
    assert {p.name for p in tmp_path.iterdir()} == {"m", "n"}
    with pytest.raises(MtlError) as caught:
        run.export(tmp_path / "o", format="pmml")
    assert [p.code for p in caught.value.problems] == ["MTL451"]


def test_onnx_answers_encoded_rows_as_the_model_does(every, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    every.export(tmp_path / "feed.onnx", format="onnx")
    new = rows(300, 5, new=True)
    session = onnxruntime.InferenceSession(tmp_path / "feed.onnx")
    made = dict(zip([o.name for o in session.get_outputs()], session.run(None, every.encode(new)), strict=True))
    want = every.predict(new)
    assert set(made) == {key for key, _ in every.outputs}
    np.testing.assert_allclose(made["click"][:, 0], want["click"], atol=1e-5)
    np.testing.assert_allclose(made["buy_given_click"][:, 0], want["buy|click"], atol=1e-5)
    np.testing.assert_allclose(made["kind"], want[["kind:w", "kind:x y", "kind:z"]], atol=1e-5)


def test_without_tf2onnx_the_error_says_how_to_get_it(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    monkeypatch.setitem(sys.modules, "tf2onnx.convert", None)
    with pytest.raises(MtlError, match=r"mtl-magic\[onnx\]") as caught:
        run.export(tmp_path / "feed.onnx", format="onnx")
    assert [p.code for p in caught.value.problems] == ["MTL452"]


def test_a_request_is_made_of_a_table_as_documented():
    field = {"dtype": "int64", "shape": [-1, -1], "holds": "whole numbers"}
    lists = values(pd.Series([[1, 2], None]), field)
    assert lists.tolist() == [[1, 2], [-(2**63), -(2**63)]]
