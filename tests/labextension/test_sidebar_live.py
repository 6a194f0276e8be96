"""The panel while a notebook trains: where it stands, weights, heads, how they share; pushed, and silent when hidden.

One notebook, one kernel, and one small training that goes on while most of this is tried.
"""

from __future__ import annotations

import json
import re
import time

import pytest
from browser import SCREENSHOTS, screenshot
from lab import FRONT, Lab, watched
from labextension.test_completion import completed
from labextension.test_hover import hovered
from labextension.test_sidebar_offline import ACTS, faults, part

DATA = """%load_ext mtl_magic
import json, os, time
from mtl_magic.runs.project.store import Store
os.environ['MTL_MAGIC_RUNS'] = os.path.abspath('live_runs')
import numpy as np, pandas as pd
draw = np.random.default_rng(0)
user = draw.integers(0, 60, 12_000)
likes = draw.normal(size=(60, 2))
def late(self, name, claim=Store.claim):
    time.sleep(1)  # between what the panel hears of a training and its place in the index
    return claim(self, name)
Store.claim = late
def label(k, noise): return (likes[user, k] + noise * draw.normal(size=user.size) > 0) * 1
log = pd.DataFrame({'user': user.astype(str), 'click': label(0, 2), 'like': label(1, 1), 'watch': likes[user, 0] * 8 + 20})
"""
BODY = """feature user: category
share mmoe(experts=3, units=[8])
task click, like: binary
task watch: regression
train gradients=4 batch=64 epochs={epochs} early_stop=100000
"""
FEED = "%%mtl feed --data log\n" + BODY
EVIL = "<img src=x onerror='window.evil=1'>"
HURT = f"""%%mtl hurt --data log.rename(columns={{'click': evil, 'user': '<b>user</b>'}})
share "{EVIL}" = mlp(units=[4])
task "{EVIL}": binary from "{EVIL}"
task like: binary from "{EVIL}"
ignore watch
train epochs=2 batch=1024 gradients=1
"""
CELLS = {
    "data": DATA,
    "first": FEED.format(epochs=2),
    "feed": FEED.format(epochs=100_000),
    "said": "print(json.dumps([feed.why, feed.facts['steered']]))",
    "calm": "%%mtl calm --background --data log\n" + BODY.format(epochs=100_000),
    "hurt": HURT,
}
AT = {name: i for i, name in enumerate(CELLS)}
SHOWN = ("Training", "Weights", "Heads", "Sharing", "Gradient agreement")
HEAR = """() => {
  if (window.talk) return void window.talk.splice(0);
  window.talk = [];
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  kernel.anyMessage.connect((_, { msg, direction }) => {
    const { msg_type: kind } = msg.header;
    if (kind === 'complete_request') window.talk.push(`${direction} ${kind}`);
    if (kind === 'comm_msg' && msg.content.data.do) window.talk.push(`${direction} ${msg.content.data.do}`);
  });
}"""


class Desk:
    """The notebook, and the panel beside it."""

    def __init__(self, lab):
        self.lab, self.page = lab, lab.page
        self.panel = lab.page.locator("#mtl-magic-sidebar")
        self.name = lab.notebook(*CELLS.values())

    def run(self, *names):
        """Cells from their first to their last moment."""
        for name in names:
            self.lab.run(AT[name], wait=False)
            self.ended(name)

    def ended(self, name):
        """Waits until a cell has; the first training loads TensorFlow and traces, on a machine that may be busy."""
        self.until(lambda: not self.lab.runs(AT[name]), 240)

    def see(self, seen=True):
        act = "activateById('mtl-magic-sidebar')" if seen else "collapseRight()"
        self.page.evaluate(f"() => window.jupyterapp.shell.{act}")

    def part(self, title):
        return part(self.panel, title)

    def button(self, name):
        return self.part("Training").get_by_role("button", name=name, exact=True)

    def slider(self, task):
        return self.panel.get_by_role("slider", name=f"weight of {task}", exact=True)

    def chip(self, words):
        self.part("Training").locator(".mtl-chip", has_text=words).wait_for(timeout=120_000)

    def step(self):
        found = re.search(r"step ([\d,]+)", self.part("Training").inner_text())
        return int(found.group(1).replace(",", "")) if found else -1

    def goes_on(self):
        before = self.step()
        self.until(lambda: self.step() > before)

    def until(self, condition, seconds=60):
        for _ in range(10 * seconds):
            if condition():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"not within {seconds} s; the panel says {self.panel.inner_text()}")

    def talk(self):
        """What went over our comms since it was last asked."""
        return self.page.evaluate("() => window.talk.splice(0)")

    def cursor(self):
        """Index and text of the line in which the cursor is."""
        return self.page.evaluate(
            "() => { const { content } = window.jupyterapp.shell.currentWidget; const { editor } = content.activeCell;"
            " const { line } = editor.getCursorPosition(); return [content.activeCellIndex, editor.getLine(line)]; }"
        )


