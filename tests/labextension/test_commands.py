"""Commands: in the palette, in the menu of %%mtl cells alone, and the card of the launcher."""

from __future__ import annotations

CELL = "%%mtl --data log\ntask click: binary\n"
COMMANDS = ("insert-template", "explain-cell", "dry-run-cell", "check-cell", "toggle-highlight", "open-quickstart",
            "pause", "resume", "stop")  # fmt: skip


def menu(lab, index):
    """The texts of the context menu of a cell."""
    lab.cell(index).locator(".cm-content").click(button="right", modifiers=[])
    lab.page.locator(".lm-Menu").wait_for()
    texts = [
        t.strip() for t in lab.page.locator(".lm-Menu-item:not(.lm-mod-hidden) .lm-Menu-itemLabel").all_inner_texts()
    ]
    lab.page.keyboard.press("Escape")
    lab.page.locator(".lm-Menu").wait_for(state="detached")
    return texts


def test_they_are_there(lab):
    there = lab.page.evaluate("() => window.jupyterapp.commands.listCommands().filter(c => c.startsWith('mtl-magic:'))")
    assert {f"mtl-magic:{c}" for c in COMMANDS} <= set(there)


def test_the_menu_of_a_cell(lab):
    lab.notebook(CELL, "x = 1")
    assert not [t for t in menu(lab, 1) if "%%mtl" in t]
    assert "Check %%mtl Cell" in menu(lab, 0)
    assert not [t for t in menu(lab, 1) if "%%mtl" in t]


def test_insert(lab):
    lab.notebook("x = 1")
    lab.command("mtl-magic:insert-template")
    assert lab.text(1).startswith("%%mtl ")


def test_explain_shows_it_below_the_cell_and_leaves_the_text(lab):
    lab.notebook(
        "%load_ext mtl_magic\nimport pandas as pd\nlog = pd.DataFrame({'click': [0, 1] * 50, 'user': [*range(100)]})",
        CELL,
    )
    lab.run(0)
    lab.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1 }")
    lab.command("mtl-magic:explain-cell")
    lab.cell(1).locator(".jp-OutputArea-output").first.wait_for(timeout=60_000)
    assert "click" in lab.cell(1).locator(".jp-OutputArea").inner_text()
    assert lab.text(1) == CELL


def test_check_says_how_many_and_goes_there(lab):
    lab.notebook("%%mtl --data log\ntask click: binery\n")
    lab.command("mtl-magic:check-cell")
    toast = lab.page.locator(".Toastify__toast").last
    toast.wait_for()
    assert "binery" in toast.inner_text()
    toast.click()


def test_the_card_of_the_launcher_opens_a_notebook(lab):
    lab.command("launcher:create")
    lab.page.locator(".jp-LauncherCard:visible", has_text="MTL quickstart").first.click()
    lab.page.wait_for_selector(".jp-NotebookPanel .jp-Cell >> nth=2")
    assert lab.text(2).startswith("%%mtl feed")


def test_steering_waits_for_a_training(lab):
    assert not lab.page.evaluate("() => window.jupyterapp.commands.isEnabled('mtl-magic:stop')")


def test_the_empty_panel(lab):
    lab.notebook("x = 1")
    lab.page.evaluate("() => window.jupyterapp.shell.activateById('mtl-magic-sidebar')")
    panel = lab.page.locator("#mtl-magic-sidebar")
    insert = panel.get_by_role("button", name="Insert example")
    insert.wait_for()
    assert "task is_click, is_like: binary" in panel.inner_text()
    insert.click()
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.widgets.length === 3")
