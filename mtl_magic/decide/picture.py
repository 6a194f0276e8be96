"""Static pictures of comparisons, on matplotlib's own canvas, as `runs.picture` draws a run."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mtl_magic.explanation.colours import colour
from mtl_magic.runs.picture import FONTS, INK, SHOWN, dots, fitting, picture, plain, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mtl_magic.decide.comparison import Comparison
    from mtl_magic.runs.run import Run


@contextlib.contextmanager
def figure(width: float, height: float) -> Iterator[Figure]:
    """A figure on a transparent ground, in which names of any script are letters where the machine has them."""
    import matplotlib as mpl
    from matplotlib import font_manager
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    known = set(font_manager.get_font_names())
    with mpl.rc_context({"font.family": ["DejaVu Sans", *(f for f in FONTS if f in known)], "font.size": 8}):
        made = picture(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(made)
        made.patch.set_alpha(0)
        yield made


def png_of(width: float, height: float, draw: Callable[[Figure], None]) -> bytes:
    """What `draw` draws, as PNG."""
    out = io.BytesIO()
    with warnings.catch_warnings(), figure(width, height) as made:
        warnings.simplefilter("ignore")  # a letter that no font of the machine has is a box, not a warning
        draw(made)
        made.savefig(out, format="png", dpi=110, transparent=True, metadata={"Software": None})
    return out.getvalue()


def comparison_png(found: Comparison) -> bytes:
    """A panel a head: the validation curves of both over each other, the second's bold."""
    heads = [v.task for v in found.verdicts][:SHOWN]
    columns = min(len(heads), 4) or 1
    lines = -(-len(heads) // columns)

    def draw(made: Figure) -> None:
        tasks = list(found.a[0].tasks)
        for k, head in enumerate(heads):
            ax = made.add_subplot(lines, columns, k + 1)
            curves(ax, head, found, colour(tasks.index(head)))
        handles = made.axes[0].get_legend_handles_labels() if made.axes else ([], [])
        made.legend(*handles, loc="outside lower left", ncols=2, frameon=False, labelcolor=INK, fontsize=8)

    return png_of(2.2 * max(columns, 2), 1.6 * lines + 0.3, draw)


def curves(ax: Axes, head: str, found: Comparison, ink: str) -> None:
    """A head's first common metric by epoch."""
    metric = next(v.metric for v in found.verdicts if v.task == head)
    plain(ax)
    for name, runs, style in (
        (found.names[0], found.a, {"color": INK, "linewidth": 1.1, "linestyle": "--"}),
        (found.names[1], found.b, {"color": ink, "linewidth": 1.8}),
    ):
        for n, run in enumerate(runs):
            drawn(
                ax,
                run,
                f"{head}.val_{metric}",
                {**style, "alpha": 1 if len(runs) == 1 else 0.5},
                name if n == 0 else None,
            )
    title(ax, fitting(head, f"validation {metric}"), ink)


def drawn(ax: Axes, run: Run, column: str, style: dict[str, Any], name: str | None) -> None:
    """One curve, with a ring at the epoch that was kept."""
    history = run.history
    if column not in history or not history[column].notna().any():
        return
    ax.plot(history["epoch"], history[column], label=name, **style, **dots(len(history)))
    best = history[history["epoch"] == run.best_epoch] if run.best_epoch is not None else history.iloc[:0]
    if len(best):
        ring = {"color": style["color"], "markersize": 6, "markerfacecolor": "none", "clip_on": False}
        ax.plot(best["epoch"], best[column], "o", **ring)
