"""The topology small enough for a panel beside the notebook: places and paths as plain data, which the page draws.

What a glance needs not is left out: features are one box for all who read the same, a tower is its head's, and a gate is its
edges, each of which names the share that `train.events.Gates` tells of it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any

from mtl_magic.blocks._base import told, told_block
from mtl_magic.explanation.layout import HIGH, Layout, lay_out
from mtl_magic.explanation.letters import em, fitted
from mtl_magic.explanation.outline import (
    CONTROL,
    EXPERT,
    FEATURES,
    FLOW,
    GATE,
    GIVEN,
    HEAD,
    JOIN,
    TOWER,
    Edge,
    Node,
    Outline,
)
from mtl_magic.explanation.svg import describe

WIDTH = 226.0  # of a panel as it opens
SIZE, SMALL = 10.0, 9.0  # of names; of titles of blocks
ROW = 0.58  # of the heights of the large picture
LEAST, HEADS, INSIDE = 26.0, 64.0, 8.0  # width of a box at least, of a head's at most; beside its name
GAP, TIGHT, FAR, MANY = 26.0, 14.0, 70.0, 4  # between columns: few, many, at most; how many gaps are many
EDGE, FRAME, ARC = 2.0, 4.0, 14.0  # around all; around a block's boxes; right of the heads, where one is given another
KNOWN = 3  # names of features in a tip

LETTERS = 4  # that a name must keep to be worth the room
LEVEL, NUMBER = re.compile(r"^\d+ |(?<=\w) expert"), re.compile(r"\d+$")  # '1 shared expert 2' is 'shared 2'

Passed = tuple[str, str, str]  # block, taker, expert: whose share an edge is


def sketch(outline: Outline) -> dict[str, Any]:
    """The picture as JSON.

    Returns:
        `width`, `height`; `about`, a sentence; `boxes`, `frames` and `edges`. A task is its place in the outline's order;
        what several tasks share has several, or none. `line` is the place in the cell, from 1; 0 where none is.
    """
    small, passed = condensed(outline)
    return _Sketch(small, passed).told()


def condensed(outline: Outline) -> tuple[Outline, dict[tuple[str, str], Passed]]:
    """The outline without feature boxes of the same readers, towers and gates; and of its edges those that a gate weighs."""
    nodes = {n.id: n for n in outline.nodes}
    edges: dict[tuple[str, str], Edge] = {}
    passed: dict[tuple[str, str], Passed] = {}
    into: dict[str, list[Edge]] = {}
    for edge in outline.edges:
        into.setdefault(edge.target, []).append(edge)

    def sources(node: str, gate: Node | None = None) -> Iterator[tuple[str, Node | None]]:
        """What is drawn of all that a node reads, and the gate on the way."""
        for edge in into.get(node, ()):
            if edge.kind != FLOW:
                continue
            kind = nodes[edge.source].kind
            if kind in (TOWER, JOIN):
                yield from sources(edge.source, gate)
            elif kind == GATE and any(e.kind == FLOW for e in into.get(edge.source, ())):
                yield from sources(edge.source, nodes[edge.source])
            else:
                yield edge.source, gate

    kept = [n for n in outline.nodes if n.kind not in (TOWER, JOIN) and not _is_passed(n, into)]
    for node in kept:
        for source, gate in sources(node.id):
            key = source, node.id
            tasks = gate.tasks if gate and gate.tasks else node.tasks
            edges.setdefault(key, Edge(source, node.id, FLOW, tasks))
            expert = nodes[source]
            if gate and gate.block is not None and gate.part and expert.part and expert.count == 1:
                passed[key] = (
                    told_block(outline.frame(gate.block).title, gate.level),
                    gate.taker or told(gate.part, gate.level, "", ""),
                    told(expert.part, expert.level, expert.taker, gate.taker),
                )
    merged, instead = _features(kept, edges.values())
    flows = {(instead.get(s, s), t): dataclasses.replace(e, source=instead.get(s, s)) for (s, t), e in edges.items()}
    givens = [e for e in outline.edges if e.kind == GIVEN]
    small = dataclasses.replace(outline, nodes=tuple(merged), edges=(*flows.values(), *givens))
    return small, passed


def _is_passed(node: Node, into: dict[str, list[Edge]]) -> bool:
    """A gate over parts; one that reads the block's sources alone is drawn."""
    return node.kind == GATE and any(e.kind != CONTROL for e in into.get(node.id, ()))


