"""`--explain`: everything that a cell would do, training nothing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.explanation import sections
from mtl_magic.explanation.letters import safe
from mtl_magic.explanation.mixed import data_table
from mtl_magic.explanation.topology import Topology
from mtl_magic.explanation.written import written
from mtl_magic.numbers import short
from mtl_magic.problems import Problem, rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from mtl_magic.data.schema import Prepared, Schema
    from mtl_magic.explanation.parameters import Parameters
    from mtl_magic.explanation.tables import Table
    from mtl_magic.program import Program

MANY = 12  # features that are shown unfolded
MARKS = "What stands in parentheses was not written: a default, or what the data decided, that applies."
AMBER = "border-left:4px solid #e69500;background:rgba(230,149,0,.12);padding:.5em .75em;white-space:pre-wrap"


@dataclasses.dataclass
class Explanation:
    """What a cell would do. A notebook shows picture and tables; `print` shows all of it as text.

    Attributes:
        program: the cell, every word of it resolved.
        schema: the features and tasks as they are fitted on the training rows.
        topology: which task reads what: `.outline` as data, `.svg()`, `.mermaid()`, `str()`.
        parameters: `.total`, `.shared`, `.private(task)`, `.bytes()`, `.holdings`.
        tables: what is shown below the picture, by name: parameters, tasks, sharing, settings, features; and, of several
            tables that train, data.
        notes: sentences about the data.
        warnings: what the checks found.
    """

    program: Program
    schema: Schema
    topology: Topology
    parameters: Parameters
    tables: dict[str, Table]
    rows: dict[str, int]
    notes: list[str] = dataclasses.field(default_factory=list)
    warnings: list[Problem] = dataclasses.field(default_factory=list)

    @property
    def features(self) -> pd.DataFrame:
        """A row a feature: kind, what was learnt, embedding, parameters, who reads it."""
        return self.tables["features"].frame()

    @property
    def tasks(self) -> pd.DataFrame:
        """A row a task: kind, labels, loss, weight, metrics, sources."""
        return self.tables["tasks"].frame()

    @property
    def settings(self) -> pd.DataFrame:
        """Every key of split, balance and train, its value, and whether it was written."""
        return self.tables["settings"].frame()

    @property
    def headline(self) -> str:
        """'4 tasks, 18 features, 103,556 parameters, 92% of them shared; 23,992 training rows; nothing was trained'."""
        total = self.parameters.total
        share = f", {short(100 * self.parameters.shared / total)}% of them shared" if total else ""
        counts = [f"{len(self.schema.tasks)} task", f"{len(self.schema.features)} feature"]
        said = ", ".join(c + "s" * (not c.startswith("1 ")) for c in counts)
        rows = ", ".join(f"{count:,} {part}" for part, count in self.rows.items())
        return f"{said}, {total:,} parameters{share}; rows: {rows}; nothing was trained"

    def __str__(self) -> str:
        parts = [self.headline, *self.notes]
        if self.warnings:
            parts += ["", rendered(self.warnings, self.program.text)]
        parts += ["", "Topology", *(f"  {line}" for line in str(self.topology).split("\n"))]
        for table in self.tables.values():
            parts += ["", table.text()]
        return "\n".join([*parts, "", MARKS])

    __repr__ = __str__

    def html(self) -> str:
        """All of it as HTML that needs no widget, no script and no network."""
        parts = [f"<div><strong>{safe(self.headline)}</strong></div>"]
        parts += [f"<div>{safe(note)}</div>" for note in self.notes]
        if self.warnings:
            parts.append(f'<pre style="{AMBER}">{safe(rendered(self.warnings, self.program.text))}</pre>')
        parts.append(self.topology.html())
        for name, table in self.tables.items():
            parts.append(table.html(folded=name == "features" and len(table.rows) > MANY))
        parts.append(
            '<div style="font-size:85%;opacity:.7">Dimmed: not written, a default or what the data decided, that applies.</div>'
        )
        return "\n".join(parts)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}


def explain(program: Program, prepared: Prepared, warnings: Sequence[Problem] = ()) -> Explanation:
    """Builds the network of a program and its data, counts it, and trains nothing.

    Raises:
        MtlError: a dependency that does not fit, or a block of the user's own that fails.
    """
    from mtl_magic.explanation.parameters import parameters
    from mtl_magic.language import parse
    from mtl_magic.model.net import build
    from mtl_magic.model.settle import settle
    from mtl_magic.vocabulary import vocabulary

    schema = prepared.schema
    program = settle(program, schema)
    topology = Topology.of(program, schema)
    outline = topology.outline
    counts = parameters(build(program, schema), program, schema, outline)
    said = written(parse(program.canonical, vocabulary()))
    parts = {"valid": prepared.valid, "test": prepared.test}
    return Explanation(
        program=program,
        schema=schema,
        topology=topology.counted(counts),
        parameters=counts,
        tables={
            **({"data": data_table(program, prepared)} if prepared.tables else {}),
            "parameters": sections.parameter_table(counts, outline),
            "tasks": sections.task_table(program, schema, said),
            "sharing": sections.block_table(program, outline, counts, said),
            "settings": sections.setting_table(program, prepared, said),
            "features": sections.feature_table(schema, outline, counts),
        },
        rows={"train": sum(map(len, prepared.train)), **{k: len(p) for k, p in parts.items() if p is not None}},
        notes=list(prepared.notes),
        warnings=list(warnings),
    )
