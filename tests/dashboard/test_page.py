"""The widgets in a real browser, without Jupyter: `board.Board` feeds them as the kernel does."""

import dataclasses

import pytest
from board import Board, agreement, story
from browser import screenshot
from explanation.test_colours import SEEN, contrast, lab, linear

from mtl_magic.dashboard.feed import Feed
from mtl_magic.train.events import Evaluated, Finished, Gates, Note, Started, Steered

TASKS = ["click", "long_view", "like", "watch"]
METRICS = {"click": "auc", "long_view": "auc", "like": "auc", "watch": "rmse"}
HOSTILE = [
    "<script>window.hurt=1</script>",
    "\"'&amp;<img src=x onerror=window.hurt=1>",
    "价格 × ∞",
    "a name that is so long that no column of any table was ever made for it",
]


def named(n):
    tasks = [f"task_{i}" for i in range(n)]
    return tasks, dict.fromkeys(tasks, "auc")


def earlier(tasks, metrics):
    feed = Feed("earlier", tasks, metrics)
    for event in story(tasks, metrics, seed=1.0, done=1.0, gates=False):
        feed(event)
    return feed.history()


def row(page, task):
    return page.locator(f'.mtl-row[data-task="{task}"]')


def inked(page, kind):
    """How many pixels a chart's canvas has that are not empty."""
    return page.evaluate(
        """k => { const c = document.querySelector(`[data-kind=${k}] canvas`);
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }""",
        kind,
    )


def colours_of(page, kind):
    """The task colours that a canvas shows, as indices of the palette."""
    return page.evaluate(
        """k => { const root = document.querySelector('.mtl');
        const want = [...Array(8).keys()].map(i => getComputedStyle(root).getPropertyValue(`--t${i}`).trim().match(/\\w\\w/g).map(x => parseInt(x, 16)));
        const c = document.querySelector(`[data-kind=${k}] canvas`);
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        const found = new Set();
        for (let i = 0; i < d.length; i += 4) if (d[i + 3] === 255) want.forEach((w, j) => { if (w.every((v, n) => v === d[i + n])) found.add(j); });
        return [...found].sort(); }""",
        kind,
    )


@pytest.fixture(scope="module")
def board(site):
    from board import opened

    page = opened(site)
    board = Board(page, TASKS, METRICS, ghost=earlier(TASKS, METRICS))
    board.hear(story(TASKS, METRICS))
    yield board
    assert not page.errors
    page.close()


@pytest.fixture
def steered(board):
    """The board, with nothing moved and nothing sent."""
    board.page.evaluate(
        "w => { const m = window.models.controls; for (const [k, v] of Object.entries(w)) m.set(k, v); m.dirty = {}; }",
        {
            "weights": dict.fromkeys(TASKS, 1.0),
            "locked": [],
            "method": "equal",
            "lr": 0.01,
            "ended": False,
            "error": "",
        },
    )
    board.page.wait_for_timeout(120)  # the pace of a slider that was just dragged
    board.sent("controls")
    board.saved()
    return board


# -- the wheel -------------------------------------------------------------------------------------------------------


def test_a_slider_by_mouse_sends_the_weights_with_one_changed(steered):
    slider = row(steered.page, "like").get_by_role("slider")
    box = slider.bounding_box()
    steered.page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    (said,) = steered.saved()
    assert set(said) == {"weights"}
    assert said["weights"] | {"like": 1.0} == dict.fromkeys(TASKS, 1.0)
    assert 2.7 < said["weights"]["like"] < 3.3
    assert steered.done() == []  # a weight is a trait, not a message
    assert row(steered.page, "like").locator(".mtl-box").input_value() == f"{said['weights']['like']:g}"
    assert row(steered.page, "like").locator(".mtl-whose").inner_text() == "yours"


def test_a_drag_sends_a_few_messages_and_the_last_value(steered):
    slider = row(steered.page, "click").get_by_role("slider")
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    steered.page.mouse.move(box["x"] + box["width"] * 0.27, y)
    steered.page.mouse.down()
    steered.page.mouse.move(box["x"] + box["width"] * 0.95, y, steps=60)
    steered.page.mouse.up()
    steered.page.wait_for_timeout(250)
    said = steered.saved()
    assert 1 <= len(said) < 30
    assert said[-1]["weights"]["click"] == float(slider.input_value())
    assert said[-1]["weights"]["click"] > 3.5


