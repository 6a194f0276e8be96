"""The static picture of a run: validation curves per head, and each head's loss over that of the best constant; below them,
where gradients were compared, how they agreed and which weights were applied.

It is drawn on matplotlib's own canvas: pyplot keeps figures alive and is not safe beside a notebook's threads.
"""

from __future__ import annotations

import io
import math
import warnings
from typing import TYPE_CHECKING, Any

from mtl_magic.explanation.colours import colour
from mtl_magic.numbers import short
from mtl_magic.runs import agreement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mtl_magic.runs.run import Run

INK, FAINT = "#808080", "#80808040"  # readable on a light and on a dark page
SHOWN = 8  # heads with a panel of their own
WIDE = 32  # letters of a panel's title
# matplotlib's own font lacks these scripts: of these, the ones that the machine has are tried in turn
FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Noto Sans Devanagari", "Noto Sans Thai", "Noto Sans Arabic")  # fmt: skip


def picture(**options: Any) -> Figure:
    """A figure that a notebook shows without pyplot."""
    from matplotlib.figure import Figure

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            out = io.BytesIO()
            self.savefig(out, format="png", dpi=110)
            return out.getvalue()

    return Picture(**options)


def draw(run: Run) -> Figure:
    """The figure. Left: losses; right: one small panel a head; below: gradients and weights, where gradients were compared."""
    import matplotlib as mpl
    from matplotlib import font_manager
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    known = set(font_manager.get_font_names())
    with mpl.rc_context({"font.family": ["DejaVu Sans", *(f for f in FONTS if f in known)], "font.size": 8}):
        heads = list(run.schema.tasks)[:SHOWN]
        columns = 1 if len(heads) == 1 else 2
        rows = -(-len(heads) // columns)
        above = max(2.3, 1.05 * rows + 0.4)
        below = agreement.height(len(run.tasks)) if run.gradients is not None else 0.0
        figure = picture(figsize=(8.8, above + below), layout="constrained")
        FigureCanvasAgg(figure)
        figure.patch.set_alpha(0)
        parts = figure.add_gridspec(1 + bool(below), 1, height_ratios=[above, below] if below else [1])
        grid = parts[0].subgridspec(rows, 2 + columns, width_ratios=[1, 1, *[2 / columns] * columns])
        _losses(figure.add_subplot(grid[:, :2]), run)
        for i, task in enumerate(heads):
            _head(figure.add_subplot(grid[i // columns, 2 + i % columns]), run, task.name, colour(i))
        if below:
            strip = parts[1].subgridspec(1, 2)
            left, right = figure.add_subplot(strip[0]), figure.add_subplot(strip[1])
            agreement.draw_map(left, run, INK)
            title(left, "Gradient agreement, mean cosine")
            agreement.draw_weights(right, run)
            plain(right)
            _epochs(right, run.history["epoch"])
            title(right, "Weight applied")
    return figure


def png(run: Run) -> bytes:
    """The picture, on a transparent ground."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that no font of the machine has is a box, not a warning
        draw(run).savefig(out, format="png", dpi=110, transparent=True, metadata={"Software": None})
    return out.getvalue()


def plain(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    ax.tick_params(colors=INK, length=2, width=0.6)
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    ax.patch.set_alpha(0)
    ax.locator_params(axis="y", nbins=4)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))


def title(ax: Axes, text: str, ink: str = INK) -> None:
    ax.set_title(text, loc="left", color=ink, fontsize=8, parse_math=False)  # a `$` in a name is a `$`


def _losses(ax: Axes, run: Run) -> None:
    history = run.history
    for i, task in enumerate(run.schema.tasks):
        constant = task.constant_loss
        for column, style in ((f"{task.name}.loss", "-"), (f"{task.name}.val_loss", "--")):
            if column in history and history[column].notna().any():
                values = history[column] / (constant if not math.isnan(constant) else history[column].dropna().iloc[0])
                ax.plot(history["epoch"], values, style, color=colour(i), linewidth=1.4, **dots(len(history)))
    ax.axhline(1, color=INK, linewidth=0.6)
    plain(ax)
    _epochs(ax, history["epoch"])
    title(ax, "Loss over that of the best constant")
    for style, name in (("-", "training, as the epoch went on"), ("--", "validation, after it")):
        ax.plot([], [], style, color=INK, linewidth=1.2, label=name)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False, fontsize=8, labelcolor=INK)


def _epochs(ax: Axes, epochs: Any) -> None:
    """One epoch is one tick, not an axis of fractions."""
    if len(epochs) == 1:
        ax.set_xlim(epochs.iloc[0] - 0.5, epochs.iloc[0] + 0.5)
        ax.set_xticks([epochs.iloc[0]])


def _head(ax: Axes, run: Run, task: str, ink: str) -> None:
    metric = run.watched[task]
    history, column = run.history, f"{task}.val_{metric}"
    plain(ax)
    if column not in history or not history[column].notna().any():
        ax.set_xticks([])
        ax.set_yticks([])
        title(ax, fitting(task, f"no validation {metric}"), ink)
        return
    ax.plot(history["epoch"], history[column], color=ink, linewidth=1.6, **dots(len(history)))
    _epochs(ax, history["epoch"])
    said = f"validation {metric}"
    best = history[history["epoch"] == run.best_epoch]
    if run.best_epoch is not None and len(best):
        value = float(best[column].iloc[0])
        ax.plot([run.best_epoch], [value], "o", color=ink, markersize=6, markerfacecolor="none", clip_on=False)
        said += f"  {short(value)}"
    title(ax, fitting(task, said), ink)


def fitting(name: str, said: str, most: int = WIDE) -> str:
    """The title of a panel, no wider than it: a long name is cut.

    Example:
        >>> fitting("a name that nobody gave it", "validation auc  0.712")
        'a name tha…  validation auc  0.712'
    """
    left = max(most - len(said), 8)
    return f"{name if len(name) <= left else name[: left - 1] + '…'}  {said}"


def dots(points: int) -> dict[str, Any]:
    """Few points are shown as points: a line through one is invisible."""
    return {"marker": ".", "markersize": 4} if points <= 12 else {}
