"""The line of a `%%mtl` cell."""

from __future__ import annotations

import pytest

from mtl_magic.magic.flags import MAGIC, parse_flags


def at(line, span):
    """The text that a span points at."""
    return (MAGIC + line)[span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    ("line", "name", "data", "valid", "switches"),
    [
        ("", "", [], None, set()),
        ("feed", "feed", [], None, set()),
        ("feed --data train", "feed", ["train"], None, set()),
        ("--data train feed", "", ["train feed"], None, set()),
        ("feed --data train --valid valid", "feed", ["train"], "valid", set()),
        ("feed --data a --data b --quiet", "feed", ["a", "b"], None, {"quiet"}),
        ("feed --data log[log.day < 5] --explain", "feed", ["log[log.day < 5]"], None, {"explain"}),
        ("feed --data 'runs -- old/*.csv'", "feed", ["'runs -- old/*.csv'"], None, set()),
        ("feed --data f(x, --y) --quiet", "feed", ["f(x, --y)"], None, {"quiet"}),
        ("feed --data {'a --b': [1]}", "feed", ["{'a --b': [1]}"], None, set()),
        ("feed --data=train", "feed", ["=train"[1:]], None, set()),
        ("feed --data x--y", "feed", ["x--y"], None, set()),
        ("feed --data train  # the whole log", "feed", ["train"], None, set()),
        ("feed --data '#1'", "feed", ["'#1'"], None, set()),
        ("价格 --data дані", "价格", ["дані"], None, set()),
        (r"feed --data 'it\'s --here'", "feed", [r"'it\'s --here'"], None, set()),
        ("feed --data '''a ' --b''' --quiet", "feed", ["'''a ' --b'''"], None, {"quiet"}),
    ],
)
def test_flags(line, name, data, valid, switches):
    flags = parse_flags(line)
    assert flags.problems == []
    assert flags.name == name
    assert [e.text for e in flags.data] == data
    assert (flags.valid.text if flags.valid else None) == valid
    assert flags.switches == switches
    for expression in flags.data:
        assert at(line, expression.span) == expression.text


@pytest.mark.parametrize(
    ("line", "code", "where", "says"),
    [
        ("feed --date train", "MTL401", "--date", "did you mean '--data'?"),
        ("feed --foo train", "MTL401", "--foo", "flags: --data"),
        ("feed -d train", "MTL401", "-d", "flags: --data"),
        ("feed -data train", "MTL401", "-data", "did you mean '--data'?"),
        ("feed --data", "MTL402", "--data", "--data needs a table"),
        ("feed --data --quiet", "MTL402", "--data", "--data needs a table"),
        ("feed --data a --valid b --valid c", "MTL402", "--valid", "given twice"),
        ("feed train", "MTL403", "train", "--data train"),
        ("2nd --data x", "MTL403", "2nd", "not the name of a variable"),
        ("class --data x", "MTL403", "class", "not the name of a variable"),
        ("print --data x", "MTL404", "print", "a name of Python's own"),
        ("None --data x", "MTL403", "None", "not the name of a variable"),
        ("a.b --data x", "MTL403", "a.b", "not the name of a variable"),
        ("feed --checkpoint soon", "MTL402", "--checkpoint", "a number of seconds, not 'soon'"),
        ("feed --store", "MTL402", "--store", "needs a value"),
    ],
)
def test_faults(line, code, where, says):
    (problem,) = parse_flags(line).problems
    assert problem.code == code
    assert at(line, problem.span) == where
    assert says in f"{problem.message} {problem.hint}"
    assert problem.line == 1


def test_all_faults_at_once():
    assert [p.code for p in parse_flags("2nd feed extra --date x --valid").problems] == [
        "MTL403",
        "MTL403",
        "MTL401",
        "MTL402",
    ]


@pytest.mark.parametrize("line", ["--data (", "--data 'x", "--data [[[", "-", "--", "--data )", "\t--data\tx"])
def test_odd_lines_do_not_crash(line):
    parse_flags(line)


def test_a_flag_nearly_written_is_offered():
    (problem,) = parse_flags("feed --backgroun").problems
    assert (problem.code, problem.hint) == ("MTL401", "did you mean '--background'?")
    assert parse_flags("feed --data x --background").background