def _features(nodes: Iterable[Node], edges: Iterable[Edge]) -> tuple[list[Node], dict[str, str]]:
    """Boxes of features that the same nodes read as one; and of each box, in which one it is."""
    readers: dict[str, list[str]] = {}
    for edge in edges:
        readers.setdefault(edge.source, []).append(edge.target)
    alike: dict[Any, list[Node]] = {}
    rest: list[Node] = []
    for node in nodes:
        if node.kind != FEATURES:
            rest.append(node)
        elif node.id in readers:  # what only steers a gate has no edge here
            own = node.id.startswith("own:")
            alike.setdefault((node.id if own else "", tuple(readers[node.id])), []).append(node)
    made: list[Node] = []
    instead: dict[str, str] = {}
    for (own, _), same in alike.items():
        names = tuple(dict.fromkeys(f for n in same for f in n.features))
        label = (
            "own" if own else "inputs" if len(alike) == 1 else names[0] if len(names) == 1 else f"{len(names)} inputs"
        )
        spans = {n.span for n in same}
        made.append(
            dataclasses.replace(
                same[0],
                label=label,
                detail=_few(names),
                features=names,
                tasks=max((n.tasks for n in same), key=len),
                span=spans.pop() if len(spans) == 1 else None,
            )
        )
        instead |= {n.id: same[0].id for n in same}
    return [*made, *rest], instead


def _few(names: tuple[str, ...]) -> str:
    more = len(names) - KNOWN
    return ", ".join(names[:KNOWN]) + (f" and {more} more" if more > 0 else "")


