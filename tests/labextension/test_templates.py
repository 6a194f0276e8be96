"""The cells that the panel inserts: each is right, and trains."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

import mtl_magic
from labextension import page_code
from mtl_magic import datasets
from mtl_magic.magic.checking import problems

NAMES = ["hard", "none", "mmoe", "ple", "cross_stitch", "mtan", "star", "tree", "esmm", "feed"]


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """The texts of the page."""
    script = "import * as page from './page.mjs';\nanswer(page);"
    return page_code.answered(tmp_path_factory.mktemp("templates"), "templates.ts", script)


@pytest.fixture(scope="module")
def log():
    return datasets.kuairand_sample().iloc[::15]


def test_the_list_is_whole(given):
    assert list(given["CELLS"]) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("error::mtl_magic.MtlWarning")
def test_it_is_right_and_trains(given, log, name):
    text = given["CELLS"][name]
    assert problems(text) == []
    head, _, body = text.partition("\n")
    assert head.startswith("%%mtl ")
    assert head.endswith(" --data log")
    run = mtl_magic.fit(body, log, epochs=1, batch=512)
    assert set(run.metrics) == {"valid", "test"}


def test_the_example_runs_as_it_is_inserted(given, log, monkeypatch):
    monkeypatch.setattr(datasets, "kuairand_sample", lambda: log)
    shell = InteractiveShell()
    try:
        for cell in (given["BEFORE"], given["START"]):
            assert shell.run_cell(cell).success
        assert set(shell.user_ns["feed"].metrics["valid"]) == {"is_click", "is_like"}
    finally:
        shell.run_line_magic("unload_ext", "mtl_magic")


def test_the_cell_of_the_command_has_no_problem(given):
    assert problems(given["TEMPLATE"]) == []
