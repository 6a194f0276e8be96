from __future__ import annotations

import decimal
import gzip
import pathlib

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtl_magic.data.sources import joined, read_table
from mtl_magic.problems import MtlError


def problem(data: object, title: str = "the data") -> str:
    with pytest.raises(MtlError) as caught:
        read_table(data, title)
    return str(caught.value)


FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"], "c": [0.5, np.nan, 2.0]})
VALUES = {"a": [1, 2, 3], "b": ["x", None, "z"], "c": [0.5, None, 2.0]}


def values(table: object) -> dict[str, list[object]]:
    found = read_table(table)
    assert len(found) == 3
    return {name: found[name].to_pylist() for name in found.names}


@pytest.mark.parametrize(
    "data",
    [
        FRAME,
        FRAME.convert_dtypes(),
        FRAME.convert_dtypes(dtype_backend="pyarrow"),
        pl.from_pandas(FRAME),
        pl.from_pandas(FRAME).lazy(),
        pa.Table.from_pandas(FRAME),
        pa.RecordBatch.from_pandas(FRAME),
        VALUES,
        {k: pa.array(v) for k, v in VALUES.items()},
        {k: pl.Series(v) for k, v in VALUES.items()},
        {k: FRAME[k] for k in FRAME},
        {k: FRAME[k].to_numpy() for k in FRAME},
    ],
    ids=lambda d: type(d).__name__,
)
def test_tables_of_every_kind(data: object) -> None:
    assert values(data) == VALUES


def test_the_index_of_a_frame_is_kept() -> None:
    assert read_table(FRAME.set_axis([7, 8, 9])).index.tolist() == [7, 8, 9]
    assert read_table(VALUES).index.tolist() == [0, 1, 2]


