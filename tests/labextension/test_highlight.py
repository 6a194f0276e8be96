"""Colours in the body of %%mtl cells and .mtl files, and nowhere else."""

from __future__ import annotations

import pytest

MTL = "text/x-mtl"
CELL = "%%mtl --data log\ntask click: binary  # of feeds\n"


@pytest.fixture
def others():
    return ["x = 1", "%%time\ntask = 2", "%%mtlx\ntask a", " # %%mtl\n"]


def wait_mime(lab, index, mime):
    lab.page.wait_for_function(
        "([i, m]) => (window.jupyterapp.shell.currentWidget.content.widgets[i].model.mimeType === 'text/x-mtl') === m",
        arg=[index, mime],
    )


def test_the_body_is_coloured_and_nothing_else(lab, others):
    lab.notebook(CELL, *others, "%%mtl is a magic", markdown=[5])
    wait_mime(lab, 0, True)
    for index in range(1, 5):
        assert lab.mime(index) != MTL, lab.text(index)
    assert lab.mime(5) == "text/x-ipythongfm"
    keyword = lab.cell(0).locator(".cm-line").nth(1).locator("span").first
    assert keyword.inner_text() == "task"
    python = lab.cell(1).locator(".cm-line span").all_inner_texts()
    assert "1" in python


def test_two_notebooks_typing_paste_and_undo(lab):
    first = lab.notebook("task click: binary", "y = 2")
    lab.notebook(CELL)
    wait_mime(lab, 0, True)
    lab.command("docmanager:open", path=first, factory="Notebook")
    assert lab.mime(0) != MTL
    lab.edit(0)
    lab.page.keyboard.press("Control+Home")
    lab.page.keyboard.type("%%mtl\n")
    wait_mime(lab, 0, True)
    lab.page.keyboard.press("Control+z")
    lab.page.keyboard.press("Control+z")
    wait_mime(lab, 0, False)
    assert lab.mime(0).startswith("text/x-ipython")
    lab.page.keyboard.insert_text("%%mtl\n")
    wait_mime(lab, 0, True)
    assert lab.mime(1) != MTL


def test_it_is_turned_off_and_on(lab):
    lab.notebook(CELL)
    wait_mime(lab, 0, True)
    lab.command("mtl-magic:toggle-highlight")
    wait_mime(lab, 0, False)
    lab.command("mtl-magic:toggle-highlight")
    wait_mime(lab, 0, True)


def test_a_file(lab):
    (lab.work / "model.mtl").write_text("task click: binary\n")
    lab.command("docmanager:open", path="model.mtl")
    lab.page.wait_for_selector(".jp-FileEditor .cm-line span")
    assert lab.page.locator(".jp-FileEditor .cm-line span").first.inner_text() == "task"
