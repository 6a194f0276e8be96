"""What stands between heads: the dependencies of a program, on what heads read, on their logits, and in the loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.dependencies._base import PROBABILITY, REPRESENTATION, Heads, by_method

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema
    from mtl_magic.program import Program


@dataclasses.dataclass(frozen=True)
class Term:
    """What a dependency adds to the loss of each row of its child."""

    method: Any
    task: int  # the child, by index
    parents: tuple[int, ...]
    own: str  # which output of `Net.heads` is the logits of the child's own head
    further: tuple[str, ...] = ()  # those outputs that are not predicted

    def rows(self, schema: Schema, logits: Mapping[str, Any], labels: Any) -> Any:
        """(B,) of the heads' outputs and labels (B, K), NaN where there is none; what the child lacks is not masked."""
        from keras import ops

        child, parents = schema.tasks[self.task], [schema.tasks[i] for i in self.parents]
        above = ops.stack([labels[:, i] for i in self.parents], axis=1)
        label = labels[:, self.task]
        heads = Heads(
            label=ops.where(ops.isfinite(label), label, 0.0),
            known=ops.all(ops.isfinite(above), axis=1),
            happened=ops.all(above == 1.0, axis=1),
            logits=logits[child.key],
            own=logits[self.own],
            parents=tuple(logits[p.key] for p in parents),
            further={key: logits[key] for key in self.further},
        )
        return self.method.rows(heads, child, parents)


@dataclasses.dataclass(frozen=True)
class Reads:
    """What the heads of tasks read (B, ·), and of each task those tensors that belong to other tasks."""

    tensors: list[Any]
    borrowed: list[tuple[Any, ...]]


def representations(program: Program, schema: Schema, towers: Sequence[Any], dropouts: Sequence[float]) -> Reads:
    """Parents before children, of the towers (B, ·)."""
    places = {task.name: k for k, task in enumerate(schema.tasks)}
    found: dict[str, Any] = {}
    borrowed: dict[str, tuple[Any, ...]] = {}

    def resolve(name: str) -> Any:
        if name not in found:
            k = places[name]
            made = towers[k]
            for method, parents in by_method(program.task(name).givens):
                if method.acts == REPRESENTATION:
                    above = {schema.task(parent).key: resolve(parent) for parent in parents}
                    borrowed[name] = tuple(above.values())
                    made = method.representation(made, above, schema.tasks[k].key, dropouts[k])
            found[name] = made
        return found[name]

    return Reads([resolve(t.name) for t in schema.tasks], [borrowed.get(t.name, ()) for t in schema.tasks])


@dataclasses.dataclass(frozen=True)
class Final:
    """The outputs of the heads.

    Attributes:
        logits: of each task by name, after its dependencies.
        conditionals: child and parents, by name -> the logits of the child's own head.
        further: task -> logits that only the loss reads, by their key.
        terms: what dependencies add to losses.
    """

    logits: dict[str, Any]
    conditionals: dict[tuple[str, tuple[str, ...]], Any]
    further: dict[str, dict[str, Any]]
    terms: tuple[Term, ...]


def final(
    program: Program,
    schema: Schema,
    own: Mapping[str, Any],
    read: Mapping[str, Any],
    units: Mapping[str, Sequence[int]],
) -> Final:
    """Parents before children.

    Args:
        program, schema: the tasks and their dependencies.
        own: task -> the logits of its own head (B, units).
        read: task -> what its tower reads.
        units: task -> widths of its tower.
    """
    made = Final({}, {}, {}, ())
    places = {task.name: k for k, task in enumerate(schema.tasks)}
    terms: list[Term] = []

    def resolve(name: str) -> Any:
        if name not in made.logits:
            logits, child = own[name], schema.task(name)
            for method, parents in by_method(program.task(name).givens):
                above, source = [schema.task(p) for p in parents], child.key
                final_ones = [resolve(parent) for parent in parents]
                if method.conditional:
                    made.conditionals[name, parents] = own[name]
                    source = conditional_key(schema, name, parents)
                if method.acts == PROBABILITY:
                    logits = method.logits(logits, *final_ones)
                if method.adds:
                    further = method.further(read[name], child, units[name], above)
                    made.further.setdefault(name, {}).update(further)
                    at = tuple(places[parent] for parent in parents)
                    terms.append(Term(method, places[name], at, source, tuple(further)))
            made.logits[name] = logits
        return made.logits[name]

    for task in schema.tasks:
        resolve(task.name)
    return dataclasses.replace(made, terms=tuple(terms))


def conditional_key(schema: Schema, child: str, parents: Sequence[str]) -> str:
    """What Keras calls the output `child|parents`."""
    return "_".join([schema.task(child).key, "given", *(schema.task(parent).key for parent in parents)])