def test_a_slider_by_keyboard(steered):
    slider = row(steered.page, "click").get_by_role("slider", name="weight of click")
    slider.focus()
    steered.page.keyboard.press("ArrowRight")
    assert steered.saved() == [{"weights": {"click": 1.05, "long_view": 1, "like": 1, "watch": 1}}]


def test_tab_reaches_everything_in_its_order(steered):
    page = steered.page
    page.get_by_role("button", name="Pause").focus()
    seen = []
    for _ in range(6):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
            )
        )
    assert seen == [
        "Stop",
        "Checkpoint",
        "weight of click",
        "weight of click, as a number",
        "lock the weight of click",
        "weight of long_view",
    ]
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"  # the focus is seen


def test_a_number_is_taken_at_enter_and_one_that_does_not_fit_never(steered):
    box = row(steered.page, "like").locator(".mtl-box")
    for text, fits in (
        ("12.5", True),
        ("-1", False),
        ("much", False),
        ("", False),
        ("1e999", False),
        ("NaN", False),
        ("0", True),
    ):
        box.fill(text)
        box.press("Enter")
        assert box.get_attribute("aria-invalid") == ("false" if fits else "true"), text
        said = steered.saved()
        assert [s["weights"]["like"] for s in said] == ([float(text)] if fits else []), text
    box.fill("nonsense")
    box.press("Escape")
    assert box.input_value() == "0"
    box.fill("nonsense")
    box.blur()
    assert (box.input_value(), steered.saved()) == ("0", [])


def test_a_large_number_stretches_the_slider(steered):
    box = row(steered.page, "like").locator(".mtl-box")
    box.fill("25")
    box.press("Enter")
    slider = row(steered.page, "like").get_by_role("slider")
    assert (slider.input_value(), slider.get_attribute("max")) == ("25", "25")


def test_keys_do_not_reach_the_notebook(steered):
    page = steered.page
    page.evaluate(
        "() => { window.keys = []; document.body.addEventListener('keydown', e => window.keys.push(e.key)); }"
    )
    for control in (
        row(page, "like").locator(".mtl-box"),
        row(page, "like").get_by_role("slider"),
        page.get_by_label("learning rate"),
    ):
        control.press("a")  # a notebook in command mode would insert a cell
    assert page.evaluate("() => window.keys") == []


def test_a_lock_holds_and_a_reset_goes_back(steered):
    page, like = steered.page, row(steered.page, "like")
    like.locator(".mtl-box").fill("2.5")
    like.locator(".mtl-box").press("Enter")
    like.get_by_role("button", name="lock the weight of like").click()
    assert steered.saved()[1:] == [{"locked": ["like"]}]
    assert like.get_by_role("slider").is_disabled()
    assert like.get_by_role("button", name="lock the weight of like").get_attribute("aria-pressed") == "true"
    like.get_by_role("button", name="lock the weight of like").click()
    like.get_by_role("button", name="reset the weight of like").click()
    assert steered.saved() == [{"locked": []}, {"weights": dict.fromkeys(TASKS, 1)}]
    assert not like.get_by_role("button", name="reset the weight of like").is_visible()
    assert page.errors == []


def test_buttons_send_one_message_each(steered):
    page = steered.page
    for name in ("Pause", "Resume", "Pause", "Resume", "Checkpoint", "Stop"):
        page.get_by_role("button", name=name, exact=True).click()
    assert steered.done() == [{"do": d} for d in ("pause", "resume", "pause", "resume", "checkpoint", "stop")]
    assert steered.saved() == []


def test_method_and_learning_rate(steered):
    page = steered.page
    page.get_by_label("balancing method").select_option("uncertainty")
    rate = page.get_by_label("learning rate")
    rate.fill("0.02")
    rate.press("Enter")
    for text in ("0", "-1", "fast"):
        rate.fill(text)
        rate.press("Enter")
        assert rate.get_attribute("aria-invalid") == "true"
    rate.press("Escape")
    assert rate.input_value() == "0.02"
    assert steered.saved() == [{"method": "uncertainty"}, {"lr": 0.02}]


