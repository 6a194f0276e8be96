"""Tab in a cell: from the vocabulary while the kernel is busy or has not loaded the extension, else with its columns."""

from __future__ import annotations

import time

ITEMS = ".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item"


def completed(lab, index, text):
    """Types a text at the end of a cell, presses Tab; the words that are offered, and after how many seconds."""
    lab.edit(index)
    lab.page.keyboard.type(text)
    began = time.monotonic()
    lab.page.keyboard.press("Tab")
    lab.page.wait_for_selector(ITEMS)
    seconds = time.monotonic() - began
    return [t.strip() for t in lab.page.locator(f"{ITEMS} .jp-Completer-match").all_inner_texts()], seconds


def test_before_load_ext_with_meanings(lab):
    lab.notebook("%%mtl --data log\ntask click: binary\n")
    offered, _ = completed(lab, 0, "share mm")
    assert offered[:1] == ["mmoe"] or lab.text(0).endswith("share mmoe")
    lab.page.keyboard.press("Escape")
    lab.page.keyboard.type("\ntask buy: binary(")
    offered, _ = completed(lab, 0, "l")
    assert {"label=", "loss=", "lr="} <= set(offered)


def test_names_of_the_cell(lab):
    lab.notebook("%%mtl --data log\ntask click: binary\ntask clip: binary\n")
    offered, _ = completed(lab, 0, "task buy given cl")
    assert {"click", "clip"} <= set(offered)


def test_a_meaning_stands_beside_it(lab):
    lab.notebook("%%mtl --data log\ntask click: binary\n")
    completed(lab, 0, "share m")
    panel = lab.page.locator(".jp-Completer-docpanel")
    panel.wait_for()
    assert "multi" in panel.inner_text().lower()


def test_while_the_kernel_is_busy_it_answers_at_once(lab):
    lab.notebook("import time\ntime.sleep(6)", "%%mtl --data log\ntask click: binary\n")
    lab.run(0, wait=False)
    lab.page.wait_for_function("() => document.querySelector('.jp-InputPrompt')?.textContent.includes('*')")
    offered, seconds = completed(lab, 1, "share m")
    assert {"mlp", "mmoe"} <= set(offered)
    assert seconds < 0.8, "it waited for the kernel"
    assert "*" in lab.cell(0).locator(".jp-InputPrompt").inner_text()
    lab.page.keyboard.press("Escape")
    lab.command("notebook:interrupt-kernel")


def test_columns_of_the_kernel_when_it_is_free(lab):
    lab.notebook(
        "%load_ext mtl_magic\nimport pandas as pd\nlog = pd.DataFrame({'click': [0, 1], 'user_id': [1, 2], 'user_age': [1, 2]})",
        "%%mtl --data log\ntask click: binary\n",
    )
    lab.run(0)
    offered, _ = completed(lab, 1, "feature us")
    assert {"user_id", "user_age"} <= set(offered)
