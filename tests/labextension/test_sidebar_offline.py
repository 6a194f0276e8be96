"""The panel without a training: runs on the disk, two compared, cells made of them, problems, templates, the beginning."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil

import pytest
from browser import screenshot
from playwright.sync_api import TimeoutError as LateError

import mtl_magic
from labextension import runs_on_disk as disk

AXE = pathlib.Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
OURS = "%%mtl --data log\ntask click: binary\n"
WRONG = "%%mtl --data log\ntask click: binery\n"
EVIL = "<img src=x onerror='window.evil=1'>"
SOURCE = "window.jupyterapp.shell.currentWidget.content"


@pytest.fixture
def runs(lab):
    """The folder beside the tests' notebooks, with the panel in sight."""
    root = disk.fresh(lab.work / "mtl_runs")
    lab.page.evaluate("() => { window.evil = undefined; window.jupyterapp.shell.activateById('mtl-magic-sidebar') }")
    lab.page.evaluate("() => document.querySelectorAll('#mtl-magic-sidebar details').forEach(d => (d.open = false))")
    looked(lab)
    lab.page.wait_for_function("() => !document.querySelector('#mtl-magic-sidebar button.mtl-run')")
    yield root
    disk.fresh(root)
    assert lab.page.evaluate("() => window.evil") is None


@pytest.fixture
def panel(lab, runs):
    return lab.page.locator("#mtl-magic-sidebar")


def part(panel, title):
    return panel.get_by_role("region", name=title, exact=True)


def opened(lab, *sources):
    """A notebook in front that has no kernel, and the focus."""
    import nbformat

    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    lab.count += 1
    name = f"offline{lab.count}.ipynb"
    nbformat.write(made, lab.work / name)
    lab.show(name, kernel=False)
    lab.page.wait_for_function("() => document.activeElement?.closest('.jp-NotebookPanel')")  # it takes the focus late


def looked(lab):
    """As when a person comes back to the window."""
    lab.page.evaluate("() => { window.dispatchEvent(new Event('focus')) }")


def text(lab, index):
    lab.page.wait_for_function(f"i => {SOURCE}.widgets.length > i", arg=index)
    return lab.text(index)


def again(act, done):
    """Acts until it is done: the notebook may take the focus, late, before a key has come."""
    for last in (False, False, False, False, True):
        try:
            act()
            done()
        except LateError:
            if last:
                raise
        else:
            return


def entered(lab, button, index):
    """Presses a button that makes a cell."""
    made = f"i => {SOURCE}.widgets.length > i"
    again(
        lambda: button.press("Enter", timeout=5000),
        lambda: lab.page.wait_for_function(made, arg=index, timeout=5000),
    )


def unfolded(panel):
    """Opens the list of templates by a key."""
    summary, there = panel.get_by_text("Insert a cell"), panel.locator("details[open]")
    summary.wait_for()
    again(lambda: there.count() or summary.press("Enter", timeout=5000), lambda: there.wait_for(timeout=5000))


