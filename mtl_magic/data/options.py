"""Names that the options of blocks hold, where only the data says what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.blocks._base import Block
from mtl_magic.data.problems import several
from mtl_magic.data.selection import matches
from mtl_magic.language.names import did_you_mean
from mtl_magic.program import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.data.problems import Found
    from mtl_magic.data.selection import Fitted
    from mtl_magic.program import Program


def note_lists(program: Program, found: Found, *, own_valid: bool, own_test: bool) -> None:
    """A sentence where the split cuts the lists whose rows a loss compares."""
    column = next((c for task in program.tasks if (c := getattr(task.kind, "lists", None))), None)
    split = program.split
    if (
        column is None
        or split.group == column
        or not ((split.valid and not own_valid) or (split.test and not own_test))
    ):
        return
    found.note(
        f"The split divides the rows of a '{column}', so that its lists are cut: 'split group={column}' keeps them whole."
    )


def check_options(program: Program, fitted: Sequence[Fitted], found: Found) -> None:
    """Features that blocks see and that do not exist or are of another form, experts for a task that draws from elsewhere,
    losses that compare rows within lists of several columns.
    """
    lists = {column: task for task in reversed(program.tasks) if (column := getattr(task.kind, "lists", None))}
    if len(lists) > 1:
        (one, first), (other, second), *_ = reversed(lists.items())
        message = f"the loss of task '{second.name}' compares rows within '{other}', and that of '{first.name}' within '{one}'"
        hint = "a batch holds the lists of one column whole: take one of them for all tasks"
        found.add("MTL045", message, second.kind_span or second.span, hint)
    features = [f.name for f in fitted]
    several_ids = {f.name for f in fitted if f.encoder.id_width != 1 or f.encoder.pool}
    for plan in program.blocks:
        if not isinstance(plan.block, Block):
            continue
        names = {b.name for b in program.blocks} | {NONE}
        if plan.block.own_embeddings and names & set(plan.sources):
            source = next(s for s in plan.sources if s in names)
            message = (
                f"block '{plan.title}' draws from '{source}', and has embeddings of each taker's own: of features alone"
            )
            found.add("MTL218", message, plan.span, "draw from inputs or features; a block may draw from this one")
        for name in plan.block.sees():
            if not matches(name, features):
                message = f"block '{plan.title}' names the feature '{name}', which there is not"
                hint = did_you_mean(name, features) or f"features: {several(features)}"
                found.add("MTL048", message, plan.span, hint)
        for name in plan.block.domains():
            if name in several_ids:
                message = f"block '{plan.title}' takes '{name}' for the domain of a row, which is no one value of a few"
                hint = "declare it a category, or make it one: feature scenario: category(column=…)"
                found.add("MTL048", message, plan.span, hint)
        takers = [t.name for t in program.tasks if plan.name in t.sources]
        own = getattr(plan.block, "own", None)
        for name in own if isinstance(own, dict) else ():
            if name not in takers:
                message = f"block '{plan.title}' has experts of '{name}', a task that does not draw from it"
                found.add("MTL048", message, plan.span, f"tasks that do: {several(takers)}")