def test_the_frame_is_not_changed() -> None:
    before = FRAME.copy(deep=True)
    read_table(FRAME)
    pd.testing.assert_frame_equal(FRAME, before)


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.csv.gz", "t.tsv"])
def test_files(tmp_path: pathlib.Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("parquet"):
        FRAME.set_axis([7, 8, 9]).to_parquet(path)
    else:
        FRAME.to_csv(path, index=False, sep="\t" if "tsv" in name else ",")
    assert values(path) == VALUES
    assert values(str(path)) == VALUES
    if name.endswith("parquet"):
        assert read_table(path).index.tolist() == [7, 8, 9]


def test_globs_and_folders(tmp_path: pathlib.Path) -> None:
    FRAME[:1].to_csv(tmp_path / "part-1.csv", index=False)
    FRAME[1:].to_csv(tmp_path / "part-2.csv", index=False)
    assert values(str(tmp_path / "part-*.csv")) == VALUES
    assert values(str(tmp_path)) == VALUES


def test_files_of_different_types_meet(tmp_path: pathlib.Path) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,1\n")
    (tmp_path / "2.csv").write_text("a,b,c\n2.5,x,5\n")
    (tmp_path / "3.csv").write_text("a,b\n")
    table = read_table(str(tmp_path / "*.csv"))
    assert {n: table[n].to_pylist() for n in table.names} == {"a": [1.0, 2.5], "b": ["1", "x"], "c": [None, 5]}


def test_csv_that_changes_its_mind_after_the_first_block(tmp_path: pathlib.Path) -> None:
    rows = 300_000
    body = "".join(f"{i},{i},{i}\n" for i in range(rows)) + "2.5,x,\n"
    with gzip.open(tmp_path / "t.csv.gz", "wt", compresslevel=1) as file:
        file.write("number,text,whole\n" + body)
    table = read_table(tmp_path / "t.csv.gz")
    assert len(table) == rows + 1
    assert [str(table[n].type) for n in table.names] == ["double", "string", "int64"]
    assert [table[n][rows].as_py() for n in table.names] == [2.5, "x", None]


def test_na_is_a_word_in_a_text_column_and_missing_in_a_number_column(tmp_path: pathlib.Path) -> None:
    (tmp_path / "t.csv").write_text("word,number\nNA,1\nMexican,NA\n,3\n")
    assert values(tmp_path / "t.csv") == {"word": ["NA", "Mexican", None], "number": [1, None, 3]}


def test_awkward_pandas_columns() -> None:
    frame = pd.DataFrame(
        {
            "mixed": pd.Series([1, "a", None], dtype=object),
            "period": pd.period_range("2022-01", periods=3, freq="M"),
            "interval": pd.IntervalIndex.from_breaks([0, 1, 2, 3]),
            "sparse": pd.arrays.SparseArray([1, 0, 2]),
            "half": np.array([1, 2, 3], "float16"),
            "decimal": [decimal.Decimal("1.5"), None, decimal.Decimal(2)],
            "flags": pd.Series([True, None, False], dtype=object),
            "mixed category": pd.Categorical([1, "a", 1]),
            "image": [np.ones((2, 2)), np.zeros((2, 2)), None],
            "gone": [None, None, None],
        }
    )
    found = values(frame)
    assert found["mixed"] == ["1", "a", None]
    assert found["period"] == ["2022-01", "2022-02", "2022-03"]
    assert found["interval"] == ["(0, 1]", "(1, 2]", "(2, 3]"]
    assert found["sparse"] == [1, 0, 2]
    assert found["half"] == [1, 2, 3]
    assert found["decimal"] == [1.5, None, 2]
    assert found["flags"] == [True, None, False]
    assert found["mixed category"] == ["1", "a", "1"]
    assert found["image"] == [[1.0] * 4, [0.0] * 4, None]
    assert found["gone"] == [None] * 3


def test_arrays_of_more_dimensions_are_vectors() -> None:
    table = read_table({"x": np.arange(12, dtype="uint8").reshape(3, 2, 2), "y": np.zeros((3, 2))})
    assert str(table["x"].type) == "fixed_size_list<item: float>[4]"
    assert table["x"].to_pylist()[1] == [4, 5, 6, 7]
    assert str(table["y"].type) == "fixed_size_list<item: double>[2]"


def test_what_is_no_table() -> None:
    assert problem([1, 2]) == (
        "MtlError MTL212: the data is a list, not a table\n"
        "a table is a pandas, polars or pyarrow table, a dict of arrays, or a quoted path of Parquet or CSV files"
    )
    assert problem(FRAME.rename(columns={"a": "b"}), "the test table") == (
        "MtlError MTL212: the test table has several columns of one name: b\n"
        "rename one of them, or keep the first: df.loc[:, ~df.columns.duplicated()]"
    )
    assert problem(pd.DataFrame(np.ones((2, 2)))) == (
        "MtlError MTL212: the data has columns whose names are no text: 0, 1\n"
        "name them by text first, for example df.columns = [str(c) for c in df.columns]"
    )
    assert problem(FRAME[:0]) == "MtlError MTL202: the data has no rows"
    assert problem({}) == "MtlError MTL202: the data has no rows"
    assert problem({"a": []}) == "MtlError MTL202: the data has no rows"
    assert problem({"a": [1], "b": [1, 2]}) == "MtlError MTL212: the data has columns of different lengths: a 1, b 2"
    assert problem({"a": 5}) == "MtlError MTL212: column 'a' of the data is an int, not a column of values"
    assert problem({"a": np.array([1j])}) == (
        "MtlError MTL212: column 'a' of the data has values of type complex128, which no column can hold"
    )
    assert problem({"a": [[1], 2]}) == "MtlError MTL212: column 'a' of the data holds values of different shapes"


def test_files_that_are_not_there_or_broken(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    where = f"\npaths are read from {pathlib.Path.cwd()}"
    assert (
        problem("no.csv", "the validation table")
        == "MtlError MTL213: the validation table: there is no file 'no.csv'" + where
    )
    assert problem("no*.csv") == "MtlError MTL213: the data: no file matches 'no*.csv'" + where
    (tmp_path / "t.txt").write_text("x")
    assert problem("t.txt").startswith("MtlError MTL213: the data: 't.txt' is neither a Parquet nor a CSV file\n")
    (tmp_path / "t.parquet").write_text("x")
    assert problem("t.parquet").startswith("MtlError MTL213: the data: 't.parquet' cannot be read: ")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n")
    assert problem("t.csv").startswith("MtlError MTL213: the data: 't.csv' cannot be read: ")
    (tmp_path / "e.csv").write_text("")
    assert problem("e.csv").startswith("MtlError MTL213: the data: 'e.csv' cannot be read: ")


def test_parquet_keeps_types(tmp_path: pathlib.Path) -> None:
    table = pa.table(
        {
            "t": pa.array(["a", None], pa.dictionary(pa.int32(), pa.string())),
            "v": pa.array([[1.0], [2.0]], pa.list_(pa.float32(), 1)),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    found = read_table(tmp_path / "t.parquet")
    assert found["t"].to_pylist() == ["a", None]
    assert found["v"].to_pylist() == [[1.0], [2.0]]


def test_names_are_found_by_their_composed_form() -> None:
    table = read_table({"cafe\u0301": [1]})
    assert table.resolve("caf\u00e9") == "cafe\u0301"
    assert table.resolve("cafe") is None


def test_joined_tables() -> None:
    one = read_table(pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "d": [True, False]}, index=["p", "q"]))
    two = read_table({"a": [0.5], "c": [[1, 2]], "b": [None], "d": ["?"]})
    both = joined([one, two])
    assert {n: both[n].to_pylist() for n in both.names} == {
        "a": [1, 2, 0.5],
        "b": ["x", "y", None],
        "d": ["true", "false", "?"],
        "c": [None, None, [1, 2]],
    }
    assert both.index.tolist() == ["p", "q", 0]
    with pytest.raises(MtlError) as caught:
        joined([one, read_table({"a": [[1]]})])
    assert str(caught.value) == "MtlError MTL215: column 'a' is of int64, list<item: int64> in different tables"


@pytest.mark.parametrize("dtype", ["interval", "period"])
def test_a_categorical_of_spans_is_their_text(dtype: str) -> None:
    spans = pd.cut(pd.Series([1.0, 2.0, 3.0, np.nan]), 2)
    if dtype == "period":
        spans = pd.Series(pd.PeriodIndex(["2022-05", "2022-06", "2022-05", None], freq="M")).astype("category")
    column = read_table(pd.DataFrame({"a": spans}))["a"]
    assert column.to_pylist()[:3] == spans.astype(str).tolist()[:3]
    assert column.to_pylist()[3] is None
    plain = spans.astype(spans.cat.categories.dtype)
    assert read_table(pd.DataFrame({"a": plain}))["a"].to_pylist() == column.to_pylist()
    for values in (spans, plain):
        stored = read_table(pa.Table.from_pandas(pd.DataFrame({"a": values})))["a"]
        assert stored.to_pylist() == column.to_pylist()
