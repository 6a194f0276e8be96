"""A front as text and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.decide.rows import TITLES
from mtl_magic.decide.show import image, small
from mtl_magic.explanation.colours import colour
from mtl_magic.explanation.tables import Table
from mtl_magic.numbers import counted, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mtl_magic.decide.front import Front

NOTE = "Each stop is a run with that preference (balance stch, Lin et al. 2024); where one is dominated, another is better in one task and no worse in the other."


def headline(found: Front) -> str:
    """'feed between click and like, 5 stops, on its validation rows'."""
    a, b = found.tasks
    return f"{found.name} between {a} and {b}, {counted(len(found), 'stop')}, on its {TITLES[found.part]} rows"


def table(found: Front) -> Table:
    header = ("preference", *(f"{t} {m}" for t, m in zip(found.tasks, found.metrics, strict=True)), "")
    rows = tuple(
        (said(found, k), *map(short, s.values), "" if s.best else "dominated") for k, s in enumerate(found.stops)
    )
    return Table(headline(found), header, rows, right=header[1:3])


def said(found: Front, k: int) -> str:
    """'30% click, 70% like'."""
    share = found.stops[k].share
    return f"{100 * share:.0f}% {found.tasks[0]}, {100 * (1 - share):.0f}% {found.tasks[1]}"


def text(found: Front) -> str:
    """For terminals and logs."""
    return f"{table(found).text()}\n  {NOTE}"


def bundle(found: Front) -> dict[str, Any]:
    """A notebook output that needs no widget: what a saved notebook shows."""
    coded, shown = image(png(found), f"front of {found.tasks[0]} and {found.tasks[1]}")
    return {"text/plain": text(found), "text/html": table(found).html() + shown + small([NOTE]), "image/png": coded}


def png(found: Front) -> bytes:
    """The front, better to the right and up."""
    from mtl_magic.decide.picture import png_of
    from mtl_magic.runs.picture import INK, plain

    def draw(made: Figure) -> None:
        ax = made.add_subplot()
        plain(ax)
        x, y = ([s.values[k] for s in found.stops] for k in (0, 1))
        best = sorted(s.values for s in found.stops if s.best)
        ax.plot(*zip(*best, strict=True), color="#80808080", linewidth=1.2)
        for k, stop in enumerate(found.stops):
            face = colour(0) if stop.best else "none"
            ax.plot(x[k], y[k], "o", color=colour(0), markerfacecolor=face, markersize=6)
            share = f"{100 * stop.share:.0f}%"
            ax.annotate(share, (x[k], y[k]), xytext=(6, 5), textcoords="offset points", fontsize=7, color=INK)
        for k, (name, axis) in enumerate(zip(found.tasks, (ax.xaxis, ax.yaxis), strict=True)):
            axis.set_label_text(f"{name} {found.metrics[k]}", parse_math=False, color=INK)
            if not found.higher[k]:
                (ax.invert_xaxis if k == 0 else ax.invert_yaxis)()
        ax.margins(0.15)

    return png_of(4.2, 2.8, draw)
