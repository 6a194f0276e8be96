"""Every check, on a program and what its tables were made into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.checks.given import contradicted
from mtl_magic.checks.ids import identifiers
from mtl_magic.checks.leak import leaks
from mtl_magic.checks.places import silenced
from mtl_magic.checks.rare import rare
from mtl_magic.checks.repeats import repeats, same_rows
from mtl_magic.checks.scales import unequal
from mtl_magic.checks.times import earlier
from mtl_magic.problems import MtlError, Problem, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mtl_magic.data.schema import Prepared
    from mtl_magic.program import Program

    Check = Callable[[Program, Prepared], Iterable[Problem]]

MISTAKES: tuple[Check, ...] = (same_rows,)
WARNINGS: tuple[Check, ...] = (identifiers, unequal, rare, leaks, contradicted, repeats, earlier)
TOP = Span(0, 0, 0, 0)


def run_checks(program: Program, prepared: Prepared) -> tuple[Problem, ...]:
    """What a person should know before training: warnings in the order of the text, less those that the cell allows.

    A check that reads the tables finds nothing where they are not kept (`prepared.raw`). Of tables that are not in memory
    a sample is looked at (`prepared.sample`); how often a label occurs is known of all rows.

    Raises:
        MtlError: MTL216, the test part is the validation part.
    """
    looked = prepared.sample or prepared
    mistakes = [problem for check in MISTAKES for problem in check(program, looked)]
    if mistakes:
        raise MtlError(mistakes, program.text)
    found = [problem for check in WARNINGS for problem in check(program, prepared if check is rare else looked)]
    return tuple(sorted((p for p in found if not silenced(p, program)), key=lambda p: (p.span or TOP, p.code)))
