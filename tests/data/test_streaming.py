"""Tables read piece by piece: the same vocabularies and ids as in memory, every row in one part, nothing left behind."""

from __future__ import annotations

import gc
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from data.cells import CELL, feed, program

from mtl_magic.data.encode import encode_table
from mtl_magic.data.prepare import prepare
from mtl_magic.data.streaming import fragments, road, room
from mtl_magic.data.streaming.scratch import Scratch
from mtl_magic.data.streaming.source import Source, opened
from mtl_magic.data.streaming.spool import Spool
from mtl_magic.problems import MtlError

EVERY = """\
task click: binary
task rating: multiclass
task watch: regression given click
feature user_id, city, shop: category
feature visits: category(hash=50)
feature price, age
feature level: bucket(5, column=price)
feature genres: tags
feature vec: vector
"""


def log(rows: int = 5000, seed: int = 1) -> pd.DataFrame:
    """`feed` with a column for every kind of encoder."""
    rng = np.random.default_rng(seed)
    frame = feed(rows, seed).reset_index(drop=True)
    frame["age"] = rng.integers(0, 90, rows)
    frame["shop"] = pd.Series(rng.integers(0, 900, rows)).where(rng.random(rows) < 0.9)  # whole numbers with gaps
    frame["visits"] = rng.integers(0, 10_000, rows)
    frame["vec"] = [row if k % 50 else None for k, row in enumerate(rng.standard_normal((rows, 3)).tolist())]
    return frame


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Batches and pools of a size that a small table has several of."""
    monkeypatch.setattr("mtl_magic.data.streaming.fragments.BATCH", 700)
    monkeypatch.setattr("mtl_magic.data.streaming.source.BATCH", 700)
    monkeypatch.setattr("mtl_magic.data.streaming.prepare.BATCH", 700)
    monkeypatch.setattr("mtl_magic.data.streaming.spool.POOL", 1600)


@pytest.fixture
def files(tmp_path):
    """A glob of files of unequal lengths, and the frame that they hold."""
    frame = log()
    for k, (start, stop) in enumerate([(0, 1900), (1900, 2000), (2000, 5000)]):
        table = pa.Table.from_pandas(frame.iloc[start:stop], preserve_index=False)
        pq.write_table(table, tmp_path / f"part-{k}.parquet", row_group_size=800)
    return str(tmp_path / "part-*.parquet"), frame


def rows_of(part) -> np.ndarray:
    """All that a part holds, its rows sorted."""
    ids, floats, labels = (np.concatenate(side) for side in zip(*part.chunks(333), strict=True))
    whole = np.concatenate([ids, floats, np.nan_to_num(labels, nan=-9)], axis=1).astype("float64")
    return whole[np.lexsort(whole.T)]


def assert_same_schema(one, other) -> None:
    for a, b in zip(one.features, other.features, strict=True):
        (plain, arrays), (others, more) = a.encoder.state(), b.encoder.state()
        assert plain.keys() == others.keys()
        for key, value in plain.items():
            assert value == (pytest.approx(others[key], rel=1e-9) if isinstance(value, float) else others[key]), key
        for key, value in arrays.items():
            same = value.equals(more[key]) if isinstance(value, pa.Array) else np.allclose(value, more[key])
            assert same or value.to_pylist() == more[key].to_pylist(), (a.name, key)
        assert (a.ids, a.floats, a.kind.word) == (b.ids, b.floats, b.kind.word)
    for a, b in zip(one.tasks, other.tasks, strict=True):
        assert (a.name, a.classes, a.rows, a.observed) == (b.name, b.classes, b.rows, b.observed)
        found = (a.mean, a.std, a.constant_loss, *a.frequencies)
        assert found == pytest.approx((b.mean, b.std, b.constant_loss, *b.frequencies), rel=1e-9)


def test_streaming_learns_what_memory_learns(files):
    """For the same training rows: those before a moment."""
    path, _ = files
    cell = program(EVERY + "split valid=8 time=day\n")
    one, other = prepare(cell, [path], stream=True), prepare(cell, [path], stream=False)
    assert_same_schema(one.schema, other.schema)
    assert np.allclose(rows_of(one.train[0]), rows_of(other.train[0]), atol=1e-5)
    assert np.allclose(one.valid.labels, other.valid.labels, equal_nan=True), "the order of validation rows stays"
    assert [len(one.train[0]), len(one.valid)] == [len(other.train[0]), len(other.valid)]
    assert np.array_equal(np.concatenate([ids for ids, _, _ in one.valid.chunks(100)]), other.valid.ids)


@pytest.mark.parametrize(
    "split", ["valid=0.2 test=0.1", "valid=0.2 test=0.2 group=user_id", "valid=0.3 stratify=rating"]
)
def test_each_row_is_in_one_part(files, split):
    path, frame = files
    made = prepare(program(EVERY + f"split {split}\n"), [path], stream=True)
    parts = [part for part in (made.train[0], made.valid, made.test) if part is not None]
    assert sum(map(len, parts)) == len(frame)
    whole = encode_table(made.schema, frame)
    together = np.concatenate([rows_of(part) for part in parts])
    assert np.array_equal(together[np.lexsort(together.T)], rows_of(whole))
    assert len(made.valid) == pytest.approx(float(split[6:9]) * len(frame), rel=0.1 if "group" not in split else 0.5)
    if "group" in split:
        user = made.schema.feature("user_id").ids[0]
        users = [set(np.concatenate([ids for ids, _, _ in part.chunks(99)])[:, user]) for part in parts]
        assert not (users[0] - {0, 1}) & users[1], "a group of the validation part is unknown to training"


def test_the_division_does_not_depend_on_how_the_rows_are_read(files, monkeypatch):
    path, frame = files
    cell = program(CELL + "split valid=0.2 test=0.1\n")
    one = prepare(cell, [path], stream=True)
    monkeypatch.setattr("mtl_magic.data.streaming.source.BATCH", 250)
    other = prepare(cell, [frame], stream=True)
    for a, b in zip((one.train[0], one.valid, one.test), (other.train[0], other.valid, other.test), strict=True):
        assert np.array_equal(rows_of(a), rows_of(b))


def test_tables_of_their_own_and_extras(files):
    path, frame = files
    cell = program("task click: binary(metrics=[gauc(group=user_id)])\nignore vec\n")
    later = log(900, seed=5)
    made = prepare(cell, [path], later, later.iloc[:300], stream=True)
    assert [len(made.train[0]), len(made.valid), len(made.test)] == [5000, 900, 300]
    assert made.valid.extras["user_id"].tolist() == later["user_id"].tolist()
    known = prepare(cell, [frame], later, later.iloc[:300])
    assert np.array_equal(made.valid.labels, known.valid.labels)
    assert np.array_equal(rows_of(made.valid), rows_of(known.valid))


def test_the_sample_is_spread_and_the_counts_are_exact(files, monkeypatch):
    """Rows of which a sample is looked at: values and classes that the sample lacks are known all the same."""
    path, frame = files
    monkeypatch.setattr(road, "SAMPLE", 1000)
    cell = program(
        "task click: binary\ntask rating: multiclass\nfeature shop: category\nfeature price\nsplit valid=none\n"
    )
    one, other = prepare(cell, [path], stream=True), prepare(cell, [path])
    shops = [made.schema.feature("shop").encoder.vocabulary.to_pylist() for made in (one, other)]
    assert shops[0] == shops[1]
    prices = [made.schema.feature("price").encoder for made in (one, other)]
    assert prices[0].mean == pytest.approx(prices[1].mean, rel=1e-9)
    assert (
        np.abs(
            np.searchsorted(np.sort(frame["price"].dropna()), prices[0].cuts) / frame["price"].count()
            - np.searchsorted(np.sort(frame["price"].dropna()), prices[1].cuts) / frame["price"].count()
        ).max()
        < 0.05
    )
    table, numbers = opened(path, "the data").sample(1000)
    assert 700 < len(table) < 1300
    assert np.array_equal(np.diff(numbers) > 0, np.ones(len(numbers) - 1, bool))
    assert table["visits"].to_pylist() == frame["visits"].iloc[numbers].tolist()
    assert np.histogram(numbers, 5, (0, 5000))[0].min() > 100


def test_classes_that_only_the_rest_has(tmp_path, monkeypatch):
    frame = log(4000)
    frame.loc[frame.index[17], "rating"] = 99
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "a.parquet", row_group_size=500)
    monkeypatch.setattr(road, "SAMPLE", 400)
    made = prepare(program("task rating: multiclass\nfeature city\nsplit valid=none\n"), [str(tmp_path)], stream=True)
    assert made.schema.task("rating").classes == (1, 2, 3, 4, 5, 99)


@pytest.mark.parametrize("form", ["dataset", "fragment", "filtered", "iterator", "table", "csv"])
def test_forms_of_data(files, tmp_path, form):
    frame = files[1]
    whole = ds.dataset(str(tmp_path), format="parquet")
    wanted = len(frame)
    if form == "csv":
        frame.assign(vec=0.5).to_csv(tmp_path / "log.csv", index=False)
    if form == "filtered":
        wanted = int((frame["day"] > 5).sum())
    data = {
        "dataset": lambda: whole,
        "fragment": lambda: ds.dataset(pa.Table.from_pandas(frame)),
        "filtered": lambda: whole.filter(ds.field("day") > 5),
        "iterator": whole.get_fragments,
        "table": lambda: frame,
        "csv": lambda: str(tmp_path / "log.csv"),
    }[form]
    cell = program(CELL + "ignore vec\nsplit valid=none\n")
    one, other = (prepare(cell, [data()], stream=stream) for stream in (True, False))
    assert len(one.train[0]) == len(other.train[0]) == wanted
    assert_same_schema(one.schema, other.schema)
    assert np.allclose(rows_of(one.train[0]), rows_of(other.train[0]), atol=1e-5)


def test_folders_that_name_a_column(tmp_path):
    frame = log(1500)
    frame["click"] = frame["click"].astype("int64")
    ds.write_dataset(
        pa.Table.from_pandas(frame),
        tmp_path,
        format="parquet",
        partitioning=ds.partitioning(pa.schema([("city", pa.string())]), flavor="hive"),
    )
    whole = ds.dataset(tmp_path, format="parquet", partitioning="hive")
    cell = program("task click: binary\nfeature city, price\nsplit valid=none\n")
    one, other = (prepare(cell, [whole], stream=stream) for stream in (True, False))
    assert (
        one.schema.feature("city").encoder.vocabulary.to_pylist()
        == other.schema.feature("city").encoder.vocabulary.to_pylist()
    )
    assert np.allclose(rows_of(one.train[0]), rows_of(other.train[0]), atol=1e-6)


def test_a_csv_whose_types_widen_later(tmp_path):
    lines = ["x,s,click,pad", *(f"{k},,{k % 2},{'-' * 500}" for k in range(3000)), "1.5,late,1,"]
    (tmp_path / "a.csv").write_text("\n".join(lines))  # more than the block that Arrow takes the types from
    cell = program("task click\nfeature x, s: category(min_count=1)\nsplit valid=none\n")
    made = prepare(cell, [str(tmp_path / "a.csv")], stream=True)
    assert made.schema.feature("s").encoder.missing == pytest.approx(3000 / 3001)
    assert made.schema.feature("s").encoder.vocabulary.to_pylist() == ["late"]
    assert len(made.train[0]) == 3001


def test_a_group_stands_where_its_latest_row_does(tmp_path):
    """Groups that come and go, rows without a group or a time: the parts are those of memory."""
    rng = np.random.default_rng(0)
    frame = log(4000)
    frame["session"] = [f"s{k}" if k % 13 else None for k in np.arange(4000) // 20 + rng.integers(0, 3, 4000)]
    frame["time"] = np.where(rng.random(4000) < 0.01, np.nan, np.arange(4000) + rng.integers(0, 50, 4000))
    frame = frame.sample(frac=1, random_state=0)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "a.parquet", row_group_size=900)
    cell = program("task click\nignore session, time, vec\nsplit valid=0.2 test=0.1 time=time group=session\n")
    one, other = (prepare(cell, [str(tmp_path)], stream=stream) for stream in (True, False))
    for a, b in ((one.train[0], other.train[0]), (one.valid, other.valid), (one.test, other.test)):
        assert np.allclose(rows_of(a), rows_of(b), atol=1e-5)
    assert one.notes[1:] == other.notes


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("task no\n", "MTL201"),
        ("task click\nfeature nope\n", "MTL201"),
        ("task click\nfeature city: number\n", "MTL208"),
        ("task click from nowhere\n", "MTL021"),
        ("task click\nsplit valid=0.2 time=city\n", "MTL211"),
        ("task click: binary\ntask rating: binary\n", "MTL204"),
    ],
)
def test_problems_are_those_of_memory(files, cell, code):
    said = []
    for stream in (True, False):
        with pytest.raises(MtlError) as caught:
            prepare(program(cell), [files[0]], stream=stream)
        said.append([(p.code, p.message, p.span, p.hint) for p in caught.value.problems])
    assert said[0] == said[1]
    assert code in {found[0] for found in said[0]}


def test_a_value_that_only_a_later_batch_has_is_named_at_its_line(tmp_path, monkeypatch):
    frame = log(3000)
    frame["vec"] = frame["vec"].map(lambda v: v if v is not None else [0.0, 0.0, 0.0])
    frame["vec"] = [*frame["vec"][:2900], [1.0], *frame["vec"][2901:]]
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "a.parquet", row_group_size=100)
    monkeypatch.setattr(road, "SAMPLE", 10)
    with pytest.raises(MtlError) as caught:
        prepare(program("task click\nfeature vec: vector\nsplit valid=none\n"), [str(tmp_path)], stream=True)
    assert [(p.code, p.span.line) for p in caught.value.problems] == [("MTL208", 2)]


def test_nothing_is_left_behind(files, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    made = prepare(program(CELL), [files[0]], stream=True)
    assert set(tmp_path.iterdir()) - before
    made.close()
    assert set(tmp_path.iterdir()) == before
    made = prepare(program(CELL), [files[0]], stream=True)
    train = made.train[0]
    del made
    gc.collect()
    assert len(list(train.chunks(10_000))) == 1, "the files are there while a part is"
    del train
    gc.collect()
    assert set(tmp_path.iterdir()) == before
    with pytest.raises(MtlError):
        prepare(program("task click\nfeature city: number\n"), [files[0]], stream=True)
    assert set(tmp_path.iterdir()) == before


def test_nothing_is_left_behind_by_an_interpreter_that_ends(tmp_path):
    code = (
        f"import tempfile; tempfile.tempdir = {str(tmp_path)!r}\n"
        "from mtl_magic.data.streaming.scratch import Scratch\n"
        "kept = Scratch(); kept.file('x').write_text('x')\n"
        "raise ValueError\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said(files, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mtl_magic.data.streaming.spool.pq.ParquetWriter.write_table", full)
    with pytest.raises(MtlError) as caught:
        prepare(program(CELL), [files[0]], stream=True)
    assert caught.value.problems[0].code == "MTL217"
    assert "TMPDIR" in caught.value.problems[0].hint


def test_the_road(files, monkeypatch):
    path, frame = files
    cell = program(CELL)
    assert prepare(cell, [path]).scratch is None
    monkeypatch.setattr(road, "SMALL", 0)
    size = room.size_of(opened(path, "the data"))
    assert size == pytest.approx(pa.Table.from_pandas(frame).nbytes, rel=0.2)
    monkeypatch.setattr(room, "free", lambda: int(size / road.SHARE * 1.2))
    assert prepare(cell, [path]).scratch is None
    monkeypatch.setattr(room, "free", lambda: int(size / road.SHARE * 0.8))
    made = prepare(cell, [path])
    assert made.scratch is not None
    assert "piece by piece" in made.notes[0]
    assert prepare(cell, [path], stream=False).scratch is None


class Heard(list):
    def __call__(self, *said):
        self.append(said)


def test_progress_is_told_on_both_roads(files):
    for stream in (True, False):
        heard = Heard()
        prepare(program(CELL), [files[0]], stream=stream, tell=heard)
        kinds = list(dict.fromkeys(what for what, *_ in heard))
        assert kinds == ["reading", "counting", "encoding"]
        assert heard[-1][3] == ("rows" if stream else "columns")
        done = [done for what, done, total, _ in heard if what == "encoding"]
        assert done == sorted(done)
    assert [said for said in heard if said[0] == "encoding"]


def test_a_spool_gives_back_what_it_took():
    rng = np.random.default_rng(0)
    arrays = rng.integers(0, 9, (5000, 3), "int32"), np.empty((5000, 0), "float32"), rng.random((5000, 2), "float32")
    for what in ("train", "valid"):
        spool = Spool(Scratch(), what, (3, 0, 2), mixes=what == "train")
        for start in range(0, 5000, 777):
            spool.add(tuple(side[start : start + 777] for side in arrays))
        part = spool.close()
        chunks = list(part.chunks(640))
        assert [len(labels) for *_, labels in chunks] == [640] * 7 + [520]
        found = np.concatenate([labels for *_, labels in chunks])
        assert np.array_equal(found, arrays[2]) == (what == "valid"), "training rows are mixed, the others are not"
        assert np.array_equal(np.sort(found[:, 0]), np.sort(arrays[2][:, 0]))
        ids = np.concatenate([ids for ids, *_ in chunks])
        assert set(map(tuple, np.hstack([ids, found]))) == set(map(tuple, np.hstack([arrays[0], arrays[2]])))
        assert np.array_equal(part.labels[:, 1], part.label(1))


def test_columns_that_files_lack_or_spell_otherwise(tmp_path):
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": [0.5], "c": [True]}), tmp_path / "2.parquet")
    source = opened(str(tmp_path), "the data")
    ((start, table),) = list(source.batches())
    assert {n: table[n].to_pylist() for n in table.names} == {
        "a": [1.0, 2.0, 0.5],
        "b": ["x", "y", None],
        "c": [None, None, True],
    }
    assert isinstance(source, Source)
    assert start == 0
    assert fragments.BATCH == 700


def test_a_pipeline_that_outgrows_memory_is_copied_once(monkeypatch):
    tf = pytest.importorskip("tensorflow")
    frame = log(3000)
    read = []

    def rows():
        read.append(1)
        for start in range(0, 3000, 500):
            yield {name: frame[name].iloc[start : start + 500].to_numpy() for name in ("user_id", "price", "click")}

    shapes = {name: tf.TensorSpec((None,), tf.float64) for name in ("user_id", "price", "click")}
    data = tf.data.Dataset.from_generator(rows, output_signature=shapes)
    cell = program("task click\nfeature user_id: category\nfeature price\nsplit valid=none\n")
    known = prepare(cell, [data])
    assert (known.scratch, len(read)) == (None, 1)
    monkeypatch.setattr(room, "free", lambda: 150_000)
    made = prepare(cell, [data])
    assert (made.scratch is None, len(read)) == (False, 2)
    assert_same_schema(made.schema, known.schema)
    assert np.allclose(rows_of(made.train[0]), rows_of(known.train[0]), atol=1e-6)