def test_an_error_of_the_kernel_is_shown(steered):
    steered.page.evaluate("() => window.put('controls', 'error', '<b>there is no task</b>')")
    assert steered.page.get_by_role("alert").inner_text() == "<b>there is no task</b>"


# -- the charts ------------------------------------------------------------------------------------------------------


def test_the_head_says_where_it_stands(board):
    page = board.page
    assert page.locator(".mtl-name").inner_text() == "feed"
    assert page.locator(".mtl-chip").inner_text() == "training, controls live"
    assert page.locator(".mtl-head").inner_text().startswith("feed")
    assert "epoch 3 of at most 5, step 480" in page.locator(".mtl-head").inner_text()
    assert page.get_by_role("progressbar").get_attribute("aria-valuenow") == "48"


def test_a_card_has_current_best_and_the_difference_to_the_earlier_run(board):
    cells = row(board.page, "watch").get_by_role("cell")
    now, best, delta = (cells.nth(i).inner_text() for i in (2, 3, 4))
    assert (now, best) == ("0.8855", "0.8855")
    assert delta == "−0.0031"
    assert "mtl-up" in cells.nth(4).get_attribute("class")  # less is better
    assert row(board.page, "watch").locator(".mtl-spark path").count() == 2  # a ghost behind
    assert row(board.page, "watch").locator(".mtl-best").count() == 1


def test_a_difference_that_is_none_as_it_is_shown_has_no_colour(open_page):
    events = list(story(TASKS, METRICS, gates=False))
    feed = Feed("earlier", TASKS, METRICS)
    for event in events:
        feed(event)
    board = Board(open_page(), TASKS, METRICS, ghost=feed.history())
    board.hear(
        [
            dataclasses.replace(e, metrics={t: {m: v + 0.00002 for m, v in ms.items()} for t, ms in e.metrics.items()})
            if isinstance(e, Evaluated)
            else e
            for e in events
        ]
    )
    for task in TASKS:
        delta = row(board.page, task).get_by_role("cell").nth(4)
        assert delta.inner_text() == "±0"
        assert not {"mtl-up", "mtl-down"} & set(delta.get_attribute("class").split())


def rested(page):
    """Nothing is pointed at, by mouse or keyboard."""
    page.mouse.move(0, 0)
    page.evaluate("() => document.activeElement?.blur()")


def test_every_task_has_its_colour_in_every_chart(board):
    rested(board.page)
    for kind in ("losses", "weights"):
        assert inked(board.page, kind) > 2000
        assert colours_of(board.page, kind) == [0, 1, 2, 3]


def test_gates_are_a_table_and_an_idle_expert_is_named(board):
    table = board.page.locator(".mtl-heat")
    assert table.locator("thead th").all_inner_texts() == ["e1", "e2", "e3", "e4", "e5 idle", "e6", "e7", "e8"]
    assert table.locator("tbody th").all_inner_texts() == TASKS
    assert table.locator(".mtl-idle").count() == 1


def test_who_set_what_stands_below(board):
    assert board.page.locator(".mtl-foot").inner_text() == "like 2.5 (you) at step 240"


def test_a_screen_reader_finds_the_last_values(board):
    board.page.wait_for_timeout(1100)
    board.hear([Note("stopped in epoch 3")])
    table = board.page.get_by_role("table", name="last values of feed")
    cells = table.get_by_role("row").nth(4).get_by_role("cell").all_inner_texts()
    assert cells[1:3] == ["rmse", "0.8855"]
    for kind in ("losses", "weights"):
        assert board.page.locator(f"[data-kind={kind}] [role=img]").get_attribute("aria-label")


def test_the_pointer_reads_a_value(board):
    box = board.page.locator("[data-kind=weights] .u-over").bounding_box()
    board.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 8)
    assert board.page.locator("[data-kind=weights] .mtl-readout").inner_text().startswith("like 2.")


def test_a_task_that_is_pointed_at_stands_out(board):
    rested(board.page)
    before = colours_of(board.page, "weights")
    row(board.page, "like").hover()
    assert before == [0, 1, 2, 3]
    assert colours_of(board.page, "weights") == [2]
    board.page.mouse.move(0, 0)
    assert colours_of(board.page, "weights") == [0, 1, 2, 3]


