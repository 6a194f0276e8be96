"""What a run shows of itself: text for terminals and logs, a table and the picture for notebooks.

Everything is stable from one execution to the next: no times, no addresses, three significant digits.
"""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING, Any

from mtl_magic.explanation.colours import colour
from mtl_magic.numbers import counted, short
from mtl_magic.runs.picture import png

if TYPE_CHECKING:
    from mtl_magic.runs.run import Run

ENDED = {
    "epochs": "all epochs done",
    "early_stop": "stopped early",
    "stopped": "stopped by hand",
    "interrupted": "interrupted",
}


def headline(run: Run) -> str:
    """'4 tasks, 6 epochs, stopped early, best epoch 3'."""
    parts = [counted(len(run.schema.tasks), "task"), counted(run.epoch, "epoch"), ENDED.get(run.why, run.why)]
    if run.best_epoch is not None:
        parts.append(f"best epoch {run.best_epoch}")
    return ", ".join(parts)


def rows(run: Run) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table of metrics: a row a task and metric, a column a part."""
    parts = [part for part in ("valid", "test") if run.metrics.get(part)]
    titles = {"valid": "validation", "test": "test"}
    header = ["task", "metric", *(titles[part] for part in parts), "weight"]
    body = []
    for title in titles_of(run):
        names = list(dict.fromkeys(m for part in parts for m in run.metrics[part].get(title, {})))
        for i, metric in enumerate(names or [""]):
            values = [short(run.metrics[part].get(title, {}).get(metric, float("nan"))) for part in parts]
            weight = short(run.weights.get(title, 1.0)) if i == 0 and title in run.tasks else ""
            body.append([title if i == 0 else "", metric, *values, weight])
    return header, body


def titles_of(run: Run) -> list[str]:
    """The tasks, each with its conditionals behind it where the run has metrics of them."""
    others = dict.fromkeys(title for part in run.metrics.values() for title in part if title not in run.tasks)
    found: list[str] = []
    for task in run.tasks:
        mine = [t for t in others if t.startswith(f"{task}|")]
        found += [task, *mine]
    return list(dict.fromkeys(found))


def text(run: Run) -> str:
    """The run as text.

    It looks like this::

        Run feed: 2 tasks, 3 epochs, all epochs done, best epoch 3
          task   metric   validation  weight
          click  auc           0.712       1
                 logloss       0.561
          like   auc           0.744       1
                 logloss      0.0881
    """
    header, body = rows(run)
    widths = [max(len(row[i]) for row in (header, *body)) for i in range(len(header))]
    lines = [f"Run {run.name}: {headline(run)}"]
    for row in (header, *body):
        cells = [cell.ljust(widths[i]) if i < 2 else cell.rjust(widths[i]) for i, cell in enumerate(row)]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join([*lines, *(f"  {line}" for line in (*changes(run), *conflicts(run), *kept(run)))])


def changes(run: Run) -> list[str]:
    """What was other each time that the training went on: 'from step 40: weight of like 1 → 2'."""
    default = "the default"
    rested = [
        (int(c["step"]), f"{c['what']} {c['from'] or default} → {c['to'] or default}")
        for c in run.facts.get("changes", ())
    ]
    return [f"from step {step:,}: {what}" for step, what in sorted([*rested, *_steered(run)], key=lambda said: said[0])]


def _steered(run: Run) -> list[tuple[int, str]]:
    """What a person has set while it trained. A slider that was dragged is one change, from where it was to where it is."""
    found: list[tuple[int, str, Any, Any]] = []
    for c in run.facts.get("steered", ()):
        if "to" not in c:
            continue
        what = f"weight of {c['task']}" if c["what"] == "weight" else {"lr": "learning rate"}.get(c["what"], c["what"])
        before = found.pop()[2] if found and found[-1][1] == what else c["from"]
        found.append((int(c["step"]), what, before, c["to"]))
    return [(step, f"{what} {_said(a)} → {_said(b)}, by hand") for step, what, a, b in found if a != b]


def conflicts(run: Run) -> list[str]:
    """'like pulls against watch in 62% of steps', where gradients were compared."""
    if run.gradients is None:
        return []
    from mtl_magic.runs.gradients import whole, worst

    found = whole(run.gradients, run.tasks)
    return [said] if found is not None and (said := worst(found)) else []


def _said(value: Any) -> str:
    return short(value) if isinstance(value, (int, float)) else str(value)


def kept(run: Run) -> list[str]:
    """Where a store keeps one that was stopped, and how it goes on.

    Nothing of one that has ended by itself: its number would make the output of a cell another one each time (`run.folder`).
    """
    from mtl_magic.runs.project.index import INDEX
    from mtl_magic.runs.project.store import shown

    stopped = run.why in ("stopped", "interrupted")
    if not stopped or run.folder is None or not (run.folder.parent / INDEX).is_file():
        return []
    return [f"kept in {shown(run.folder)}; %mtl resume {run.folder.name} goes on"]


def table(run: Run) -> str:
    """The table alone, as HTML that stands by itself and takes the page's colours."""
    header, body = rows(run)
    number = "text-align:right;font-variant-numeric:tabular-nums"
    head = "".join(f'<th style="text-align:{"left" if i < 2 else "right"}">{h}</th>' for i, h in enumerate(header))
    lines, task = [], -1
    for row in body:
        task += row[0] in run.tasks  # a conditional has its child's colour
        swatch = f'<span style="color:{colour(task)}">■</span> ' if row[0] else ""
        cells = [f'<td style="text-align:left">{swatch}{html.escape(row[0])}</td>']
        cells.append(f'<td style="text-align:left">{html.escape(row[1])}</td>')
        cells += [f'<td style="{number}">{cell}</td>' for cell in row[2:]]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f"<div><strong>{html.escape(run.name)}</strong> {html.escape(headline(run))}</div>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        + "".join(
            f'<div style="opacity:.7">{html.escape(line)}</div>'
            for line in (*changes(run), *conflicts(run), *kept(run))
        )
    )


def bundle(run: Run) -> dict[str, Any]:
    """The run as a notebook output that needs no widget, no kernel and no network."""
    data: dict[str, Any] = {"text/plain": text(run), "text/html": table(run)}
    if len(run.history):
        picture = base64.b64encode(png(run)).decode()
        alt = html.escape(f"validation curves and losses of {run.name}: {headline(run)}")
        data["image/png"] = picture
        data["text/html"] += f'<img alt="{alt}" src="data:image/png;base64,{picture}" style="max-width:100%">'
    return data