class _Sketch:
    def __init__(self, outline: Outline, passed: dict[tuple[str, str], Passed]) -> None:
        # The large picture's places of groups and lanes; its columns become narrow ones.
        plain = dataclasses.replace(outline, nodes=tuple(dataclasses.replace(n, detail="") for n in outline.nodes))
        self.outline, self.passed = outline, passed
        self.layout: Layout = lay_out(plain)
        self.index = {task: i for i, task in enumerate(outline.tasks)}
        self.top = min((b.y for b in (*self.layout.nodes.values(), *self.layout.frames.values())), default=0.0)
        self.right = ARC if any(e.kind == GIVEN for e in outline.edges) else 0.0
        self.columns, self.width = self._columns()

    def told(self) -> dict[str, Any]:
        boxes = [*self.layout.nodes.values(), *self.layout.frames.values()]
        height = max((b.y + b.height for b in boxes), default=0.0)
        return {
            "width": round(self.width, 1),
            "height": round(self._y(height) + EDGE, 1),
            "about": describe(self.outline),
            "boxes": [self._box(n) for n in self.outline.nodes],
            "frames": [self._frame(name) for name in self.layout.frames],
            "edges": [self._edge(e) for e in self.outline.edges],
        }

    # --- places

    def _columns(self) -> tuple[list[tuple[float, float]], float]:
        """Left and right edges of narrow columns, and the width of all."""
        wide = [0.0] * len(self.layout.columns)
        for node in self.outline.nodes:
            k = self.layout.column_of[node.id]
            wide[k] = max(wide[k], LEAST, em(node.label) * SIZE + INSIDE)
        between = len(wide) - 1
        room = WIDTH - 2 * EDGE - 2 * FRAME - self.right - between * (GAP if between < MANY else TIGHT)
        heads = min(wide[-1], HEADS)  # the last column: who reads the picture looks for these names first
        wide = [*_shared_out(wide[:-1], room - heads), heads]
        gap = min((WIDTH - 2 * EDGE - 2 * FRAME - self.right - sum(wide)) / max(between, 1), FAR)
        gap = max(gap, TIGHT)  # more columns than fit: then the page scrolls
        found, x = [], EDGE + FRAME
        for w in wide:
            found.append((x, x + w))
            x += w + gap
        return found, x - gap + FRAME + EDGE + self.right

    def _x(self, x: float) -> float:
        """A place of the large picture, between the same edges of the narrow columns."""
        old = [edge for column in self.layout.columns for edge in column]
        new = [edge for column in self.columns for edge in column]
        for k in range(len(old) - 1):
            if x <= old[k + 1]:
                part = (x - old[k]) / ((old[k + 1] - old[k]) or 1.0)
                return new[k] + min(max(part, 0.0), 1.0) * (new[k + 1] - new[k])
        return new[-1]

    def _y(self, y: float) -> float:
        return EDGE + (y - self.top) * ROW

    # --- parts

    def _tasks(self, tasks: Iterable[str]) -> list[int]:
        return [self.index[t] for t in tasks]

    def _box(self, node: Node) -> dict[str, Any]:
        box = self.layout.nodes[node.id]
        left, right = self.columns[self.layout.column_of[node.id]]
        place = [left, self._y(box.y), right - left, HIGH * ROW]
        served = f"for {', '.join(node.tasks)}" if node.kind != HEAD and node.tasks else ""
        return {
            "kind": node.kind,
            "place": [round(v, 1) for v in place],
            "label": _label(node, right - left - INSIDE + 2),
            "tip": "\n".join(t for t in (f"{node.label}: {node.detail}" if node.detail else node.label, served) if t),
            "tasks": self._tasks(node.tasks),
            "line": node.span.line if node.span else 0,
        }

    def _frame(self, name: str) -> dict[str, Any]:
        frame, box = self.outline.frame(name), self.layout.frames[name]
        columns = [self.columns[self.layout.column_of[n.id]] for n in self.outline.parts(name)]
        left, right = min(c[0] for c in columns) - FRAME, max(c[1] for c in columns) + FRAME
        title = f"{frame.title} {frame.word}" if name else frame.title
        return {
            "place": [round(v, 1) for v in (left, self._y(box.y), right - left, box.height * ROW)],
            "label": fitted(title, right - left - FRAME, SMALL),
            "tip": f"{title} {frame.detail}".strip(),
            "line": frame.span.line if frame.span else 0,
        }

    def _edge(self, edge: Edge) -> dict[str, Any]:
        a, b = self.layout.nodes[edge.source], self.layout.nodes[edge.target]
        right = self.columns[self.layout.column_of[edge.source]][1]
        y1, y2 = self._y(a.middle), self._y(b.middle)
        if edge.kind == GIVEN:
            y1, y2 = (y1 + 3, y2 - 3) if y2 > y1 else (y1 - 3, y2 + 3)
            out = right + ARC
            path = f"M{right:.1f} {y1:.1f}C{out:.1f} {y1:.1f} {out:.1f} {y2:.1f} {right:.1f} {y2:.1f}"
        else:
            lane, x = self.layout.lane(edge), right
            path = f"M{x:.1f} {y1:.1f}"
            if lane is not None:
                path += _curve(x, y1, self._x(lane.x), self._y(lane.middle)) + f"H{self._x(lane.right):.1f}"
                x, y1 = self._x(lane.right), self._y(lane.middle)
            path += _curve(x, y1, self.columns[self.layout.column_of[edge.target]][0], y2)
        gate = self.passed.get((edge.source, edge.target))
        return {
            "path": path,
            "kind": edge.kind,
            "tasks": self._tasks(edge.tasks),
            **({"gate": list(gate)} if gate else {}),
        }


def _shared_out(wanted: list[float], room: float) -> list[float]:
    """Widths of at most those wanted that fill the room: who wants little gets it, the others the same."""
    left, found = room, dict.fromkeys(range(len(wanted)), 0.0)
    for n, k in enumerate(sorted(found, key=lambda k: wanted[k])):
        found[k] = max(min(wanted[k], left / (len(wanted) - n)), min(LEAST, wanted[k]))
        left -= found[k]
    return list(found.values())


def _label(node: Node, room: float) -> str:
    """What a box has room for: the whole name, a head's as far as it goes, of an expert its number."""
    name = LEVEL.sub("", node.label) if node.kind == EXPERT else node.label
    shown = fitted(name, room, SIZE)
    if shown == name or node.kind in (FEATURES, HEAD) or len(shown) > LETTERS:
        return shown
    number = NUMBER.search(name)
    return number.group() if number else ""


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    half = (x2 - x1) / 2
    return f"C{x1 + half:.1f} {y1:.1f} {x2 - half:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
