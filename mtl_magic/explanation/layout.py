"""Where each box of the topology stands: columns from left to right, no two boxes over each other, always the same.

What must stay together is a *group*: a block with its frame, a task's tower and head, a box of features. A group fills
a rectangle of columns and heights; an edge that passes columns gets a thin group of its own there, a *lane*, so that it
goes round boxes. Groups keep one vertical order (by the tasks that they serve), so that their heights are a set of
differences: pushing down from the top and up from the bottom both satisfy it, and so does their mean.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from mtl_magic.explanation.letters import em
from mtl_magic.explanation.outline import FEATURES, FLOW, HEAD, JOIN, TOWER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtl_magic.explanation.outline import Edge, Node, Outline

SIZE, SMALL = 12.0, 10.0  # of a box's name, and of what stands below it
HIGH, GAP = 30.0, 8.0  # of a box; between boxes of a column
LEAST, MOST, INPUT = 62.0, 150.0, 180.0  # width of a box; most of one of features
PAD, TITLE = 10.0, 24.0  # of a frame: around its parts; and above them, for its title
LANE, APART = 6.0, 12.0  # height of a lane; between groups
BETWEEN, FAN, STRETCH = 34.0, 80.0, 110.0  # between columns: few edges, many, and where there is room
TIGHT, CUT = 22.0, 96.0  # where there is none: between columns; and of a box
MARGIN, HEADING = 12.0, 22.0
WIDTH = 900.0  # of a notebook's output


@dataclasses.dataclass
class Box:
    """A rectangle; `x`, `y` is its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        return self.x + self.width


@dataclasses.dataclass
class Layout:
    """Places of everything, in the units of the picture."""

    width: float
    height: float
    nodes: dict[str, Box]
    frames: dict[str, Box]
    lanes: dict[tuple[str, int], Box]  # of edges that pass columns: by their source and the column in which they end
    columns: list[tuple[float, float]]  # left and right edge
    column_of: dict[str, int]
    right: float  # where the heads end: edges between heads run on their right
    enter: dict[str, float]  # of heads without a tower: where an edge to them begins to run straight

    def lane(self, edge: Edge) -> Box | None:
        return self.lanes.get((edge.source, self.column_of[edge.target]))


@dataclasses.dataclass
class _Group:
    columns: list[list[Node]]
    order: tuple[float, int]
    start: int = 0
    frame: str | None = None
    height: float = HIGH
    y: float = 0.0
    before: list[int] = dataclasses.field(default_factory=list)  # groups that it reads
    after: list[int] = dataclasses.field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + len(self.columns) - 1

    @property
    def middle(self) -> float:
        """From its top to the middle of its boxes, which a frame's title pushes down."""
        return (self.height + (TITLE - PAD if self.frame is not None else 0)) / 2


def lay_out(outline: Outline, right: float = 0.0) -> Layout:
    """The places. `right`: room that edges between heads and their names need."""
    groups = _groups(outline)
    home = {n.id: i for i, g in enumerate(groups) for column in g.columns for n in column}
    _connect(groups, home, outline)
    column_of = _columns(groups, outline)
    lanes = _lanes(groups, home, column_of, outline)
    _heights(groups)
    columns, width = _widths(groups, column_of, outline, right)
    nodes: dict[str, Box] = {}
    frames: dict[str, Box] = {}
    enter: dict[str, float] = {}
    for group in groups:
        if len(group.columns) > 1 and not group.columns[0]:
            enter |= {n.id: columns[group.start][0] for n in group.columns[1]}
        for k, column in enumerate(group.columns):
            left, edge = columns[group.start + k]
            inside = group.height - (TITLE + PAD if group.frame is not None else 0)
            top = group.y + (TITLE if group.frame is not None else 0)
            y = top + (inside - _stack(len(column))) / 2
            for node in column:
                nodes[node.id] = Box(left, y, edge - left, HIGH)
                y += HIGH + GAP
        if group.frame is not None:
            left, edge = columns[group.start][0] - PAD, columns[group.end][1] + PAD
            frames[group.frame] = Box(left, group.y, edge - left, group.height)
    places = {
        key: Box(
            columns[groups[i].start][0], groups[i].y, columns[groups[i].end][1] - columns[groups[i].start][0], LANE
        )
        for key, i in lanes.items()
    }
    height = max((g.y + g.height for g in groups), default=0.0) + MARGIN
    return Layout(width, height, nodes, frames, places, columns, column_of, columns[-1][1], enter)


