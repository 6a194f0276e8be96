"""Blocks above and beside one another in one cell: trained, saved, loaded, exported."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mtl_magic
from tests.explanation.cells import table

CELL = """
feature user_id, item_id: category(dim=4)
feature user_age: number
share doms = star(domain=item_id, units=[6])
share ep = epnet(gate=[item_id], hidden=4)
share st = stem(shared=1, own=1, units=[6])
share experts = dselect_k(experts=2, active=1, units=[6], importance=0.01) from doms, ep
share levels = cgc(shared=1, own=[like=2], units=[5], active=2, entropy=0.01) from experts, ep
share pairs = fm(dim=4)
task click: binary from levels, st
task like: binary from levels, st, pairs
task watch: regression from levels, pairs
train epochs=1 batch=64
"""


@pytest.fixture(scope="module")
def run() -> Any:
    return mtl_magic.fit(CELL, table())


def test_it_trains_and_is_kept(run: Any, tmp_path: pathlib.Path) -> None:
    want = run.predict(table().head(20))
    assert np.isfinite(want.to_numpy("float64")).all()
    run.save(tmp_path / "r")
    pd.testing.assert_frame_equal(mtl_magic.load(tmp_path / "r").predict(table().head(20)), want)


def test_it_is_exported(run: Any, tmp_path: pathlib.Path) -> None:
    import tensorflow as tf

    run.export(tmp_path / "m")
    served = tf.saved_model.load(str(tmp_path / "m")).signatures["serving_default"]
    rows = table().head(5)
    given = served.structured_input_signature[1]
    request = {name: tf.constant(rows[name].to_numpy(spec.dtype.as_numpy_dtype)) for name, spec in given.items()}
    found = {name: np.array(value).ravel() for name, value in served(**request).items()}
    want = run.predict(rows)
    for name in ("click", "like", "watch"):
        np.testing.assert_allclose(found[name], want[name], rtol=1e-4, atol=1e-5)


def test_every_layer_of_the_blocks_moves(run: Any) -> None:
    from mtl_magic.model.net import build
    from tests.explanation.cells import prepared

    program, made = prepared(CELL)
    before = {w.path: np.array(w) for w in build(program, made.schema).model.trainable_weights}
    after = {w.path: np.array(w) for w in run.model.trainable_weights}
    assert set(before) == set(after)
    still = [path for path, value in before.items() if (value == after[path]).all()]
    assert not still
