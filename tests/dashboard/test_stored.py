"""The dashboard of a run that is over: the same as the live one, an epoch at a time; small, however long the run was."""

import json

import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient

import mtl_magic
from mtl_magic.dashboard.charts import Charts
from mtl_magic.dashboard.stored import events, heard
from mtl_magic.train.control import Control
from mtl_magic.train.events import Evaluated, Gates, Gradients, Progress, Steered

CELL = "share mmoe(experts=2, units=[8])\ntask click: binary allow MTL104\ntask watch: regression\ntrain epochs=3 batch=64 early_stop=none gradients=1"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A run that was steered, read from its folder, and what was said while it trained."""
    draw = np.random.default_rng(0)
    a = draw.integers(0, 8, 900)
    log = pd.DataFrame({"a": a, "click": (a > 3) * 1, "watch": a + draw.normal(size=a.size)})
    control, said = Control(), []

    def hear(event):
        said.append(event)
        if isinstance(event, Evaluated) and event.epoch == 1:
            control.set_weight("click", 2.5)

    place = tmp_path_factory.mktemp("stored") / "feed"
    mtl_magic.fit(CELL, log, name="feed", control=control, listeners=[hear]).save(place)
    return mtl_magic.load(place), said


def test_it_tells_of_each_epoch_what_was_said(told):
    run, said = told
    again = list(events(run))
    for live, found in zip(*([e for e in some if isinstance(e, Evaluated)] for some in (said, again)), strict=True):
        assert (found.step, found.epoch, found.best) == (live.step, live.epoch, live.best)
        assert found.train_losses == pytest.approx(live.train_losses)
        assert found.weights == pytest.approx(live.weights)
        assert {t: dict(m) for t, m in found.metrics.items()} == {
            t: pytest.approx(dict(m)) for t, m in live.metrics.items()
        }
    commands = [[(e.step, e.what, e.task, e.value) for e in some if isinstance(e, Steered)] for some in (said, again)]
    assert commands[0] == commands[1] != []
    gates = [[e for e in some if isinstance(e, Gates)][-1] for some in (said, again)]
    assert np.allclose(gates[0].use, gates[1].use)
    seen = [[e for e in some if isinstance(e, Gradients)][-1] for some in (said, again)]
    assert np.allclose(seen[0].overall, seen[1].overall, rtol=1e-4)
    assert seen[0].step == seen[1].step


def test_it_is_a_widget_and_a_figure(told):
    run, _ = told
    charts = run.dashboard(before=run)
    assert isinstance(charts, Charts)
    kinds = {(f["kind"], f["label"]) for f in charts.history["frames"]}
    assert {("losses", "valid"), ("metrics", ""), ("gates", "mmoe"), ("gradients", ""), ("conflicts", "")} <= kinds
    assert charts.history["status"]["state"] == "ended"
    assert "click 2.5 (you)" in " ".join(charts.history["status"]["said"])
    assert charts.ghost_name == "feed"
    figure = run.plot()
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_report_names_what_was_set_by_hand(told):
    run, _ = told
    assert "weight of click 1 → 2.50, by hand" in repr(run)


def test_a_saved_notebook_of_a_million_steps_is_small(told):
    run, _ = told
    feed = heard(run)
    tasks = run.tasks
    for step in range(100, 1_000_000, 100):  # a Progress is said a few times a second, not each step
        feed(Progress(step, step / 1e5, step / 500, 3e4, dict.fromkeys(tasks, 0.5), dict.fromkeys(tasks, 1.0)))
    size = sum(len(f["data"]) for f in feed.history()["frames"])
    code = "\n".join(
        [
            "import numpy as np, mtl_magic",
            "from mtl_magic.dashboard.charts import Charts",
            f"charts = Charts('feed', {list(tasks)!r}, {run.watched!r})",
            "from mtl_magic.train.events import Progress, Finished",
            "for step in range(100, 1_000_000, 100):",
            f"    charts.feed(Progress(step, step / 1e5, step / 500, 3e4, dict.fromkeys({tasks!r}, .5), dict.fromkeys({tasks!r}, 1.)))",
            "charts.finish()",
            "charts",
        ]
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(book, timeout=120, kernel_name="python3", store_widget_state=True).execute()
    written = json.dumps(book)
    assert "application/vnd.jupyter.widget-state+json" in written
    assert len(written) < 1e6
    assert size < 4e5
