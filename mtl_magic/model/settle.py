"""What a program leaves to the data, settled: the default dependency between tasks whose kinds were inferred."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.language.check import ONE_METHOD, clash_of, default_given
from mtl_magic.problems import MtlError, Problem
from mtl_magic.registry import REGISTRY

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema
    from mtl_magic.program import GivenPlan, Program, TaskPlan


def settle(program: Program, schema: Schema) -> Program:
    """The program with a method for each `given`.

    Raises:
        MtlError: a method does not fit the two kinds, or cannot stand beside another.
    """
    problems: list[Problem] = []

    def settled(task: TaskPlan, given: GivenPlan) -> GivenPlan:
        child, parent = schema.task(task.name).kind, schema.task(given.parent).kind
        default = default_given(child, parent, REGISTRY)
        method: Any = given.method or (default() if default else None)
        if method is None or not method.serves(child, parent):
            said = f"'{method.word}' does not fit" if method else "'given' has no default"
            problems.append(
                Problem(
                    "MTL031",
                    f"{said} between the {child.word} task '{task.name}' and the {parent.word} task '{given.parent}'",
                    given.span,
                )
            )
        return dataclasses.replace(given, method=method)

    tasks = tuple(dataclasses.replace(t, givens=tuple(settled(t, g) for g in t.givens)) for t in program.tasks)
    for task in tasks:
        at, said = clash_of([given.method for given in task.givens])
        if said:
            problems.append(Problem("MTL031", f"task '{task.name}': {said}", task.givens[at].span, ONE_METHOD))
    if problems:
        raise MtlError(problems, program.text)
    return dataclasses.replace(program, tasks=tasks)