@pytest.fixture(scope="module")
def opened(page, server):
    """The notebook before anything has run."""
    page.set_viewport_size({"width": 1400, "height": 1400})
    lab = Lab(page, server[2])
    lab.count = 300
    desk = Desk(lab)
    desk.see()
    yield desk
    lab.theme("Light")
    desk.see(False)
    lab.close()


@pytest.fixture(scope="module")
def training(opened):
    """A cell that trains, the second of its name; the kernel is busy."""
    opened.run("data", "first")
    opened.lab.run(AT["feed"], wait=False)
    opened.chip("training, controls live")
    return opened


@pytest.fixture
def desk(training):
    """That, with the panel in sight."""
    with watched(training.page):
        training.see()
        yield training
        assert training.page.evaluate("() => window.evil") is None


def test_a_kernel_that_does_not_know_it_is_offered_the_extension(opened):
    with watched(opened.page):
        load = opened.panel.get_by_role("button", name="Load the extension")
        load.press("Enter")
        opened.page.wait_for_function("n => document.querySelectorAll(n).length === 7", arg=f"{FRONT} .jp-Cell")
        assert opened.lab.text(0) == "%load_ext mtl_magic"
        assert opened.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.executionCount === null"
        )
        opened.lab.command("notebook:delete-cell")
        for title in SHOWN[1:]:
            assert not opened.part(title).is_visible()


def test_where_it_stands(desk):
    desk.goes_on()
    said = desk.part("Training").inner_text()
    assert "feed" in said
    assert desk.name in said
    assert re.search(r"epoch \d+ of at most 100000, step [\d,]+", said)
    assert re.search(r"[\d,.]+ rows/s, at most .+ left", said)
    assert desk.part("Training").get_by_role("progressbar").get_attribute("aria-valuenow") == "0"


def test_its_run_is_listed_though_nobody_comes_back_to_the_window(desk):
    desk.part("Runs").locator("button[data-state=running]").wait_for(timeout=10_000)


def test_a_card_a_head(desk):
    heads = desk.part("Heads").get_by_role("row")
    desk.until(lambda: "–" not in heads.nth(3).inner_text())
    for row, (task, metric, higher) in enumerate(
        (("click", "auc", True), ("like", "auc", True), ("watch", "rmse", False))
    ):
        card = heads.nth(row + 1)
        cells = card.get_by_role("cell")
        assert card.get_by_role("rowheader").inner_text().split() == [task, metric]
        assert card.locator("path").count() == 2, "its own curve, and the previous run's"
        now, best, delta = (cells.nth(i) for i in (1, 2, 3))
        assert float(now.inner_text()) > 0
        assert float(best.inner_text()) > 0
        found = float(delta.inner_text().replace("−", "-").replace("±", ""))
        better = None if found == 0 else (found > 0) is higher
        kinds = delta.get_attribute("class").split()
        assert [k for k in kinds if k in ("mtl-up", "mtl-down")] == {None: [], True: ["mtl-up"], False: ["mtl-down"]}[
            better
        ]


def test_how_it_shares(desk):
    """Boxes are in the colour of the task whose own they are; ways through gates are as wide as their shares."""
    sharing = desk.part("Sharing")
    labels = sharing.locator("svg text").all_text_contents()
    assert labels == ["mmoe", "inputs", "expert 1", "expert 2", "expert 3", "click", "like", "watch"]
    own = sharing.locator("rect[data-kind=head]").evaluate_all("all => all.map(e => getComputedStyle(e).stroke)")
    assert len(set(own)) == 3
    shared = sharing.locator("rect[data-kind=expert]").evaluate_all("all => all.map(e => getComputedStyle(e).stroke)")
    assert len(set(shared)) == 1
    assert not set(shared) & set(own)
    widths = sharing.locator("path[data-kind=flow]")
    desk.until(lambda: len(set(widths.evaluate_all("all => all.map(e => e.style.strokeWidth)")) - {""}) > 3)


def test_a_place_in_it_leads_to_its_line(desk):
    sharing = desk.part("Sharing")
    sharing.get_by_role("button", name=re.compile("expert 2")).click()
    desk.until(lambda: desk.cursor() == [AT["feed"], "share mmoe(experts=3, units=[8])"])
    first = sharing.locator("[tabindex='0']")
    first.focus()
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("ArrowRight")
    sharing.get_by_role("button", name=re.compile("^watch")).focus()
    desk.page.keyboard.press("Enter")
    desk.until(lambda: desk.cursor() == [AT["feed"], "task watch: regression"])
    desk.button("feed").press("Enter")
    desk.until(lambda: desk.cursor() == [AT["feed"], "%%mtl feed --data log"])


