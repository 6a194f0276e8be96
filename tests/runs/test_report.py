"""What a run shows of itself."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from runs.handmade import small_run

from mtl_magic.numbers import short
from mtl_magic.runs.picture import draw


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.72914, "0.729"),
        (0.7, "0.700"),
        (12345.6, "12,300"),
        (99.96, "100"),
        (0.0123, "0.0123"),
        (1.0, "1"),
        (-0.5, "-0.500"),
        (0.0, "0"),
        (1e-9, "1e-09"),
        (3e12, "3e+12"),
        (float("nan"), "–"),
        (float("inf"), "inf"),
    ],
)
def test_short(value, text):
    assert short(value) == text


def test_text_is_stable(run):
    assert repr(run).splitlines() == [
        "Run feed: 3 tasks, 3 epochs, stopped early, best epoch 2",
        "  task   metric   validation  weight",
        "  click  auc           0.712       1",
        "         logloss       0.410",
        "  watch  rmse           1.90   0.500",
        "  kind                     –       1",
    ]


def test_bundle_stands_alone(run):
    bundle = run._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/png"}
    html = bundle["text/html"]
    assert not re.search(r"https?://|<script|<style|id=", html)
    assert 'alt="validation curves' in html
    assert run._repr_mimebundle_() == bundle, "the same at every execution"


def test_names_are_escaped():
    odd = small_run(name="<b>&")
    assert "<b>&" not in odd._repr_mimebundle_()["text/html"]


def test_a_run_without_an_epoch_shows_itself():
    empty = small_run(
        history=pd.DataFrame({"epoch": [], "step": []}), metrics={}, why="interrupted", epoch=0, best_epoch=None
    )
    assert repr(empty).startswith("Run feed: 3 tasks, 0 epochs, interrupted\n")
    assert "image/png" not in empty._repr_mimebundle_()


def test_picture_marks_the_best_epoch(run):
    figure = draw(run)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[1:] == [
        "click  validation auc  0.712",
        "watch  validation rmse  1.90",
        "kind  no validation accuracy",
    ]


def test_picture_takes_names_of_any_script_and_signs(run):
    import dataclasses

    tasks = tuple(dataclasses.replace(t, name=f"价格 $x_{i}$ हिन्दी") for i, t in enumerate(run.schema.tasks))
    odd = small_run(schema=dataclasses.replace(run.schema, tasks=tasks), metrics={})
    assert odd._repr_mimebundle_()["image/png"]


def test_pyplot_keeps_no_figure(run):
    """Keras imports pyplot; we never draw with it."""
    import matplotlib.pyplot as plt

    run._repr_mimebundle_()
    assert plt.get_fignums() == []


def test_titles_of_panels_stay_in_their_panels(run):
    import dataclasses

    tasks = tuple(
        dataclasses.replace(t, name=f"{i}: <script>window.hurt=1</script>") for i, t in enumerate(run.schema.tasks)
    )
    figure = draw(small_run(schema=dataclasses.replace(run.schema, tasks=tasks), metrics={}))
    figure.canvas.draw()
    boxes = sorted((a._left_title.get_window_extent() for a in figure.axes[1:3]), key=lambda box: box.x0)
    assert boxes[0].x1 < boxes[1].x0
    assert boxes[1].x1 <= figure.bbox.x1
