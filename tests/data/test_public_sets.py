"""Loaders of public sets, on small files in the original formats."""

from __future__ import annotations

import gzip
import importlib

import pyarrow.parquet as pq
import pytest

from mtl_magic.datasets import ali_ccp, aliexpress, census_income, kuairand_pure, movielens
from mtl_magic.problems import MtlError
from tests.data.cells import prepared

# the first line of the training file, and one of a person above 50,000 with what is not known
CENSUS = (
    "73, Not in universe, 0, 0, High school graduate, 0, Not in universe, Widowed, Not in universe or children, Not in universe, "
    "White, All other, Female, Not in universe, Not in universe, Not in labor force, 0, 0, 0, Nonfiler, Not in universe, "
    "Not in universe, Other Rel 18+ ever marr not in subfamily, Other relative of householder, 1700.09, ?, ?, ?, "
    "Not in universe under 1 year old, ?, 0, Not in universe, United-States, United-States, United-States, "
    "Native- Born in the United States, 0, Not in universe, 2, 0, 95, - 50000.\n"
)
RICH = (
    CENSUS.replace("Widowed", "Never married").replace("High school graduate", "Masters degree(MA MS MEng MEd MSW MBA)")
).replace("- 50000.", "50000+.")


def test_census_income(tmp_path):
    (tmp_path / "census-income.data").write_text(CENSUS + RICH)
    with gzip.open(tmp_path / "census-income.test.gz", "wt") as file:
        file.write(RICH)
    frame = census_income(tmp_path)
    assert frame.shape == (2, 45)
    assert frame["instance_weight"].tolist() == [1700.09, 1700.09]
    assert frame["mig_chg_msa"].isna().all()
    assert frame["marital_stat"].tolist() == ["Widowed", "Never married"]
    assert frame[["income", "never_married", "college"]].to_numpy().tolist() == [[0, 0, 0], [1, 1, 1]]
    assert len(census_income(tmp_path, "test")) == 1
    (tmp_path / "census-income.data").write_text(CENSUS + "1, 2\n")
    with pytest.raises(MtlError, match=r"line 2 of 'census-income\.data' has 2 values, and Census-Income 42"):
        census_income(tmp_path)


def test_a_missing_file_is_named_with_a_hint(tmp_path):
    with pytest.raises(MtlError, match=r"needs the file 'census-income\.data', and .* has none") as caught:
        census_income(tmp_path)
    (problem,) = caught.value.problems
    assert problem.code == "MTL213"
    assert ".gz" in problem.hint
    with pytest.raises(MtlError, match="is no folder"):
        kuairand_pure(tmp_path / "nowhere")