def test_an_earlier_run_of_other_tasks_and_epochs_is_fitted(open_page):
    """Its columns go by name, its steps by epoch."""
    page = open_page()
    theirs = ["watch", "gone", "like"]
    metrics = {"watch": "rmse", "gone": "auc", "like": "auc"}
    feed = Feed("earlier", theirs, metrics)
    for event in (
        Started(tuple(theirs), metrics, 2, 50, 32, 1600),
        Evaluated(
            50, 1, 1.0, {}, {"watch": {"rmse": 0.95}, "like": {"auc": 0.7}, "gone": {"auc": 0.1}}, {}, 0.1, best=True
        ),
        Evaluated(
            100, 2, 2.0, {}, {"watch": {"rmse": 0.90}, "like": {"auc": 0.8}, "gone": {"auc": 0.1}}, {}, 0.1, best=True
        ),
    ):
        feed(event)
    board = Board(page, TASKS, METRICS, ghost=feed.history())
    found = {"click": {"auc": 0.6}, "like": {"auc": 0.75}, "watch": {"rmse": 0.85}}
    board.hear(
        [Started(tuple(TASKS), METRICS, 5, 200, 32, 6400), Evaluated(200, 1, 1.0, {}, found, {}, 0.1, best=True)]
    )
    deltas = [row(page, task).get_by_role("cell").nth(4).inner_text() for task in TASKS]
    assert deltas == ["–", "–", "+0.0500", "−0.1000"]


def test_a_second_view_shows_the_same(board):
    board.page.evaluate("() => window.again()")
    board.page.wait_for_function("() => document.querySelectorAll('.mtl-dash').length === 2")
    board.page.wait_for_timeout(100)
    texts = board.page.evaluate("() => [...document.querySelectorAll('.mtl-dash')].map(d => d.innerText)")
    assert texts[0] == texts[1]
    board.page.evaluate("() => document.querySelectorAll('.mtl-dash')[1].remove()")


def test_a_view_that_comes_late_asks_and_gets_all(open_page):
    page = open_page()
    board = Board(page, TASKS, METRICS)
    hellos = [m for m in board.sent("charts") if m["do"] == "hello"]
    for event in story(TASKS, METRICS):
        board.feed(event)
    board.messages.clear()  # sent before the page was there
    board.feed.hello(hellos[0]["view"])
    board.deliver()
    assert colours_of(page, "losses") == [0, 1, 2, 3]
    page.wait_for_timeout(800)
    assert board.sent("charts") == []  # it asks no more


def test_it_asks_again_until_it_is_answered(open_page):
    page = open_page()
    board = Board(page, TASKS, METRICS)
    page.wait_for_timeout(1600)
    said = board.sent("charts")
    assert len(said) >= 2
    assert len({m["view"] for m in said}) == 1


def test_the_last_view_says_good_bye(open_page):
    page = open_page()
    board = Board(page, TASKS, METRICS)
    board.hear(story(TASKS, METRICS, epochs=1))
    view = board.sent("charts")[0]["view"]
    page.evaluate("() => window.leave()")
    assert board.sent("charts")[-1] == {"do": "bye", "view": view}
    assert page.evaluate("() => document.querySelectorAll('.mtl').length") == 0


def test_rows_that_came_already_are_dropped(open_page):
    page = open_page()
    board = Board(page, TASKS, METRICS)
    events = list(story(TASKS, METRICS, epochs=1))
    board.hear(events)
    before = page.evaluate("() => document.querySelector('.mtl-spark .mtl-curve').getAttribute('d')")
    again = Board.frames_of(events, TASKS, METRICS)
    board.messages.extend(again)
    board.deliver()
    assert page.evaluate("() => document.querySelector('.mtl-spark .mtl-curve').getAttribute('d')") == before


def test_a_saved_notebook_shows_its_history_and_steers_nothing(open_page):
    page = open_page()
    board = Board(page, TASKS, METRICS, shown=False)
    for event in story(TASKS, METRICS):
        board.feed(event)
    board.feed(Finished(480, 2, 6.0, "stopped", 2))
    board.charts.history = board.feed.history()
    board.controls.ended = True
    board.show()
    assert page.locator(".mtl-chip").inner_text() == "stopped"
    assert colours_of(page, "losses") == [0, 1, 2, 3]
    assert page.locator(".mtl input:enabled, .mtl button:enabled, .mtl select:enabled").count() == 0
    assert board.sent("charts") == []


