"""Values against the registry: words become calls, positional arguments get their names, every value meets its type.

One code path serves the check of a cell (Python in braces is unknown, nothing is evaluated) and its resolution (an
evaluator gives the value of each `{…}`): `Binder.value` gives the node in canonical form and the value, or `UNKNOWN`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any

from mtl_magic.balance._own import own
from mtl_magic.language import spec
from mtl_magic.language.describe import plural
from mtl_magic.language.format import value as written
from mtl_magic.language.names import did_you_mean, shown
from mtl_magic.parameters import FAMILIES, CallOf, Choice, ListOf, Name, OneOf, ParamType, PerName
from mtl_magic.parameters import Python as Object
from mtl_magic.problems import Problem, Span, listed
from mtl_magic.registry import Declaration, Param, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()


@dataclasses.dataclass(frozen=True)
class Reference:
    """A name that a value holds: of a task, a feature, a column, a metric."""

    text: str
    of: str
    span: Span | None
    what: str  # the option that holds it, for a sentence
    node: Any = None


@functools.cache
def parameters(declaration: Any) -> dict[str, Param]:
    """The parameters of a declaration's class, by name."""
    return {p.name: p for p in declaration.options()}


class Binder:
    """Binds values; `problems` and `references` collect what is found on the way."""

    def __init__(self, registry: Registry, evaluate: Callable[[spec.Python], Any] | None = None) -> None:
        self.registry = registry
        self.evaluate = evaluate
        self.problems: list[Problem] = []
        self.references: list[Reference] = []

    # --- words with options

    def kind(self, node: Any, family: str) -> tuple[Any, Any]:
        """A kind, block or method: the bound node, and its declaration's instance, a Python object, or UNKNOWN."""
        if isinstance(node, spec.Python):
            found = self.python(node)
            if isinstance(found, Declaration) and found.family == family:
                return node, found
            if family == "balance" and found is not UNKNOWN:
                return node, self.rule(found, node)
            if found is not UNKNOWN and not (callable(found) and family == "block"):
                takes = "something that can be called" if family == "block" else "one that is declared"
                message = f"a {FAMILIES[family]} in braces is {takes}, not {_seen(found)}"
                self.say("MTL041", message, node.span)
                return node, UNKNOWN
            return node, found
        if isinstance(node, spec.Choose):
            options = [self.kind(option, family) for option in node.options]
            return dataclasses.replace(node, options=tuple(n for n, _ in options)), first(v for _, v in options)
        if isinstance(node, spec.Word):
            node = spec.Call(node.text, span=node.span)
        if not isinstance(node, spec.Call):
            self.say("MTL041", f"a {FAMILIES[family]} is a word, not {written(node)}", node.span)
            return node, UNKNOWN
        return self.call(node, family)

    def rule(self, found: Any, node: spec.Python) -> Any:
        """The balancing method of a function in braces, or UNKNOWN."""
        try:
            return own(found)
        except ValueError as error:
            message = f"a balancing method in braces is one that is declared, or a function of losses or of a Gramian: {error}"
            self.say("MTL041", message, node.span, "def rule(losses) or def rule(gramian), giving a weight a task")
            return UNKNOWN

    def call(self, node: spec.Call, family: str) -> tuple[spec.Call, Any]:
        """A word with its options: the bound call, and the declaration's instance or UNKNOWN."""
        declaration = self.registry.find(family, node.name)
        if declaration is None:
            self.unknown_word(node, family)
            return node, UNKNOWN
        before = len(self.problems)
        args, values = self.arguments(node.args, declaration, node.name, word_span(node))
        bound = dataclasses.replace(node, args=args)
        if len(self.problems) > before or any(v is UNKNOWN for v in values.values()):
            return bound, UNKNOWN
        return bound, self.instance(declaration, values, node.span)

    def instance(self, declaration: type[Declaration], values: dict[str, Any], place: Span | None) -> Any:
        """The declaration with its values, its own rules checked; UNKNOWN where a rule is broken."""
        made = declaration(**values)
        try:
            made.check()
        except ValueError as error:
            self.say("MTL045", str(error), place)
            return UNKNOWN
        return made

    def unknown_word(self, node: spec.Call, family: str) -> None:
        words = self.registry.words(family)
        what = FAMILIES[family]
        elsewhere = next(
            (f for f in FAMILIES if f not in (family, "settings") and self.registry.find(f, node.name)), ""
        )
        hint = did_you_mean(node.name, words)
        if elsewhere and not hint:
            hint = f"'{node.name}' is a {FAMILIES[elsewhere]}"
        notes = (f"{plural(what)}: {listed(words)}",) if words else ()
        self.say("MTL020", f"'{shown(node.name)}' is no {what}", word_span(node), hint, notes)

    def arguments(
        self,
        args: Iterable[spec.Arg],
        declaration: type[Declaration],
        word: str,
        place: Span | None,
        *,
        partial: bool = False,
    ) -> tuple[tuple[spec.Arg, ...], dict[str, Any]]:
        """Arguments with their names, and their values by name. `partial`: what is missing may stand elsewhere."""
        key: Any = declaration  # a class is hashable, which its type does not say
        known = parameters(key)
        order, said = [p.name for p in known.values() if not p.by_name], set[str]()
        bound: list[spec.Arg] = []
        values: dict[str, Any] = {}
        by_place = 0
        for arg in args:
            name = arg.name
            if not name:
                if by_place >= len(order):
                    takes = f"takes {len(order)}: {', '.join(order)}" if order else "takes none"
                    self.say("MTL043", f"{word} is given too many options: it {takes}", arg.span)
                    break
                name = order[by_place]
                by_place += 1
            if name in said:
                self.say("MTL044", f"'{name}' of {word} is given twice", arg.span)
                continue
            said.add(name)
            if name not in known:
                has = f"options of {word}: {listed(list(known), 20)}" if known else f"{word} has no options"
                self.say(
                    "MTL040", f"{word} has no option '{shown(name)}'", key_span(arg), did_you_mean(name, known), (has,)
                )
                continue
            node, value = self.value(arg.value, known[name].type, f"'{name}' of {word}")
            bound.append(spec.Arg(name, node, span=arg.span))
            values[name] = value
        missing = [p for p in known.values() if p.required and p.name not in said]
        for param in () if partial else missing:
            hint = f"{param.name} is {param.type.describe()}" + (f": {param.doc}" if param.doc else "")
            self.say("MTL042", f"{word} needs '{param.name}'", place, hint)
            values[param.name] = UNKNOWN
        return tuple(bound), values

    # --- values

    def value(self, node: Any, kind: ParamType, what: str) -> tuple[Any, Any]:
        """A value: the bound node, and what the declaration receives, or UNKNOWN."""
        if isinstance(node, spec.Python):
            found = self.python(node)
            return node, found if found is UNKNOWN else self.convert(found, kind, node, what, seen=_seen(found))
        if isinstance(node, spec.Choose):
            options = [self.value(option, kind, what) for option in node.options]
            return dataclasses.replace(node, options=tuple(n for n, _ in options)), first(v for _, v in options)
        if isinstance(node, spec.Range):
            ends = [self.value(spec.Number(end, span=node.span), kind, what)[1] for end in (node.low, node.high)]
            return node, first(ends)
        if isinstance(kind, OneOf):
            return self.one_of(node, kind, what)
        if isinstance(kind, CallOf):
            if isinstance(node, (spec.Word, spec.Call)):
                return self.kind(node, kind.family)
        elif isinstance(kind, ListOf):
            return self.list(node, kind, what)
        elif isinstance(kind, PerName):
            if isinstance(node, spec.List) and all(a.name for a in node.items):
                return self.per_name(node, kind, what)
        elif not isinstance(node, (spec.Call, spec.List)):
            value = self.convert(plain(node, kind), kind, node, what)
            if isinstance(kind, Name) and value is not UNKNOWN:
                self.references.append(Reference(value, kind.of, node.span, what, node))
            return node, value
        self.wrong(node, kind, what)
        return node, UNKNOWN

    def one_of(self, node: Any, kind: OneOf, what: str) -> tuple[Any, Any]:
        likely: list[Problem] = []
        for alternative in _alternatives(kind):
            trial = Binder(self.registry, self.evaluate)
            bound, value = trial.value(node, alternative, what)
            if not trial.problems:
                self.references += trial.references
                return bound, value
            if not likely and _alike(node, alternative, kind, self.registry):
                likely = trial.problems
        if likely:
            self.problems += likely
        else:
            self.wrong(node, kind, what)
        return node, UNKNOWN

    def list(self, node: Any, kind: ListOf, what: str) -> tuple[Any, Any]:
        if isinstance(node, spec.List):
            if any(a.name for a in node.items):
                self.wrong(node, kind, what)
                return node, UNKNOWN
            pairs = [self.value(a.value, kind.item, f"each item of {what}") for a in node.items]
            items = tuple(spec.Arg("", n, span=a.span) for a, (n, _) in zip(node.items, pairs, strict=True))
            bound: Any = dataclasses.replace(node, items=items)
        else:
            pairs = [self.value(node, kind.item, what)]
            bound = pairs[0][0]
        values = [v for _, v in pairs]
        if any(v is UNKNOWN for v in values):
            return bound, UNKNOWN
        return bound, self.convert(values, kind, node, what)

    def per_name(self, node: spec.List, kind: PerName, what: str) -> tuple[Any, Any]:
        items, values = [], {}
        for arg in node.items:
            if arg.name in values:
                self.say("MTL044", f"'{shown(arg.name)}' is given twice in {what}", arg.span)
            bound, value = self.value(arg.value, kind.item, f"'{arg.name}' in {what}")
            items.append(spec.Arg(arg.name, bound, span=arg.span))
            values[arg.name] = value
            self.references.append(Reference(arg.name, kind.of, key_span(arg), what))
        made = dataclasses.replace(node, items=tuple(items))
        if any(v is UNKNOWN for v in values.values()):
            return made, UNKNOWN
        return made, self.convert(values, kind, node, what)

    def convert(self, value: Any, kind: ParamType, node: Any, what: str, seen: str = "") -> Any:
        try:
            return kind.convert(value)
        except Exception as error:
            if not seen and not isinstance(error, (ValueError, TypeError, OverflowError)):
                raise  # a fault of ours; what came out of braces may raise anything
            self.wrong(node, kind, what, seen, _way_out(value, kind, node))
            return UNKNOWN

    def wrong(self, node: Any, kind: ParamType, what: str, seen: str = "", hint: str = "") -> None:
        text = getattr(node, "text", getattr(node, "name", "")) if isinstance(node, (spec.Word, spec.Call)) else ""
        words = list(dict.fromkeys(w for t in flat(kind) for w in _words(t, self.registry)))
        families = dict.fromkeys(t.family for t in flat(kind) if isinstance(t, CallOf))
        notes = tuple(f"{plural(FAMILIES[f])}: {listed(self.registry.words(f))}" for f in families)
        seen = seen or (f"'{shown(text)}'" if text else shown(written(node)))
        message = f"{what} is {kind.describe()}, not {seen}"
        self.say("MTL041", message, node.span, hint or did_you_mean(text, words), notes)

    def python(self, node: spec.Python) -> Any:
        return UNKNOWN if self.evaluate is None else self.evaluate(node)

    def say(self, code: str, message: str, span: Span | None, hint: str = "", notes: tuple[str, ...] = ()) -> None:
        self.problems.append(Problem(code, message, span, hint, notes))


