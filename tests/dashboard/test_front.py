"""The slider along a front of trade-offs: how it looks; in a JupyterLab a person walks it by keyboard, and keeps a stop as a run."""

from __future__ import annotations

import json

import pytest
from board import state_of
from browser import SCREENSHOTS
from lab import Lab, watched
from labextension.test_sidebar_offline import faults

from mtl_magic.decide.front import Front, Stop
from mtl_magic.decide.front_board import FrontBoard

DATA = """%load_ext mtl_magic
import json, os
os.environ['MTL_MAGIC_RUNS'] = os.path.abspath('front_runs')
import numpy as np, pandas as pd
draw = np.random.default_rng(0)
user = draw.integers(0, 40, 4000)
likes = draw.normal(size=(40, 2))
def label(k): return (likes[user, k] + draw.normal(size=user.size) > 0) * 1
log = pd.DataFrame({'user': user.astype(str), 'click': label(0), 'like': label(1)})"""
CELLS = {
    "data": DATA,
    "feed": "%%mtl feed --quiet --data log\nshare mlp(units=[2])\ntask click, like: binary\nbalance stch\n"
    "train epochs=2 batch=256 lr=0.01",
    "front": "front = get_ipython().run_line_magic('mtl', 'front feed stops=3')",
    "taken": "taken = 3",
    "said": "print(json.dumps([mine.name, mine.text == front[2].text, taken]))",
}
AT = {name: i for i, name in enumerate(CELLS)}
EVIL = "<img src=x onerror='window.evil=1'>"


def front(tasks=("click", "watch")):
    """Five stops, the metrics of the second better where they are lower; the second stop is dominated."""
    values = [(0.61, 7.2), (0.66, 8.5), (0.69, 7.7), (0.75, 9.1), (0.78, 11.4)]
    stops = [Stop(share, None, v, k != 1) for k, (share, v) in enumerate(zip((0.1, 0.3, 0.5, 0.7, 0.9), values))]  # noqa: B905
    return Front("feed", tasks, ("auc", "rmse"), (True, False), tuple(stops), "valid")


def shown(page, found, keep=lambda name, run: name):
    page.add_style_tag(path="mtl_magic/dashboard/static/front.css")
    page.evaluate("state => window.show('front', state)", state_of(FrontBoard(found, keep)))
    return page.locator(".mtl-front")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_stop_is_seen(open_page, theme):
    page = open_page(theme)
    root = shown(page, front())
    dots = root.locator("circle")
    places = dots.evaluate_all("all => all.map(e => [+e.getAttribute('cx'), +e.getAttribute('cy')])")
    assert places == sorted(places), "the first task's better end is to the right"
    assert places[0][1] < places[4][1], "the second's is up, though its metric is lower there"
    assert root.locator(".mtl-shown title").text_content() == "50% click, 50% watch"
    assert "dominated" not in root.inner_text()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    root.screenshot(path=str(SCREENSHOTS / f"front-{theme}.png"))
    dots.nth(1).click()
    assert root.get_by_role("slider").input_value() == "1"
    assert "dominated: another stop is better in one task and no worse in the other" in root.inner_text()
    assert root.get_by_role("slider").get_attribute("aria-valuetext").endswith("rmse 8.50, dominated")
    assert page.evaluate("() => window.models.front.saved") == [{"at": 1}]


def test_names_are_text_and_answers_too(open_page):
    page = open_page(width=420)
    root = shown(page, front((EVIL, "a task with a long name that says a lot")))
    root.get_by_label("run").press("Enter")
    assert page.evaluate("() => window.models.front.sent") == [{"do": "keep", "name": "feed_chosen", "at": 2}]
    page.evaluate("said => window.hear('front', { do: 'kept', said, wrong: true }, [])", EVIL)
    assert root.get_by_role("status").inner_text() == EVIL
    assert root.locator("img").count() == 0
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "something is cut off"
    root.screenshot(path=str(SCREENSHOTS / "front-narrow.png"))


def test_without_a_kernel_it_walks_and_keeps_nothing(open_page):
    page = open_page()
    root = shown(page, front())
    page.evaluate("() => window.models.front.tell('comm_live_update')")
    assert root.get_by_role("button").is_disabled()
    root.get_by_role("slider").press("End")
    assert "90% click, 10% watch" in root.inner_text()
    assert shown(open_page(), front(), None).get_by_role("button").count() == 0


# -- in JupyterLab ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(page, server):
    """A notebook that has its front."""
    page.set_viewport_size({"width": 1400, "height": 1200})
    lab = Lab(page, server[2])
    lab.count = 500
    lab.notebook(*CELLS.values())
    for name in ("data", "feed", "front", "taken"):
        lab.run(AT[name], wait=False)
        lab.ended(AT[name])
    yield lab
    lab.theme("Light")
    lab.close()


@pytest.fixture
def root(opened):
    """The slider."""
    with watched(opened.page):
        yield opened.cell(AT["front"]).locator(".mtl-front")


def test_a_person_walks_it_by_keyboard_and_keeps_a_stop(opened, root):
    page, slider = opened.page, root.get_by_role("slider", name="preference between like and click", exact=True)
    said = root.get_by_role("status")
    values = root.get_by_role("table").get_by_role("cell")
    slider.focus()
    found = {}
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
        share = slider.get_attribute("aria-valuetext").partition(":")[0]
        found[share] = [float(text) for text in values.all_inner_texts()]
        assert share in root.inner_text()
        assert root.locator(".mtl-shown title").text_content() == share
    assert list(found) == ["10% click, 90% like", "50% click, 50% like", "90% click, 10% like"]
    assert found["90% click, 10% like"][0] > found["10% click, 90% like"][0]
    assert found["90% click, 10% like"][1] < found["10% click, 90% like"][1]
    assert slider.get_attribute("aria-valuenow") in (None, "2")
    # a name that holds something else, then one that is free
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("taken")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    said.get_by_text("MTL404").wait_for()
    root.get_by_label("run").fill("mine")
    root.get_by_role("button", name="Keep this stop as a run").press("Enter")
    said.get_by_text("mine is a run of this notebook, kept as mine").wait_for()
    opened.run(AT["said"], wait=False)
    opened.ended(AT["said"])
    name, same, taken = json.loads(opened.said(AT["said"]))
    assert (name, same, taken) == ("mine", True, 3), "the run of the stop at which the slider stands"
    kept = json.loads((opened.work / "front_runs" / "index.json").read_text())["runs"]
    assert [(run["id"], run["status"]) for run in kept] == [("feed", "finished"), ("mine", "finished")]


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_how_it_looks(opened, root, theme):
    opened.theme(theme)
    root.scroll_into_view_if_needed()
    root.get_by_role("slider").press("ArrowRight")
    assert root.get_attribute("data-theme") == theme.lower()
    assert faults(opened, ".mtl-front") == []
    root.screenshot(path=str(SCREENSHOTS / f"lab-front-{theme.lower()}.png"))