def test_movielens_of_every_age(tmp_path):
    hundred, million, later = (tmp_path / name for name in ("ml-100k", "ml-1m", "ml-25m"))
    for folder in (hundred, million, later):
        folder.mkdir()
    (hundred / "u.data").write_text("196\t242\t3\t881250949\n186\t302\t4\t100\n")
    (hundred / "u.user").write_text("196|49|M|writer|55105\n186|39|F|executive|00000\n")
    flags, one = ("|".join("1" if i in on else "0" for i in range(19)) for on in ((5, 8), (5,)))
    movies = f'242|Kolya (1996)|24-Jan-1997||http://x/Kolya|{flags}\n302|Caf\xe9 "x"|||http://x|{one}\n'
    (hundred / "u.item").write_bytes(movies.encode("latin-1"))
    (million / "ratings.dat").write_text("1::1193::5::978300760\n")
    (million / "users.dat").write_text("1::F::1::10::48067\n")
    (million / "movies.dat").write_bytes("1193::One Flew (1975)::Drama|Comedy\n".encode("latin-1"))
    (later / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,296,5.0,1147880044\n")
    (later / "movies.csv").write_text('movieId,title,genres\n296,"Pulp, Fiction (1994)",Comedy|Crime\n')

    old = movielens(hundred)
    assert old["timestamp"].tolist() == [100, 881250949]
    assert old["genres"].tolist() == ["Comedy", "Comedy|Drama"]
    assert old["title"].tolist() == ['Café "x"', "Kolya (1996)"]
    assert old["zip"].tolist() == ["00000", "55105"]
    assert old["year"].tolist()[1] == 1996
    assert movielens(million).iloc[0][["gender", "occupation", "genres", "year"]].tolist() == [
        "F",
        10,
        "Drama|Comedy",
        1975,
    ]
    new = movielens(later)
    assert new.loc[0, ["user_id", "movie_id", "rating"]].tolist() == [1, 296, 5.0]
    assert "age" not in new
    made = prepared(
        "task like: binary\nfeature user_id\nfeature genres: tags", old.assign(like=[0, 1]).iloc[[0, 1] * 20]
    )
    assert [f.kind.word for f in made.schema.features] == ["category", "tags"]


def test_kuairand_pure(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    head = "user_id,video_id,date,hourmin,time_ms,is_click,is_like,long_view,play_time_ms,duration_ms,is_rand,tab\n"
    (folder / "log_standard_4_08_to_4_21_pure.csv").write_text(head + "0,7,20220408,2300,20,1,0,1,9,9,0,1\n")
    (folder / "log_standard_4_22_to_5_08_pure.csv").write_text(head + "1,8,20220422,100,10,0,0,0,0,9,0,1\n")
    (folder / "log_random_4_22_to_5_08_pure.csv").write_text(head + "1,7,20220423,0,30,0,0,0,0,9,1,1\n")
    (folder / "user_features_pure.csv").write_text("user_id,user_active_degree\n0,full_active\n1,UNKNOWN\n")
    (folder / "video_features_basic_pure.csv").write_text('video_id,author_id,tag\n7,3,"39,1"\n8,4,\n')
    frame = kuairand_pure(tmp_path)
    assert frame[["user_id", "hour", "tag", "author_id"]].to_numpy().tolist() == [
        [1, 1, "unknown", 4],
        [0, 23, "39,1", 3],
    ]
    assert kuairand_pure(tmp_path, random=True)["is_rand"].tolist() == [1]


def test_aliexpress(tmp_path):
    def line(search, width, last):
        return ",".join(map(str, [search, *range(2, width), last])) + "\n"

    (tmp_path / "es_user_train.csv").write_text(line("s1", 33, 33) + line("s2", 33, 33))
    (tmp_path / "es_item_train.csv").write_text(
        line("s1", 49, 2) + line("s1", 49, 0) + line("s2", 49, 1) + line("s9", 49, 1)
    )
    frame = aliexpress(tmp_path)
    assert frame.shape == (3, 1 + 16 + 63 + 2)
    assert frame["search_id"].tolist() == ["s1", "s1", "s2"]
    assert frame[["click", "conversion"]].to_numpy().tolist() == [[1, 1], [0, 0], [1, 0]]
    categories = [frame[f"categorical_{i}"][0] for i in range(1, 17)]
    assert categories == [2, 3, 4, 5, 6, 7, 8, 32, 33, 19, 34, 35, 36, 40, 41, 42]
    numbers = [frame[f"numerical_{i}"][0] for i in range(1, 64)]
    assert numbers == [*range(9, 32), *(i for i in range(2, 49) if i not in (19, 34, 35, 36, 40, 41, 42))]
    (tmp_path / "es_item_train.csv").write_text(line("s1", 49, 7))
    with pytest.raises(MtlError, match=r"'es_item_train\.csv' has a label other than 0, 1"):
        aliexpress(tmp_path, country="es")
    (tmp_path / "es_item_train.csv").write_text("s1,2\n")
    with pytest.raises(MtlError, match="has 2 columns, and AliExpress 49"):
        aliexpress(tmp_path)


def features(**fields):
    return "\x01".join(f"{name[1:]}\x02{value}\x031.0" for name, values in fields.items() for value in values)


def test_ali_ccp_is_streamed_into_parquet(tmp_path, monkeypatch):
    module = importlib.import_module("mtl_magic.datasets.ali_ccp")
    monkeypatch.setattr(module, "BLOCK", 2)
    (tmp_path / "common_features_train.csv").write_text(
        f"aa,2,{features(f101=[11], f109_14=[5, 6])}\nbb,1,{features(f101=[12])}\n"
    )
    item = features(f205=[21], f210=[7, 8], f301=[1])
    lines = [f"1,1,1,aa,3,{item}", f"2,0,0,bb,3,{item}", f"3,1,0,aa,1,{features(f205=[22])}"]
    (tmp_path / "sample_skeleton_train.csv").write_text("\n".join(lines) + "\n")
    path = ali_ccp(tmp_path, tmp_path / "train.parquet", many=("109_14", "210"))
    assert pq.ParquetFile(path).num_row_groups == 2
    rows = pq.read_table(path).to_pylist()
    assert [(r["sample_id"], r["click"], r["buy"]) for r in rows] == [(1, 1, 1), (2, 0, 0), (3, 1, 0)]
    assert [(r["f101"], r["f205"], r["f301"], r["f121"]) for r in rows] == [
        ("11", "21", "1", ""), ("12", "21", "1", ""), ("11", "22", "", ""),
    ]  # fmt: skip
    assert [(r["f109_14"], r["f210"]) for r in rows] == [([5, 6], [7, 8]), ([], [7, 8]), ([5, 6], [])]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "common_features_train.csv", "sample_skeleton_train.csv", "train.parquet",
    ]  # fmt: skip

    (tmp_path / "sample_skeleton_train.csv").write_text("\n".join([*lines, "4,0,0,cc,0,"]))
    with pytest.raises(MtlError, match=r"line 4 of 'sample_skeleton_train\.csv' is not"):
        ali_ccp(tmp_path, path)
    assert len(pq.read_table(path)) == 3  # the one that was whole is still there
    with pytest.raises(ValueError, match="several ids"):
        ali_ccp(tmp_path, path, many=("101",))
