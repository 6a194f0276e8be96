"""Experiments rest and go on, their results are those of today's recipes, and the document says what the results say."""

from __future__ import annotations

import dataclasses
import importlib
import math
import pathlib
import sys
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

ROOT = pathlib.Path(__file__).parents[1]
NAMES = ["mmoe_correlation", "feed", "census"]

if not (ROOT / "experiments").exists():
    pytest.skip("the experiments do not stand beside the tests", allow_module_level=True)


@pytest.fixture(scope="module", autouse=True)
def _found():
    """Their scripts import each other as the scripts of one folder do."""
    sys.path.insert(0, str(ROOT / "experiments"))
    yield
    sys.path.remove(str(ROOT / "experiments"))
    for name in (*NAMES, "running", "reporting"):
        sys.modules.pop(name, None)


@pytest.fixture
def running() -> ModuleType:
    return importlib.import_module("running")


@pytest.fixture
def reporting() -> ModuleType:
    return importlib.import_module("reporting")


@pytest.fixture(params=NAMES)
def experiment(request):
    return importlib.import_module(request.param).EXPERIMENT


@pytest.fixture
def lines(running, experiment):
    return running.read(running.RESULTS / f"{experiment.name}.jsonl")


def test_each_result_is_of_a_training_that_there_still_is(experiment, lines):
    """A cell or rows that change make old lines worthless: take them away, and train anew."""
    assert experiment.fitting(lines) == lines
    recipes = [line.recipe for line in lines]
    assert len(set(recipes)) == len(recipes)


def test_the_document_says_what_the_results_say(running, reporting, experiment, lines, tmp_path):
    """`python experiments/NAME.py --report` writes the tables anew, and draws the pictures."""
    document = running.DOCUMENT.read_text("utf-8")
    assert reporting.insert(document, experiment.report(lines, tmp_path)) == document
    drawn = {path.name for path in tmp_path.iterdir()}
    assert all(f"images/{name}" in document and (running.IMAGES / name).exists() for name in drawn)
    assert drawn or not lines


def test_each_arm_is_a_cell_without_a_mistake(experiment):
    from mtl_magic.runs.fitting import compile_program

    first = {case.arm: case for case in reversed(experiment.cases([]))}
    for case in first.values():
        assert compile_program(case.text).tasks


def test_arms_differ_in_one_line_alone(running):
    """Of the feed log: the line of balancing, or that of what is shared."""
    feed = importlib.import_module("feed")
    at = {case.arm: case.text.splitlines() for case in feed.cases([]) if case.seed == 0}
    equal = at["equal"]
    for arms, begins in ((feed.METHODS[1:], "balance "), (feed.TOPOLOGIES, "share ")):
        for arm in arms:
            (mine, theirs) = [set(a) - set(b) for a, b in ((at[arm], equal), (equal, at[arm]))]
            assert [line.startswith(begins) for line in (*mine, *theirs)] == [True, True], arm


def test_tuned_weights_are_trained_once_the_search_has_ended(running):
    """The weight of the rare tasks first, at the best of these that of the watch time."""
    feed = importlib.import_module("feed")

    def line(case, value):
        tasks = {task: {metric: value} for task, metric in feed.METRICS.items()}
        return running.Line("feed", case.arm, None, case.seed, feed.EXPERIMENT.recipe(case), valid=tasks)

    def search(lines):
        return [case for case in feed.cases(lines) if case.seed == feed.TUNING_SEED]

    first = search([])
    assert [case.arm for case in first] == [feed.name_of(rare, 1) for rare in feed.RARE_WEIGHTS]
    lines = [line(case, 0.5 + 0.01 * (k == 1)) for k, case in enumerate(first)]
    assert search(lines[:-1]) == first
    then = search(lines)[len(first) :]
    assert [case.arm for case in then] == [feed.name_of(0.1, 0.3), feed.name_of(0.1, 3)]
    assert feed.TUNED not in {case.arm for case in feed.cases(lines)}

    for values, found in (((0.6, 0.4), (0.1, 0.3)), ((0.4, 0.505), (0.1, 1.0))):
        whole = lines + [line(case, value) for case, value in zip(then, values, strict=True)]
        assert feed.best(whole) == found
        tuned = [case for case in feed.cases(whole) if case.arm == feed.TUNED]
        assert [case.seed for case in tuned] == list(feed.SEEDS)
        assert "task is_follow: binary weight 0.1\n" in tuned[0].text
        assert f"(metrics=[spearman, rmse]) weight {found[1]:g}\n" in tuned[0].text