def test_how_the_gradients_agree(desk):
    agreement = desk.part("Gradient agreement")
    agreement.wait_for()
    assert agreement.locator("th[scope=row]").all_inner_texts() == ["click", "like", "watch"]
    cosines = agreement.locator("td[style]")
    assert cosines.count() == 6
    assert all(abs(float(t.replace("−", "-"))) <= 1 for t in cosines.all_inner_texts())
    assert "of steps" in agreement.inner_text() or "no task pulls" in agreement.inner_text()
    cosines.first.hover()
    assert "click, like:" in agreement.locator(".mtl-read").inner_text()
    desk.page.mouse.move(5, 500)


def test_a_busy_kernel_is_steered_and_the_dashboard_follows(desk):
    dash = desk.lab.cell(AT["feed"]).locator(".mtl-dash")
    assert desk.lab.runs(AT["feed"])
    whose = desk.part("Weights").locator(".mtl-row").nth(1).locator(".mtl-whose")
    assert whose.inner_text() == "auto"
    for _ in range(10):
        desk.slider("like").press("ArrowRight")
    desk.until(lambda: "like 1.5 (you) at step" in desk.part("Training").inner_text())
    assert whose.text_content() == "yours"
    theirs = dash.get_by_role("slider", name="weight of like", exact=True)
    desk.until(lambda: theirs.input_value() == "1.5")
    theirs.press("ArrowLeft")
    desk.until(lambda: desk.slider("like").input_value() == "1.45")
    desk.panel.get_by_label("weight of click, as a number").fill("0.25")
    desk.page.keyboard.press("Enter")
    desk.until(lambda: "click 0.25 (you) at step" in desk.part("Training").inner_text())
    desk.button("Pause").click()
    desk.chip("paused")
    before = desk.step()
    desk.page.wait_for_timeout(800)
    assert desk.step() == before
    desk.button("Resume").press("Enter")
    desk.goes_on()
    assert desk.page.evaluate("() => window.jupyterapp.commands.isEnabled('mtl-magic:stop')")
    assert desk.lab.runs(AT["feed"]), "the cell has ended"


def test_task_weights_of_a_run_go_onto_the_training(desk):
    line = desk.part("Runs").locator("button.mtl-run").last
    line.click()
    desk.panel.get_by_role("button", name="Use task weights").click()
    desk.until(lambda: [desk.slider(t).input_value() for t in ("click", "like", "watch")] == ["1", "1", "1"])
    desk.until(lambda: "1 (you) at step" in desk.part("Training").inner_text())
    line.click()


def test_completion_and_meanings_answer_at_once_while_it_trains(desk):
    desk.page.evaluate(HEAR)
    offered, _ = completed(desk.lab, AT["first"], "balance g")
    assert "gradnorm" in offered
    assert "send complete_request" not in desk.talk(), "it waits for the kernel, or for a second"
    desk.page.keyboard.press("Escape")
    [desk.page.keyboard.press("Backspace") for _ in "balance g"]
    assert "mixture of experts" in hovered(desk.lab, AT["first"], 2, "mmoe")
    assert desk.lab.runs(AT["feed"])


def test_it_is_pushed_and_silent_when_hidden(desk):
    desk.page.evaluate(HEAR)
    desk.goes_on()
    desk.page.wait_for_timeout(500)
    heard = desk.talk()
    assert "recv rows" in heard
    assert not [t for t in heard if t.startswith("send")], "it asks"
    desk.see(False)
    desk.page.wait_for_timeout(500)
    assert "send bye" in desk.talk()
    desk.page.wait_for_timeout(2000)
    assert desk.talk() == [], "it is hidden"
    desk.see()
    desk.goes_on()
    heard = desk.talk()
    assert "recv snapshot" in heard
    assert {t for t in heard if t.startswith("send")} == {"send hello"}
    dash = desk.lab.cell(AT["feed"]).locator(".mtl-dash")
    dash.get_by_role("slider", name="weight of watch", exact=True).press("ArrowRight")
    desk.until(lambda: desk.slider("watch").input_value() == "1.05")


