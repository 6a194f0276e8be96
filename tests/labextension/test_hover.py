"""The meaning of a word under the mouse. It is text, whatever it holds."""

from __future__ import annotations

CELL = """%%mtl --data log
feature "<img src=x onerror=window.hacked=1>": number
share trunk = mmoe(experts=4)
task click: binary from trunk
"""


def hovered(lab, index, line, word):
    """Moves the mouse onto a word of a line; the card."""
    box = lab.page.evaluate(
        """([index, line, word]) => {
          const root = window.jupyterapp.shell.currentWidget.content.widgets[index].node.querySelectorAll('.cm-line')[line];
          const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
          for (let n = walker.nextNode(); n; n = walker.nextNode()) {
            const at = n.textContent.indexOf(word);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(n, at + 1); range.setEnd(n, at + 2);
            const b = range.getBoundingClientRect();
            return [b.x + 2, b.y + b.height / 2];
          }
        }""",
        [index, line, word],
    )
    lab.page.mouse.move(box[0] - 40, box[1] + 200)
    lab.page.mouse.move(*box)
    card = lab.page.locator(".mtl-hover")
    card.wait_for()
    text = card.inner_text()
    lab.page.mouse.move(5, 5)
    card.wait_for(state="detached")
    return text


def test_words_options_and_names(lab):
    lab.notebook(CELL)
    assert "Multi-gate mixture of experts" in hovered(lab, 0, 2, "mmoe")
    assert "experts=8" in hovered(lab, 0, 2, "experts") or "option of mmoe" in hovered(lab, 0, 2, "experts")
    assert "mmoe(experts=4)" in hovered(lab, 0, 3, "trunk")
    assert "--data" in hovered(lab, 0, 0, "--data")


def test_a_hostile_name_is_text(lab):
    lab.notebook(CELL)
    assert "<img src=x" in hovered(lab, 0, 1, "<img")
    assert lab.page.evaluate("() => window.hacked") is None
