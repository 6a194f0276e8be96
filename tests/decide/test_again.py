"""What needs a part that judges says so before it trains."""

from __future__ import annotations

import pytest

import mtl_magic
from mtl_magic.decide.trainings import Trainings
from mtl_magic.problems import MtlError

CELL = "ignore who\nsplit valid=0 test=0\ntask click: binary\ntask watch: regression\nbalance stch\ntrain epochs=1 batch=512"


@pytest.fixture(scope="module")
def unjudged(log):
    return mtl_magic.fit(CELL, log, name="feed")


@pytest.mark.parametrize(
    ("decide", "says"),
    [
        (lambda run, log: mtl_magic.seeds(run, 2, log), "no test or validation part; split test=0.1"),
        (mtl_magic.baseline, "no test or validation part; split test=0.1"),
        (mtl_magic.front, "no validation or test part; split valid=0.1"),
    ],
    ids=["seeds", "baseline", "front"],
)
def test_without_a_part_that_judges_nothing_is_trained(unjudged, log, monkeypatch, decide, says):
    def trained(*_, **__):
        raise AssertionError("it trains")

    monkeypatch.setattr(Trainings, "run", trained)
    with pytest.raises(MtlError) as raised:
        decide(unjudged, log)
    (problem,) = raised.value.problems
    assert problem.code == "MTL480"
    assert f"{problem.message}; {problem.hint.partition(': ')[2]}" == f"the run 'feed' has {says}"
