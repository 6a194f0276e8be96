"""The topology as Mermaid source, to be copied where a page draws it (GitHub, GitLab, a wiki)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mtl_magic.explanation.colours import colour
from mtl_magic.explanation.outline import CONTROL, FEATURES, GATE, GIVEN, HEAD

if TYPE_CHECKING:
    from mtl_magic.explanation.outline import Node, Outline

SHAPES = {FEATURES: ("([", "])"), GATE: ("{{", "}}"), HEAD: ("(", ")")}
PLAIN = re.compile(r"[^\w .,:=+\-*/|()\[\]]")  # letters of any script are as they are, anything else is a number


def mermaid(outline: Outline) -> str:
    """A flowchart, left to right: an edge a line, a subgraph a block."""
    names = {n.id: f"n{i}" for i, n in enumerate(outline.nodes)}
    lines = ["flowchart LR"]
    drawn = {f.name for f in outline.frames if len(outline.parts(f.name)) > 1}
    lines += [f"  {_node(n, names)}" for n in outline.nodes if n.block not in drawn]
    for i, frame in enumerate(f for f in outline.frames if f.name in drawn):
        title = frame.title if frame.title == frame.word else f"{frame.title}: {frame.word}"
        lines.append(f'  subgraph b{i}["{escaped(f"{title} {frame.detail}".strip())}"]')
        lines += [f"    {_node(n, names)}" for n in outline.parts(frame.name)]
        lines.append("  end")
    for edge in outline.edges:
        if edge.kind == GIVEN:
            lines.append(f'  {names[edge.source]} -. "{escaped(edge.label)}" .-> {names[edge.target]}')
        elif edge.kind != CONTROL:
            lines.append(f"  {names[edge.source]} --> {names[edge.target]}")
    for i, task in enumerate(outline.tasks):
        own = ",".join(names[n.id] for n in outline.nodes if n.tasks == (task,))
        lines.append(f"  classDef t{i} stroke:{colour(i)},stroke-width:2px")
        lines.append(f"  class {own} t{i}")
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text between quotes in Mermaid: its own entities, by number.

    Example:
        >>> escaped('a "b" <c>')
        'a #34;b#34; #60;c#62;'
    """
    return PLAIN.sub(lambda found: f"#{ord(found.group())};", " ".join(text.split()))


def _node(node: Node, names: dict[str, str]) -> str:
    left, right = SHAPES.get(node.kind, ("[", "]"))
    detail = f"<br/>{escaped(node.detail)}" if node.detail else ""
    return f'{names[node.id]}{left}"{escaped(node.label)}{detail}"{right}'
