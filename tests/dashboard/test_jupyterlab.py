"""The dashboard in a real JupyterLab: a person watches a cell that trains, and steers it while it does.

One notebook, one kernel after another, small trainings: each test is a few seconds on a machine that is free.
"""

from __future__ import annotations

import json
import pathlib
import re

import nbformat
import pytest
from browser import SCREENSHOTS, screenshot
from lab import Lab, watched

QUICKSTART = pathlib.Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
DATA = """%load_ext mtl_magic
import json
from mtl_magic.datasets import kuairand_sample
log = kuairand_sample()"""
HOSTILE = ["<script>window.hurt=1</script>", "\"'&amp;<img src=x onerror=window.hurt=1>"]
STRANGE = f"""import numpy as np, pandas as pd
user = np.arange(3000) % 50
strange = pd.DataFrame({{'<b>user</b>': user.astype(str), **{{n: (user % 3 == 0) * 1.0 for n in {HOSTILE!r}}}}})"""
SMALL = "share mlp(units=[8])\ntask is_click: binary\ntask is_like: binary\n"
ONLY = "log[['user_id', 'tab', 'is_click', 'is_like']]"
LONG = "train epochs=100000 early_stop=none"


def quickstart():
    """The first cell of the quickstart that trains, so that it trains until it is stopped."""
    cells = nbformat.read(QUICKSTART, as_version=4).cells
    return next(c.source for c in cells if c.source.startswith("%%mtl")) + f"\n{LONG}"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


CELLS = {
    "data": DATA,
    "feed": quickstart(),
    "said": "print(json.dumps([feed.why, feed.facts['steered'], len(feed.predict(log.tail(3)))]))",
    "calm": f"%%mtl calm --background --data {ONLY}\n{SMALL}{LONG}",
    "stop": "%mtl stop calm",
    "kept": "print(type(calm).__name__, calm.why, calm.step, [s['what'] for s in calm.facts['steered']])",
    "strange": f"{STRANGE}",
    "hurt": "%%mtl hurt --data strange\nshare mlp(units=[4])\n"
    + "".join(f"task {quoted(name)}: binary\n" for name in HOSTILE)
    + "train epochs=3",
    "other": f"%%mtl other --data {ONLY}\n{SMALL}{LONG}",
    "whole": "print(other)",
}
AT = {name: i for i, name in enumerate(CELLS)}


class Desk:
    """A notebook of all these cells, and its dashboards."""

    def __init__(self, lab):
        self.lab, self.page = lab, lab.page
        self.path = lab.notebook(*CELLS.values())

    def run(self, *names):
        """Cells from their first to their last moment."""
        for name in names:
            self.lab.run(AT[name], wait=False)
            self.lab.ended(AT[name])

    def begin(self, name):
        """A training; returns once it trains, and the page knows whether its controls are live."""
        self.lab.run(AT[name], wait=False)
        dash = self.dash(name)
        dash.locator(".mtl-chip", has_text="training, controls live").wait_for()
        dash.scroll_into_view_if_needed()
        return dash

    def dash(self, name):
        return self.lab.cell(AT[name]).locator(".mtl-dash")

    def cell(self, name):
        return self.lab.cell(AT[name])

    def busy(self, name):
        return self.lab.runs(AT[name])


@pytest.fixture(scope="module")
def _opened(page, server):
    lab = Lab(page, server[2])
    yield Desk(lab)
    lab.theme("Light")
    lab.close()


@pytest.fixture
def desk(_opened):
    """The notebook, its data loaded; nothing trains."""
    page = _opened.page
    page.set_viewport_size({"width": 1400, "height": 1200})
    with watched(page):
        _opened.lab.show(_opened.path)
        _opened.run("data")
        yield _opened
        if any(map(_opened.busy, CELLS)):
            _opened.lab.command("notebook:interrupt-kernel")
            [_opened.lab.ended(i) for i in AT.values()]


def applied(dash, task):
    """The weight that the last step had, as the table for screen readers says it."""
    row = dash.locator(".mtl-values tbody tr").filter(has=dash.page.get_by_role("rowheader", name=task, exact=True))
    said = row.locator("td").last.text_content()
    return float("nan" if said == "–" else said)


def until(dash, condition, *, seconds=60):
    """Waits for something of the page that only Python can tell."""
    for _ in range(10 * seconds):
        if condition():
            return
        dash.page.wait_for_timeout(100)
    raise AssertionError(f"not within {seconds} s; the dashboard says {dash.inner_text()}")


def step(dash):
    found = re.search(r"step ([\d,]+)", dash.locator(".mtl-head").first.inner_text())
    return int(found.group(1).replace(",", "")) if found else -1


