"""The dashboard of a search in a browser: dots, axes, importance, the cell of the trial that is clicked, Stop."""

import itertools
import pathlib

import pytest
from board import state_of
from tune.made import TWO, made

from mtl_magic.dashboard.search import SearchBoard, SearchWheel
from mtl_magic.dashboard.search import state_of as state_of_search

SHOTS = pathlib.Path("build/screenshots")


def shown(page, search, **traits):
    board = SearchBoard(
        state={**state_of_search(search, 50), **traits.pop("state", {})}, controls=SearchWheel(), **traits
    )
    page.add_style_tag(path="mtl_magic/dashboard/static/search.css")
    page.evaluate("state => window.make('controls', state)", state_of(SearchWheel()))
    page.evaluate("state => window.show('search', state)", state_of(board))
    return page.locator(".mtl-search")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_objectives(open_page, tmp_path, theme):
    page, search = open_page(theme), made(tmp_path)
    root = shown(page, search)
    assert root.locator(".mtl-trial").count() == 39, "one has failed"
    assert root.locator(".mtl-trial.mtl-on").count() == len(search.front)
    assert root.locator(".mtl-path").count() == 39
    assert root.locator("pre").inner_text() == search.cell(search.best)
    assert root.get_by_role("button", name="Stop").count() == 0, "it is finished"
    SHOTS.mkdir(parents=True, exist_ok=True)
    root.screenshot(path=str(SHOTS / f"search-{theme}.png"))


def test_a_click_shows_the_cell_of_a_trial(open_page, tmp_path):
    page, search = open_page(), made(tmp_path)
    root = shown(page, search)
    root.locator("circle[data-trial='17']").click()
    assert root.locator("pre").inner_text() == search.cell(17)
    assert root.locator("circle.mtl-shown").get_attribute("data-trial") == "17"
    root.locator("circle[data-trial='0']").focus()
    page.keyboard.press("Enter")
    assert root.locator("pre").inner_text() == search.cell(0)
    root.locator("select").select_option("5")
    assert "MTL301 the loss of 'click' is not a finite number" in root.locator(".mtl-chosen .mtl-error").inner_text()


def test_one_objective_and_few_trials(open_page, tmp_path):
    page, search = open_page(width=620), made(tmp_path, trials=5, objectives=TWO[:1])
    root = shown(page, search)
    assert "too few trials to tell" in root.inner_text()
    assert root.locator(".mtl-trial").count() == 5
    sizes = root.locator("svg text").evaluate_all("all => all.map(e => e.getScreenCTM().a)")
    assert set(sizes) == {1}, "words keep their size in any width"
    ends = root.locator(".mtl-axes .mtl-what").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).map(r => [r.left, r.right])"
    )
    assert len(ends) == 6
    assert all(left > before for (_, before), (left, _) in itertools.pairwise(ends)), "names are apart"
    root.screenshot(path=str(SHOTS / "search-one.png"))


def test_stop_is_there_while_it_runs(open_page, tmp_path):
    page, search = open_page(), made(tmp_path, trials=3)
    root = shown(page, search, state={"status": "running"}, now="trial 3: epoch 2 of at most 15")
    assert "searching" in root.inner_text()
    assert "epoch 2 of at most 15" in root.inner_text()
    root.get_by_role("button", name="Stop").click()
    assert {"do": "stop"} in page.evaluate("() => window.models.controls.sent")
    page.evaluate("() => window.put('controls', 'ended', true)")
    assert root.get_by_role("button", name="Stop").count() == 0
    before = root.locator(".mtl-trial").count()
    page.evaluate("state => window.put('search', 'state', state)", state_of_search(made(tmp_path, name="more")))
    assert root.locator(".mtl-trial").count() > before


def test_names_are_text(open_page, tmp_path):
    page, search = open_page(), made(tmp_path, trials=12)
    state = state_of_search(search)
    state["parameters"][0]["name"] = "<img src=x onerror=alert(1)>"
    state["trials"][0]["cell"] = "task '<b>bold</b>'"
    root = shown(page, search, state=state)
    root.locator("select").select_option("0")
    assert root.locator("img, pre b").count() == 0
    assert "<b>bold</b>" in root.locator("pre").inner_text()
