"""The topology as plain data: inputs, the parts of each block, towers and heads, and what reads what."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from mtl_magic.problems import Span

FEATURES, JOIN, LAYERS, EXPERT, GATE, TOWER, HEAD = "features", "join", "layers", "expert", "gate", "tower", "head"
FLOW, CONTROL, GIVEN = "flow", "control", "given"


@dataclasses.dataclass(frozen=True)
class Node:
    """A box of the picture.

    Attributes:
        id: unique and stable: 'features:user_id', 'block:trunk/layers', 'tower:click', 'head:click'.
        kind: features, join, layers, expert, gate, tower or head.
        label: what it is called.
        detail: a few words more.
        tasks: the tasks that it serves, in the order of the cell; none: nothing reads it.
        block: the name of the block that it is a part of ('' is the unnamed one); None: it is no part of a block.
        features: the features that it holds.
        span: where the text declares it.
        layer, of: the layer that holds its weights, and into how many equal parts these are divided.
        count: so many parts are drawn as this one.
        part, taker, level: of a block, the part's own name, whose it is alone, and of which level.
    """

    id: str
    kind: str
    label: str
    detail: str = ""
    tasks: tuple[str, ...] = ()
    block: str | None = None
    features: tuple[str, ...] = ()
    span: Span | None = None
    layer: str = ""
    of: int = 1
    count: int = 1
    part: str = ""
    taker: str = ""
    level: int = 0


@dataclasses.dataclass(frozen=True)
class Edge:
    """`target` reads `source`.

    A `flow` edge carries values. A `control` edge says that a gate also sees the sources of its block, from which it
    computes its weights. A `given` edge leads from a parent's head to a child's; its label is the method's word.
    """

    source: str
    target: str
    kind: str = FLOW
    tasks: tuple[str, ...] = ()
    label: str = ""


@dataclasses.dataclass(frozen=True)
class Frame:
    """A block, around its parts."""

    name: str  # '' for the unnamed one
    title: str
    word: str  # 'mmoe'; the class of a layer in braces
    detail: str = ""
    tasks: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # as they are written
    span: Span | None = None


@dataclasses.dataclass(frozen=True)
class Outline:
    """All of it, in a fixed order: inputs, blocks as each comes after those that it reads, tasks as written."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    frames: tuple[Frame, ...]
    tasks: tuple[str, ...]
    readers: Mapping[str, tuple[str, ...]]  # of each feature, the tasks that its shared embedding serves
    owners: Mapping[str, tuple[str, ...]]  # of each embedding of one taker's own, by its key: the tasks that it serves

    def node(self, name: str) -> Node:
        return next(n for n in self.nodes if n.id == name)

    def frame(self, name: str) -> Frame:
        return next(f for f in self.frames if f.name == name)

    def parts(self, block: str) -> list[Node]:
        """The nodes of a block."""
        return [n for n in self.nodes if n.block == block]

    def into(self, node: str) -> Iterator[Edge]:
        return (e for e in self.edges if e.target == node)

    def out_of(self, node: str) -> Iterator[Edge]:
        return (e for e in self.edges if e.source == node)
