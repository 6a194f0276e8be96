"""The search spaces of a cell by name, and the cell with a value in place of each.

A space is named after its place: 'lr' (an option of `train`), 'share' (which block), 'share.experts' (an option of it),
'trunk.units[0]', 'like.weight', 'balance', 'balance.famo.lr' (an option of one of the methods to choose from). A space within an
option of another is searched only where that option is chosen.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from mtl_magic.language import spec
from mtl_magic.language.bind import WEIGHT
from mtl_magic.language.format import value as written
from mtl_magic.language.values import flat, parameters
from mtl_magic.parameters import CallOf, PerName
from mtl_magic.settings.train import LR

if TYPE_CHECKING:
    from mtl_magic.parameters import ParamType
    from mtl_magic.registry import Registry

DIGITS = 4  # of a number that is drawn: a cell with 0.0006325 is easier to read, and is no other cell
# Options of a task that decide what its loss on validation rows is. `negatives` samples training rows alone, and what else
# decides is not searched (MTL053).
OF_LOSS = ("loss", "pos_weight", "class_weight")

Value: TypeAlias = str | int | float  # of a choice, the text of the option
Key: TypeAlias = tuple[Any, ...]  # where in the spec a space stands


@dataclasses.dataclass(frozen=True)
class Hyper:
    """One space.

    Attributes:
        name: see the module.
        default: of trial 0.
        options: of a `choose`, what its options are called: their text, or the word where that tells them apart.
        low, high, log: of a `range`.
        whole: whether a `range` is of whole numbers.
        when: the options of other spaces under which it is there, outermost first.
        of_loss: the tasks whose loss is another quantity with another value of it.
    """

    name: str
    default: Value
    options: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    log: bool = False
    whole: bool = False
    when: tuple[tuple[str, str], ...] = ()
    of_loss: tuple[str, ...] = ()

    def there(self, values: Mapping[str, Value]) -> bool:
        """Whether it is there where other spaces have these values."""
        return all(values.get(name) == option for name, option in self.when)

    def tidy(self, value: Value) -> Value:
        """A value of a `range` as the cell has it: of few digits, within the ends."""
        if self.options or isinstance(value, str):
            return value
        if self.whole:
            return min(max(round(value), math.ceil(self.low)), math.floor(self.high))
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def place(self, value: Value) -> float:
        """Where a value lies from 0 to 1, as an axis shows it."""
        if self.options:
            return self.options.index(str(value)) / max(len(self.options) - 1, 1)
        assert not isinstance(value, str)
        low, high, at = (
            (math.log(v) for v in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        )
        return (at - low) / (high - low)


class Space:
    r"""All spaces of a cell.

    Args:
        whole: the cell, bound: of `parse`.
        registry: its words.

    Example:
        >>> from mtl_magic.language import parse
        >>> from mtl_magic.vocabulary import vocabulary
        >>> text = "share choose(mlp, mmoe(experts=choose(4, 8)))\ntask a\ntrain lr=range(1e-4, 1e-2, log)\ntune trials=3"
        >>> space = Space(parse(text, vocabulary()), vocabulary())
        >>> [(h.name, h.default) for h in space.hypers]
        [('share', 'mlp'), ('share.mmoe.experts', '4'), ('lr', 0.001)]
        >>> print(space.cell({"share": "mmoe", "lr": 0.01}))
        share mmoe(experts=4)
        task a
        train lr=0.01
    """

    def __init__(self, whole: spec.Spec, registry: Registry) -> None:
        self.whole, self._registry = whole, registry
        walk = _Walk(registry)
        walk.cell(whole)
        self.hypers: tuple[Hyper, ...] = tuple(walk.found.values())
        self._by_key = walk.found

    @property
    def defaults(self) -> dict[str, Value]:
        """The values of trial 0, of the spaces that are there in it."""
        return self.there({})

    def there(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The values of the spaces that are there, tidy; defaults where none is given."""
        found: dict[str, Value] = {}
        for hyper in self.hypers:
            if hyper.there(found):
                found[hyper.name] = hyper.tidy(values.get(hyper.name, hyper.default))
        return found

    def cell(self, values: Mapping[str, Value], epochs: int | None = None) -> spec.Spec:
        """The cell of a trial, without its `tune` line.

        Args:
            values: by name; a space that is not named has its default.
            epochs: in place of those of `train`.
        """
        whole = _Walk(self._registry, self._by_key, self.there(values)).cell(self.whole)
        return whole if epochs is None else with_epochs(whole, epochs)