def faults(lab, where="#mtl-magic-sidebar"):
    """What axe finds wrong with the panel, of the grave kinds."""
    if not lab.page.evaluate("() => Boolean(window.axe)"):
        lab.page.add_script_tag(path=str(AXE))
    # JupyterLab's body has no height, so that axe takes all text for hidden and looks at no contrast
    lab.page.add_style_tag(content="html, body { height: 100% }")
    found = lab.page.evaluate("where => window.axe.run(where)", where)
    assert len([n for r in found["passes"] if r["id"] == "color-contrast" for n in r["nodes"]]) > 3
    found = found["violations"]
    return [
        (v["id"], [n["html"] + str(n["any"][:1]) for n in v["nodes"]])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


def rows(panel):
    """The lines of the list, each as one line of text."""
    return [" ".join(t.split()) for t in part(panel, "Runs").locator("button.mtl-run").all_inner_texts()]


def line(panel, run):
    """The line of a run."""
    return panel.locator("button.mtl-run").filter(has=panel.page.get_by_text(run, exact=True))


def full(lab, runs):
    """A notebook with a slip, and runs of several states."""
    disk.index(
        runs,
        disk.run(runs, "feed", share="mmoe(experts=4)"),
        disk.run(runs, "feed-2", auc=0.8, status="running"),
        disk.run(runs, "lonely", status="failed", problem={"code": "MTL301", "message": "the loss is NaN"}),
    )
    opened(lab, WRONG, "x = 1")


# -- runs


def test_runs_without_a_kernel(lab, runs, panel):
    full(lab, runs)
    part(panel, "Runs").wait_for()
    assert lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session") is None
    names = [line.split()[0] for line in rows(panel)]
    assert names == ["lonely", "feed-2", "feed"], "newest first"
    assert "failed" in rows(panel)[0]
    assert "training" in rows(panel)[1]
    assert "click 0.750 · like 0.850" in rows(panel)[2]
    line(panel, "lonely").click()
    assert "MTL301: the loss is NaN" in panel.locator(".mtl-bad").inner_text()


def test_a_training_that_gives_no_sign_of_life(lab, runs, panel):
    disk.index(runs, disk.run(runs, "feed", status="running"))
    os.utime(runs / "feed" / "run.json", (1, 1))
    opened(lab, OURS)
    part(panel, "Runs").wait_for()
    assert "no sign of life" in rows(panel)[0]


def test_it_is_looked_at_again_when_it_is_seen_and_not_while_it_is_hidden(lab, runs, panel):
    first = disk.run(runs, "feed")
    disk.index(runs, first)
    opened(lab, OURS)
    part(panel, "Runs").wait_for()
    line(panel, "feed").press("Enter")
    asked = []
    lab.page.on("request", lambda request: asked.append(request.url) if "index.json" in request.url else None)
    lab.page.evaluate("() => window.jupyterapp.shell.collapseRight()")
    disk.index(runs, first, disk.run(runs, "feed-2", auc=0.8))
    looked(lab)
    lab.page.wait_for_timeout(500)
    assert not asked, "it is hidden"
    lab.page.evaluate("() => window.jupyterapp.shell.activateById('mtl-magic-sidebar')")
    line(panel, "feed-2").wait_for()
    assert panel.get_by_text("click logloss").is_visible(), "what was open stays open"
    disk.index(runs, first)
    looked(lab)
    line(panel, "feed-2").wait_for(state="detached")
    before = len(asked)
    lab.page.wait_for_timeout(1500)
    assert len(asked) == before, "nothing is polled"


def test_an_open_line_stays_and_says_what_is_new(lab, runs, panel):
    """Pushed down by another run, with the focus and what it is compared with."""
    several = [disk.run(runs, f"feed-{i}") for i in range(1, 9)]
    disk.index(runs, *several)
    opened(lab, OURS)
    part(panel, "Runs").wait_for()
    line(panel, "feed-1").click()
    panel.get_by_label("Compare with").select_option("feed-2")
    panel.locator(".mtl-compare").wait_for()
    panel.get_by_role("button", name="Copy text").focus()
    shutil.rmtree(runs / "feed-1")
    disk.index(runs, disk.run(runs, "feed-1", auc=0.9), *several[1:], disk.run(runs, "feed-9"))
    looked(lab)
    line(panel, "feed-9").wait_for()
    panel.locator("dl").get_by_text("0.9000", exact=True).wait_for()
    panel.locator(".mtl-compare").get_by_text("+0.1500").first.wait_for()
    assert focused(lab) == "Copy text"
    assert len(rows(panel)) == 9
    line(panel, "feed-1").click()
    looked(lab)
    panel.get_by_role("button", name="Show all 9").wait_for()
    assert len(rows(panel)) == 8


def test_an_index_that_is_none_is_no_error(lab, runs, panel):
    opened(lab, OURS)
    part(panel, "Templates").wait_for()
    assert part(panel, "Runs").count() == 0
    for content in ("{", "[]", '{"format": 99, "runs": []}', "\x00"):
        runs.mkdir(exist_ok=True)
        (runs / "index.json").write_text(content)
        looked(lab)
        panel.get_by_text("cannot be read").wait_for()
        disk.index(runs)
        looked(lab)
        panel.get_by_text("cannot be read").wait_for(state="hidden")
    (runs / "index.json").write_text(" " * 5_000_000)
    looked(lab)
    panel.get_by_text("too long").wait_for()


def test_what_an_index_may_hold(lab, runs, panel):
    """Lines of any form; an id that leads elsewhere is no run's."""
    (lab.work / "secret").mkdir(exist_ok=True)
    good = disk.run(runs, "feed")
    odd = [
        None,
        3,
        {},
        {"id": "../secret"},
        {"id": ".trash"},
        {"id": ""},
        {"id": "a/b"},
        {"id": "x", "metrics": [1], "tasks": {}},
    ]
    many = [{**good, "id": f"feed-{i}", "__proto__": {"x": 1}} for i in range(2, 40)]
    disk.index(runs, *odd, good, *many)
    opened(lab, OURS)
    part(panel, "Runs").wait_for()
    assert len(rows(panel)) == 8
    panel.get_by_role("button", name="Show all 40").press("Enter")
    assert len(rows(panel)) == 40
    assert lab.page.evaluate("() => document.activeElement.textContent").startswith("feed-31")
    assert "x" in rows(panel)[-1]
    line(panel, "feed-39").click()
    panel.get_by_text("run.json cannot be read").wait_for()
    assert "secret" not in panel.inner_text()


def test_where_the_kernel_keeps_them(lab, runs, panel):
    """MTL_MAGIC_RUNS, and what a cell that has run has changed there."""
    other = disk.fresh(lab.work / "elsewhere")
    disk.index(other, disk.run(other, "theirs"))
    begin = f"import os\nos.environ['MTL_MAGIC_RUNS'] = {str(other)!r}\n%load_ext mtl_magic"
    more = f"import json, pathlib\np = pathlib.Path({str(other / 'index.json')!r})\nfound = json.loads(p.read_text())\n"
    more += "found['runs'].append(found['runs'][0] | {'id': 'theirs-2'})\np.write_text(json.dumps(found));"
    lab.notebook(begin, more)
    lab.run(0)
    line(panel, "theirs").click()
    panel.get_by_role("button", name="Restore weights").click()
    assert 'mtl_magic.load("elsewhere/theirs")' in text(lab, 1), "from where the kernel works"
    lab.run(2)
    line(panel, "theirs-2").wait_for()
    lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    looked(lab)
    assert line(panel, "theirs-2").is_visible(), "it is remembered without the kernel"
    line(panel, "theirs-2").click()
    panel.get_by_text("run.json cannot be read").wait_for()
    disk.fresh(other)


# -- what can be done with a run


def test_two_beside_each_other(lab, runs, panel):
    full(lab, runs)
    line(panel, "feed-2").click()
    panel.get_by_label("Compare with").select_option("feed")
    table = panel.locator(".mtl-compare table")
    table.wait_for()
    cells = [" ".join(row.split()) for row in table.locator("tr").all_inner_texts()]
    assert cells[0] == "Metric feed-2 feed Δ"
    assert "click auc 0.8000 0.7500 +0.0500" in cells
    assert panel.locator(".mtl-diff del").all_inner_texts() == ["− share mmoe(experts=4)"]
    assert panel.locator(".mtl-diff ins").all_inner_texts() == ["+ share mlp"]
    panel.get_by_label("Compare with").select_option("")
    table.wait_for(state="detached")


def test_cells_of_a_run(lab, runs, panel):
    full(lab, runs)
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    line(panel, "feed-2").click()
    panel.get_by_role("button", name="Copy as cell").click()
    made = text(lab, 1)
    assert made == "%%mtl feed --data log[log.day < 5]\n" + disk.CELL.format(share="mlp")
    panel.get_by_role("button", name="Restore weights").click()
    assert text(lab, 2).endswith('\nfeed = mtl_magic.load("mtl_runs/feed-2")\n')
    panel.get_by_role("button", name="Use task weights").click()
    weighted = str(mtl_magic.parse(text(lab, 3).partition("\n")[2])).split("\n")
    assert "task click: binary weight 1.25" in weighted
    assert "task like: binary weight 0.5 allow MTL104" in weighted
    assert "balance static" in weighted
    panel.get_by_role("button", name="Copy text").click()
    assert lab.page.evaluate("() => navigator.clipboard.readText()") == made


# -- problems, templates, the beginning


def test_problems(lab, runs, panel):
    opened(lab, "x = 1", OURS, WRONG)
    there = part(panel, "In this notebook")
    there.wait_for()
    assert there.locator("li").count() == 1
    assert there.get_by_role("button").first.inner_text() == "MTL020 cell 3, line 2: 'binery' is no task kind"
    there.get_by_role("button").first.press("Enter")
    lab.page.wait_for_function(f"() => {SOURCE}.activeCellIndex === 2 && {SOURCE}.activeCell.editor.hasFocus()")
    assert lab.page.evaluate(f"() => {SOURCE}.activeCell.editor.getCursorPosition()") == {"line": 1, "column": 12}
    there.get_by_role("button", name="Replace with 'binary'").press("Enter")
    there.wait_for(state="detached")
    assert lab.text(2) == WRONG.replace("binery", "binary")
    lab.edit(1)
    lab.page.keyboard.type("\ntaks like: binary")
    there.wait_for()


def test_templates(lab, runs, panel):
    opened(lab, "x = 1")
    unfolded(panel)
    entered(lab, panel.get_by_role("button", name="ESMM"), 1)
    assert "given click via esmm" in text(lab, 1)


def test_a_press_before_the_notebook_has_its_cells_is_not_lost(lab, runs, panel):
    import nbformat

    lab.count += 1
    name, held = f"slow{lab.count}.ipynb", []
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")]), lab.work / name)
    lab.page.route(
        re.compile(rf"/api/contents/{name}\?.*content=1"),
        lambda route: held.append(route),  # noqa: PLW0108  Playwright writes on what it calls
    )
    without = {"shouldStart": False, "canStart": False}
    lab.page.evaluate(
        "asked => { window.jupyterapp.commands.execute('docmanager:open', asked); }",
        {"path": name, "factory": "Notebook", "kernelPreference": without},
    )
    panel.get_by_text("Insert a cell").click()
    while not held:
        lab.page.wait_for_timeout(20)
    assert lab.page.evaluate("() => !window.jupyterapp.shell.currentWidget.context.isReady")
    panel.get_by_role("button", name="ESMM").click()
    for route in held:
        route.continue_()
    lab.page.unroute_all()
    assert "given click via esmm" in text(lab, 1)
    assert text(lab, 0) == "x = 1"


def test_the_beginning(lab, runs, panel):
    opened(lab, "x = 1", "")
    start = part(panel, "A multi-task model in three lines")
    start.wait_for()
    shown = start.locator("pre").all_inner_texts()
    start.get_by_role("button", name="Insert example").press("Enter")
    assert [text(lab, i).strip() for i in (1, 2)] == shown
    start.wait_for(state="detached")
    lab.command("notebook:delete-cell")
    start.wait_for()


def test_without_a_notebook(lab, runs, panel):
    panel.get_by_role("button", name="Open the quickstart").wait_for()


# -- for everybody


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe(lab, runs, panel, theme):
    lab.theme(theme)
    opened(lab, "x = 1")
    part(panel, "A multi-task model in three lines").wait_for()
    assert faults(lab) == []
    full(lab, runs)
    line(panel, "feed-2").click()
    panel.get_by_label("Compare with").select_option("feed")
    panel.locator(".mtl-diff").wait_for()
    part(panel, "In this notebook").wait_for()
    panel.get_by_text("Insert a cell").click()
    lab.page.mouse.move(5, 500)
    lab.page.locator("#jupyterlab-splash").wait_for(state="detached")
    screenshot(lab.page, f"sidebar-offline-{theme.lower()}")
    assert faults(lab) == []
    lab.theme("Light")


def test_the_keyboard_alone(lab, runs, panel):
    """Tab comes to everything that acts; arrows go along the runs, Enter opens, Escape closes."""
    full(lab, runs)
    part(panel, "In this notebook").wait_for()
    line(panel, "lonely").wait_for()
    keys = lab.page.keyboard
    lab.command("mtl-magic:show-panel")
    keys.press("Tab")
    assert focused(lab).startswith("lonely")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    assert focused(lab).startswith("feed")
    keys.press("Home")
    keys.press("Enter")
    panel.get_by_role("button", name="Copy as cell").wait_for()
    there = lab.page.evaluate(f"() => {ACTS}.map(e => e.textContent)")
    assert len(there) > 8
    came = [focused(lab)]
    for _ in there[1:]:
        keys.press("Tab")
        assert lab.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid", (
            "no focus is seen"
        )
        came.append(focused(lab))
    assert came == there
    keys.press("Tab")
    assert not lab.page.evaluate("() => Boolean(document.activeElement.closest('.mtl-part'))"), "the panel is a trap"
    panel.get_by_label("Compare with").focus()
    keys.press("Escape")
    assert focused(lab).startswith("lonely")
    assert panel.get_by_role("button", name="Copy as cell").count() == 0


