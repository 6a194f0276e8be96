"""The topology as an SVG picture: our own, without a library, the same bytes for the same cell.

Grey is what several tasks share; a task's colour is what is its own. Inside a notebook the colours are those of the
theme; where there is none (a file, an `<img>`), `standalone` writes plain colours on a white ground.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mtl_magic.explanation.colours import DARK, DIM, GROUND, INK, LIGHT, LINE, RAISED
from mtl_magic.explanation.layout import MARGIN, PAD, SIZE, SMALL, Box, Layout, lay_out
from mtl_magic.explanation.letters import em, fitted, safe
from mtl_magic.explanation.outline import FEATURES, FLOW, GATE, GIVEN, HEAD, JOIN, TOWER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mtl_magic.explanation.outline import Edge, Node, Outline

CLASS = "mtl-topology"
FACE = 'var(--jp-ui-font-family, system-ui, -apple-system, "Segoe UI", sans-serif)'
ROUND = {FEATURES: 13, JOIN: 3, GATE: 15, HEAD: 4}
LISTED = 40  # names in a tooltip
SHRINK = 0.8  # where the page is narrower the picture shrinks so far, then it scrolls
ARC = 9.0  # between the edges on the right of the heads

STYLE = f"""
.{CLASS} text{{fill:{INK};font:{SIZE:g}px {FACE};stroke:none}}
.{CLASS} .d,.{CLASS} .d tspan{{fill:{DIM};font-size:{SMALL:g}px}}
.{CLASS} .b{{font-weight:600}}
.{CLASS} .ground{{fill:{GROUND}}}
.{CLASS} .frame{{fill:none;stroke:{LINE};stroke-dasharray:3 3}}
.{CLASS} .n rect{{fill:{GROUND};stroke:currentColor}}
.{CLASS} .n.shared rect{{fill:{RAISED};stroke:{LINE}}}
.{CLASS} .n.unread rect{{stroke-dasharray:2 3}}
.{CLASS} .n.head rect{{stroke-width:1.6}}
.{CLASS} .e{{fill:none;stroke:currentColor;stroke-width:1.1;stroke-opacity:.62}}
.{CLASS} .e.shared{{stroke:{DIM};stroke-opacity:.5}}
.{CLASS} .e.given{{stroke-width:1.4;stroke-opacity:.9}}
.{CLASS} .tip{{fill:currentColor}}
""".strip()


def svg(outline: Outline, counts: Mapping[str, int] | None = None, *, standalone: bool = False) -> str:
    """The picture.

    Args:
        outline: the topology.
        counts: parameters of nodes, and of blocks as 'block:NAME', to be named in it.
        standalone: for a file or an `image/svg+xml` output: no variable of a page's style is used.
    """
    return _Picture(outline, counts or {}).draw(standalone=standalone)


def given_room(outline: Outline) -> tuple[dict[Edge, int], dict[str, str], float]:
    """Of each edge between heads, how far out it runs; what stands at each child; and the room that all need."""
    place = {f"head:{t}": i for i, t in enumerate(outline.tasks)}
    rings: list[list[tuple[int, int]]] = []
    found: dict[Edge, int] = {}
    said: dict[str, list[str]] = {}
    edges = [e for e in outline.edges if e.kind == GIVEN]
    for edge in sorted(edges, key=lambda e: (abs(place[e.source] - place[e.target]), place[e.target], place[e.source])):
        low, high = sorted((place[edge.source], place[edge.target]))
        free = (k for k, ring in enumerate(rings) if all(high <= a or b <= low for a, b in ring))
        ring = next(free, len(rings))
        if ring == len(rings):
            rings.append([])
        rings[ring].append((low, high))
        found[edge] = ring
        said.setdefault(edge.target, []).append(edge.label)
    labels = {head: ", ".join(dict.fromkeys(words)) for head, words in said.items()}
    widest = max((em(label) * SMALL for label in labels.values()), default=0.0)
    return found, labels, (len(rings) * ARC + 14 + min(widest, 110) if rings else 0.0)


class _Picture:
    def __init__(self, outline: Outline, counts: Mapping[str, int]) -> None:
        self.outline, self.counts = outline, counts
        self.arcs, self.said, room = given_room(outline)
        self.layout: Layout = lay_out(outline, room)
        self.index = {task: i for i, task in enumerate(outline.tasks)}

    def draw(self, *, standalone: bool) -> str:
        wide, high = self.layout.width, self.layout.height
        tasks = range(len(self.outline.tasks))
        light = "".join(f".{CLASS} .t{i}{{color:{LIGHT[i % len(LIGHT)]}}}" for i in tasks)
        style = f"{STYLE}\n{light}"
        if not standalone:
            themes = ('[data-jp-theme-light="false"]', ".vscode-dark", ".vscode-high-contrast")
            dark = (
                f"{','.join(f'{theme} .{CLASS} .t{i}' for theme in themes)}{{color:{DARK[i % len(DARK)]}}}"
                for i in tasks
            )
            looked_at = (
                f".{CLASS}:has(.of{i}:hover) .e{rest},.{CLASS}:has(.of{i}:hover) .n{rest}{{opacity:.15}}"
                for i, rest in ((i, "".join(f":not(.s{k})" for k in self._lineage(i))) for i in tasks)
            )
            style = "\n".join([style, *dark, *looked_at])
        what = safe(describe(self.outline))
        size = f'viewBox="0 0 {wide:.0f} {high:.0f}" width="{wide:.0f}" height="{high:.0f}"'
        fit = f"max-width:100%;min-width:{SHRINK * wide:.0f}px;height:auto"
        body = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{CLASS}" role="img" aria-label="{what}" {size} style="{fit}">',
            f"<title>{what}</title>",
            f"<desc>{safe(path_by_path(self.outline))}</desc>",
            f"<style>{safe_style(style)}</style>",
            f'<rect class="ground" width="{wide:.0f}" height="{high:.0f}" rx="4"/>',
            *self._headings(),
            *(self._frame(name, box) for name, box in self.layout.frames.items()),
            *self._edges(),
            *self._givens(),
            *(self._node(node) for node in self.outline.nodes),
            "</svg>",
        ]
        text = "\n".join(body)
        return plain_colours(text) if standalone else text

    def _lineage(self, index: int) -> list[int]:
        """The task and those that it is `given`, theirs too: what its prediction is made of."""
        heads = {n.id: n.tasks for n in self.outline.nodes if n.kind == HEAD}
        found = [index]
        for child in found:
            parents = (e.source for e in self.arcs if self.outline.tasks[child] in heads[e.target])
            found += {self.index[t] for p in parents for t in heads[p]}.difference(found)
        return found

    # --- parts

    def _headings(self) -> Iterable[str]:
        titles = {FEATURES: "inputs", TOWER: "towers", HEAD: "heads"}
        y = MARGIN + 8
        for kind, title in titles.items():
            boxes = [self.layout.nodes[n.id] for n in self.outline.nodes if n.kind == kind]
            if boxes:
                yield self._text(title, boxes[0].x + boxes[0].width / 2, y, "d", anchor="middle")
        blocks = [b for n in self.outline.nodes if n.block is not None for b in [self.layout.nodes[n.id]]]
        if blocks:
            left, right = min(b.x for b in blocks), max(b.right for b in blocks)
            yield self._text("sharing", (left + right) / 2, y, "d", anchor="middle")

    def _frame(self, name: str, box: Box) -> str:
        frame = self.outline.frame(name)
        word = f"{frame.word} " if name else ""
        count = self.counts.get(f"block:{name}")
        detail = f"{word}{frame.detail}"
        title = fitted(frame.title, box.width - 2 * PAD, SIZE)
        room = box.width - 2 * PAD - em(title) * SIZE * 1.08 - 6
        whole = f"{detail}, {count:,} parameters" if count else detail
        detail = next((d for d in (whole, detail, frame.detail) if em(d) * SMALL <= room), word)
        shown = f'<tspan class="d" dx="6">{safe(fitted(detail, room, SMALL))}</tspan>' if room > 24 else ""
        tip = f"share {frame.title}: {frame.word} {frame.detail}" + (f"; {count:,} parameters" if count else "")
        return (
            f"<g{self._line(frame.span)}><title>{safe(tip)}</title>"
            f'<rect class="frame" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="6"/>'
            f'<text x="{box.x + PAD:.1f}" y="{box.y + 16:.1f}"><tspan class="b">{safe(title)}</tspan>{shown}</text></g>'
        )

    def _node(self, node: Node) -> str:
        box = self.layout.nodes[node.id]
        room = box.width - 12
        y = box.middle + SIZE * 0.36
        inside = []
        if node.detail:
            y = box.middle - 2
            inside.append(
                self._text(
                    fitted(node.detail, room, SMALL), box.x + box.width / 2, box.middle + 10, "d", anchor="middle"
                )
            )
        bold = "b" if node.kind == HEAD else ""
        label = self._text(
            fitted(node.label, room - 3 * bool(bold), SIZE), box.x + box.width / 2, y, bold, anchor="middle"
        )
        kind = " head" if node.kind == HEAD else ""
        return (
            f'<g class="n{kind} {self._classes(node.tasks)}"{self._line(node.span)}><title>{safe(self._tip(node))}</title>'
            f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
            f'rx="{ROUND.get(node.kind, 3)}"/>{label}{"".join(inside)}</g>'
        )

    def _tip(self, node: Node) -> str:
        lines = [node.label + (f": {node.detail}" if node.detail else "")]
        if len(node.features) > 1:
            more = len(node.features) - LISTED
            lines.append(", ".join(node.features[:LISTED]) + (f" and {more} more" if more > 0 else ""))
        if node.kind == GATE:
            lines.append("a softmax over what it reads, computed from the block's sources")
        if self.counts.get(node.id):
            lines.append(f"{self.counts[node.id]:,} parameters")
        if node.kind not in (TOWER, HEAD):
            lines.append("for " + ", ".join(node.tasks) if node.tasks else "read by no task")
        return "\n".join(lines)

    def _edges(self) -> Iterable[str]:
        """One path for all edges of the same tasks: few elements, and one rule lights a task's way up."""
        drawn: dict[tuple[str, ...], list[str]] = {}
        for edge in self.outline.edges:
            if edge.kind == FLOW:
                drawn.setdefault(edge.tasks, []).append(self._path(edge))
        for tasks, paths in sorted(drawn.items(), key=lambda item: -len(item[0])):  # the shared below
            yield f'<path class="e {self._classes(tasks)}" d="{" ".join(paths)}"/>'

    def _path(self, edge: Edge) -> str:
        a, b = self.layout.nodes[edge.source], self.layout.nodes[edge.target]
        lane = self.layout.lane(edge)
        end = self.layout.enter.get(edge.target, b.x)
        path = f"M{a.right:.1f} {a.middle:.1f}"
        x, y = a.right, a.middle
        if lane is not None:
            path += _curve(x, y, lane.x, lane.middle) + f"H{lane.right:.1f}"
            x, y = lane.right, lane.middle
        return path + _curve(x, y, end, b.middle) + (f"H{b.x:.1f}" if end != b.x else "")

    def _givens(self) -> Iterable[str]:
        rings = 1 + max(self.arcs.values(), default=-1)
        for edge, ring in self.arcs.items():
            a, b = self.layout.nodes[edge.source], self.layout.nodes[edge.target]
            out = self.layout.right + 8 + ring * ARC
            down = 1 if b.y > a.y else -1
            y1, y2 = a.middle + 6 * down, b.middle - 6 * down
            turn = min(6.0, abs(y2 - y1) / 2, out - b.right)
            yield (
                f'<path class="e given {self._classes(edge.tasks)}" d="M{a.right:.1f} {y1:.1f}H{out - turn:.1f}'
                f"q{turn:.1f} 0 {turn:.1f} {turn * down:.1f}V{y2 - turn * down:.1f}"
                f'q0 {turn * down:.1f} {-turn:.1f} {turn * down:.1f}H{b.right + 4:.1f}"/>'
                f'<path class="tip {self._classes(edge.tasks)}" d="M{b.right + 1:.1f} {y2:.1f}l6 -3.2v6.4z"/>'
            )
        for head, words in self.said.items():
            box = self.layout.nodes[head]
            x = self.layout.right + 8 + rings * ARC
            yield self._text(fitted(words, 110, SMALL), x, box.middle + 3.5, "d", anchor="start")

    # --- words and classes

    def _classes(self, tasks: tuple[str, ...]) -> str:
        served = " ".join(f"s{self.index[t]}" for t in tasks)
        if len(tasks) == 1:
            return f"{served} t{self.index[tasks[0]]} of{self.index[tasks[0]]}"
        return f"shared {served}" if tasks else "shared unread"

    def _line(self, span: object) -> str:
        line = getattr(span, "line", None)
        return f' data-line="{line}"' if line else ""

    def _text(self, text: str, x: float, y: float, kind: str, *, anchor: str) -> str:
        cls = f' class="{kind}"' if kind else ""
        return f'<text{cls} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{safe(text)}</text>'


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    half = (x2 - x1) / 2
    return f"C{x1 + half:.1f} {y1:.1f} {x2 - half:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"


def describe(outline: Outline) -> str:
    """One sentence: 'Topology of 2 tasks (click, like) over 18 features, sharing mmoe'."""
    tasks = len(outline.tasks)
    features = len(outline.readers)
    shared = ", ".join(f.title for f in outline.frames) or "no block"
    return (
        f"Topology of {tasks} task{'s' * (tasks != 1)} ({', '.join(outline.tasks)}) over {features} "
        f"feature{'s' * (features != 1)}, sharing {shared}"
    )


def path_by_path(outline: Outline) -> str:
    """What each task reads, for those who do not see the picture."""
    from mtl_magic.explanation.text import text

    return text(outline)


def safe_style(style: str) -> str:
    """CSS inside XML."""
    return style.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_colours(text: str) -> str:
    """Every `var(--name, fallback)` replaced by its last fallback."""
    variable = re.compile(r"var\(--[\w-]+, ([^()]*)\)")
    while variable.search(text):
        text = variable.sub(r"\1", text)
    return text
