"""MTL105: a child that is positive where its parent is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.checks.places import warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.data.schema import Prepared
    from mtl_magic.problems import Problem
    from mtl_magic.program import Program

SHARE = 0.01  # of the child's positives; fewer are taken for noise of the log, which changes no estimate


def contradicted(program: Program, prepared: Prepared) -> Iterator[Problem]:
    """For each `given` between two binary tasks that the training rows contradict."""
    raw = prepared.raw
    parts = [part.labels for part in prepared.train]
    if raw is not None and raw.labels is not None:  # a label that does not count is one of those that contradict
        parts = [raw.labels[raw.parts.train]]
    places = {task.name: k for k, task in enumerate(prepared.schema.tasks) if task.kind.word == "binary"}
    for task in program.tasks:
        for given in task.givens:
            lost, bounded = getattr(given.method, "masks", False), getattr(given.method, "bounded", True)
            if task.name not in places or given.parent not in places or not (lost or bounded):
                continue
            against = positives = 0
            for labels in parts:
                child, parent = labels[:, places[task.name]] == 1, labels[:, places[given.parent]]
                positives += int((child & (parent >= 0)).sum())
                against += int((child & (parent == 0)).sum())
            if against and against >= SHARE * positives:
                share = (
                    f"{against:,} of {positives:,} positives of task '{task.name}' ({100 * against / positives:.1f}%)"
                )
                message = f"{share} are in training rows in which its parent '{given.parent}' is 0"
                effect = "they teach it nothing" if lost else "a probability below its parent's cannot fit them"
                way = f"{effect}: correct the labels, or leave out 'given {given.parent}'"
                yield warning("MTL105", message, given.span, way, task.span)