def test_it_follows_the_notebook_in_front(desk):
    other = Lab(desk.page, desk.lab.work)
    other.count = 350
    name = other.notebook(DATA, FEED.format(epochs=2))
    desk.panel.get_by_role("button", name="Load the extension").wait_for()
    assert not desk.part("Weights").is_visible()
    assert not desk.page.evaluate("() => window.jupyterapp.commands.isEnabled('mtl-magic:stop')")
    assert name in desk.part("Training").inner_text() or desk.part("Training").is_visible()
    desk.page.evaluate(
        "name => window.jupyterapp.serviceManager.contents.rename(name, 'renamed.ipynb').then(() => null)", desk.name
    )
    desk.lab.show("renamed.ipynb")
    desk.part("Training").get_by_text("renamed.ipynb").wait_for()
    desk.goes_on()
    other.show(name)
    other.shut()
    desk.name = "renamed.ipynb"
    desk.lab.show(desk.name)
    desk.chip("training, controls live")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_and_how_it_looks(desk, theme):
    desk.lab.theme(theme)
    desk.page.evaluate("() => document.querySelectorAll('.Toastify__toast').forEach(t => t.remove())")
    desk.lab.cell(AT["feed"]).evaluate("el => el.scrollIntoView({ block: 'start' })")
    desk.slider("like").focus()
    desk.goes_on()
    assert faults(desk.lab) == []
    assert desk.panel.evaluate("el => el.scrollWidth <= el.clientWidth"), "something is cut off"
    screenshot(desk.page, f"sidebar-live-{theme.lower()}")
    desk.panel.screenshot(path=str(SCREENSHOTS / f"sidebar-live-{theme.lower()}-panel.png"))


def test_everything_by_keyboard(desk):
    """Tab comes to everything that acts, in its order, and out again; the topology and the map of gradients are a stop each."""
    there = desk.page.evaluate(f"() => {KEYED}.length")
    desk.lab.command("mtl-magic:show-panel")
    came = []
    for _ in range(there):
        desk.page.keyboard.press("Tab")
        at = desk.page.evaluate(f"() => {KEYED}.indexOf(document.activeElement)")
        seen = desk.page.evaluate(
            "() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " return s.outlineStyle !== 'none' || getComputedStyle(e.querySelector('rect') ?? e).strokeWidth === '2.5px'; }"
        )
        assert seen, f"no focus is seen on {at}"
        came.append(at)
    assert came == list(range(there))
    desk.page.keyboard.press("Tab")
    assert not desk.page.evaluate("() => Boolean(document.activeElement.closest('.mtl-part'))"), "the panel is a trap"


KEYED = ACTS.replace(":is(button, select, summary)", ':is(button, select, summary, input, [tabindex="0"])').replace(
    "e.checkVisibility()", "e.checkVisibility({ visibilityProperty: true })"
)


def test_stop_ends_the_cell_and_the_run_remembers(desk):
    began = time.monotonic()
    desk.button("Stop").click()
    desk.chip("stopped")
    assert time.monotonic() - began < 20
    desk.ended("feed")
    assert desk.slider("like").is_disabled()
    assert desk.button("Pause").is_disabled()
    assert not desk.page.evaluate("() => window.jupyterapp.commands.isEnabled('mtl-magic:stop')")
    desk.run("said")
    why, steered = json.loads(desk.lab.said(AT["said"]))
    assert why == "stopped"
    assert [s["what"] for s in steered if s["what"] != "weight"] == ["pause", "resume", "stop"]
    last = {s["task"]: s["to"] for s in steered if s["what"] == "weight"}
    assert last == {"like": 1, "click": 1, "watch": 1.05}


def test_names_are_text(desk):
    desk.page.evaluate(
        """evil => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
        .requestExecute({ code: `evil = ${JSON.stringify(evil)}` }).done.then(() => null)""",
        EVIL,
    )
    desk.run("hurt")
    desk.chip("finished")
    assert EVIL in desk.part("Weights").inner_text()
    assert EVIL in desk.part("Sharing").get_by_role("button").first.get_attribute("aria-label")
    assert desk.panel.locator("img").count() == 0


def test_a_training_in_the_background_after_a_reload_and_a_restart(desk):
    desk.run("calm")
    desk.chip("training, controls live")
    desk.lab.save()
    desk.lab.reload()
    desk.lab.show(desk.name)
    desk.see()
    desk.chip("training, controls live")
    desk.goes_on()
    desk.slider("like").press("ArrowRight")
    desk.until(lambda: "like 1.05 (you) at step" in desk.part("Training").inner_text())
    desk.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    desk.panel.get_by_role("button", name="Load the extension").wait_for()
    for title in SHOWN[1:]:
        assert not desk.part(title).is_visible()
    assert not desk.page.evaluate("() => window.jupyterapp.commands.isEnabled('mtl-magic:stop')")
    desk.run("data", "calm")
    desk.chip("training, controls live")
    desk.goes_on()
    desk.page.evaluate(
        """code => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code })
        .done.then(() => null)""",
        "from mtl_magic.dashboard.panel import PANEL\nfor page in PANEL.pages: PANEL.forget(page)",
    )
    desk.see(False)
    desk.see()
    desk.chip("training, controls live")
    desk.goes_on()
    desk.button("Stop").click()
    desk.chip("stopped")
    desk.part("Runs").locator("li:first-child > button[data-state=stopped]", has_text="calm").wait_for()