ACTS = "[...document.querySelectorAll('#mtl-magic-sidebar :is(button, select, summary):not(:disabled)')].filter(e => e.checkVisibility())"


def focused(lab):
    return lab.page.evaluate("() => document.activeElement.textContent")


def test_names_are_text(lab, runs, panel):
    """In an index, a run and a cell; nothing of them becomes an element."""
    evil = disk.run(runs, "feed", status=EVIL, problem={"code": EVIL, "message": EVIL})
    evil |= {"name": EVIL, "tags": [EVIL], "tasks": [EVIL], "metrics": {EVIL: {EVIL: 1.0}}}
    facts = json.loads((runs / "feed" / "run.json").read_text())
    facts["metrics"] = {EVIL: {EVIL: {EVIL: 1.0}}, "valid": {EVIL: {EVIL: 1.0}}}
    (runs / "feed" / "run.json").write_text(json.dumps(facts))
    (runs / "feed" / "cell.mtl").write_text(f"task {EVIL}\n")
    disk.index(runs, {**disk.run(runs, "other"), "id": EVIL.replace("/", "")}, evil)
    opened(lab, f'%%mtl {EVIL}\ntaks \'{EVIL}\': binary\ntask "{EVIL}": binary\ntask "{EVIL}": binary')
    part(panel, "In this notebook").wait_for()
    panel.locator("button.mtl-run").first.click()
    panel.get_by_label("Compare with").select_option(index=1)
    panel.locator(".mtl-compare").wait_for()
    assert EVIL in panel.inner_text()
    assert panel.locator("img").count() == 0


def test_a_hostile_notebook_runs_nothing(lab, runs, panel):
    """Opened with a kernel, its cells looked at, its runs listed."""
    mark = lab.work / "ran"
    does = f"open({str(mark)!r}, 'w')"
    disk.index(runs, disk.run(runs, "feed"))
    facts = json.loads((runs / "feed" / "run.json").read_text())
    facts["asked"]["data"] = [f"{does}\n{does}"]
    (runs / "feed" / "run.json").write_text(json.dumps(facts))
    lab.notebook(does, f"%%mtl --data {does}\ntask click: {{{does}}}\ntask clik: binery")
    part(panel, "In this notebook").wait_for()
    line(panel, "feed").click()
    for action in ("Copy as cell", "Restore weights", "Use task weights"):
        panel.get_by_role("button", name=action).click()
    assert text(lab, 1).split("\n")[0] == f"%%mtl feed --data {does} {does}", "one line stays one"
    lab.page.wait_for_timeout(1000)
    assert not mark.exists()
    counts = lab.page.evaluate(f"() => {SOURCE}.widgets.map(w => w.model.executionCount)")
    assert counts == [None] * len(counts)