def goes_on(dash):
    """Waits until the training makes steps."""
    before = step(dash)
    until(dash, lambda: step(dash) > before)


def slider(dash, task):
    return dash.get_by_role("slider", name=f"weight of {task}", exact=True)


def drag(dash, task, part):
    """Moves a slider by the mouse to a part of its length."""
    found = slider(dash, task)
    found.scroll_into_view_if_needed()
    box, mouse = found.bounding_box(), dash.page.mouse
    at = float(found.input_value()) / float(found.get_attribute("max"))
    mouse.move(box["x"] + 6 + at * (box["width"] - 12), box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(box["x"] + part * box["width"], box["y"] + box["height"] / 2, steps=5)
    mouse.up()
    return float(found.input_value())


def test_a_busy_cell_is_steered_and_remembers_it(desk):
    dash = desk.begin("feed")
    # a slider, by mouse and by keyboard
    like = drag(dash, "like", 0.75)
    assert like > 2
    until(dash, lambda: applied(dash, "like") == pytest.approx(like, rel=0.01))
    for _ in range(4):
        slider(dash, "click").press("ArrowRight")
    until(dash, lambda: applied(dash, "click") == pytest.approx(1.2))
    assert desk.busy("feed"), "the cell had ended"
    # a pause, which nothing passes
    dash.get_by_role("button", name="Pause").click()
    dash.locator(".mtl-chip", has_text="paused").wait_for()
    before = step(dash)
    desk.page.wait_for_timeout(800)
    assert step(dash) == before
    dash.get_by_role("button", name="Resume").click()
    goes_on(dash)
    # method and learning rate
    dash.get_by_label("balancing method").select_option("uncertainty")
    dash.locator(".mtl-foot", has_text="equal → uncertainty (you) at step").wait_for()
    dash.get_by_label("learning rate").fill("0.003")
    dash.get_by_label("learning rate").press("Enter")
    dash.locator(".mtl-foot", has_text="learning rate 0.003 (you) at step").wait_for()
    goes_on(dash)
    screenshot(desk.page, "lab-light")
    dash.screenshot(path=str(SCREENSHOTS / "lab-dashboard-light.png"))
    desk.lab.theme("Dark")
    assert dash.get_attribute("data-theme") == "dark"
    screenshot(desk.page, "lab-dark")
    dash.screenshot(path=str(SCREENSHOTS / "lab-dashboard-dark.png"))
    desk.lab.theme("Light")
    assert desk.busy("feed"), "the cell had ended"
    dash.get_by_role("button", name="Stop").click()
    desk.lab.ended(AT["feed"])
    assert dash.locator(".mtl-chip").inner_text() == "stopped"
    assert slider(dash, "like").is_disabled()
    assert "stopped by hand" in desk.lab.said(AT["feed"])
    desk.run("said")
    why, steered, predicted = json.loads(desk.lab.said(AT["said"]))
    assert (why, predicted) == ("stopped", 3)
    assert [s["what"] for s in steered if s["what"] != "weight"] == ["pause", "resume", "method", "lr", "stop"]
    last = {s["task"]: s["to"] for s in steered if s["what"] == "weight"}
    assert last == {"like": pytest.approx(like), "click": pytest.approx(1.2)}
    assert all(s["step"] > 0 for s in steered)


def test_a_narrow_window_cuts_nothing_off(desk):
    dash = desk.begin("other")
    desk.page.set_viewport_size({"width": 760, "height": 1000})
    goes_on(dash)
    assert dash.evaluate("el => el.scrollWidth <= el.clientWidth")
    reached = dash.evaluate(
        """el => [...el.querySelectorAll('button, input, select, canvas')].filter(e => e.offsetParent)
        .every(e => e.getBoundingClientRect().right <= el.getBoundingClientRect().right + 1)"""
    )
    assert reached
    # a method of gradients, chosen while the cell trains, brings its map
    assert not dash.locator("[data-kind=gradients]").is_visible()
    dash.get_by_label("balancing method").select_option("gradnorm")
    agreement = dash.locator("[data-kind=gradients]")
    agreement.locator(".mtl-below").get_by_text(re.compile(r"pulls? against")).wait_for()
    by = dash.locator("[data-kind=weights] .mtl-title")
    assert re.search(r"gradnorm from step [\d,]+", by.inner_text())
    assert agreement.locator("tbody th").all_inner_texts() == ["is_click", "is_like"]
    screenshot(desk.page, "lab-narrow")
    dash.screenshot(path=str(SCREENSHOTS / "lab-dashboard-narrow.png"))
    dash.get_by_role("button", name="Stop").click()
    desk.lab.ended(AT["other"])


def test_names_are_text(desk):
    desk.run("strange", "hurt")
    dash = desk.dash("hurt")
    assert dash.locator(".mtl-chip").inner_text() in ("finished", "stopped early")
    assert dash.locator(".mtl-row .mtl-task").all_inner_texts() == HOSTILE
    report = desk.cell("hurt").locator(".jp-OutputArea-output").last.inner_text()
    assert all(name in report for name in HOSTILE)
    assert desk.page.evaluate("() => window.hurt") is None
    dash.scroll_into_view_if_needed()
    screenshot(desk.page, "lab-hostile")


def test_a_background_training_survives_a_reload_of_the_page(desk):
    dash = desk.begin("calm")
    desk.lab.ended(AT["calm"])  # at once: the training does not end by itself
    drag(dash, "is_like", 0.75)
    goes_on(dash)
    before = step(dash)
    desk.lab.save()
    desk.lab.reload()
    desk.lab.show(desk.path)
    dash = desk.dash("calm")
    dash.locator(".mtl-chip", has_text="training").wait_for()
    goes_on(dash)
    assert step(dash) > before
    assert "is_like" in dash.locator(".mtl-foot").inner_text()  # what was done before is there
    assert dash.locator(".mtl-spark path").count()  # and so are the curves
    like = drag(dash, "is_like", 0.5)
    until(dash, lambda: applied(dash, "is_like") == pytest.approx(like, rel=0.01))
    screenshot(desk.page, "lab-reloaded")
    desk.run("stop", "kept")
    assert dash.locator(".mtl-chip").inner_text() == "stopped"
    assert re.fullmatch(r"Run stopped \d+ \[('weight', )+'stop'\]\n?", desk.lab.said(AT["kept"]))


def test_a_page_that_is_reloaded_under_a_running_cell_finds_its_dashboard_at_the_end(desk):
    """The widget manager asks the main thread what widgets there are, which is the cell's."""
    goes_on(desk.begin("other"))
    desk.lab.save()
    desk.lab.reload()
    desk.lab.show(desk.path)
    desk.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel")
    desk.lab.command("notebook:interrupt-kernel")
    dash = desk.dash("other")
    dash.locator(".mtl-chip", has_text="interrupted").wait_for()
    dash.locator(".mtl-head", has_text=re.compile(r"^\s*other")).wait_for()
    assert slider(dash, "is_like").is_disabled()
    desk.run("whole")
    assert "interrupted" in desk.lab.said(AT["whole"])  # the run is there, and shows itself


def test_two_notebooks_train_and_a_restart_of_one_leaves_the_other(desk):
    dash = desk.begin("other")
    second = Lab(desk.page, desk.lab.work)
    second.count = 50
    name = second.notebook(DATA, CELLS["other"])
    second.run(0, wait=False)
    second.run(1, wait=False)
    its = second.cell(1).locator(".mtl-dash")
    its.locator(".mtl-chip", has_text="training, controls live").wait_for()
    like = drag(its, "is_like", 0.75)
    until(its, lambda: applied(its, "is_like") == pytest.approx(like, rel=0.01))
    screenshot(desk.page, "lab-second")
    desk.lab.show(desk.path)
    goes_on(dash)
    assert applied(dash, "is_like") == 1
    # the first loses its kernel while it trains
    desk.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    dash.locator(".mtl-chip", has_text="kernel restarted").wait_for()
    assert slider(dash, "is_like").is_disabled()
    assert dash.get_by_role("button", name="Stop").is_disabled()
    screenshot(desk.page, "lab-restarted")
    second.show(name)
    goes_on(its)
    its.get_by_role("button", name="Stop").click()
    second.ended(1)
    second.shut()
    # a new run of the first, with the new kernel
    desk.lab.show(desk.path)
    desk.run("data")
    dash = desk.begin("other")
    like = drag(dash, "is_like", 0.75)
    until(dash, lambda: applied(dash, "is_like") == pytest.approx(like, rel=0.01))
    dash.get_by_role("button", name="Stop").click()
    desk.lab.ended(AT["other"])
    assert "stopped by hand" in desk.lab.said(AT["other"])


def test_a_saved_notebook_is_small_and_shows_its_run_without_a_kernel(desk):
    desk.run("strange", "hurt")
    path = desk.lab.save()
    assert path.stat().st_size < 1e6
    desk.lab.shut()
    desk.lab.show(desk.path, kernel=False)
    report = desk.cell("hurt").locator(".jp-OutputArea-output").last
    report.scroll_into_view_if_needed()
    assert all(name in report.inner_text() for name in HOSTILE)
    assert report.locator("img").evaluate("img => img.complete && img.naturalWidth > 200")
    screenshot(desk.page, "lab-reopened")