def _stack(boxes: int) -> float:
    return boxes * HIGH + max(boxes - 1, 0) * GAP


def _groups(outline: Outline) -> list[_Group]:
    rank = {task: i for i, task in enumerate(outline.tasks)}

    def order(tasks: Iterable[str], index: int) -> tuple[float, int]:
        places = [rank[t] for t in tasks]
        return (sum(places) / len(places) if places else float(len(rank)), index)

    groups = [_Group([[n]], order(n.tasks, i)) for i, n in enumerate(outline.nodes) if n.kind in (FEATURES, JOIN)]
    for frame in outline.frames:
        made = _Group(_inner_columns(outline, frame.name), order(frame.tasks, len(outline.nodes) + len(groups)))
        made.frame = frame.name if len(outline.parts(frame.name)) > 1 else None
        groups.append(made)
    towers = any(n.kind == TOWER for n in outline.nodes)
    for task in outline.tasks:
        own = [n for n in outline.nodes if n.tasks == (task,)]
        tower = [n for n in own if n.kind == TOWER]
        head = [n for n in own if n.kind == HEAD]
        groups.append(_Group([tower, head] if towers else [head], (float(rank[task]), 0)))
    return groups


def _inner_columns(outline: Outline, block: str) -> list[list[Node]]:
    """The parts of a block by the length of the longest way to them, each column in the order of the outline."""
    parts = outline.parts(block)
    own = {n.id for n in parts}
    depth: dict[str, int] = {}
    for node in parts:
        feeds = [e.source for e in outline.into(node.id) if e.kind == FLOW and e.source in own]
        depth[node.id] = 1 + max((depth.get(f, 0) for f in feeds), default=-1)
    return [[n for n in parts if depth[n.id] == d] for d in range(max(depth.values(), default=0) + 1)]


def _connect(groups: list[_Group], home: dict[str, int], outline: Outline) -> None:
    for edge in outline.edges:
        a, b = home[edge.source], home[edge.target]
        if edge.kind == FLOW and a != b:
            groups[a].after.append(b)
            groups[b].before.append(a)


def _columns(groups: list[_Group], outline: Outline) -> dict[str, int]:
    """The first column of each group, and the column of each node. Towers stand in one column, behind all else."""
    tasks = len(groups) - len(outline.tasks)
    for group in groups[:tasks]:  # each after those that it reads
        group.start = 1 + max((groups[i].end for i in group.before), default=-1)
    last = 1 + max((g.end for g in groups[:tasks]), default=-1)
    for group in groups[tasks:]:
        group.start = last
    return {n.id: g.start + k for g in groups for k, column in enumerate(g.columns) for n in column}


def _lanes(
    groups: list[_Group], home: dict[str, int], column_of: dict[str, int], outline: Outline
) -> dict[tuple[str, int], int]:
    """Groups for the edges that pass columns between two others."""
    lanes: dict[tuple[str, int], int] = {}
    for edge in outline.edges:
        source, target = groups[home[edge.source]], groups[home[edge.target]]
        first, last = source.end + 1, target.start - 1
        if edge.kind != FLOW or source is target or last < first:
            continue
        key = (edge.source, column_of[edge.target])
        if key not in lanes:
            made = _Group([[] for _ in range(first, last + 1)], (0.0, 0), first, height=LANE)
            made.before = [home[edge.source]]
            lanes[key] = len(groups)
            groups.append(made)
        groups[lanes[key]].after.append(home[edge.target])
    for key, i in lanes.items():
        places = [groups[j].order[0] for j in groups[i].after]
        groups[i].order = (sum(places) / len(places), -len(outline.nodes) + list(lanes).index(key))
    return lanes


