"""How a baseline is shown: heads with their change, and what became of the promises of sharing."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from mtl_magic.decide.budget import BUDGETS
from mtl_magic.decide.rows import TITLES
from mtl_magic.decide.show import GREEN, RED, bar, between, signed, small
from mtl_magic.decide.transfer import GAIN, LOSS
from mtl_magic.explanation.colours import colour
from mtl_magic.explanation.letters import safe
from mtl_magic.explanation.tables import Table
from mtl_magic.numbers import counted, short

if TYPE_CHECKING:
    from mtl_magic.decide.baseline import Baseline

HEADER = ("task", "metric", "alone", "shared", "change", "interval", "transfer")
OFF = 0.2  # of a budget of steps, which rounds to epochs
PROMISES = ("sharing promises", "alone", "shared", "evidence", "here")


def headline(found: Baseline) -> str:
    """'feed against each task alone, 3 seeds, on the same 2,999 test rows'."""
    seeds = counted(len(found.shared), "seed")
    grouped = f", grouped by {found.by}" if found.by else ""
    return (
        f"{found.shared[0].name} against each task alone, {seeds}, on the same {found.rows:,} {TITLES[found.part]} rows"
        f"{grouped}"
    )


def notes(found: Baseline) -> list[str]:
    """How it was done."""
    percent = f"{100 * found.level:g}%"
    knows = (
        "know of rows and of seeds"
        if len(found.shared) > 1
        else "know of rows and not of initial weights: seeds=3 says more"
    )
    said = [
        f"Budget {found.budget}: {BUDGETS[found.budget]}{_nearest(found)}.",
        f"Change in percent of the metric alone, more is better; Δm is the mean over heads (Maninis et al. 2019). {percent} intervals {knows}.",
        f"Transfer is said of all heads together at {percent} (Holm 1979).",
        "Overfitting: how much better a head is on its training rows than on those that judge it, in percent; a positive difference is less.",
    ]
    if found.part == "valid":
        said.append("There is no test part: validation rows chose the epochs, which flatters both.")
    return said


def _nearest(found: Baseline) -> str:
    """Where whole epochs cannot take the steps that the budget means."""
    alone = sum(mean(run.step for run in runs) for runs in found.alone.values())
    shared = mean(run.step for run in found.shared)
    if found.budget != "steps" or abs(alone - shared) <= OFF * shared:
        return ""
    return f"; a training has an epoch at least and may stop early: they took {alone:,.0f}, and the run {shared:,.0f}"


def _rows(found: Baseline) -> list[tuple[str, ...]]:
    rows = [
        (
            h.task,
            h.metric,
            short(h.alone),
            short(h.shared),
            f"{signed(h.change.value)}%",
            between(h.change, "%"),
            h.verdict,
        )
        for h in found.heads
    ]
    return [*rows, ("Δm", "", "", "", f"{signed(found.whole.value)}%", between(found.whole, "%"), "")]


def text(found: Baseline) -> str:
    """For terminals and logs."""
    heads = Table(headline(found), HEADER, tuple(_rows(found)), right=("alone", "shared", "change"))
    claims = Table("", PROMISES, tuple((c.promise, c.alone, c.shared, c.evidence, c.verdict) for c in found.claims))
    return "\n".join([heads.text(), claims.text(), *(f"  {line}" for line in notes(found))])


def html(found: Baseline) -> str:
    """For notebooks, without a kernel or network."""
    tasks = list(found.shared[0].tasks)
    right, left = "text-align:right;font-variant-numeric:tabular-nums", "text-align:left"
    head = "".join(
        f'<th style="{right if 2 <= k <= 4 else left}">{n}</th>' for k, n in enumerate((*HEADER[:5], "", *HEADER[5:]))
    )
    reach = 1.1 * max((max(abs(h.change.low), abs(h.change.high)) for h in found.heads if h.change.known), default=1.0)
    body = []
    intervals = [*((h.change, colour(tasks.index(h.task))) for h in found.heads), (found.whole, "#808080")]
    for cells, (interval, ink) in zip(_rows(found), intervals, strict=True):
        swatch = f'<span style="color:{ink}">■</span> '
        made = [f'<td style="{left}">{swatch}{safe(cells[0])}</td><td style="{left}">{safe(cells[1])}</td>']
        made += [f'<td style="{right}">{cell}</td>' for cell in cells[2:5]]
        made += [f"<td>{bar(interval, ink, reach)}</td>", f'<td style="{left}">{cells[5]}</td>']
        tint = {GAIN: GREEN, LOSS: RED}.get(cells[6], "inherit")
        made.append(f'<td style="{left};color:{tint}"><strong>{safe(cells[6])}</strong></td>')
        body.append(f"<tr>{''.join(made)}</tr>")
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    promised = "".join(f'<th style="{left}">{n}</th>' for n in PROMISES)
    lines = []
    for claim in found.claims:
        tint = {"shown": GREEN, "refuted": RED}.get(claim.verdict, "inherit")
        said = "".join(
            f'<td style="{left}">{safe(c)}</td>' for c in (claim.promise, claim.alone, claim.shared, claim.evidence)
        )
        lines.append(f'<tr>{said}<td style="{left};color:{tint}"><strong>{claim.verdict}</strong></td></tr>')
    claims = f"<table><thead><tr>{promised}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f"<div><strong>{safe(headline(found))}</strong></div>{table}{claims}{small(notes(found))}"