def test_a_page_stays_small_however_long_the_training(open_page):
    page = open_page()
    Board(page, TASKS, METRICS)
    rows = 50_000
    taken = page.evaluate(
        """async rows => {
        const frame = kind => ({kind, label: kind === 'losses' ? 'train' : '', columns: 5, about: {}});
        const status = {state: 'training', word: 'training', road: '', place: '', pace: '', done: 0.1, epochs: 5, per_epoch: 1e5, step: 1, best_epoch: null, said: []};
        const at = [];
        for (let step = 1; step < rows; step += 1000) {
          const values = new Float32Array(5000);
          for (let i = 0; i < 1000; i++) values.set([step + i, 1, 0.5, 0.7, 0.9], 5 * i);
          window.models.charts.tell('msg:custom', {do: 'rows', frames: ['losses', 'weights'].map(frame), status}, [new DataView(values.buffer), new DataView(values.buffer)]);
          const began = performance.now();
          await new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)));
          at.push(performance.now() - began);
        }
        return at.slice(-10).sort((a, b) => a - b)[5];
        }""",
        rows,
    )
    assert colours_of(page, "weights") == [0, 1, 2, 3]
    points = page.locator("[data-kind=weights] [data-points]").get_attribute("data-points")
    assert 300 <= int(points) <= 700  # of fifty thousand rows
    assert taken < 250  # milliseconds a change; a fifth of it on an idle machine


# -- gradients -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def agreed(site):
    """A board whose gradients were compared."""
    from board import opened

    page = opened(site)
    board = Board(page, TASKS, METRICS)
    board.hear(story(TASKS, METRICS, gradients=True))
    board.feed(Finished(480, 3, 6.0, "stopped", 2))
    board.deliver()
    page.mouse.move(0, 0)
    yield board
    assert not page.errors
    page.close()


def cell(page, i, j):
    """Of the map, the pair of two tasks."""
    return page.locator(".mtl-map tbody tr").nth(i).locator("td").nth(j)


def test_a_map_shows_each_pair_and_names_the_worst(agreed):
    page = agreed.page
    section = page.locator("[data-kind=gradients]")
    table = section.get_by_role("table", name="cosine between the gradients of each two tasks")
    assert table.get_by_role("columnheader").all_inner_texts() == [*TASKS, "norm"]
    assert table.get_by_role("rowheader").all_inner_texts() == TASKS
    assert cell(page, 2, 3).inner_text() == cell(page, 3, 2).inner_text() == "−0.31"
    assert cell(page, 1, 1).inner_text() == ""
    assert [cell(page, i, 4).inner_text() for i in range(4)] == ["0.90", "0.69", "0.56", "0.47"]
    said = section.locator(".mtl-below").inner_text()
    assert "like pulls against watch in 62% of steps" in said
    assert "watch had no gradient in 25% of the last steps" in said
    assert "16% of pairs in conflict" in said
    assert section.locator(".mtl-rate path").count() == 1


def test_against_and_with_have_two_colours_that_the_digits_stand_out_from(agreed):
    def colours(i, j):
        return cell(agreed.page, i, j).evaluate(
            """td => { const c = document.createElement('canvas').getContext('2d'); const of = text => {
            c.fillStyle = text; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data].slice(0, 3); };
            const style = getComputedStyle(td); return [of(style.backgroundColor), of('#fff'), of(style.color)]; }"""
        )

    for theme in ("light", "dark"):
        agreed.page.evaluate(
            "t => { document.body.dataset.themeName = t; document.body.dataset.jpThemeLight = String(t === 'light'); }",
            theme,
        )
        agreed.page.wait_for_function("t => document.querySelector('.mtl').dataset.theme === t", arg=theme)
        against, with_ = colours(2, 3)[0], colours(0, 3)[0]
        assert against[0] > against[2] + 20  # orange
        assert with_[2] > with_[0] + 20  # blue
        for pair in ((2, 3), (0, 3), (1, 2)):
            ground, _, ink = colours(*pair)
            assert contrast(hexed(ground), hexed(ink)) > 4.5, (theme, pair)
        for eyes in SEEN.values():
            far = [lab(eyes @ linear(hexed(c))) for c in (against, with_)]
            assert sum((far[0] - far[1]) ** 2) ** 0.5 > 13, theme


