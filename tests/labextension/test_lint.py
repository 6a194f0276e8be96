"""Problems under the text as it is typed: the sentences of the run, with a way out."""

from __future__ import annotations

from playwright.sync_api import TimeoutError as Late

import mtl_magic

WRONG = "%%mtl --data log\ntask click: binery\n"
MARK = ".cm-lintRange-error"


def shown(lab, index, does=lambda card: card.inner_text(timeout=2000)):
    """What the card of a cell's first problem gives; a second look at the text closes a card, and a person points again."""
    mark, card = lab.cell(index).locator(MARK).first, lab.page.locator(".cm-tooltip-lint").first
    mark.wait_for()
    for _ in range(10):
        lab.page.mouse.move(5, 5)
        try:
            mark.hover(timeout=5000)
            card.wait_for(timeout=3000)
            return does(card)
        except Late:
            continue
    raise AssertionError("no card stays")


def said():
    try:
        mtl_magic.parse("task click: binery")
    except mtl_magic.MtlError as error:
        return error.problems[0]
    raise AssertionError


def test_the_sentence_of_the_run_and_its_way_out(lab):
    lab.notebook("%load_ext mtl_magic", WRONG)
    lab.run(0)
    card = shown(lab, 1)
    problem = said()
    assert f"{problem.code}: {problem.message}" in card
    assert problem.hint in card
    shown(lab, 1, lambda card: card.locator(".cm-diagnosticAction").first.click(timeout=2000))
    lab.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.getSource().includes('binary')"
    )
    lab.cell(1).locator(MARK).wait_for(state="detached")


def test_without_the_extension_in_the_kernel_the_same_is_said(lab):
    lab.notebook(WRONG)
    assert f"{said().code}: {said().message}" in shown(lab, 0)


def test_what_only_the_kernel_knows_is_said_once_it_is_there(lab):
    """`check` of the page does not look at values."""
    lab.notebook("%load_ext mtl_magic", "%%mtl --data log\ntask click: binary\ntrain epochs=0\n")
    lab.page.wait_for_timeout(2000)
    assert lab.cell(1).locator(MARK).count() == 0
    lab.run(0)
    assert "MTL041" in shown(lab, 1)


def test_while_a_cell_runs(lab):
    lab.notebook("%load_ext mtl_magic", "import time\ntime.sleep(8)", "%%mtl --data log\ntask click: binary\n")
    lab.run(0)
    lab.run(1, wait=False)
    lab.page.wait_for_function("() => document.querySelectorAll('.jp-InputPrompt')[1]?.textContent.includes('*')")
    lab.edit(2)
    lab.page.keyboard.type("train epochs=0")
    assert "MTL041" in shown(lab, 2)
    assert "*" in lab.cell(1).locator(".jp-InputPrompt").inner_text(), "it waited for the cell"
    lab.command("notebook:interrupt-kernel")


def test_python_is_left_alone(lab):
    lab.notebook("task click: binery", "%%time\ntask click: binery")
    lab.page.wait_for_timeout(800)
    assert lab.page.locator(MARK).count() == 0
