"""What the statements of a cell declare, as far as they can be read: the names that a cursor elsewhere may use."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.language import spec
from mtl_magic.language.bind import bound_statement
from mtl_magic.language.names import wild
from mtl_magic.language.parser import Broken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtl_magic.language.scan import Piece
    from mtl_magic.registry import Registry


@dataclasses.dataclass
class Outline:
    """Names, each with its kind or block as it was read, or None."""

    tasks: dict[str, Any] = dataclasses.field(default_factory=dict)
    blocks: dict[str, Any] = dataclasses.field(default_factory=dict)
    features: dict[str, Any] = dataclasses.field(default_factory=dict)
    ignored: dict[str, Any] = dataclasses.field(default_factory=dict)
    kinds: dict[str, str] = dataclasses.field(default_factory=dict)  # task -> its kind's word
    metrics: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)  # that a task names
    keys: dict[str, set[str]] = dataclasses.field(default_factory=dict)  # settings statement -> keys that are given


def outline(pieces: Iterable[Piece], registry: Registry, version: int) -> Outline:
    """The outline of scanned statements. Each is remembered by its text."""
    found = Outline()
    for piece in pieces:
        made = bound_statement(piece.text, piece.masked, registry, version, broken=piece.broken).statement
        match made:
            case Broken():
                _broken(made, found)
            case spec.Task():
                metrics = _metrics(made.kind)
                for word in made.names:
                    found.tasks[word.text] = made.kind
                    found.kinds[word.text] = made.kind.name if isinstance(made.kind, spec.Call) else ""
                    found.metrics[word.text] = metrics
            case spec.Share():
                if made.name is not None:
                    found.blocks[made.name.text] = made.block
            case spec.Feature() | spec.Ignore():
                kind = made.kind if isinstance(made, spec.Feature) else None
                names = found.features if isinstance(made, spec.Feature) else found.ignored
                names.update({w.text: kind for w in made.names if not wild(w)})
            case spec.Settings():
                found.keys.setdefault(made.word, set()).update(a.name for a in made.args)
    return found


def _broken(made: Broken, found: Outline) -> None:
    where = {"task": found.tasks, "share": found.blocks, "feature": found.features}.get(made.keyword)
    if where is not None:
        where.update({name: None for name in made.names if name})


def _metrics(kind: Any) -> tuple[str, ...]:
    named = kind.get("metrics") if isinstance(kind, spec.Call) else None
    items = [a.value for a in named.items] if isinstance(named, spec.List) else [named]
    return tuple(item.name for item in items if isinstance(item, spec.Call))
