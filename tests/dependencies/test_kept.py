"""A model with every dependency is saved, loaded and served as it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from dependencies.test_conditional import log

import mtl_magic

CELL = """
task click: binary
task a: binary(label=buy) given click via escm2_dr
task b: binary(label=buy) given click via aitm
task c: binary(label=buy) given b via dbmtl given click via monotone
task d: binary(label=buy) given click via escm2_ips
ignore buy
train epochs=1 batch=128 precision=mixed_bfloat16
split valid=none
"""


def test_it_is_saved_loaded_and_served(tmp_path):
    frame = log(300)
    run = mtl_magic.fit(CELL, frame, store=None)
    expected = run.predict(frame)
    assert list(expected) == ["click", "a", "b", "c", "d", "a|click", "d|click"]
    assert (expected["c"] <= expected["click"]).all()
    assert np.isfinite(expected.to_numpy()).all()
    run.save(tmp_path / "run")
    again = mtl_magic.load(tmp_path / "run")
    pd.testing.assert_frame_equal(again.predict(frame), expected)
    assert again.meanings == run.meanings
    run.export(tmp_path / "served" / "1")
    served = tf.saved_model.load(str(tmp_path / "served" / "1")).signatures["serving_default"]
    answer = served(x=tf.constant(frame["x"].to_numpy(), tf.float64))
    for title in ("c", "a"):
        assert answer[title].numpy().ravel() == pytest.approx(expected[title].to_numpy(), abs=1e-6)
