"""A front as text, as a picture, and as a slider whose stop becomes a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mtl_magic.decide.rows import TITLES
from mtl_magic.decide.show import image, small
from mtl_magic.explanation.colours import colour
from mtl_magic.explanation.letters import safe
from mtl_magic.explanation.tables import Table
from mtl_magic.numbers import counted, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mtl_magic.decide.front import Front
    from mtl_magic.runs.run import Run

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


def png(found: Front, at: int | None = None) -> bytes:
    """The front, better to the right and up; `at`: the stop that is chosen."""
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
            ax.plot(x[k], y[k], "o", color=colour(0), markerfacecolor=face, markersize=11 if k == at else 6)
            share = f"{100 * stop.share:.0f}%"
            ax.annotate(share, (x[k], y[k]), xytext=(6, 5), textcoords="offset points", fontsize=7, color=INK)
        for k, (name, axis) in enumerate(zip(found.tasks, (ax.xaxis, ax.yaxis), strict=True)):
            axis.set_label_text(f"{name} {found.metrics[k]}", parse_math=False, color=INK)
            if not found.higher[k]:
                (ax.invert_xaxis if k == 0 else ax.invert_yaxis)()
        ax.margins(0.15)

    return png_of(4.2, 2.8, draw)


def slider(found: Front, keep: Callable[[str, Run], str] | None) -> Any:
    """The widget. Nothing trains while it moves: the stops are there."""
    import ipywidgets

    stops = [(said(found, k), k) for k in range(len(found))]
    chosen = ipywidgets.SelectionSlider(
        options=stops, value=len(stops) // 2, description="preference", continuous_update=True, layout={"width": "28em"}
    )
    shown = ipywidgets.HTML()
    pictures: dict[int, str] = {}

    def look(*_: Any) -> None:
        k = chosen.value
        if k not in pictures:
            values = ", ".join(
                f"<strong>{safe(task)}</strong> {safe(metric)} {short(value)}"
                for task, metric, value in zip(found.tasks, found.metrics, found.stops[k].values, strict=True)
            )
            weak = "" if found.stops[k].best else " (dominated: another stop is better)"
            pictures[k] = f"<div>{values}{weak}</div>{image(png(found, k), said(found, k))[1]}"
        shown.value = pictures[k]

    chosen.observe(look, "value")
    look()
    parts = [chosen, shown]
    if keep is not None:
        name = ipywidgets.Text(value=f"{found.name}_chosen", description="run", layout={"width": "16em"})
        button = ipywidgets.Button(description="Keep this stop as a run", layout={"width": "14em"})
        answer = ipywidgets.HTML()

        def kept(_: Any) -> None:
            try:
                answer.value = safe(keep(name.value.strip(), found.stops[chosen.value].run))
            except Exception as error:  # noqa: BLE001  a callback's exception would be seen by nobody
                answer.value = safe(str(error))

        button.on_click(kept)
        parts += [ipywidgets.HBox([name, button]), answer]
    return ipywidgets.VBox(parts)