def hexed(rgb):
    return "#" + "".join(f"{v:02x}" for v in rgb)


def test_arrows_go_over_the_map_and_a_pair_is_read(agreed):
    page = agreed.page
    reader = page.locator("[data-kind=gradients] .mtl-readout")
    cell(page, 0, 1).focus()
    assert reader.inner_text() == "click, long_view: 0.12, against each other in 9% of steps"
    page.keyboard.press("ArrowDown")  # over the diagonal
    assert cell(page, 2, 1).evaluate("td => td === document.activeElement")
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert reader.inner_text() == "like, watch: −0.31, against each other in 62% of steps"
    page.keyboard.press("ArrowRight")  # the edge
    assert cell(page, 2, 3).evaluate("td => td === document.activeElement")
    assert page.locator(".mtl-map td[tabindex='0']").count() == 1
    assert page.locator(".mtl-map th[data-on]").all_inner_texts() == ["watch", "like"]
    page.evaluate("() => document.activeElement.blur()")
    assert reader.inner_text() == ""


def test_the_pairs_of_a_task_that_is_pointed_at_stand_out(agreed):
    page = agreed.page
    row(page, "like").hover()
    assert page.locator(".mtl-map td[data-back]").count() == 9  # three others with each other, and themselves
    page.mouse.move(0, 0)
    assert page.locator(".mtl-map td[data-back]").count() == 0


def test_the_map_keeps_its_cells_and_changes_once_a_second(open_page):
    page = open_page()
    page.evaluate("() => { let now = 0; performance.now = () => now; window.later = by => { now += by; }; }")
    board = Board(page, TASKS, METRICS)
    events = list(story(TASKS, METRICS, gradients=True, gates=False))
    board.hear(events[:40])
    page.evaluate("() => { window.cell = document.querySelector('.mtl-map tbody td:nth-child(3)'); }")
    before = cell(page, 0, 3).inner_text()
    board.hear(events[40:])
    assert cell(page, 0, 3).inner_text() == before
    page.evaluate("() => window.later(1001)")
    board.hear([Note("later")])
    assert cell(page, 0, 3).inner_text() != before
    assert page.evaluate("() => window.cell.isConnected")


def test_a_page_keeps_one_row_of_gradients(open_page):
    """Of sixty tasks a row has four thousand numbers."""
    page = open_page()
    tasks, metrics = named(60)
    board = Board(page, tasks, metrics)
    board.hear(story(tasks, metrics, epochs=1, gradients=True, gates=False))
    assert page.locator(".mtl-map tbody tr").count() == 60
    assert (
        page.evaluate(
            """() => { const digits = getComputedStyle(document.querySelector('.mtl-map td[style]')).fontSize; return digits; }"""
        )
        == "0px"
    )  # no room: the colour says it, a screen reader reads it
    assert cell(page, 2, 3).text_content() == "−.31"
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    widths = page.locator(".mtl-map tbody td[style]").evaluate_all("all => all.map(td => td.offsetWidth)")
    assert min(widths) >= 6


def test_which_method_chose_the_weights_since_when(open_page):
    page = open_page()
    board = Board(page, TASKS, METRICS)
    board.hear([Started(tuple(TASKS), METRICS, 5, 200, 32, 6400, method="equal")])
    about = page.locator("[data-kind=weights] .mtl-title .mtl-dim").first
    assert about.inner_text() == "equal"
    events = list(story(TASKS, METRICS))[1:]
    board.hear([e for e in events if not isinstance(e, Steered)])
    before = inked(page, "weights")
    board.hear([Steered(400, 5.0, "method", value="gradnorm", before="equal")])
    assert about.inner_text() == "gradnorm from step 400"
    assert inked(page, "weights") > before + 100  # a line there, and its name
    board.hear([Steered(410, 5.0, "weight", "like", 2.0)])
    assert about.inner_text() == "gradnorm from step 400, times yours"
    assert "equal → gradnorm (you) at step 400" in page.locator(".mtl-foot").inner_text()


