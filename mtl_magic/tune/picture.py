"""The static picture of a search: objectives by trial or the front, parallel coordinates, importance."""

from __future__ import annotations

import base64
import html
import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.explanation.colours import colour
from mtl_magic.runs.picture import FAINT, FONTS, INK, picture
from mtl_magic.tune.importance import enough

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mtl_magic.tune.folder import Trial
    from mtl_magic.tune.objectives import Objective
    from mtl_magic.tune.search import Search
    from mtl_magic.tune.space import Hyper

LABEL = 22  # letters of a name on an axis
MAP = "viridis"


def draw(search: Search) -> Figure:
    """The figure. Above: objectives and importance; below: an axis a space, a line a trial."""
    import matplotlib as mpl
    from matplotlib import font_manager
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    known = set(font_manager.get_font_names())
    done = [t for t in search.folder.trials() if t.counts]
    with mpl.rc_context({"font.family": ["DejaVu Sans", *(f for f in FONTS if f in known)], "font.size": 8}):
        figure = picture(figsize=(8.8, 5.0), layout="constrained")
        FigureCanvasAgg(figure)
        figure.patch.set_alpha(0)
        grid = figure.add_gridspec(2, 2, height_ratios=[1.2, 1], width_ratios=[1.4, 1])
        if len(search.objectives) == 1:
            _course(figure.add_subplot(grid[0, 0]), search, done)
        else:
            _front(figure.add_subplot(grid[0, 0]), search, done)
        _importance(figure.add_subplot(grid[0, 1]), search)
        _parallel(figure.add_subplot(grid[1, :]), search, done)
    return figure


def bundle(search: Search) -> dict[str, Any]:
    """The search as a notebook output that needs no widget, no kernel and no network."""
    text, headline = repr(search), search.headline()
    header, body = search.rows()
    number = "text-align:right;font-variant-numeric:tabular-nums"
    head = "".join(
        f'<th style="text-align:{"right" if i else "left"}">{html.escape(h)}</th>' for i, h in enumerate(header)
    )
    lines = [
        "<tr>"
        + "".join(f'<td style="{number if i else "text-align:left"}">{html.escape(c)}</td>' for i, c in enumerate(row))
        + "</tr>"
        for row in body
    ]
    said = f"<div><strong>{html.escape(search.name)}</strong> {html.escape(headline)}</div>"
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    found: dict[str, Any] = {"text/plain": text, "text/html": said + table}
    if any(t.counts for t in search.folder.trials()):
        png = base64.b64encode(picture_of(search)).decode()
        alt = html.escape(f"objectives, importance and values of the trials of {search.name}: {headline}")
        found["image/png"] = png
        found["text/html"] += f'<img alt="{alt}" src="data:image/png;base64,{png}" style="max-width:100%">'
    return found


