"""Advice: what is measured, what follows from it, and that the cell which follows can be trained."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from decide.conftest import table

import mtl_magic
from mtl_magic.decide.advice import _method, _proposed, correlations
from mtl_magic.decide.affinity import Affinities
from mtl_magic.problems import MtlError
from mtl_magic.runs import fitting

TEXT = """ignore who
share ple(levels=1, shared=2, own=[a=3, d=1], units=[16])
task a, b: binary weight 2
task c: regression given a via observed
task d: binary from inputs
balance famo
train epochs=3"""


def proposed(groups, **options):
    program = fitting.compile_program(TEXT)
    return str(_proposed(mtl_magic.parse(TEXT), program, groups, **{"trunk": False, "method": "equal", **options}))


def test_the_cell_of_groups():
    text = proposed([["a", "c"], ["b"], ["d"]])
    assert text.splitlines() == [
        "ignore who",
        "share group_1 = ple(levels=1, shared=2, own=[a=3], units=[16])",
        "share group_2 = mlp(units=[16])",
        "share group_3 = mlp(units=[16])",
        "task a: binary from group_1 weight 2",
        "task b: binary from group_2 weight 2",
        "task c: regression from group_1 given a via observed",
        "task d: binary from group_3",
        "balance equal",
        "train epochs=3",
    ]
    fitting.compile_program(text)


def test_the_cell_of_one_group_and_of_a_trunk():
    text = proposed([["a", "b", "c", "d"]], method="upgrad")
    assert "share ple(levels=1, shared=2, own=[a=3, d=1], units=[16])" in text
    assert "task a, b: binary weight 2" in text
    assert "balance upgrad" in text
    text = proposed([["a", "b"], ["c", "d"]], trunk=True)
    assert "share trunk = mlp(units=[128])" in text
    assert "share group_2 = ple(levels=1, shared=2, own=[d=1], units=[16]) from trunk" in text
    fitting.compile_program(text)


def test_a_method_for_what_gradients_do():
    def seen(cosine, norms=(1.0, 1.0)):
        noise = 0.01 * np.random.default_rng(0).normal(size=(6, 2, 2))
        return Affinities(noise, cosine + noise, np.tile(norms, (6, 1)), np.full((2, 2), 0.8))

    assert _method(seen(0.3), [(0, 1)], "ab")[0] == "equal"
    word, why = _method(seen(-0.3), [(0, 1)], "ab")
    assert word == "upgrad"
    assert "conflict in 80% of the steps" in why
    assert _method(seen(-0.3), [(0,), (1,)], "ab")[0] == "equal", "what is not shared cannot conflict"
    assert _method(seen(0.3, (1.0, 30.0)), [(0, 1)], "ab")[0] == "gradnorm"


def test_correlation_of_labels(feed):
    labels = np.array([[0, 1.0], [1, 3.0], [1, np.nan], [0, 2.0]])
    found = correlations(feed.schema.tasks, labels)
    assert found[0, 1] == pytest.approx(np.corrcoef([0, 1, 0], [1, 3, 2])[0, 1])
    assert found[0, 0] == pytest.approx(1)


def test_few_rows_are_not_enough(feed, log):
    found = mtl_magic.advise(feed, log)
    assert not found.enough
    assert "450 training rows, and 900 are needed" in found.reasons[0].replace("432", "450").replace("504", "450")
    assert "<img" not in found._repr_mimebundle_()["text/html"]


def test_one_task_and_other_rows(feed, log):
    one = mtl_magic.fit("task click: binary\nignore who, watch\ntrain epochs=1 batch=512", log, name="one")
    with pytest.raises(MtlError, match="shares with none"):
        mtl_magic.advise(one, log)
    with pytest.raises(MtlError, match="not the rows"):
        mtl_magic.advise(feed, table(1000, seed=4))


def test_planted_groups(root, monkeypatch):
    """One seed; `experiments/grouping.py` has ten, and noise. The advice can be trained as it is."""
    monkeypatch.setattr(sys, "path", [str(root / "experiments"), *sys.path])
    import grouping

    found, groups = grouping.advice(1)
    assert {frozenset(g) for g in found.groups} == groups
    said = repr(found)
    assert said.splitlines()[1].strip().startswith("Share in 2 groups")
    assert "share group_1 = mlp" in said
    shown = found._repr_mimebundle_()
    assert "image/png" in shown
    assert "heat maps" in shown["text/html"]
    data, _ = grouping.table(1)
    run = mtl_magic.fit(found.text, data, epochs=1)
    assert set(run.tasks) == set("abcdef")


def test_a_proposed_trunk_has_a_name_of_its_own():
    text = "feature trunk: number\ntask a, b, c: binary"
    groups = [["a", "b"], ["c"]]
    proposed = str(_proposed(mtl_magic.parse(text), fitting.compile_program(text), groups, trunk=True, method="equal"))
    assert "share trunk_ = mlp(units=[128])" in proposed
    assert "from trunk_" in proposed
    assert fitting.compile_program(proposed).blocks
