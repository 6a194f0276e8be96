"""Balancing methods by what a cell writes of them: for a method that is changed while a training runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.language import parse, resolve, spec
from mtl_magic.language.format import quoted, value
from mtl_magic.problems import MtlError
from mtl_magic.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.balance._base import Balance
    from mtl_magic.program import Program


UNKNOWN_NAME = "MTL048"  # a method names a task that is not there


def method_of(text: str, tasks: Sequence[str] = ("a",)) -> Balance:
    """The method of `balance TEXT`. Python in braces is refused: code stands in a cell.

    Args:
        text: 'equal', 'uncertainty(lr=0.02)'.
        tasks: names of those that it may name.

    Raises:
        MtlError: what is wrong with it; its place is in `balance TEXT`.

    Example:
        >>> method_of("uncertainty(lr=0.02)").lr
        0.02
    """
    line = f"balance {' '.join(text.split())}"
    try:
        return resolve(parse(f"{line}\ntask {', '.join(map(quoted, tasks))}", vocabulary()), vocabulary()).balance
    except MtlError as error:
        raise MtlError(error.problems, line) from error.__cause__


def check_method(text: str) -> None:
    """As `method_of`, where the names of the tasks are not known yet.

    Raises:
        MtlError: what is wrong with it whatever the tasks.
    """
    try:
        method_of(text)
    except MtlError as error:
        if wrong := [p for p in error.problems if p.code != UNKNOWN_NAME]:
            raise MtlError(wrong, error.text) from error.__cause__


def method_in(program: Program) -> str:
    """What the cell writes of its method; the default's name where it says nothing."""
    return method_written(program.canonical, str(program.balance.word)) if program.canonical else program.balance.word


def method_written(text: str, default: str = "equal") -> str:
    r"""The same of a text that has been checked.

    Example:
        >>> method_written("task a\nbalance dwa(T=1)"), method_written("task a")
        ('dwa(T=1)', 'equal')
    """
    found = [value(s.method) for s in parse(text, vocabulary()).statements if isinstance(s, spec.Balance)]
    return found[0] if found else default
