"""Dependencies between heads."""

from __future__ import annotations

import numpy as np
import pytest

from mtl_magic.data.schema import TaskSchema
from mtl_magic.model.settle import settle
from mtl_magic.problems import MtlError
from tests import toy
from tests.toy import word

BINARY, REGRESSION = word("task", "binary"), word("task", "regression")


def test_esmm_multiplies_and_starts_at_the_rates() -> None:
    """Ma et al. 2018, eq. 1: pCTCVR = pCTR · pCVR; the conditional starts at the ratio of the two rates."""
    esmm = word("given", "esmm")
    parent, child = TaskSchema("c", "c", "c", BINARY, mean=0.4), TaskSchema("b", "b", "b", BINARY, mean=0.1)
    bias = esmm.bias(child, parent)
    parent_logits, own = np.array([[np.log(0.4 / 0.6)]], "float32"), np.array([bias], "float32")
    product = 1 / (1 + np.exp(-np.array(esmm.logits(own, parent_logits))))
    assert product == pytest.approx(0.1, abs=1e-6)
    assert esmm.conditional
    assert not esmm.masks


def test_what_serves_what() -> None:
    assert word("given", "esmm").serves(BINARY, BINARY)
    assert not word("given", "esmm").serves(REGRESSION, BINARY)
    assert word("given", "observed").serves(REGRESSION, BINARY)
    assert not word("given", "observed").serves(BINARY, REGRESSION)


def test_the_default_is_settled_when_the_kinds_are_known() -> None:
    import dataclasses

    schema = toy.data().schema
    program = toy.program(given="esmm")
    click, buy, watch = program.tasks
    open_ = dataclasses.replace(buy.givens[0], method=None)
    tasks = (click, dataclasses.replace(buy, givens=(open_,)), dataclasses.replace(watch, givens=(open_,)))
    settled = settle(dataclasses.replace(program, tasks=tasks), schema)
    assert [t.givens[0].method.word for t in settled.tasks[1:]] == ["esmm", "observed"]

    backwards = dataclasses.replace(open_, parent="watch")
    wrong = dataclasses.replace(program, tasks=(click, dataclasses.replace(buy, givens=(backwards,)), watch))
    with pytest.raises(MtlError, match="between the binary task 'buy' and the regression task 'watch'"):
        settle(wrong, schema)


def test_with_two_parents_the_conditional_is_given_both() -> None:
    import dataclasses

    from mtl_magic.model.net import build
    from mtl_magic.program import GivenPlan

    schema = toy.data().schema
    kinds = {"click": 0.5, "buy": 0.1, "watch": 0.8}
    tasks = tuple(dataclasses.replace(t, kind=BINARY, mean=kinds[t.name]) for t in schema.tasks)
    schema = dataclasses.replace(schema, tasks=tasks)
    program = toy.program()
    esmm = word("given", "esmm")
    givens = (GivenPlan("click", esmm), GivenPlan("watch", esmm))
    plans = tuple(dataclasses.replace(t, givens=givens if t.name == "buy" else ()) for t in program.tasks)
    net = build(dataclasses.replace(program, tasks=plans), schema)
    assert [o.title for o in net.outputs] == ["click", "buy", "watch", "buy|click,watch"]
    part = toy.data().train[0]
    made = {k: np.array(v) for k, v in net.model({"ids": part.ids[:64], "floats": part.floats[:64]}).items()}
    product = made["click"] * made["watch"] * made["buy_given_click_watch"]
    assert np.allclose(product, made["buy"], atol=1e-6)
    assert made["buy"].mean() == pytest.approx(0.1, rel=0.2)  # it starts at the rate
