"""The spaces of a cell: their names, defaults and conditions, and the cells of trials."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtl_magic.language import parse, resolve
from mtl_magic.problems import MtlError
from mtl_magic.tune.space import Space, with_epochs
from mtl_magic.vocabulary import vocabulary

WHOLE = """\
feature user_id: category(dim=choose(8, 16))
share trunk = choose(mlp(units=[choose(64, 128), 64]), mmoe(experts=range(2, 9), dropout=range(0.0, 0.5)), mlp(units=[8]))
task a, b: binary(tower=[16], dropout=range(0.0, 0.4), loss=focal(gamma=range(0.5, 3.0))) from trunk
task c: binary weight range(0.1, 10.0, log)
balance choose(equal, dwa(T=range(0.5, 4.0)), equal)
train lr=range(1e-4, 1e-2, log) batch=choose(64, 256)
tune trials=3"""


def space(text: str) -> Space:
    return Space(parse(text, vocabulary()), vocabulary())


@pytest.fixture(scope="module")
def whole() -> Space:
    return space(WHOLE)


def test_names_and_defaults(whole):
    assert {h.name: h.default for h in whole.hypers} == {
        "user_id.dim": "8",
        "trunk": "mlp(units=[choose(64, 128), 64])",
        "trunk.mlp.units[0]": "64",
        "trunk.mmoe.experts": 8,  # mmoe's own
        "trunk.mmoe.dropout": 0.1,
        "a, b.dropout": 0.2,  # of a task it has no number: the middle
        "a, b.loss.gamma": 2.0,
        "c.weight": 1.0,
        "balance": "equal",
        "balance.dwa.T": 2.0,
        "lr": 0.001,  # what none means
        "batch": "64",
    }


def test_trial_0_is_the_first_of_each_choice(whole):
    assert str(whole.cell({})) == (
        "feature user_id: category(dim=8)\n"
        "share trunk = mlp(units=[64, 64])\n"
        "task a, b: binary(tower=[16], dropout=0.2, loss=focal(gamma=2.0)) from trunk\n"
        "task c: binary weight 1.0\n"
        "balance equal\n"
        "train lr=0.001 batch=64"
    )


def test_a_space_within_an_option_is_there_only_with_it(whole):
    assert "trunk.mmoe.experts" not in whole.there({})
    found = whole.there({"trunk": "mmoe", "balance": "dwa"})
    assert "trunk.mlp.units[0]" not in found
    assert (found["trunk.mmoe.experts"], found["balance.dwa.T"]) == (8, 2.0)
    cell = str(whole.cell({"trunk": "mmoe", "trunk.mmoe.experts": 3, "balance": "dwa"}))
    assert "mmoe(experts=3, dropout=0.1)" in cell
    assert "balance dwa(T=2.0)" in cell


def test_what_decides_a_loss_is_known(whole):
    assert [h.name for h in whole.hypers if h.of_loss] == ["a, b.loss.gamma"]


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("task a: binary(pos_weight=choose(1, 2))", {"a.pos_weight": ("a",)}),
        ("task a, b: multiclass(5, class_weight=choose(none, balanced))", {"a, b.class_weight": ("a", "b")}),
        ("task a: ordinal(3, class_weight=choose(none, balanced))", {"a.class_weight": ("a",)}),
        ("task a: binary(loss=bce(label_smoothing=range(0.0, 0.2)))", {"a.loss.label_smoothing": ("a",)}),
        ("task a: binary(loss=[bce, focal(weight=choose(0, 1))])", {"a.loss[1].weight": ("a",)}),
        ("task a: binary(negatives=choose(1, 0.2))", {"a.negatives": ()}),  # of training rows alone
        ("task a: choose(regression, count)", {"a": ("a",)}),
        ("task a: choose(binary(tower=8), binary(tower=16))", {"a": ()}),
        ("task a: choose(binary, binary(pos_weight=2, tower=choose(8, 16)))", {"a": ("a",), "a.binary.tower": ()}),
        ("task p: binary\ntask a: binary given p via choose(esmm, monotone)", {"a given p": ()}),
        ("task p: binary\ntask a: binary given p via choose(esmm, observed)", {"a given p": ("a",)}),
        ("task p: binary\ntask a: binary given p via choose(esmm, escm2_ips)", {"a given p": ("a",)}),
        ("task p: binary\ntask a: binary given p via escm2_dr(weight=range(0.1, 1.0))", {"a given p.weight": ("a",)}),
        ("task p: binary\ntask a: binary given p via dbmtl(units=choose([8], [16]))", {"a given p.units": ()}),
    ],
)  # fmt: skip
def test_whose_loss_a_space_decides(text, of):
    assert {h.name: h.of_loss for h in space(text + "\ntune trials=2").hypers} == of


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ("train lr=range(1e-4, 1e-2, log)", 0.00063245553, "lr=0.0006325"),
        ("train lr=range(1e-4, 1e-2, log)", 5.0, "lr=0.01"),
        ("train epochs=range(2, 9)", 3.6, "epochs=4"),
        ("share mmoe(experts=range(2, 9))", 12, "experts=9"),
        ("task a weight range(0, 3)", 1.7, "weight 2"),  # whole where both ends are
        ("task a weight range(0, 3.5)", 1.7, "weight 1.7"),
    ],
)
def test_values_are_tidy_and_within_the_ends(text, value, written):
    text += "" if text.startswith("task") else "\ntask a"
    found = space(text + "\ntune trials=2")
    (hyper,) = found.hypers
    assert written in str(found.cell({hyper.name: value}))


@pytest.mark.parametrize(
    ("task", "option"),
    [
        ("binary(label=choose(a, b))", "label"),
        ("multilabel(labels=choose([a, b], [a, c]))", "labels"),
        ("ranking(group=choose(user, query))", "group"),
        ("choose(regression(mask=seen), count)", "mask"),
        ("choose(binary(label=a), multilabel(labels=[a, b]))", "label"),
        ("choose(ranking(group=user), ranking(group=query))", "group"),
    ],
)
def test_on_what_trials_are_measured_is_not_searched(task, option):
    with pytest.raises(MtlError) as caught:
        parse(f"task x: {task}\ntune trials=2", vocabulary())
    assert caught.value.problems[0].code == "MTL053"
    assert caught.value.problems[0].message.startswith(f"'{option}' of a task")


def test_kinds_with_one_measure_may_be_chosen():
    found = space("task x: choose(binary(label=a), ranking(group=user, label=a))\ntune trials=2")
    assert [h.name for h in found.hypers] == ["x"]


def test_two_of_one_name_have_two_names():
    found = space(
        "feature lr: number(scale=choose(standard, log))\ntask lr: binary weight range(0.5, 2.0)\ntask a: binary(dropout=choose(0.1, 0.2))\nfeature a: number(scale=choose(log, none))\ntask lr2\ntrain lr=choose(0.1, 0.2)\ntune trials=2"
    )
    names = [h.name for h in found.hypers]
    assert len(set(names)) == len(names) == 5


def test_epochs_stand_where_they_stood():
    whole = parse("task a\ntrain epochs=9 lr=0.1", vocabulary())
    assert str(with_epochs(whole, 3)) == "task a\ntrain epochs=3 lr=0.1"
    assert str(with_epochs(parse("task a", vocabulary()), 3)) == "task a\ntrain epochs=3"


def test_python_may_be_chosen():
    found = space("share choose(mlp, {my_layer})\ntask a: binary(tower=choose({[4, 4]}, 8))\ntune trials=2")
    cell = found.cell({"share": "{my_layer}", "a.tower": "{[4, 4]}"})
    assert str(cell) == "share {my_layer}\ntask a: binary(tower={[4, 4]})"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_every_trial_is_a_cell_that_resolves_and_is_its_own_canonical_text(data):
    found = space(WHOLE)
    values = {}
    for h in found.hypers:
        drawn = st.sampled_from(h.options) if h.options else st.floats(h.low, h.high)
        values[h.name] = data.draw(drawn)
    cell = str(found.cell(values))
    again = parse(cell, vocabulary())
    assert str(again) == cell
    assert resolve(again, vocabulary()).tune is None
    there = found.there(values)
    assert all(h.there(there) == (h.name in there) for h in found.hypers)
    assert all(0 <= h.place(there[h.name]) <= 1 for h in found.hypers if h.name in there)
