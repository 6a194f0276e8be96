"""The topology as a tree of plain text, good in a terminal and stable in a stored notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.explanation.outline import CONTROL, FEATURES, GATE, GIVEN, JOIN, TOWER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtl_magic.explanation.outline import Node, Outline


def text(outline: Outline, counts: Mapping[str, int] | None = None) -> str:
    """The tree: from what is read to what reads it. What has several sources stands whole below the first of them.

    It looks like this::

        inputs: user_id, price
        └─ trunk = mlp [64]
           ├─ click: binary, bce; tower [32]
           └─ buy: binary, bce; tower [32]; given click via esmm
    """
    return "\n".join(_Tree(outline, counts or {}).lines())


class _Tree:
    def __init__(self, outline: Outline, counts: Mapping[str, int]) -> None:
        self.outline, self.counts = outline, counts
        self.seen: set[str] = set()

    def lines(self) -> list[str]:
        roots = [n for n in self.outline.nodes if n.kind in (FEATURES, JOIN)]
        reads = {n.id: self._takers(n.id) for n in roots}
        made = []
        for node in roots:
            if (node.kind == FEATURES and (reads[node.id] or not node.tasks)) or node.kind == JOIN:
                made += self._root(node, reads[node.id])
        return made

    def _root(self, node: Node, takers: list[str]) -> list[str]:
        names = ", ".join(node.features) if len(node.features) <= 4 else node.detail
        said = node.label if names == node.label else f"{node.label}: {names}"
        if node.id.startswith("own:"):
            said = f"{node.label}: {node.detail}"
        if not node.tasks:
            said += " (read by no task)"
        return [said, *self._below(dict.fromkeys(takers, ""))]

    def _takers(self, node: str) -> list[str]:
        """Blocks ('block:NAME') and tasks ('task:NAME') that read a node, joins left out."""
        found = []
        for edge in self.outline.out_of(node):
            target = self.outline.node(edge.target)
            if edge.kind in (GIVEN, CONTROL) or target.kind == JOIN:
                continue
            found.append(f"block:{target.block}" if target.block is not None else f"task:{target.tasks[0]}")
        return list(dict.fromkeys(found))

    def _below(self, takers: Mapping[str, str]) -> list[str]:
        """Takers, each with what stands before its name."""
        made = []
        for i, (taker, mark) in enumerate(takers.items()):
            last = i == len(takers) - 1
            head, *rest = self._taker(taker)
            made.append(("└─ " if last else "├─ ") + mark + head)
            made += [("   " if last else "│  ") + line for line in rest]
        return made

    def _taker(self, taker: str) -> list[str]:
        kind, _, name = taker.partition(":")
        again = taker in self.seen
        self.seen.add(taker)
        if kind == "task":
            return [f"{name} (above)" if again else self._task(name)]
        frame = self.outline.frame(name)
        if again:
            return [f"{frame.title} (above)"]
        said = f"{frame.title} = {frame.word}" if name else frame.word
        count = self.counts.get(taker)
        said += (f" {frame.detail}" if frame.detail else "") + (f", {count:,} parameters" if count else "")
        takers: dict[str, str] = {}
        for part in self.outline.parts(name):
            for found in self._takers(part.id):
                if found != taker:
                    takers.setdefault(found, "gate → " if part.kind == GATE else "")
        return [said, *self._below(takers)]

    def _task(self, name: str) -> str:
        outline = self.outline
        head = outline.node(f"head:{name}")
        parts = [f"{name}: {head.detail}"]
        parts += [f"tower {n.detail}" for n in outline.nodes if n.kind == TOWER and n.tasks == (name,)]
        for edge in outline.into(head.id):
            if edge.kind == GIVEN:
                parts.append(f"given {outline.node(edge.source).label} via {edge.label}")
        return "; ".join(parts)
