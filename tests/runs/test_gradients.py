"""How the tasks' gradients stood to each other is part of a run: kept in its folder, drawn, and said."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from runs.handmade import small_run

import mtl_magic
from mtl_magic.problems import MtlError
from mtl_magic.runs import store
from mtl_magic.runs.gradients import COLUMNS, events_of, frame_of, whole, worst
from mtl_magic.runs.history import History
from mtl_magic.runs.picture import draw
from mtl_magic.train.conflicts import PLANES, told

TASKS = ("click", "watch", "kind")


def stream(windows=5, tasks=TASKS, seed=0):
    """Events of a training in which the first two conflict, and the last has no gradient in each third step."""
    draw, before, found = np.random.default_rng(seed), 0.0, []
    n = len(tasks)
    for i in range(windows):
        cosines = draw.uniform(-1, 1, (12, n, n))
        cosines = (cosines + cosines.transpose(0, 2, 1)) / 2
        cosines[:, 0, 1] = cosines[:, 1, 0] = -0.25
        had = np.ones((12, n))
        had[::3, -1] = 0
        both = had[:, :, None] * had[:, None, :]
        norms, left = np.zeros((n, n)), np.diag(12 - had.sum(0))
        np.fill_diagonal(norms, 3.0 * had.sum(0))
        for k in range(n):
            cosines[:, k, k] = 1
        sums = np.array([(cosines * both).sum(0), both.sum(0), ((cosines < 0) * both).sum(0), norms, left])
        found.append(told(12 * (i + 1), i + 0.5, tasks, sums, draw.uniform(0, 2, n), before=before))
        before = before + sums
    return found


def close(one, other):
    """Equal events, to the digits that a file keeps."""
    assert (one.step, one.tasks, one.steps, one.left_out) == (other.step, other.tasks, other.steps, other.left_out)
    for name in ("cosines", "conflict", "overall", "norms", "weights"):
        assert np.allclose(getattr(one, name), getattr(other, name), rtol=1e-5, equal_nan=True), name


def test_a_table_of_events_and_back():
    events = stream()
    frame = frame_of(events)
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 5 * (3 + 3)
    for one, other in zip(events, events_of(frame, TASKS), strict=True):
        close(one, other)


def test_tasks_in_another_order_are_the_same_tasks():
    (event,) = stream(1)
    (turned,) = events_of(frame_of([event]), TASKS[::-1])
    assert np.allclose(np.array(turned.cosines)[::-1, ::-1], event.cosines)
    assert turned.left_out == event.left_out[::-1]


def test_a_history_keeps_them_in_bounded_memory():
    history = History()
    for event in stream(300):
        history(event)
    frame = history.gradients()
    assert frame["step"].nunique() <= 64
    assert frame.loc[frame["other"] == "", "steps"].sum() == 300 * (12 + 12 + 8)
    assert History().gradients() is None


def test_a_run_is_read_with_what_it_knew_of_gradients(tmp_path):
    events = stream(tasks=("NA", 'a,\n"b"', "<i>"))  # read as text
    schema = small_run().schema
    tasks = [
        type(t)(**{**{f: getattr(t, f) for f in t.__dataclass_fields__}, "name": name})
        for t, name in zip(schema.tasks, events[0].tasks, strict=True)
    ]
    run = small_run(gradients=frame_of(events))
    run.schema = type(schema)(schema.features, tuple(tasks), schema.extras)
    store.gradients.write(run.gradients, tmp_path / "gradients.csv")
    again = store.gradients.read(tmp_path / "gradients.csv", run.tasks)
    for one, other in zip(events, events_of(again, run.tasks), strict=True):
        close(one, other)


def test_it_is_saved_and_loaded(tmp_path):
    run = small_run(gradients=frame_of(stream()))
    run.save(tmp_path / "feed")
    again = mtl_magic.load(tmp_path / "feed")
    pd.testing.assert_frame_equal(again.gradients, run.gradients, rtol=1e-5, check_dtype=False)
    assert repr(again) == repr(run)
    small_run().save(tmp_path / "feed", overwrite=True)
    assert mtl_magic.load(tmp_path / "feed").gradients is None


def test_a_run_that_goes_on_without_has_none(tmp_path):
    small_run(gradients=frame_of(stream())).save(tmp_path / "feed")
    store.commit(small_run(), tmp_path / "feed")
    assert not (tmp_path / "feed" / "gradients.csv").exists()
    store.commit(small_run(gradients=frame_of(stream(2))), tmp_path / "feed")
    assert mtl_magic.load(tmp_path / "feed").gradients["step"].nunique() == 2


@pytest.mark.parametrize("odd", ["a table", "a task", "text", "a link"])
def test_a_file_of_somebody_elses_is_an_error(tmp_path, odd):
    small_run(gradients=frame_of(stream())).save(tmp_path / "feed")
    path = tmp_path / "feed" / "gradients.csv"
    text = path.read_text()
    if odd == "a link":
        shutil.move(path, tmp_path / "elsewhere.csv")
        path.symlink_to(tmp_path / "elsewhere.csv")
    else:
        path.write_text(
            {"a table": "a,b\n1,2\n", "a task": text.replace("click", "other"), "text": text.replace("12,", "x,")}[odd]
        )
    with pytest.raises(MtlError) as caught:
        mtl_magic.load(tmp_path / "feed")
    assert [p.code for p in caught.value.problems] == ["MTL413"]


def test_the_report_names_the_worst_pair_and_draws_all():
    run = small_run(gradients=frame_of(stream()))
    assert repr(run).splitlines()[-1].strip() == "click pulls against watch in 100% of steps"
    assert "click pulls against watch in 100% of steps" in run._repr_mimebundle_()["text/html"]
    titles = [ax.get_title("left") for ax in draw(run).axes]
    assert titles[-2:] == ["Gradient agreement, mean cosine", "Weight applied"]
    shown = [t.get_text() for t in draw(run).axes[-2].texts]
    assert len(shown) == 6
    assert shown[0] == "−0.25"
    assert "Gradient agreement, mean cosine" not in [ax.get_title("left") for ax in draw(small_run()).axes]


def test_many_tasks_have_a_map_without_numbers():
    from mtl_magic.runs.agreement import draw_map
    from mtl_magic.runs.picture import picture

    tasks = tuple(f"task {i}" for i in range(20))

    class Some:
        gradients = frame_of(stream(2, tasks))

    Some.tasks = tasks
    ax = picture(figsize=(4, 4)).add_subplot()
    draw_map(ax, Some, "#808080")
    assert not ax.texts
    assert len(ax.get_yticklabels()) == 20


def test_a_pair_that_was_never_compared_is_not_named():
    (event,) = stream(1)
    nothing = told(12, 1.0, TASKS, np.zeros((PLANES, 3, 3)), (1.0, 1.0, 1.0))
    assert worst(nothing) == ""
    assert worst(event) == "click pulls against watch in 100% of steps"
    calm = told(12, 1.0, TASKS, np.array([np.ones((3, 3)), np.ones((3, 3)), *np.zeros((3, 3, 3))]), (1.0, 1.0, 1.0))
    assert worst(calm) == "no task pulls against another"
    assert whole(frame_of([]), TASKS) is None
