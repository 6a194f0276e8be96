"""What may be written at a place of a statement, before what has been typed there is looked at."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.language import spec
from mtl_magic.language.codes import WARNINGS
from mtl_magic.language.cursor import KEY, KIND, NAMES, Cursor, unfolded
from mtl_magic.language.describe import spelt
from mtl_magic.language.format import name as written
from mtl_magic.language.format import value
from mtl_magic.language.outline import Outline
from mtl_magic.language.statements import CLAUSES, FORMS, SEARCHES, SOURCES, searches
from mtl_magic.language.values import flat, parameters
from mtl_magic.parameters import FAMILIES, Bool, CallOf, Choice, Float, Int, Name, Nothing, ParamType, PerName
from mtl_magic.registry import REQUIRED, Declaration, Param, Registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclasses.dataclass(frozen=True)
class Offer:
    """A word or name that fits. `is_name`: of the person's own, so quoted where it must be; `assigned`: a '=' follows."""

    text: str
    kind: str
    doc: str
    is_name: bool = False
    assigned: bool = False

    def word(self) -> spec.Word:
        return spec.Word(self.text, literal=True)


@dataclasses.dataclass(frozen=True)
class Offers:
    """The place, and everything that is known there."""

    cursor: Cursor
    accepted: set[str]  # terminals
    outline: Outline  # of the other statements
    registry: Registry
    columns: Mapping[str, str]
    names: Mapping[str, Iterable[str]]

    def all(self) -> Iterator[Offer]:
        """What may stand here, the likely first."""
        if "NAME" in self.accepted:
            yield from self.words()
        for word, clause in CLAUSES.items():
            if word.upper() in self.accepted and not (clause.once and word in self.cursor.said):
                yield Offer(word, "clause", clause.summary)

    def words(self) -> Iterator[Offer]:
        cursor = self.cursor
        if cursor.last == "DOT":
            yield from self.members()
        elif cursor.last == "VBAR":
            return  # a conditional has no metrics in this version
        elif cursor.frames:
            yield from self.inside()
        elif cursor.clause == KEY:
            yield from self.keys()
        elif cursor.clause == NAMES:
            yield from self.declared()
        elif cursor.clause == "from":
            yield from self.sources()
        elif cursor.clause == "given":
            yield from self.tasks(besides=[*cursor.names.get(NAMES, ()), *cursor.names.get("given", ())])
        elif cursor.clause == "allow":
            said = cursor.names.get("allow", ())
            yield from (Offer(c, "warning", code.title) for c, code in WARNINGS.items() if c not in said)
        else:
            yield from self.values(cursor.types(self.registry), cursor.param(self.registry))

    # --- options

    def keys(self) -> Iterator[Offer]:
        """Keys of a settings line that no such line has given."""
        given = {*self.cursor.keys, *self.outline.keys.get(self.cursor.keyword, ())}
        yield from self.options(self.registry.find("settings", self.cursor.keyword), given)

    def options(self, declaration: Any, given: Iterable[str]) -> Iterator[Offer]:
        for param in parameters(declaration).values() if declaration is not None else ():
            if param.name not in given:
                yield Offer(param.name, "option", param.doc or param.type.describe(), assigned=True)

    def inside(self) -> Iterator[Offer]:
        """In brackets: names of options, then values."""
        frame = self.cursor.frames[-1]
        if not frame.key and frame.declaration is not None:
            key: Any = frame.declaration
            placed = list(parameters(key))[: frame.placed]
            yield from self.options(frame.declaration, {*frame.named, *placed})
        if not frame.word and not frame.key:
            yield from self.per_name([t for t in unfolded(frame.types) if isinstance(t, PerName)])
        found = self.values(frame.inner(), frame.param() if frame.key else None)
        yield from found if frame.key else (o for o in found if o.text != "none")

    def per_name(self, kinds: Iterable[PerName]) -> Iterator[Offer]:
        for kind in kinds:
            found = self.named(kind.of)
            yield from (dataclasses.replace(offer, assigned=True) for offer in found)

    # --- values

    def values(self, types: tuple[ParamType, ...], param: Param | None) -> Iterator[Offer]:
        """Values of these types; with `param` also its default."""
        kinds = [t for kind in types for t in flat(kind)]
        doc = (param.doc or param.type.describe()) if param else ""
        standard = spelt(param.default) if param and param.default is not REQUIRED else ""
        if standard not in ("", "none") and not isinstance(param and param.default, Declaration):
            yield Offer(standard, "default", doc)
        for kind in dict.fromkeys(kinds):
            yield from self.fitting(kind, doc)
        if searches(self.registry) and kinds:
            for word in SEARCHES:
                if word == SEARCHES[0] or any(isinstance(k, (Int, Float)) for k in kinds):
                    yield Offer(word, "search space", FORMS[word].summary)

    def fitting(self, kind: ParamType, doc: str) -> Iterator[Offer]:
        match kind:
            case Choice():
                yield from (Offer(w, "value", doc) for w in kind.words)
            case Bool():
                yield from (Offer(w, "value", doc) for w in ("true", "false"))
            case Nothing():
                yield Offer("none", "value", doc)
            case CallOf():
                yield from self.family(kind.family)
            case Name():
                yield from self.named(kind.of)

    def family(self, family: str) -> Iterator[Offer]:
        """Words of a family that may stand here."""
        for word in self.registry.words(family):
            declaration = self.registry.find(family, word)
            assert declaration is not None
            if self.serves(declaration):
                yield Offer(word, FAMILIES[family], declaration.summary())

    def serves(self, declaration: Any) -> bool:
        """Whether a loss or metric serves the task kind, a dependency the two tasks, as far as they are known."""
        kind = self.cursor.kind()
        if declaration.family in ("loss", "metric"):
            return not kind or kind in (getattr(declaration, "tasks", ()) or (kind,))
        rule = getattr(declaration, "serves", None)
        if declaration.family != "given" or rule is None:
            return True
        child = self.registry.find("task", (self.cursor.names.get(KIND) or [""])[-1])
        kinds = [self.outline.kinds.get(name, "") for name in self.cursor.names.get("given", ())]
        parents = [self.registry.find("task", k) for k in kinds]
        return child is None or all(p is None or rule(declaration, child, p) for p in parents)

    def members(self) -> Iterator[Offer]:
        """Metrics behind `task.`."""
        yield from self.metrics_of(self.cursor.owner[0] if self.cursor.owner else "")

    def metrics(self) -> Iterator[Offer]:
        """`task.metric` of every task."""
        for task in self.outline.kinds:
            for offer in self.metrics_of(task):
                yield dataclasses.replace(offer, text=f"{written(spec.Word(task, literal=True))}.{offer.text}")

    def metrics_of(self, task: str) -> Iterator[Offer]:
        """The metrics that a task reports: those it names, else its kind's own."""
        own = self.outline.metrics.get(task, ())
        kind: Any = self.registry.find("task", self.outline.kinds.get(task, ""))
        reported = own or getattr(kind, "default_metrics", ()) or self.registry.words("metric")
        for word in reported:
            declaration = self.registry.find("metric", word)
            if declaration is not None:
                yield Offer(word, "metric", declaration.summary())

    # --- names

    def named(self, of: str) -> Iterator[Offer]:
        """Names of what a parameter names."""
        if of == "column":
            yield from self.column_names(())
        elif of == "feature":
            yield from self.features()
        elif of == "metric":
            yield from self.metrics()
        elif of in ("task", "taker"):
            yield from self.tasks()
            yield from self.blocks() if of == "taker" else ()
        else:
            yield from (Offer(n, of, of, is_name=True) for n in self.names.get(of, ()))

    def declared(self) -> Iterator[Offer]:
        """Columns that the statement may declare: those that no other statement of its sort does."""
        here, outline = self.cursor.names.get(NAMES, ()), self.outline
        if self.cursor.keyword == "task":
            taken = {**outline.tasks, **outline.features}
        elif self.cursor.keyword == "feature":
            taken = {**outline.tasks, **outline.features, **outline.ignored}
        else:
            taken = {**outline.ignored, **outline.features}
        yield from self.column_names({*here, *taken})

    def sources(self) -> Iterator[Offer]:
        said = self.cursor.names.get("from", [])
        own = self.cursor.names.get(NAMES, ())
        yield from self.blocks({*said, *(own if self.cursor.keyword == "share" else ())})
        for word, source in SOURCES.items():
            if word not in said and (word == "inputs" or (self.cursor.keyword == "task" and not said)):
                yield Offer(word, "source", source.summary)
        yield from (o for o in self.features() if o.text not in said)

    def features(self) -> Iterator[Offer]:
        outline = self.outline
        yield from (Offer(n, "feature", _told(k), is_name=True) for n, k in outline.features.items())
        if not outline.features:  # no line closes the list
            yield from self.column_names({**outline.tasks, **outline.ignored})

    def column_names(self, besides: Iterable[str]) -> Iterator[Offer]:
        skipped = set(besides)
        yield from (Offer(n, "column", d, is_name=True) for n, d in self.columns.items() if n not in skipped)

    def blocks(self, besides: Iterable[str] = ()) -> Iterator[Offer]:
        yield from (
            Offer(n, "block", _told(b), is_name=True) for n, b in self.outline.blocks.items() if n not in besides
        )

    def tasks(self, besides: Iterable[str] = ()) -> Iterator[Offer]:
        wanted = [t for t in self.outline.tasks if t not in besides]
        for name in wanted:
            yield Offer(name, "task", _told(self.outline.tasks.get(name)), is_name=True)


def _told(kind: Any) -> str:
    """A kind or block as it is written, or ''."""
    return value(kind) if kind is not None else ""