def with_epochs(whole: spec.Spec, epochs: int) -> spec.Spec:
    """The cell with so many epochs, where it had them; else in a line of their own."""
    made, put = [], False
    for statement in whole.statements:
        kept: spec.Statement = statement
        if isinstance(statement, spec.Settings) and statement.word == "train":
            put = put or any(a.name == "epochs" for a in statement.args)
            args = tuple(
                dataclasses.replace(a, value=spec.Number(epochs, span=a.value.span)) if a.name == "epochs" else a
                for a in statement.args
            )
            kept = dataclasses.replace(statement, args=args)
        made.append(kept)
    if not put:
        made.append(spec.Settings("train", (spec.Arg("epochs", spec.Number(epochs)),)))
    return dataclasses.replace(whole, statements=tuple(made))


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where a node stands: by position, by name, in the line of which tasks, and under which options of spaces around it."""

    key: Key
    title: str
    tasks: tuple[str, ...] = ()
    when: tuple[tuple[str, str], ...] = ()
    of_loss: tuple[str, ...] = ()

    def at(self, key: Any, title: str, **changes: Any) -> _Place:
        return dataclasses.replace(self, key=(*self.key, key), title=title, **changes)


class _Walk:
    """Goes through a spec: collects its spaces (`values` None), or puts a value in the place of each."""

    def __init__(
        self, registry: Registry, found: dict[Key, Hyper] | None = None, values: Mapping[str, Value] | None = None
    ) -> None:
        self.registry, self.values = registry, values
        self.found: dict[Key, Hyper] = {} if found is None else found
        self._names: set[str] = set()

    def cell(self, whole: spec.Spec) -> spec.Spec:
        kept = [self.statement(i, s) for i, s in enumerate(whole.statements) if not spec.tunes(s)]
        return dataclasses.replace(whole, statements=tuple(kept))

    def statement(self, i: int, node: spec.Statement) -> spec.Statement:
        match node:
            case spec.Feature() if node.kind is not None:
                return dataclasses.replace(node, kind=self.kind(node.kind, "feature", _Place((i,), _title(node.names))))
            case spec.Share():
                title = node.name.text if node.name else "share"
                return dataclasses.replace(node, block=self.kind(node.block, "block", _Place((i,), title)))
            case spec.Balance():
                return dataclasses.replace(node, method=self.kind(node.method, "balance", _Place((i,), "balance")))
            case spec.Task():
                return self.task(i, node)
            case spec.Settings():
                declaration: Any = self.registry.find("settings", node.word)
                return dataclasses.replace(node, args=self.args(node.args, declaration, _Place((i,), "")))
        return node

    def task(self, i: int, node: spec.Task) -> spec.Task:
        title, tasks = _title(node.names), tuple(w.text for w in node.names)
        kind = node.kind and self.kind(node.kind, "task", _Place((i, "kind"), title, tasks))
        givens = []
        for k, given in enumerate(node.givens):
            place = _Place((i, "given", k), f"{title} given {_title(given.parents)}", tasks)
            givens.append(dataclasses.replace(given, method=given.method and self.kind(given.method, "given", place)))
        weight = node.weight
        if weight is not None:
            weight = self.value(weight, WEIGHT, 1.0, _Place((i, "weight"), f"{title}.weight"))
        return dataclasses.replace(node, kind=kind, givens=tuple(givens), weight=weight)

    # --- kinds, blocks, methods

    def kind(self, node: Any, family: str, place: _Place) -> Any:
        if isinstance(node, spec.Choose):
            losses = {self.loss_of(option, family) for option in node.options}
            chosen = dataclasses.replace(place, of_loss=place.tasks) if len(losses) > 1 else place

            def inside(option: Any, at: _Place) -> Any:
                return self.kind(option, family, dataclasses.replace(at, of_loss=place.of_loss))

            return self.choose(node, chosen, inside)
        if isinstance(node, spec.Call):
            declaration: Any = self.registry.find(family, node.name)
            if declaration is not None:
                return dataclasses.replace(node, args=self.args(node.args, declaration, place))
        return node

    def loss_of(self, option: Any, family: str) -> str:
        """What of a kind, or of a dependency, decides the loss of its task; of what is no task's ''."""
        declaration: Any = self.registry.find(family, option.name) if isinstance(option, spec.Call) else None
        match family:
            case "task" | "given" if declaration is None:  # Python: nobody knows
                return written(option)
            case "task":
                return written(dataclasses.replace(option, args=tuple(a for a in option.args if a.name in OF_LOSS)))
            case "given":  # which rows count, and what is added
                return f"{declaration.masks} {written(option) if declaration.adds else ''}"
        return ""

    def args(self, args: Any, declaration: Any, place: _Place) -> tuple[spec.Arg, ...]:
        known, made = parameters(declaration), []
        for arg in args:
            param = known.get(arg.name)
            if param is None:
                made.append(arg)
                continue
            default = LR if (declaration.word, arg.name) == ("train", "lr") else param.default
            decides = arg.name in OF_LOSS if declaration.family == "task" else getattr(declaration, "adds", False)
            of_loss = place.of_loss or (place.tasks if decides else ())
            inner = place.at(arg.name, f"{place.title}.{arg.name}" if place.title else arg.name, of_loss=of_loss)
            made.append(dataclasses.replace(arg, value=self.value(arg.value, param.type, default, inner)))
        return tuple(made)

    # --- values

    def value(self, node: Any, kind: ParamType, default: Any, place: _Place) -> Any:
        match node:
            case spec.Choose():
                return self.choose(node, place, lambda option, place: self.value(option, kind, None, place))
            case spec.Range():
                return self.range(node, kind, default, place)
            case spec.Call():
                families = [t.family for t in flat(kind) if isinstance(t, CallOf)]
                family = next((f for f in families if self.registry.find(f, node.name)), None)
                return self.kind(node, family, place) if family else node
            case spec.List():
                return dataclasses.replace(node, items=tuple(self.items(node, kind, default, place)))
        return node

    def items(self, node: spec.List, kind: ParamType, default: Any, place: _Place) -> Iterator[spec.Arg]:
        each = next((t.item for t in flat(kind) if isinstance(t, PerName)), kind)
        for k, item in enumerate(node.items):
            inner = place.at(k, f"{place.title}.{item.name}" if item.name else f"{place.title}[{k}]")
            value = self.value(item.value, each if item.name else kind, _at(default, item.name or k), inner)
            yield dataclasses.replace(item, value=value)

    # --- spaces

    def choose(self, node: spec.Choose, place: _Place, inside: Callable[[Any, _Place], Any]) -> Any:
        labels = _labels(node.options)
        if self.values is not None:
            k = labels.index(str(self.values[self.found[place.key].name]))
            return inside(node.options[k], self.within(node, k, place))
        options = tuple(dict.fromkeys(labels))
        name = self.named(place.title)
        self.found[place.key] = Hyper(name, options[0], options, when=place.when, of_loss=place.of_loss)
        for label in options:
            k = labels.index(label)
            inner = self.within(node, k, place)
            inside(node.options[k], dataclasses.replace(inner, when=(*place.when, (name, label))))
        return node

    def within(self, node: spec.Choose, k: int, place: _Place) -> _Place:
        option = node.options[k]
        return place.at(k, f"{place.title}.{option.name if isinstance(option, spec.Call) else written(option)}")

    def range(self, node: spec.Range, kind: ParamType, default: Any, place: _Place) -> Any:
        if self.values is not None:
            value = self.values[self.found[place.key].name]
            assert not isinstance(value, str)
            return spec.Number(value, span=node.span)
        whole = all(isinstance(end, int) for end in (node.low, node.high)) or not _takes(kind, node.low + 0.5)
        number = isinstance(default, (int, float)) and not isinstance(default, bool)
        if not number or not node.low <= default <= node.high:
            default = math.sqrt(node.low * node.high) if node.log else (node.low + node.high) / 2
        hyper = Hyper(
            name=self.named(place.title),
            default=0,
            low=node.low,
            high=node.high,
            log=node.log,
            whole=whole,
            when=place.when,
            of_loss=place.of_loss,
        )
        self.found[place.key] = dataclasses.replace(hyper, default=hyper.tidy(default))
        return node

    def named(self, title: str) -> str:
        """A name that no other space has."""
        name, n = title, 1
        while name in self._names:
            n += 1
            name = f"{title} ({n})"
        self._names.add(name)
        return name


def _title(words: tuple[spec.Word, ...]) -> str:
    return ", ".join(w.text for w in words)


def _labels(options: tuple[Any, ...]) -> list[str]:
    """What options are called: a call by its word, where no other option has this word."""
    texts = [written(option) for option in options]
    words = [option.name if isinstance(option, spec.Call) else "" for option in options]
    return [
        word if word and words.count(word) == 1 and word not in texts else text
        for word, text in zip(words, texts, strict=True)
    ]


def _at(default: Any, where: Any) -> Any:
    """An item of a default, where it has one."""
    try:
        return default[where]
    except (TypeError, KeyError, IndexError):
        return None


def _takes(kind: ParamType, value: float) -> bool:
    try:
        kind.convert(value)
    except (ValueError, TypeError, OverflowError):
        return False
    return True
