"""The topology as one object: picture, Mermaid, text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.explanation.letters import safe
from mtl_magic.explanation.outline import Outline

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema
    from mtl_magic.explanation.parameters import Parameters
    from mtl_magic.program import Program

KEY = "Grey is shared by several tasks, a colour is one task's own. Point at a head to see what it reads."


@dataclasses.dataclass(frozen=True)
class Topology:
    """Which task reads what. A notebook shows it as a picture, `print` as a tree.

    Attributes:
        outline: nodes, edges and frames as plain data.
        counts: parameters of nodes, and of blocks as 'block:NAME'; empty where no network was built.
    """

    outline: Outline
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, program: Program, schema: Schema) -> Topology:
        """Of a program and what was fitted on its data; nothing is counted."""
        from mtl_magic.explanation.trace import trace
        from mtl_magic.model.settle import settle

        return cls(trace(settle(program, schema), schema))

    def counted(self, counts: Parameters) -> Topology:
        """With the parameters of a network."""
        blocks = {f"block:{name}": count for name, count in counts.frames.items()}
        return dataclasses.replace(self, counts={**counts.nodes, **blocks})

    def svg(self, *, standalone: bool = True) -> str:
        """The picture. `standalone`: for a file; else its colours follow the theme of the notebook that shows it."""
        from mtl_magic.explanation.svg import svg

        return svg(self.outline, self.counts, standalone=standalone)

    def mermaid(self) -> str:
        """Mermaid source, to be copied into a page that draws it."""
        from mtl_magic.explanation.mermaid import mermaid

        return mermaid(self.outline)

    def __str__(self) -> str:
        from mtl_magic.explanation.text import text

        return text(self.outline, self.counts)

    __repr__ = __str__

    def html(self) -> str:
        """The picture with its key, and the Mermaid source folded away."""
        return (
            f'<div style="overflow-x:auto">{self.svg(standalone=False)}</div>'
            f'<div style="font-size:85%;opacity:.7">{KEY}</div>'
            f"<details><summary>Mermaid source</summary><pre>{safe(self.mermaid())}</pre></details>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}
