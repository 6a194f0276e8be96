"""What of a cell may change while its training rests: the weights of tasks, and these options of `train`.

Everything else decides which state there is, or which rows a step sees, and a training goes on with what it began with.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.language import parse
from mtl_magic.language.format import statement, value
from mtl_magic.language.names import did_you_mean
from mtl_magic.language.spec import Arg, Settings, Spec, Statement, Task
from mtl_magic.problems import MtlError, Problem
from mtl_magic.train.events import Changed
from mtl_magic.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtl_magic.problems import Span
    from mtl_magic.train.loop import Loop

CHANGEABLE = ("lr", "epochs", "early_stop", "schedule", "warmup", "clip", "devices", "jit", "gradients")
WEIGHT, TRAIN = "weight of ", "train "


@dataclasses.dataclass(frozen=True)
class Halves:
    """A cell in two: `fixed`, statements that may not change, and `free`, 'weight of click' or 'train lr' -> its text."""

    fixed: tuple[Statement, ...]
    free: dict[str, str]


def halves(whole: Spec) -> Halves:
    r"""What may change of a cell, and the rest.

    Example:
        >>> halves(parse("task a, b weight 2\ntrain lr=0.1 batch=64", vocabulary())).free
        {'weight of a': '2', 'weight of b': '2', 'train lr': '0.1'}
    """
    fixed: list[Statement] = []
    free: dict[str, str] = {}
    train: list[Arg] = []
    for each in whole.statements:
        if isinstance(each, Task):
            for word in each.names:
                if each.weight is not None:
                    free[WEIGHT + word.text] = value(each.weight)
                fixed.append(dataclasses.replace(each, names=(word,), weight=None, allow=()))
        elif isinstance(each, Settings) and each.word == "train":
            free |= {TRAIN + a.name: value(a.value) for a in each.args if a.name in CHANGEABLE}
            train += [a for a in each.args if a.name not in CHANGEABLE]
        else:
            fixed.append(dataclasses.replace(each, allow=()))
    if train:
        fixed.append(Settings("train", tuple(sorted(train, key=lambda a: a.name)), span=train[0].span))
    return Halves(tuple(fixed), free)


def between(before: str, after: str | Spec) -> dict[str, tuple[str, str]]:
    """What has changed from one text to another: 'train lr' -> its text before and after, '' where there was none.

    Raises:
        MtlError: MTL323 something has changed that may not; its place is in `after`.
    """
    if before == after:
        return {}
    registry, text = vocabulary(), after.text if isinstance(after, Spec) else after
    try:
        old, new = halves(parse(before, registry)), halves(parse(after, registry) if isinstance(after, str) else after)
    except MtlError:  # a text that this version does not read any more
        raise _refused("it was made with another text", None, text) from None
    if old.fixed != new.fixed:
        added = [s for s in new.fixed if s not in old.fixed]
        gone = [f"'{statement(s)}'" for s in old.fixed if s not in new.fixed]
        one = f"'{statement(added[0])}'" if added else ""
        if one and gone:
            said = f"{one} stands where {gone[0]} stood"
        else:
            said = f"{one} is new" if one else f"{gone[0]} is gone" if gone else "its statements have another order"
        raise _refused(f"it was made with another text: {said}", added[0].span if added else None, text)
    names = dict.fromkeys([*old.free, *new.free])
    pairs = {name: (old.free.get(name, ""), new.free.get(name, "")) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _refused(said: str, span: Span | None, text: str) -> MtlError:
    options = ", ".join(CHANGEABLE)
    hint = f"what may change: weights of tasks, and of 'train' {options}; start anew for anything else"
    return MtlError(Problem("MTL323", f"the checkpoint does not fit: {said}", span, hint), text)


def apply(loop: Loop, changed: Mapping[str, tuple[str, str]]) -> None:
    """What has changed becomes the loop's, whose state is that of the checkpoint, and is said as events.

    The number of epochs, the course of the rate and the like are those of the program that the loop has.
    """
    tasks = {name.removeprefix(WEIGHT) for name in changed if name.startswith(WEIGHT)}
    if tasks:
        person = loop.step.rates.person.numpy()
        for name in tasks:
            person[loop.names.index(name)] = loop.program.task(name).weight
        loop.step.rates.person.assign(person)
    if tasks or TRAIN + "early_stop" in changed:
        loop.stopping.judge_again()
    if {TRAIN + "early_stop", TRAIN + "epochs"} & set(changed):
        loop.why = ""
    for what, (before, after) in changed.items():
        loop.changes.append(Changed(loop.steps, loop.before, what, before, after))


def rewritten(whole: Spec, changes: Mapping[str, str]) -> Spec:
    r"""The cell with other weights and options of `train`.

    Args:
        whole: the cell.
        changes: a task, or an option of `CHANGEABLE` -> what is written for it, as in a cell.

    Raises:
        MtlError: MTL040 neither a task nor such an option; MTL041 and others, as for a text with this value.

    Example:
        >>> print(rewritten(parse("task a, b\ntrain lr=0.1", vocabulary()), {"b": "2", "lr": "0.2"}))
        task a
        task b weight 2
        train lr=0.2
    """
    tasks = [word.text for each in whole.each(Task) for word in each.names]  # type: ignore[attr-defined]
    for name, written in changes.items():
        if name in CHANGEABLE:
            whole = _with_option(whole, name, written)
        elif name in tasks:
            whole = _with_weight(whole, name, written)
        else:
            known = [*tasks, *CHANGEABLE]
            hint = did_you_mean(name, known) or f"what may change: {', '.join(known)}"
            raise MtlError(
                Problem("MTL040", f"'{name}' is neither a task of the cell nor an option that may change", hint=hint)
            )
    return dataclasses.replace(whole, text=str(whole))


def _with_option(whole: Spec, name: str, written: str) -> Spec:
    (arg,) = _read(f"train {name}={written}", Settings).args
    found = list(whole.statements)
    trains = [k for k, s in enumerate(found) if isinstance(s, Settings) and s.word == "train"]
    for k in trains:
        args: Any = found[k].args  # type: ignore[attr-defined]
        if any(a.name == name for a in args):
            found[k] = dataclasses.replace(found[k], args=tuple(arg if a.name == name else a for a in args))  # type: ignore[call-arg]
            return Spec(tuple(found))
    if trains:
        last: Any = found[trains[-1]]
        found[trains[-1]] = dataclasses.replace(last, args=(*last.args, arg))
    else:
        found.append(Settings("train", (arg,)))
    return Spec(tuple(found))


def _with_weight(whole: Spec, name: str, written: str) -> Spec:
    weight = _read(f"task a weight {written}", Task).weight
    found: list[Statement] = []
    for each in whole.statements:
        if not isinstance(each, Task) or all(word.text != name for word in each.names):
            found.append(each)
            continue
        for word in each.names:
            one = dataclasses.replace(each, names=(word,))
            found.append(dataclasses.replace(one, weight=weight) if word.text == name else one)
    return Spec(tuple(found))


def _read(text: str, kind: Any) -> Any:
    whole = parse(text if kind is Task else f"task a\n{text}", vocabulary())
    return next(iter(whole.each(kind)))