def test_an_experiment_goes_on_where_it_was_ended(running, tmp_path):
    draw = np.random.default_rng(0)
    table = pa.table({"x": draw.normal(size=80), "y": draw.integers(0, 2, 80)})
    cell = "share mlp(units=[4])\ntask y: binary\ntrain epochs=1 batch=32"
    cases = [
        running.Case("good", 0, cell),
        running.Case("bad", 0, cell.replace(" y:", " z:")),
        running.Case("good", 1, cell),
    ]
    small = running.Experiment(
        "small", "80 rows", lambda _: cases, lambda _: running.Tables(table, table), lambda *_: {}
    )
    path, told = tmp_path / "small.jsonl", []
    assert running.run(small, path, minutes=-1) == 3
    assert not path.exists()

    assert running.run(dataclasses.replace(small, cases=lambda _: cases[:2]), path, tell=told.append) == 0
    path.write_bytes(path.read_bytes() + b'{"experiment": "small", "arm": "go')  # killed while it wrote
    good, bad = running.read(path)
    assert good.test["y"]["auc"] > 0
    assert (good.steps, good.epochs, good.parameters["tables"] > 0, good.failed) == (3, 1, True, "")
    assert bad.failed.startswith("MTL201")
    assert bad.test == {}

    assert running.run(small, path, tell=told.append) == 0
    assert [(line.arm, line.seed) for line in running.read(path)] == [("good", 0), ("bad", 0), ("good", 1)]
    assert len(told) == 3
    assert running.run(small, path, tell=told.append) == 0
    assert len(told) == 3

    other = dataclasses.replace(small, rows="81 rows")
    assert other.fitting(running.read(path)) == []
    assert other.missing(running.read(path)) == cases


def test_arms_are_compared_seed_by_seed(running, reporting, tmp_path):
    def line(arm, seed, **test):
        scores = {task: {"auc": value} for task, value in test.items()}
        return running.Line(
            "e", arm, None, seed, "", test=scores, epochs=3, best_epoch=2, parameters={"dense": 10, "tables": 1}
        )

    both = [line("both", s, a=0.70 + 0.1 * s, b=0.60 + 0.1 * s) for s in (0, 1, 2)]
    alone = [line(f"single {t}", s, **{t: 0.68 + 0.1 * s}) for s in (0, 1) for t in "ab"]
    scored = reporting.Scored.of([*both, *alone, line("later", 9, a=0, b=0)], {"a": "auc", "b": "auc"}, range(3))
    assert list(scored.scores) == [reporting.SINGLE, "both"]
    assert scored.seeds == [0, 1]
    assert scored.sizes == {reporting.SINGLE: (20, 2), "both": (10, 1)}
    assert scored.of_arm("both")[0] == pytest.approx([0.7, 0.6, 0.65])
    said = reporting.compare(scored, [reporting.SINGLE])
    assert "| both | .7500 ± .0707 | .6500 ± .0707 | .7000 ± .0707 |" in said
    assert "| both | -0.0300 [-0.0300, -0.0300] | 1 / 1 | 2.0 | 10 | 1 |" in said
    assert "Not finished" not in said
    behind = reporting.Scored.of([*both, *alone[2:]], {"a": "auc", "b": "auc"}, range(3)).only(
        ["both", reporting.SINGLE]
    )
    assert f"Not finished: {reporting.SINGLE}." in reporting.compare(behind, ["both"])
    reporting.draw(scored, reporting.SINGLE, tmp_path / "one.svg")
    reporting.draw(scored, reporting.SINGLE, tmp_path / "two.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_an_interval_is_students(reporting):
    assert reporting.half(np.array([1.0, 2.0, 3.0])) == pytest.approx(4.302653 / math.sqrt(3))
    assert reporting.with_interval(np.array([-0.1, 0.1]), 2) == "+0.00 [-1.27, +1.27]"
    assert reporting.with_spread(np.array([0.5, 0.7]), 2) == ".60 ± .14"


def test_a_part_without_a_place_in_the_document_is_a_mistake(reporting):
    document = "before\n<!-- a -->\nold\n<!-- /a -->\nafter\n"
    assert reporting.insert(document, {"a": "new"}) == "before\n<!-- a -->\n\nnew\n\n<!-- /a -->\nafter\n"
    with pytest.raises(ValueError, match="no place for 'b'"):
        reporting.insert(document, {"b": "new"})
