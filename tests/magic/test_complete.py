"""Completion as IPython asks for it: in the cell, on the magics' lines; and what is left when the extension goes."""

from __future__ import annotations

import types

import pytest
from IPython.core.completer import provisionalcompleter

from mtl_magic.magic.complete import candidates
from mtl_magic.magic.flags import FLAGS, LATER
from mtl_magic.magic.line import COMMANDS
from mtl_magic.magic.matcher import matcher_for


@pytest.fixture
def tab(shell, frame):
    shell.user_ns |= {"log": frame, "my_layer": len, "bundle": types.SimpleNamespace(train=frame)}

    def press(text, at=None):
        with provisionalcompleter():
            found = list(shell.Completer.completions(text, len(text) if at is None else at))
        return [c.text for c in found]

    return press


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("%%mtl --data log\nta", ["task"]),
        ("%%mtl --data log\ntask ", ["a", "b", "click", "watch", "like"]),
        ("\n%%mtl --data log\ntask c", ["click"]),
        ("%%mtl --data bundle.train\ntask c", ["click"]),
        ("%%mtl --data log[:5]\ntask c", ["c"]),  # an expression is not evaluated
        ("%%mtl --data log\ntask click: bin", ["binary"]),
        ("%%mtl --data log\nshare {my_l", ["my_layer"]),  # Python's own
        ("%%mtl feed --da", ["--data"]),
        ("%%mtl feed --quiet --", [f"--{flag}" for flag in FLAGS if flag not in ("quiet", *LATER)]),
        ("%%mtl feed --data lo", ["log"]),
        ("%%mtl feed --data log --valid lo", ["log"]),
        ("%%mtl feed --data log.colu", ["columns"]),  # Python's own
        ("%mtl ", list(COMMANDS)),
        ("%mtl h", ["help"]),
        ("%mtl help mm", ["mmoe"]),
        ("%mtl help giv", ["given"]),
        ("%mtl help mtl02", [f"MTL02{i}" for i in range(10)]),
        ("x = 1\n%mtl help regr", ["regression"]),
    ],
)
def test_tab(tab, text, texts):
    assert tab(text) == texts


def test_python_stays_away_from_the_cell(tab):
    """Where nothing of ours fits, IPython is told so: it would offer every name of the notebook."""
    assert tab("%%mtl --data log\nshare mlp(units=[64 ") == [""]
    assert tab("%%mtl --data log\ntask le") == ["le"]
    assert "lambda" in tab("x = lam")


def test_only_our_cells(tab):
    assert tab("%%mtlx\nta") != ["task"]
    assert "task" not in tab("ta")


def test_the_meaning_stands_beside(shell, frame):
    shell.user_ns["log"] = frame
    with provisionalcompleter():
        (found,) = shell.Completer.completions("%%mtl --data log\ntask click: bin", 31)
    assert found.type.startswith("task kind: Yes or no")
    assert "\n" not in found.type


def test_no_code_of_the_persons_runs():
    class Trap:
        @property
        def table(self):
            raise AssertionError("a property is code")

        def __getattr__(self, name):
            raise AssertionError("so is this")

    namespace = {"trap": Trap()}
    for data in ("trap.table", "trap.other", "trap()", "trap.table.x", "__import__('os')"):
        cell = f"%%mtl --data {data}\ntask "
        assert [c.text for c in candidates(cell, len(cell), namespace)] == [""]


def test_the_columns_of_every_kind_of_table():
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from mtl_magic.magic.tables import columns

    arrays = {"a": np.arange(2), "b": np.array([0.5, 1])}
    for made in (pd.DataFrame(arrays), pl.DataFrame(arrays), pa.table(arrays), arrays):
        found = columns(made)
        assert list(found) == ["a", "b"]
        assert found["b"].lower() in ("float64", "double")
    assert columns(3) == {}


def test_every_beginning_of_a_cell(frame):
    cell = "%%mtl feed --data log --valid log[:9] # x\nignore 'a b'  # y\ntask click: binary(loss={f('x')}) from inputs\n%mtl help t"
    for offset in range(len(cell) + 1):
        for text in (cell, cell[:offset]):
            for found in candidates(text, offset, {"log": frame}):
                assert 0 <= found.start <= found.end == offset


def test_an_ipython_without_the_interface(shell, monkeypatch):
    monkeypatch.delattr("IPython.core.completer.context_matcher")
    assert matcher_for(shell) is None


def state(shell):
    """Everything in which an extension could leave something."""
    hooks = [
        shell.input_transformers_cleanup,
        shell.input_transformers_post,
        shell.ast_transformers,
        shell.Completer.custom_matchers,
        [m for m in shell.Completer.matchers if "mtl" in str(m)],
        *shell.events.callbacks.values(),
    ]
    magics = {k: sorted(v) for k, v in shell.magics_manager.magics.items()}
    return [list(h) for h in hooks], magics, set(shell.magics_manager.registry), set(shell.user_ns)


def test_the_extension_leaves_nothing_behind(shell):
    shell.run_line_magic("unload_ext", "mtl_magic")
    before = state(shell)
    for _ in range(2):
        shell.run_line_magic("load_ext", "mtl_magic")
        loaded = state(shell)
        shell.run_line_magic("reload_ext", "mtl_magic")
        again = state(shell)
        assert [len(h) for h in again[0]] == [len(h) for h in loaded[0]], "a reload adds nothing"
        assert again[1:] == loaded[1:]
        shell.run_line_magic("unload_ext", "mtl_magic")
        assert state(shell) == before
    assert shell.find_cell_magic("mtl") is None


def test_runs_of_the_store_are_offered(kept):
    from runs import many

    from mtl_magic.magic.complete import candidates

    def offered(text):
        return [c.text for c in candidates(text, len(text), {"mine": 3})]

    assert offered("%mtl resume ") == []
    many.write(kept, 2, "here")
    assert offered("%mtl resume fe") == ["feed", "feed-2"]
    assert offered("%mtl runs ")[:4] == ["tag", "untag", "delete", "restore"]
    assert offered("%mtl runs delete feed fe") == ["feed", "feed-2"]
    assert offered("%mtl runs st") == ["status:"]
    assert offered("%mtl clean tr") == ["trash", "trainings", "trials"]
    assert offered("%mtl resume feed l") == ["lr="]