# -- looks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "theme", "width", "n"),
    [
        ("light", "light", 920, 4),
        ("dark", "dark", 920, 4),
        ("narrow", "light", 500, 4),
        ("plain", "plain", 920, 4),
        ("twelve", "light", 920, 12),
        ("twenty", "dark", 920, 20),
        ("eight-dark-narrow", "dark", 460, 8),
    ],
)
def test_it_looks_right_in_both_themes_and_narrow(open_page, name, theme, width, n):
    page = open_page(theme, width)
    tasks, metrics = (TASKS, METRICS) if n == 4 else named(n)
    board = Board(page, tasks, metrics, ghost=earlier(tasks, metrics))
    board.hear(story(tasks, metrics, gpu=theme == "dark", gradients=True))
    screenshot(page, f"dashboard-{name}")
    assert page.evaluate("() => document.querySelector('.mtl').dataset.theme") == (
        "dark" if theme == "dark" else "light"
    )
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")  # nothing sticks out
    assert page.evaluate(
        "() => [...document.querySelectorAll('.mtl-row .mtl-w, .mtl-head > *')].every(e => e.getBoundingClientRect().right <= document.querySelector('.mtl').getBoundingClientRect().right)"
    )
    assert colours_of(page, "weights") == list(range(min(n, 8)))
    assert (
        page.locator(".mtl-row .mtl-sw").evaluate_all(
            "all => new Set(all.map(e => e.className + getComputedStyle(e).backgroundColor)).size"
        )
        == n
    )  # each is told apart


def test_the_theme_follows_the_page(open_page):
    page = open_page("light")
    board = Board(page, TASKS, METRICS)
    board.hear(story(TASKS, METRICS, epochs=1))
    page.evaluate("() => { document.body.dataset.themeName = 'dark'; document.body.dataset.jpThemeLight = 'false'; }")
    page.wait_for_function("() => document.querySelector('.mtl').dataset.theme === 'dark'")
    page.wait_for_timeout(100)
    assert colours_of(page, "weights") == [0, 1, 2, 3]  # those of the dark theme now


def test_hostile_names_are_text(open_page):
    page = open_page()
    metrics = dict.fromkeys(HOSTILE, "<i>auc</i>")
    board = Board(page, HOSTILE, metrics, ghost=earlier(HOSTILE, metrics), name="<b>feed</b>")
    board.hear(story(HOSTILE, metrics))
    board.hear(
        [
            agreement(490, HOSTILE, dict.fromkeys(HOSTILE, 1.0)),
            Gates(490, 7.0, "<i>block</i>", tuple(HOSTILE), ("<u>e</u>", "'\""), ((0.5, 0.5),) * 4),
            Steered(491, 7.0, "weight", HOSTILE[0], 2.0),
            Note("<s>note</s>"),
        ]
    )
    page.wait_for_timeout(200)
    assert page.locator(".mtl-row .mtl-task").all_inner_texts() == HOSTILE
    assert page.locator(".mtl-name").inner_text() == "<b>feed</b>"
    assert page.evaluate("() => window.hurt") is None
    assert page.locator(".mtl b, .mtl u, .mtl s, .mtl img, .mtl script").count() == 0
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, "dashboard-hostile")


def test_controls_alone(open_page):
    page = open_page()
    board = Board(page, TASKS, METRICS, shown=False)
    board.show("controls")
    page.get_by_role("slider", name="weight of like").press("ArrowLeft")
    page.get_by_role("button", name="Stop").click()
    assert board.saved() == [{"weights": {"click": 1, "long_view": 1, "like": 0.95, "watch": 1}}]
    assert board.done() == [{"do": "stop"}]
    screenshot(page, "controls")


def test_controls_say_hello_a_few_times_and_then_no_more(open_page):
    page = open_page()
    board = Board(page, TASKS, METRICS)
    page.wait_for_timeout(1700)
    assert board.sent("controls") == [{"do": "hello", "n": n} for n in range(3)]


def test_before_the_first_event_it_waits(open_page):
    page = open_page()
    board = Board(page, TASKS, METRICS)
    page.wait_for_timeout(100)
    assert page.locator(".mtl-chip").inner_text() == "starting, controls live"
    board.hear([Started(tuple(TASKS), METRICS, 5, 100, 32, 3200)])
    assert page.locator(".mtl-chip").inner_text() == "training, controls live"
    assert not page.locator("[data-kind=gates]").is_visible()
    assert not page.locator("[data-kind=device]").is_visible()
