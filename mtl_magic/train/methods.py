"""Balancing methods by what a cell writes of them: for a method that is changed while a training runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.language import parse, resolve, spec
from mtl_magic.language.format import value
from mtl_magic.problems import MtlError
from mtl_magic.vocabulary import vocabulary

if TYPE_CHECKING:
    from mtl_magic.balance._base import Balance
    from mtl_magic.program import Program


def method_of(text: str) -> Balance:
    """The method of `balance TEXT`. Python in braces is refused: code stands in a cell.

    Args:
        text: 'equal', 'uncertainty(lr=0.02)'.

    Raises:
        MtlError: what is wrong with it; its place is in `balance TEXT`.

    Example:
        >>> method_of("uncertainty(lr=0.02)").lr
        0.02
    """
    line = f"balance {' '.join(text.split())}"
    try:
        return resolve(parse(f"{line}\ntask a", vocabulary()), vocabulary()).balance
    except MtlError as error:
        raise MtlError(error.problems, line) from error.__cause__


def method_in(program: Program) -> str:
    """What the cell writes of its method; the default's name where it says nothing."""
    whole = parse(program.canonical, vocabulary()) if program.canonical else spec.Spec(())
    found = [value(each.method) for each in whole.statements if isinstance(each, spec.Balance)]
    return found[0] if found else str(program.balance.word)
