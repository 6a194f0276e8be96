"""Whether what a cell asks for can compare its trials, and what is said where it cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mtl_magic.problems import MtlError
from mtl_magic.runs import fitting
from mtl_magic.tune.objectives import objectives_of
from mtl_magic.tune.running import Plan


def objectives(text: str):
    draw = np.random.default_rng(0)
    price = draw.normal(size=120)
    table = pd.DataFrame(
        {"price": price, "a": (price + draw.normal(size=120) > 0).astype(int), "b b": draw.random(120)}
    )
    whole = fitting.parse(text + "\nsplit valid=0.2")
    plan = Plan(whole, fitting.compile_program(whole), None)
    return objectives_of(plan.first, fitting.prepare(plan.first, table), plan.tune.objective, plan.space.hypers)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "task a: binary(pos_weight=choose(1, 2))\ntask 'b b': regression\ntune objective=a.loss",
            "the objective 'a.loss' cannot compare trials: the space 'a.pos_weight' changes what that loss is",
            "name a metric: tune objective=a.auc",
        ),
        (
            "task a: binary\ntask 'b b': regression(loss=choose(mse, huber))\ntune objective=a.auc, 'b b'.loss",
            "the objective 'b b.loss' cannot compare trials: the space 'b b.loss' changes what that loss is",
            'name a metric: tune objective="b b".rmse',
        ),
        (
            "task a: binary\ntask 'b b': choose(regression, count)\ntune trials=2",
            "the objective 'mean loss' cannot compare trials: the space 'b b' changes what that loss is",
            "name a metric: tune objective=a.auc",
        ),
    ],
)
def test_a_loss_that_the_search_changes_compares_nothing(text, message, hint):
    with pytest.raises(MtlError) as caught:
        objectives(text)
    (problem,) = caught.value.problems
    assert (problem.code, problem.message, problem.hint) == ("MTL491", message, hint)


def test_another_tasks_loss_may_be_searched():
    text = "task a: binary\ntask 'b b': regression(loss=choose(mse, huber))\ntune objective=a.loss"
    assert [o.name for o in objectives(text)] == ["a.loss"]
    text = "task a: binary(negatives=choose(1, 0.5))\ntask 'b b'\ntune objective=a.loss"
    assert [o.name for o in objectives(text)] == ["a.loss"]
