"""How comparisons are shown: text for terminals, HTML and a picture for notebooks. Stable from one execution to the next."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.decide.bootstrap import RESAMPLES, Interval
from mtl_magic.explanation.colours import DIM, LINE, colour
from mtl_magic.explanation.letters import safe
from mtl_magic.explanation.tables import Table
from mtl_magic.numbers import counted, short

if TYPE_CHECKING:
    from mtl_magic.decide.comparison import Comparison

WIDTH, HEIGHT = 132, 14  # of an interval as a picture
RED, GREEN = "#c0392b", "#2e8b57"


def signed(value: float) -> str:
    """Three significant digits with a sign.

    Example:
        >>> signed(0.01234), signed(-2.0), signed(0.0), signed(float("nan"))
        ('+0.0123', '−2', '0', '–')
    """
    if not math.isfinite(value) or value == 0:
        return short(value)
    return ("+" if value > 0 else "−") + short(abs(value))


def between(interval: Interval, unit: str = "") -> str:
    """'[−0.01, +0.02]'."""
    return f"[{signed(interval.low)}{unit}, {signed(interval.high)}{unit}]" if interval.known else "–"


def bar(interval: Interval, ink: str, reach: float = 0.0) -> str:
    """The interval as a line with a dot at its value, and 0 as a thin line: SVG; `reach` is what an end stands for."""
    if not interval.known:
        return ""
    reach = reach or 1.1 * max(abs(interval.low), abs(interval.high)) or 1.0
    low, at, high = (
        WIDTH / 2 * (1 + min(max(v / reach, -1), 1)) for v in (interval.low, interval.value, interval.high)
    )
    middle, y = WIDTH / 2, HEIGHT / 2
    said = safe(f"{signed(interval.value)}, between {signed(interval.low)} and {signed(interval.high)}")
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{said}">'
        f'<line x1="{middle}" y1="0" x2="{middle}" y2="{HEIGHT}" stroke="currentColor" stroke-opacity=".45"/>'
        f'<line x1="{low:.1f}" y1="{y}" x2="{high:.1f}" y2="{y}" stroke="{ink}" stroke-width="2.5"/>'
        f'<circle cx="{at:.1f}" cy="{y}" r="3.5" fill="{ink}"/></svg>'
    )


# -- a comparison -----------------------------------------------------------------------------------------------------


def headline(found: Comparison) -> str:
    """'wide against feed, on the 2,999 test rows of both'."""
    seeds = f", {len(found.a)} seeds each" if len(found.a) > 1 else ""
    return f"{found.names[1]} against {found.names[0]}{seeds}, on the same {found.rows.described()}"


def notes(found: Comparison) -> list[str]:
    """What a reader must know of the figures."""
    percent = f"{100 * found.level:g}%"
    units = f"groups of {found.rows.by}" if found.rows.by else "rows"
    drawn = sorted({c.resamples for c in found.found if math.isfinite(c.difference.value)}) or [RESAMPLES]
    fewer = f" ({drawn[0]:,} for what is computed one by one)" if len(drawn) > 1 else ""
    said = [
        f"{percent} intervals of the difference, each metric's own: paired bootstrap, {drawn[-1]:,} resamples of {units}{fewer}, the same for both.",
    ]
    if len(found.verdicts) > 1:
        said.append(
            f"Verdicts are by each head's first metric, and hold for all {len(found.verdicts)} heads together at {percent} (Holm 1979)."
        )
    if len(found.a) == 1:
        said.append("They are of these two models: another seed gives others, which %mtl seeds shows.")
    else:
        said.append("They know of rows and of seeds.")
    if found.rows.part == "valid":
        said.append("There is no test part: validation rows chose the epochs, which flatters both.")
    return [*said, *found.alone]


def _rows(found: Comparison) -> list[tuple[str, ...]]:
    verdicts = {(v.task, v.metric): v.said for v in found.verdicts}
    rows: list[tuple[str, ...]] = []
    last = ""
    for one in found.found:
        rows.append(
            (
                one.title if one.title != last else "",
                one.metric,
                short(one.a),
                short(one.b),
                signed(one.difference.value),
                between(one.difference),
                verdicts.get((one.title, one.metric), ""),
            )
        )
        last = one.title
    return rows


def _header(found: Comparison) -> tuple[str, ...]:
    return ("task", "metric", *found.names, "difference", "interval", "verdict")


def comparison_text(found: Comparison) -> str:
    """The comparison as text: metrics, the difference of the cells, and how it was done."""
    table = Table(headline(found), _header(found), tuple(_rows(found)), right=(*found.names, "difference"))
    lines = [table.text()]
    changed = [(mark, line) for mark, line in found.texts if mark != " "]
    lines += ["  the cells differ in" if changed else "  the cells are the same", *(f"    {m} {t}" for m, t in changed)]
    return "\n".join([*lines, *(f"  {note}" for note in notes(found))])


def comparison_html(found: Comparison) -> str:
    """The same, with each interval as a picture."""
    head = "".join(
        f'<th style="text-align:{"right" if 2 <= k <= 4 else "left"}">{safe(name)}</th>'
        for k, name in enumerate((*_header(found)[:5], "", "interval", "verdict"))
    )
    tasks = list(found.a[0].tasks)
    body = []
    for cells, one in zip(_rows(found), found.found, strict=True):
        ink = colour(tasks.index(one.title)) if one.title in tasks else "#808080"
        swatch = f'<span style="color:{ink}">■</span> ' if cells[0] else ""
        number = "text-align:right;font-variant-numeric:tabular-nums"
        made = [
            f'<td style="text-align:left">{swatch}{safe(cells[0])}</td><td style="text-align:left">{safe(cells[1])}</td>'
        ]
        made += [f'<td style="{number}">{cell}</td>' for cell in cells[2:5]]
        made += [f"<td>{bar(one.difference, ink)}</td>", f'<td style="text-align:left">{cells[5]}</td>']
        made.append(f'<td style="text-align:left"><strong>{safe(cells[6])}</strong></td>')
        body.append(f"<tr>{''.join(made)}</tr>")
    return (
        f"<div><strong>{safe(headline(found))}</strong></div>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
        + text_difference(found.texts)
        + small(notes(found))
    )


def text_difference(lines: Sequence[tuple[str, str]]) -> str:
    """The two cells as one, what only one of them has marked."""
    if all(mark == " " for mark, _ in lines):
        return '<div style="margin-top:6px">The cells are the same.</div>'
    looks = {"-": f"color:{RED}", "+": f"color:{GREEN}", " ": f"color:{DIM}"}
    made = "\n".join(f'<span style="{looks[mark]}">{mark} {safe(line)}</span>' for mark, line in lines)
    return f'<pre style="margin:6px 0;padding-left:8px;border-left:2px solid {LINE}">{made}</pre>'


def small(lines: Sequence[str]) -> str:
    """Sentences below a table."""
    return "".join(f'<div style="opacity:.7">{safe(line)}</div>' for line in lines)


def comparison_bundle(found: Comparison) -> dict[str, Any]:
    """A notebook output that needs no widget, no kernel and no network."""
    from mtl_magic.decide.picture import comparison_png

    data: dict[str, Any] = {"text/plain": comparison_text(found), "text/html": comparison_html(found)}
    if len(found.a[0].history) and len(found.b[0].history):
        alt = f"validation curves of {found.names[0]} and {found.names[1]}, of {counted(len(found.verdicts), 'head')}"
        data["image/png"], shown = image(comparison_png(found), alt)
        data["text/html"] += shown
    return data


def image(png: bytes, alt: str) -> tuple[str, str]:
    """A picture as base64, and as an element."""
    coded = base64.b64encode(png).decode()
    return coded, f'<img alt="{safe(alt)}" src="data:image/png;base64,{coded}" style="max-width:100%">'