def _heights(groups: list[_Group]) -> None:
    """Vertical places: pulled towards what a group reads and what reads it, kept apart and in order."""
    for group in groups:
        boxes = max((len(column) for column in group.columns), default=0)
        if boxes:
            group.height = _stack(boxes) + (TITLE + PAD if group.frame is not None else 0)
    order = sorted(range(len(groups)), key=lambda i: groups[i].order)
    above = {
        i: [j for j in order[:k] if groups[j].start <= groups[i].end and groups[i].start <= groups[j].end]
        for k, i in enumerate(order)
    }
    _settle(groups, order, above, [0.0] * len(groups))
    for side in ("after", "before", "after"):
        wanted = [g.y for g in groups]
        ways = sorted(range(len(groups)), key=lambda i: groups[i].start, reverse=side == "after")
        for i in ways:  # each after those that it is pulled to
            middles = [wanted[j] + groups[j].middle for j in getattr(groups[i], side)]
            if middles:
                wanted[i] = sum(middles) / len(middles) - groups[i].middle
        _settle(groups, order, above, wanted)
    top = min((g.y for g in groups), default=0.0)
    for group in groups:
        group.y += HEADING + MARGIN - top


def _room(one: _Group, other: _Group) -> float:
    """Between two groups, one above the other: boxes of two tasks stand as close as boxes of one block."""
    return GAP if one.frame is other.frame is None else APART


def _settle(groups: list[_Group], order: list[int], above: dict[int, list[int]], wanted: list[float]) -> None:
    """The places nearest to those wanted that keep all groups apart."""
    down, up = list(wanted), list(wanted)
    for i in order:
        for j in above[i]:
            down[i] = max(down[i], down[j] + groups[j].height + _room(groups[i], groups[j]))
    for i in reversed(order):
        for j in above[i]:
            up[j] = min(up[j], up[i] - groups[j].height - _room(groups[i], groups[j]))
    for i, group in enumerate(groups):
        group.y = (down[i] + up[i]) / 2


def _widths(
    groups: list[_Group], column_of: dict[str, int], outline: Outline, right: float
) -> tuple[list[tuple[float, float]], float]:
    """Each column's left and right edge, and the width of all. Room that is left goes between the columns."""
    count = 1 + max(column_of.values(), default=-1)
    wide = [LEAST] * count
    for node in outline.nodes:
        need = max(em(node.label) * SIZE, em(node.detail) * SMALL) + 18
        wide[column_of[node.id]] = max(wide[column_of[node.id]], min(need, INPUT if node.kind == FEATURES else MOST))
    for column in range(count):  # a column without boxes: a tower that no task has
        if column not in column_of.values():
            wide[column] = 0.0
    for frame in outline.frames:  # the title needs room too
        group = next((g for g in groups if g.frame == frame.name), None)
        if group is None:
            continue
        if len(group.columns) == 1:
            need = em(frame.title) * SIZE + em(frame.detail) * SMALL + 10
            wide[group.start] = max(wide[group.start], min(need, MOST))
    gaps, frames = [], []
    for k in range(count - 1):
        running = sum(column_of[e.source] <= k < column_of[e.target] for e in outline.edges if e.kind == FLOW)
        gaps.append(FAN if running > 6 else BETWEEN)
        ends = any(g.frame is not None and g.end == k for g in groups)
        starts = any(g.frame is not None and g.start == k + 1 for g in groups)
        frames.append(PAD * (ends + starts))
    first = MARGIN + PAD * any(g.frame is not None and g.start == 0 for g in groups)
    left = WIDTH - first - sum(wide) - sum(gaps) - sum(frames) - MARGIN - right
    if left > 0 and gaps:
        gaps = [min(g + left / len(gaps), STRETCH) for g in gaps]
    elif left < 0:  # narrower ways first, then narrower boxes
        spare = sum(g - TIGHT for g in gaps)
        gaps = [g - (g - TIGHT) * min(-left / max(spare, 1.0), 1.0) for g in gaps]
        spare, left = sum(max(w - CUT, 0.0) for w in wide), left + spare
        wide = [w - max(w - CUT, 0.0) * min(max(-left, 0.0) / max(spare, 1.0), 1.0) for w in wide]
    gaps = [g + f for g, f in zip(gaps, frames, strict=True)]
    columns, x = [], first
    for k in range(count):
        columns.append((x, x + wide[k]))
        x += wide[k] + (gaps[k] if k < len(gaps) else 0.0)
    return columns, x + MARGIN + right
