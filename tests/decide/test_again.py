"""What needs a part that judges says so before it trains."""

from __future__ import annotations

import pytest

import mtl_magic
from mtl_magic.decide.trainings import Trainings
from mtl_magic.problems import MtlError
from mtl_magic.runs import fitting

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


def test_a_training_that_is_damaged_is_made_again_and_kept(log, tmp_path, recwarn):
    told = []
    spec = mtl_magic.parse(CELL.replace("valid=0", "valid=0.1"))
    rows = fitting.prepare(fitting.compile_program(spec), log)
    trainings = Trainings(tmp_path, None, told.append)
    trainings.run(spec, rows, "feed")
    (place,) = tmp_path.iterdir()
    (place / "model.keras").write_bytes(b"")
    for _ in range(2):
        trainings.run(spec, rows, "feed")
    assert [said.endswith("as trained before") for said in told] == [False, False, True]
    assert not [w for w in recwarn if "MTL411" in str(w.message)]


def test_without_a_metric_that_has_a_direction_nothing_is_trained(log):
    text = CELL.replace("binary", "binary(metrics=[pcoc])").replace("regression", "count(metrics=[pcoc])")
    run = mtl_magic.fit(text, log.assign(watch=log.watch.abs().round()), name="feed")
    with pytest.raises(MtlError, match="no metric of 'feed' says which way is better"):
        mtl_magic.baseline(run, log)
