"""Several tables on the line of a cell, and as arguments of the command: names, parts, places of what is wrong."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from mtl_magic.cli.arguments import parse
from mtl_magic.cli.main import main
from mtl_magic.magic.complete import candidates
from mtl_magic.magic.flags import parse_flags
from mtl_magic.magic.given import given
from mtl_magic.magic.keeping import texts, written
from mtl_magic.problems import MtlError

CELL = "feature user: category\ntask click: binary\ntask buy: binary\ntrain epochs=1 batch=64"


@pytest.fixture
def tables():
    draw = np.random.default_rng(0)
    user = draw.integers(0, 9, 300)
    feed = pd.DataFrame({"user": user, "day": user, "click": user % 2})
    shop = pd.DataFrame({"user": user[:120], "buy": user[:120] > 4})
    return {"feed": feed, "shop": shop, "late": feed[-40:], "late_shop": shop[-30:]}


def read(line, namespace):
    flags = parse_flags(line)
    assert not flags.problems
    return given(flags, namespace)


def names(found):
    return [getattr(table, "name", None) for table in found]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--data feed --data shop", ["feed", "shop"]),
        ("--data feed[feed.day < 5] --data shop", ["feed", "shop"]),
        ("--data feed.head(100) --data shop", ["feed", "shop"]),
        ("--data {'a': feed, 'b': shop}", ["a", "b"]),
        ("--data [feed, shop]", [None, None]),
        ("--data dict(feed) --data shop", [None, "shop"]),
        ("--data 'logs/feed.parquet' --data shop", [None, "shop"]),  # a file names itself
        ("--data {'user': [1, 2], 'click': [0, 1]}", [None]),  # a dict of columns is one table
    ],
)
def test_names(tables, line, expected):
    assert names(read(line, tables).data) == expected


def test_parts(tables):
    found = read("--data feed --data shop --valid late --valid late_shop --test late", tables)
    assert names(found.valid) == ["late", "late_shop"]
    assert found.test.name == "late"
    assert read("--data feed", tables).valid is None
    assert set(found.titles) == {
        "table 'feed'",
        "table 'shop'",
        "validation table 'late'",
        "validation table 'late_shop'",
        "the test table",
    }


def test_a_part_is_repeated_only_where_the_data_is(tables):
    assert not parse_flags("x --data a --valid b --data c --valid d").problems
    (problem,) = parse_flags("x --data a --test b --test c").problems
    assert (problem.code, problem.message) == ("MTL402", "--test is given twice")
    assert "with several --data also --valid and --test" in problem.hint


def test_what_a_run_remembers_of_its_line():
    flags = parse_flags("x --data a --data b --valid c --valid d")
    asked = {"data": ["a", "b"], "valid": texts(e.text for e in flags.tables("valid")), "test": texts([])}
    assert asked["valid"] == ["c", "d"]
    assert written(asked) == "--data a --data b --valid c --valid d"
    assert texts(["c"]) == "c"


def test_names_are_offered_where_tables_are_mixed(tables):
    cell = "%%mtl both --data feed --data shop[shop.user > 1] --data 'logs/ads.parquet'\ntask click\ntrain mix=["
    assert {"feed", "shop", "ads"} <= {c.text.rstrip("=") for c in candidates(cell, len(cell), tables)}
    one = "%%mtl both --data feed\ntask click\ntrain mix=["
    assert not {c.text for c in candidates(one, len(one), tables)} & {"feed", "feed="}


def run(shell, cell):
    result = shell.run_cell(cell)
    return result.error_in_exec or result.error_before_exec


def test_a_cell_of_two_tables(shell, tables, capsys):
    shell.user_ns |= tables
    line = "%%mtl both --data feed --data shop --valid late --valid late_shop\n"
    assert run(shell, f"{line}{CELL} mix=[feed=2, shop=1]") is None
    said = capsys.readouterr().out
    assert "feed (300 training rows) teaches 'click'; shop (120 training rows) teaches 'buy'." in said
    found = shell.user_ns["both"]
    assert found.facts["rows"] == {"train": 420, "valid": 70}
    asked = json.loads((found.folder / "run.json").read_text())["asked"]
    assert (asked["data"], asked["valid"]) == (["feed", "shop"], ["late", "late_shop"])


def test_what_is_wrong_is_shown_at_its_table(shell, tables):
    shell.user_ns |= {**tables, "users": tables["shop"].drop(columns="buy")}
    error = run(shell, f"%%mtl both --data feed --data users --data shop\n{CELL}")
    assert isinstance(error, MtlError)
    (problem,) = error.problems
    assert problem.code == "MTL219"
    assert str(error).split("\n")[1:3] == [
        "    %%mtl both --data feed --data users --data shop",
        "                                  ^^^^^",
    ]
    error = run(shell, f"%%mtl both --data feed --data shop\n{CELL} mix=[feed=2, shoop=1]")
    assert "MTL220, line 5: train mix= names 'shoop', which is no table" in str(error)
    assert "did you mean 'shop'?" in str(error)


def test_the_command(tables, tmp_path, capsys):
    for name, table in tables.items():
        table.to_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "both.mtl").write_text(f"{CELL} mix=[feed=2, shop=1]\n")
    words = [
        str(tmp_path / "both.mtl"),
        *(w for n in ("feed", "shop") for w in ("--data", str(tmp_path / f"{n}.parquet"))),
    ]
    parts = [w for n in ("late", "late_shop") for w in ("--valid", str(tmp_path / f"{n}.parquet"))]
    assert parse(["train", *words, *parts[:2]]).valid == str(tmp_path / "late.parquet")
    assert main(["train", *words, *parts, "--store", str(tmp_path / "runs"), "--quiet"]) == 0
    kept = json.loads((tmp_path / "runs" / "both" / "run.json").read_text())
    assert [t["name"] for t in kept["tables"]] == ["feed", "shop"]
    assert len(kept["asked"]["valid"]) == 2
    capsys.readouterr()
    assert main(["explain", *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["data_table"]
    assert [row["table"] for row in found] == ["feed", "shop"]
    with pytest.raises(SystemExit):
        parse(["train", *words[:3], *parts])
    assert "several tables need several --data" in capsys.readouterr().err
