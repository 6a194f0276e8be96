"""How advice is shown: what is advised and why, the evidence drawn, and the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.decide.show import image, small
from mtl_magic.explanation.colours import LINE
from mtl_magic.explanation.letters import safe
from mtl_magic.explanation.tables import Table
from mtl_magic.numbers import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mtl_magic.decide.advice import Advice

SHOWN = 12  # tasks with a line of the table


def order_of(found: Advice) -> list[int]:
    """Tasks group by group."""
    places = {task: k for k, task in enumerate(found.tasks)}
    return [places[t] for group in found.groups for t in group] or list(range(len(found.tasks)))


def headline(found: Advice) -> str:
    how = f"{found.repeats} short trainings on rows of their own" if found.repeats else "no training"
    return f"Advice for {found.name}: {len(found.tasks)} tasks, {found.rows:,} rows, {how}"


def method() -> list[str]:
    """How it was measured."""
    return [
        "Affinity: what a step by one task's gradient on shared weights does to another's loss on other rows (Fifty et al. 2021), mean over repeats.",
        "Evidence: the pattern repeats in trainings that have no row in common; by chance it does so once in a hundred (a permutation test).",
    ]


def table(found: Advice) -> Table:
    """Affinities, a row the task whose step it is."""
    names = [found.tasks[k] for k in order_of(found)][:SHOWN]
    assert found.evidence is not None
    mean = found.evidence.mean[np.ix_(order_of(found), order_of(found))]
    rows = [
        (name, *("" if i == j else short(float(mean[i, j])).replace("-", "−") for j in range(len(names))))
        for i, name in enumerate(names)
    ]
    return Table("affinity", ("", *names), tuple(rows), right=tuple(names))


def text(found: Advice) -> str:
    """For terminals and logs."""
    lines = [headline(found), *(f"  {line}" for line in found.reasons)]
    if found.evidence is not None:
        lines += [f"  {line}" for line in table(found).text().splitlines()]
    if found.text:
        lines += ["  the cell that follows:", *(f"    {line}" for line in found.text.splitlines())]
    return "\n".join([*lines, *(f"  {line}" for line in method())])


def bundle(found: Advice) -> dict[str, Any]:
    """A notebook output that needs no widget, no kernel and no network."""
    data: dict[str, Any] = {"text/plain": text(found)}
    first, *rest = found.reasons
    html = f"<div><strong>{safe(headline(found))}</strong></div><div><strong>{safe(first)}</strong></div>"
    html += "".join(f"<div>{safe(line)}</div>" for line in rest)
    if found.affinities is not None:
        data["image/png"], shown = image(png(found), "heat maps of affinity, gradient cosines and label correlation")
        html += shown
    if found.text:
        html += f'<pre style="margin:6px 0;padding-left:8px;border-left:2px solid {LINE}">{safe(found.text)}</pre>'
    data["text/html"] = html + small(method())
    return data


def png(found: Advice) -> bytes:
    """Three heat maps, tasks in the order of their groups, whose squares are outlined."""
    from mtl_magic.decide.picture import png_of

    assert found.affinities is not None
    assert found.evidence is not None
    order = order_of(found)
    names = [found.tasks[k] for k in order]
    with np.errstate(invalid="ignore"):
        cosines = np.mean(found.affinities.cosines, axis=0)
    maps = [
        ("look-ahead affinity", found.evidence.mean, float(np.abs(found.evidence.mean).max()) or 1.0),
        ("gradient cosine", cosines, 1.0),
        ("label correlation", found.correlation, 1.0),
    ]

    def draw(made: Figure) -> None:
        for k, (title, values, most) in enumerate(maps):
            ax = made.add_subplot(1, 3, k + 1)
            heat(ax, title, values[np.ix_(order, order)], names, most)
            start = 0
            for group in found.groups:
                outline(ax, start, len(group))
                start += len(group)

    side = 0.9 + 0.28 * min(len(names), 16)
    return png_of(3 * side + 0.4, side + 0.3, draw)


def heat(ax: Axes, title: str, values: np.ndarray, names: list[str], most: float) -> None:
    """A matrix in colours from blue (against) to red (for), its diagonal left out."""
    from mtl_magic.runs.picture import INK
    from mtl_magic.runs.picture import title as titled

    shown = np.where(np.eye(len(values), dtype=bool), np.nan, values)
    ax.imshow(np.ma.masked_invalid(shown), cmap="RdBu_r", vmin=-most, vmax=most)
    ax.set_xticks(range(len(names)), names, rotation=60, ha="right", color=INK, parse_math=False)
    ax.set_yticks(range(len(names)), names, color=INK, parse_math=False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.patch.set_alpha(0)
    if len(names) <= 8:
        for i, row in enumerate(shown):
            for j, value in enumerate(row):
                if np.isfinite(value):
                    ink = "#ffffff" if abs(value) > 0.6 * most else "#333333"
                    ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=6, color=ink)
    titled(ax, title)


def outline(ax: Axes, start: int, size: int) -> None:
    """The square of a group."""
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((start - 0.5, start - 0.5), size, size, fill=False, edgecolor="#808080", linewidth=1.4))