def first(values: Iterable[Any]) -> Any:
    """What stands for a search space until it is tuned: its first value."""
    return next(iter(list(values)), UNKNOWN)


def plain(node: Any, kind: ParamType) -> Any:
    """The Python value of a node that holds no other."""
    match node:
        case spec.Constant():
            word = written(node)
            return word if isinstance(kind, Choice) and word in kind.words else node.value
        case spec.Number():
            return node.value
        case spec.Word():
            return node.text
        case spec.Conditional():
            return f"{node.child}|{node.parent}"
        case spec.Dotted():
            owner = node.owner.text if isinstance(node.owner, spec.Word) else plain(node.owner, kind)
            return f"{owner}.{node.member}"
    raise TypeError(node)


def word_span(node: spec.Call) -> Span | None:
    """The place of a call's word alone."""
    if node.span is None:
        return None
    return Span(node.span.line, node.span.column, node.span.line, node.span.column + len(node.name))


def key_span(arg: spec.Arg) -> Span | None:
    """The place of an argument's name alone."""
    if arg.span is None or not arg.name:
        return arg.span
    length = len(written(spec.Word(arg.name)))
    stop = arg.span.column + length
    if arg.span.end_line == arg.span.line:
        stop = min(stop, arg.span.end_column)
    return Span(arg.span.line, arg.span.column, arg.span.line, stop)


