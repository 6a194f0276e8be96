"""What of a cell may change while its search rests: `trials` and `time` of its `tune` line."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from mtl_magic.language import parse
from mtl_magic.language.names import did_you_mean
from mtl_magic.language.spec import Arg, Spec, Statement, tunes
from mtl_magic.problems import MtlError, Problem
from mtl_magic.settings.tune import CHANGEABLE
from mtl_magic.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping


def but_for_changeable(whole: Spec) -> str:
    """The text without what may change: searches of which it is the same are one."""
    kept: list[Statement] = []
    for each in whole.statements:
        if tunes(each):
            args = tuple(sorted((a for a in each.args if a.name not in CHANGEABLE), key=lambda a: a.name))
            kept.append(dataclasses.replace(each, args=args))
        else:
            kept.append(each)
    return str(dataclasses.replace(whole, statements=tuple(kept)))


def rewritten(whole: Spec, changes: Mapping[str, str]) -> Spec:
    r"""The cell with more trials or more time.

    Args:
        whole: the cell.
        changes: an option of `CHANGEABLE` -> what is written for it, as in a cell; a time needs no quotes.

    Raises:
        MtlError: MTL040 no such option; MTL041 and others, as for a text with this value.

    Example:
        >>> cell = parse("task a\ntrain lr=range(0.1, 0.2)\ntune trials=9 method=random", vocabulary())
        >>> print(rewritten(cell, {"trials": "20", "time": "1h"}))
        task a
        train lr=range(0.1, 0.2)
        tune trials=20 method=random time="1h"
    """
    for name, written in changes.items():
        if name not in CHANGEABLE:
            hint = (
                did_you_mean(name, CHANGEABLE)
                or f"what may change: {', '.join(CHANGEABLE)}; start anew for anything else"
            )
            raise MtlError(Problem("MTL040", f"'{name}' does not change while a search rests", hint=hint))
        whole = _with(whole, _read(name, written))
    return dataclasses.replace(whole, text=str(whole))


def _with(whole: Spec, arg: Arg) -> Spec:
    """The option in its place, or behind the others of the last `tune` line."""
    lines = [each for each in whole.statements if tunes(each)]
    line = next((each for each in lines if any(a.name == arg.name for a in each.args)), lines[-1])
    there = any(a.name == arg.name for a in line.args)
    args = tuple(arg if a.name == arg.name else a for a in line.args) if there else (*line.args, arg)
    other = dataclasses.replace(line, args=args)
    return Spec(tuple(other if each is line else each for each in whole.statements))


def _read(name: str, written: str) -> Arg:
    if name == "time" and written[0] not in "\"'":
        written = f'"{written}"'
    whole = parse(f"task a\ntrain lr=choose(0.1, 0.2)\ntune {name}={written}", vocabulary())
    (arg,) = next(each for each in whole.statements if tunes(each)).args
    return arg