def picture_of(search: Search) -> bytes:
    """The picture as PNG, on a transparent ground."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that no font of the machine has is a box, not a warning
        draw(search).savefig(out, format="png", dpi=110, transparent=True, metadata={"Software": None})
    return out.getvalue()


def _plain(ax: Axes, title: str) -> None:
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    ax.tick_params(colors=INK, length=2, width=0.6)
    ax.patch.set_alpha(0)
    ax.set_title(title, loc="left", color=INK, fontsize=8, parse_math=False)


def _name(objective: Objective) -> str:
    return f"{objective.name} ({'higher' if objective.higher else 'lower'} is better)"


def _course(ax: Axes, search: Search, done: list[Trial]) -> None:
    """One objective: a dot a trial, and the best so far."""
    from matplotlib.ticker import MaxNLocator

    (objective,) = search.objectives
    _plain(ax, f"validation {_name(objective)}, by trial")
    if not done:
        return
    at, values = [t.number for t in done], [t.objectives[objective.name] for t in done]
    best = np.maximum.accumulate(np.array(values) * objective.sign) * objective.sign
    ax.plot(at, values, "o", color=colour(0), markersize=4, alpha=0.7)
    ax.step(at, best, where="post", color=INK, linewidth=1.2, label="best so far")
    ax.axhline(values[0], color=INK, linewidth=0.6, linestyle=":", label=f"trial {at[0]}")
    _mark(ax, search, objective, None)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False, labelcolor=INK, loc="best")


def _mark(ax: Axes, search: Search, x: Objective, y: Objective | None) -> None:
    best = search.best_trial
    if best is not None:
        point = (
            (best.number, best.objectives[x.name]) if y is None else (best.objectives[x.name], best.objectives[y.name])
        )
        ax.plot(*point, "o", color=colour(1), markersize=9, markerfacecolor="none", markeredgewidth=1.6)


def _front(ax: Axes, search: Search, done: list[Trial]) -> None:
    """Two objectives against each other; of more the first two."""
    x, y = search.objectives[:2]
    _plain(ax, "validation, a dot a trial; the line is the front")
    ax.set_xlabel(_name(x), color=INK)
    ax.set_ylabel(_name(y), color=INK)
    if not done:
        return
    front = set(search.front)
    points = [(t.objectives[x.name], t.objectives[y.name]) for t in done]
    for trial, point in zip(done, points, strict=True):
        on = trial.number in front
        ax.plot(*point, "o", color=colour(0), markersize=5 if on else 4, alpha=1 if on else 0.35)
        if on or trial.number == 0:
            ax.annotate(str(trial.number), point, xytext=(4, 3), textcoords="offset points", color=INK, fontsize=7)
    line = sorted(p for t, p in zip(done, points, strict=True) if t.number in front)
    if len(search.objectives) == 2 and len(line) > 1:
        ax.plot(*zip(*line, strict=True), color=colour(0), linewidth=1)
    _mark(ax, search, x, y)


def _importance(ax: Axes, search: Search) -> None:
    frame = search.importance
    names = [o.name for o in search.objectives]
    if not len(frame):
        few = "too few trials to tell" if not enough(search) else ""
        _plain(ax, f"importance: {few}")
        ax.set_xticks([])
        ax.set_yticks([])
        return
    _plain(ax, "importance, and how much of the differences all explain")
    explained = frame.attrs["explained"]
    frame = frame.loc[frame[names].mean(axis=1).sort_values().index]
    height = 0.8 / len(names)
    for k, name in enumerate(names):
        at = np.arange(len(frame)) + (k - (len(names) - 1) / 2) * height
        ax.barh(at, frame[name], height, color=colour(k), label=f"{name}: {max(explained[name], 0.0):.0%}")
    ax.set_yticks(np.arange(len(frame)), [_cut(p) for p in frame["parameter"]])
    ax.legend(frameon=False, labelcolor=INK, fontsize=7, loc="lower right")


def _cut(name: str) -> str:
    return name if len(name) <= LABEL else "…" + name[1 - LABEL :]


def _parallel(ax: Axes, search: Search, done: list[Trial]) -> None:
    """An axis a space and an objective, a line a trial, in the colour of its rank."""
    import matplotlib as mpl

    hypers, objectives = search.space.hypers, search.objectives
    _plain(ax, "values of the trials, the better the brighter")
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_visible(False)
    axes = len(hypers) + len(objectives)
    ax.set_xticks(range(axes), [_cut(n) for n in (*(h.name for h in hypers), *(o.name for o in objectives))])
    ax.set_yticks([])
    ax.set_xlim(-0.3, axes - 0.7)
    for k in range(axes):
        ax.axvline(k, color=FAINT, linewidth=0.8)
    for k, hyper in enumerate(hypers):
        _ends(ax, k, hyper)
    if not done:
        return
    values = np.array([[t.objectives[o.name] for o in objectives] for t in done])
    low, high = values.min(axis=0), values.max(axis=0)
    scaled = (values - low) / np.where(high > low, high - low, 1)
    ranks = np.argsort(np.argsort((scaled * [o.sign for o in objectives]).mean(axis=1))) / max(len(done) - 1, 1)
    for trial, rank, ys in sorted(zip(done, ranks, scaled, strict=True), key=lambda row: row[1]):
        places = [h.place(trial.values[h.name]) if h.name in trial.values else None for h in hypers]
        line = [(x, y) for x, y in enumerate([*places, *ys]) if y is not None]
        ink = mpl.colormaps[MAP](rank)
        ax.plot(*zip(*line, strict=True), color=ink, linewidth=0.6 + rank, alpha=0.8, marker=".", markersize=3)


def _ends(ax: Axes, k: int, hyper: Hyper) -> None:
    """What stands at an axis of a space."""
    if hyper.options:
        marks = {hyper.place(o): o for o in hyper.options}
    else:
        marks = {0.0: f"{hyper.low:g}", 1.0: f"{hyper.high:g}"}
    for y, text in marks.items():
        ax.annotate(
            _cut(text),
            (k, y),
            xytext=(3, 0),
            textcoords="offset points",
            color=INK,
            fontsize=6,
            va="center",
            parse_math=False,
        )