def _alternatives(kind: OneOf) -> Iterator[ParamType]:
    for part in kind.types:
        if isinstance(part, OneOf):
            yield from _alternatives(part)
        else:
            yield part


def flat(kind: ParamType) -> Iterator[ParamType]:
    """The alternatives of a type; those of an item for a list, as one item stands for a list of one."""
    if isinstance(kind, OneOf):
        for part in kind.types:
            yield from flat(part)
    elif isinstance(kind, ListOf):
        yield from flat(kind.item)
    else:
        yield kind


def _words(kind: ParamType, registry: Registry) -> tuple[str, ...]:
    if isinstance(kind, Choice):
        return kind.words
    return tuple(registry.words(kind.family)) if isinstance(kind, CallOf) else ()


def _alike(node: Any, kind: ParamType, whole: ParamType, registry: Registry) -> bool:
    """Whether a value that does not fit has at least the form of this alternative of its type."""
    if isinstance(kind, CallOf):
        word = node.name if isinstance(node, spec.Call) else node.text if isinstance(node, spec.Word) else ""
        other_words = any(isinstance(t, (Choice, Name)) for t in flat(whole))
        return bool(word) and (registry.find(kind.family, word) is not None or not other_words)
    if isinstance(kind, ListOf):
        return isinstance(node, spec.List) and not any(a.name for a in node.items)
    return isinstance(kind, PerName) and isinstance(node, spec.List) and all(a.name for a in node.items)


def _seen(value: Any) -> str:
    """A Python value for a sentence."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return shown(repr(value))
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"a {type(value).__name__}"


def _way_out(value: Any, kind: ParamType, node: Any) -> str:
    """A hint for a Python value that is nearly what its place takes, or ''."""
    if isinstance(value, type) and isinstance(node, spec.Python) and any(isinstance(t, Object) for t in flat(kind)):
        return f"make one of it: {{{node.text.strip()}()}}"
    return "it must be finite" if isinstance(value, float) and not math.isfinite(value) else ""
