"""The dashboard of a run that is over, made of what the run remembers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.dashboard.charts import Charts
from mtl_magic.dashboard.feed import Feed
from mtl_magic.problems import MtlError
from mtl_magic.runs.gradients import events_of
from mtl_magic.train.events import Changed, Evaluated, Event, Finished, Gates, Gradients, Progress, Started, Steered
from mtl_magic.train.methods import method_written

if TYPE_CHECKING:
    from mtl_magic.runs.run import Run


def replayed(run: Run, *, ghost: Run | None = None) -> Charts:
    """Charts that know all of a run.

    Args:
        run: which.
        ghost: another run, drawn behind.
    """
    behind, name = ghost_of(ghost)
    charts = Charts.of(run.name, run.schema, ghost=behind, ghost_name=name)
    charts.take(heard(run))
    return charts


def heard(run: Run) -> Feed:
    """What has heard the run's events, all that a page is told."""
    feed = Feed(run.name, run.tasks, run.watched)
    for event in events(run):
        feed(event)
    return feed


def ghost_of(run: Run | None) -> tuple[Mapping[str, Any], str]:
    """What an earlier run's dashboard held, and its name; nothing of a run without a whole epoch."""
    if run is None or not len(run.history):
        return {}, ""
    return heard(run).history(), run.name


def events(run: Run) -> Iterator[Event]:
    """What was said while it trained, an epoch at a time: what is kept of a run has no more."""
    rows = [{str(k): v for k, v in row.items()} for row in run.history.to_dict("records")]
    trained = int((run.facts.get("rows") or {}).get("train", 0))
    per_epoch = max(int(rows[0]["step"]) if rows else run.step, 1)
    yield Started(
        run.tasks, run.watched, max(run.epoch, 1), per_epoch, -(-trained // per_epoch), trained, 0, _method(run)
    )
    acts: list[Event] = [*_commands(run), *_changes(run), *_gradients(run)]
    acts.sort(key=lambda event: event.step)  # type: ignore[attr-defined]
    for row in rows:
        while acts and acts[0].step <= row["step"]:  # type: ignore[attr-defined]
            yield acts.pop(0)
        yield from _epoch(run, row, trained)
    yield from acts
    for found in run.facts.get("gates") or ():
        use = tuple(map(tuple, found["use"]))
        yield Gates(run.step, 0.0, found["block"], tuple(found["tasks"]), tuple(found["experts"]), use)
    yield Finished(run.step, run.epoch, float(run.facts.get("seconds") or 0.0), run.why, run.best_epoch)


def _epoch(run: Run, row: dict[str, Any], trained: int) -> Iterator[Event]:
    step, epoch, seconds = int(row["step"]), int(row["epoch"]), float(row["seconds"])
    losses = {t: float(row.get(f"{t}.loss", math.nan)) for t in run.tasks}
    weights = {t: float(row.get(f"{t}.weight", math.nan)) for t in run.tasks}
    metrics = {t: _metrics(t, row) for t in run.tasks}
    yield Progress(step, float(epoch), seconds, trained * epoch / seconds if seconds > 0 else 0.0, losses, weights)
    found = {t: m for t, m in metrics.items() if m}
    best = str(row.get("best")) == "True"
    yield Evaluated(step, epoch, seconds, losses, found, weights, float(row.get("lr", math.nan)), best)


def _metrics(task: str, row: dict[str, Any]) -> dict[str, float]:
    start = f"{task}.val_"
    return {k.removeprefix(start): float(v) for k, v in row.items() if k.startswith(start) and not math.isnan(float(v))}


def _commands(run: Run) -> Iterator[Steered]:
    for c in run.facts.get("steered") or ():
        yield Steered(int(c["step"]), 0.0, c["what"], c.get("task", ""), c.get("to"), c.get("from"))


def _method(run: Run) -> str:
    try:
        return method_written(run.text)
    except MtlError:  # a text that this version does not read any more
        return ""


def _gradients(run: Run) -> list[Gradients]:
    return [] if run.gradients is None else events_of(run.gradients, run.tasks)


def _changes(run: Run) -> Iterator[Changed]:
    for c in run.facts.get("changes") or ():
        yield Changed(int(c["step"]), 0.0, c["what"], c["from"], c["to"])
