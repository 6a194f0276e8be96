"""The lower part of a run's picture, where its gradients were compared: how they agreed, and the weights that were applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.explanation.colours import colour
from mtl_magic.runs.gradients import whole, worst

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mtl_magic.runs.run import Run

# As the page draws it (labextension/shared/heat.css): the two hues that no colour blindness brings together.
AGAINST, NONE, WITH = "#dd6f2c", "#eeeeee", "#4f7fd9"
DIGITS = 12  # tasks whose cells have room for numbers
WIDE = 14  # letters of a name beside the map


def cut(name: str, most: int = WIDE) -> str:
    """A name that fits.

    Example:
        >>> cut("a name that nobody gave it")
        'a name that n…'
    """
    return name if len(name) <= most else f"{name[: most - 1]}…"


def height(tasks: int) -> float:
    """Inches that the map takes.

    Example:
        >>> height(3), height(64)
        (1.6, 4.0)
    """
    return min(max(0.2 * tasks + 0.7, 1.6), 4.0)


def draw_map(ax: Axes, run: Run, ink: str) -> None:
    """Cosines of all pairs, means of the whole training; beneath it the pair that conflicts most."""
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    found = whole(run.gradients, run.tasks) if run.gradients is not None else None
    if found is None:
        return
    cosines = np.array(found.cosines)
    np.fill_diagonal(cosines, np.nan)
    strength = np.sign(cosines) * np.abs(cosines) ** 0.6
    scale = LinearSegmentedColormap.from_list("agreement", [AGAINST, NONE, WITH])
    scale.set_bad(alpha=0)
    ax.imshow(strength, cmap=scale, vmin=-1, vmax=1, aspect="auto")
    n = len(run.tasks)
    if n <= DIGITS:
        for i, row in enumerate(cosines):
            for j, value in enumerate(row):
                if i != j:
                    said = "–" if np.isnan(value) else f"{value:.2f}".replace("-", "−")
                    ax.text(j, i, said, ha="center", va="center", color="#222222", fontsize=7)
    names = [cut(t) for t in run.tasks]
    ax.set_yticks(range(n), names, fontsize=7 if n <= DIGITS else 5, parse_math=False)
    ax.set_xticks(range(n), names if n <= DIGITS // 2 else [""] * n, fontsize=7, parse_math=False)
    ax.xaxis.tick_top()
    ax.tick_params(which="both", length=0, colors=ink)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.patch.set_alpha(0)
    ax.set_xlabel(worst(found), color=ink, fontsize=8, loc="left", parse_math=False)


def draw_weights(ax: Axes, run: Run) -> None:
    """The weight of each task as each epoch ended, applied: the method's times the person's."""
    from mtl_magic.runs.picture import dots

    for i, task in enumerate(run.tasks):
        if (column := f"{task}.weight") in run.history:
            ax.plot(run.history["epoch"], run.history[column], color=colour(i), linewidth=1.4, **dots(len(run.history)))
