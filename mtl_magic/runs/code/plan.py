"""What a script is written of: the run's program and schema, the Python names of everything, the inputs of the model."""

from __future__ import annotations

import dataclasses
import keyword
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, Problem
from mtl_magic.program import FeatureRule, safe_names
from mtl_magic.runs.code.functions import interactions, relations, sharing
from mtl_magic.runs.code.source import IMPORTS, Functions
from mtl_magic.runs.code.text import Raw, quoted
from mtl_magic.runs.code.writers import At, Column, writer

if TYPE_CHECKING:
    from mtl_magic.data.schema import EncodedFeature, Schema
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run

SAFE = re.compile(r"[A-Za-z]\w*", re.ASCII)
# names that `build()` and what it calls have, and that no block's variable may have
TAKEN = (
    *keyword.kwlist, *keyword.softkwlist, *IMPORTS, "inputs", "encoded", "everything", "logits", "model", "features", "gate",
    "taker", "e", "name", "frozen", "penalties", "penalty", "kernel", "dense_stack", "head", "product", "mean_of", "sum_of", "list", "range", "len", "dict", "_",
    *(name for module in (sharing, interactions, relations) for name, thing in vars(module).items() if callable(thing)),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Input:
    """An input of the script's model: a feature, or the bin or the gap of a number."""

    name: str
    feature: EncodedFeature
    column: Column
    dropout: float = 0.0


@dataclasses.dataclass(frozen=True)
class Plan:
    """What the sections read."""

    run: Run
    program: Program  # settled
    schema: Schema
    functions: Functions
    inputs: tuple[Input, ...]  # in the order in which a layer reads them: embeddings by width, then numbers
    blocks: Mapping[str, str]  # name of a block -> the key of its layers
    variables: Mapping[str, str]  # name of a block -> a Python name for what is read of it
    notes: list[str]  # sentences for the docstring: what the script does in another way

    @classmethod
    def of(cls, run: Run, namespace: Mapping[str, Any] | None) -> Plan:
        """Of a run.

        Raises:
            MtlError: a `{…}` of the cell cannot be evaluated, or a word cannot be written.
        """
        from mtl_magic.model.settle import settle
        from mtl_magic.runs.fitting import compile_program

        odd = [
            key for key in (*(t.key for t in run.schema.tasks), *(k for k, _ in run.outputs)) if not SAFE.fullmatch(key)
        ]
        if odd:  # they become names in code that runs; those that we give are safe, those of a folder may be anything
            raise MtlError(Problem("MTL413", f"the run's schema has a Keras name that none of ours is: {odd[0]!r}"))
        program = settle(compile_program(run.text, namespace), run.schema)
        functions = Functions()
        titles = {b.name: b.title for b in program.blocks}
        safe = safe_names(titles.values())
        keys = {name: safe[title] for name, title in titles.items()}
        names = [b.name or "shared" for b in program.blocks]
        derived = [f"{name}_{end}" for name in names for end in ("experts", "layer", "own", "common")]
        takers = [*keys.values(), *(t.key for t in run.schema.tasks)]
        derived += [
            f"{key}_{end}" for key in takers for end in ("features", "names", "own", "sources", "tower", "read")
        ]
        called = safe_names(names, taken=[*TAKEN, *derived])
        variables = {b.name: called[b.name or "shared"] for b in program.blocks}
        return cls(run, program, run.schema, functions, _inputs(run, functions), keys, variables, [])

    @property
    def rows(self) -> tuple[Input, ...]:
        """Those that look up an embedding."""
        return tuple(i for i in self.inputs if i.column.rows)

    @property
    def numbers(self) -> tuple[Input, ...]:
        return tuple(i for i in self.inputs if not i.column.rows)

    def of_source(self, source: str) -> tuple[Input, ...]:
        """The inputs that a source of the cell names: all of `inputs`, those of a feature or of a wildcard."""
        if source == "inputs":
            return self.inputs
        rule = FeatureRule(source, literal=any(f.name == source for f in self.schema.features), kind=None)
        return tuple(i for i in self.inputs if rule.matches(i.feature.name))

    def classes(self, task: Any) -> Raw:
        """The expression of a task's classes."""
        return Raw(f"CLASSES[{quoted(task.key)}]")


def _inputs(run: Run, functions: Functions) -> tuple[Input, ...]:
    """In the order of `model.inputs.layout`, so that a kernel's rows stand as they do in the run."""
    from mtl_magic.model.inputs import layout

    schema = run.schema
    taken = [key for key, _ in run.outputs]
    plain = safe_names([f.name for f in schema.features], taken=taken)
    used = {*taken, *plain.values()}
    found: dict[tuple[str, bool], list[Input]] = {}
    for feature in schema.features:
        names: dict[str, str] = {"": plain[feature.name]}

        def called(suffix: str, names: dict[str, str] = names) -> str:
            if suffix not in names:
                key = f"{names['']}_{suffix}"
                names[suffix] = safe_names([key], taken=used)[key]
                used.add(names[suffix])
            return names[suffix]

        at = At(
            functions,
            Raw(f"frame[{quoted(feature.source)}]"),
            lambda suffix, called=called: Raw(f"learnt[{quoted(called(suffix))}]"),  # type: ignore[misc]
        )
        dropout = float(getattr(feature.kind, "dropout", 0.0) or 0.0)
        for column in writer("encoder", feature.encoder.word)(feature.encoder, at):
            made = Input(called(column.suffix), feature, column, dropout)
            found.setdefault((feature.name, column.rows > 0), []).append(made)
    ordered = []
    for piece, _ in layout(schema, [f.name for f in schema.features]):
        name, _, what = piece.rpartition(" ")
        ordered += found[name, what == "rows"]
    return tuple(ordered)
