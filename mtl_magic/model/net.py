"""The network of a program: one functional Keras model, and its cut into trunk and heads.

The cut is where what is shared ends: `trunk` maps inputs and looked-up embeddings to the tensors that tasks read,
`heads` maps those to each task's logits. Training differentiates through the two apart, so that K tasks' gradients at
the shared representation cost no more than one backward pass.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras

from mtl_magic.blocks._base import combined
from mtl_magic.layers.embedding import FusedEmbedding
from mtl_magic.model.heads import own_logits, tower_units
from mtl_magic.model.inputs import ID_INPUT, Inputs
from mtl_magic.model.precision import computing_in
from mtl_magic.model.relations import Term, conditional_key, final
from mtl_magic.model.sharing import Sharing
from mtl_magic.model.tops import Tops, tops_of
from mtl_magic.model.training import Own, OwnPart, of_tables, trained_apart

if TYPE_CHECKING:
    from mtl_magic.blocks._base import Reading
    from mtl_magic.data.schema import Schema
    from mtl_magic.parts import Training
    from mtl_magic.program import Program


@dataclasses.dataclass(frozen=True)
class Output:
    """A named output of the model."""

    title: str  # as a person reads it: 'buy', 'buy|click'
    key: str  # as Keras names it
    task: str
    parents: tuple[str, ...] = ()  # of a conditional: the tasks that it is given


@dataclasses.dataclass(frozen=True)
class Net:
    """What training, prediction and saving need of the network."""

    model: keras.Model  # {'ids': (B, F) int32, 'floats': (B, N)} -> {key: (B, units) prediction}
    embeddings: tuple[FusedEmbedding, ...]
    trunk: keras.Model  # [ids?, floats?, *looked-up embeddings (B, columns, dim)] -> cut tensors
    heads: (
        keras.Model
    )  # cut tensors -> {key: (B, units) logits}: of each output after dependencies, and what `terms` read
    takers: tuple[tuple[int, ...], ...]  # of each cut tensor: the tasks (by index) that read it
    outputs: tuple[Output, ...]
    own: tuple[Any, ...] = ()  # of each task: its head's logits before dependencies, a Keras tensor of `heads`
    scopes: tuple[str, ...] = ()  # of each embedding: '' where it is shared, else the key of the one taker that has it
    blocks: Mapping[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict)  # name -> its layers, gates too
    tables: tuple[Training, ...] = ()  # how each embedding is trained
    tops: Tops | None = None  # the heads above what each task reads; None: a loss reaches more than its own task
    apart: tuple[Own, ...] = ()  # dense variables that are not trained like everything else
    terms: tuple[Term, ...] = ()  # what dependencies add to the losses
    further: tuple[tuple[Any, ...], ...] = ()  # of each task: Keras tensors of `heads` that only its loss reads

    @property
    def shared(self) -> tuple[int, ...]:
        """Cut tensors that more than one task reads: where gradients can conflict."""
        return tuple(i for i, tasks in enumerate(self.takers) if len(tasks) > 1)

    def dense_variables(self) -> list[Any]:
        """All trainable variables; tables are not among them."""
        return list(self.model.trainable_variables)


def build(program: Program, schema: Schema) -> Net:
    """The network; weights are drawn from `program.train.seed`, layers of ours compute in `program.train.precision`.

    Raises:
        MtlError: a block of the user's own fails, or could not be saved.
    """
    with computing_in(program.train.precision):
        return _build(program, schema)


def _build(program: Program, schema: Schema) -> Net:
    keras.utils.set_random_seed(program.train.seed)
    inputs = Inputs(schema, program.train.seed)
    sharing = Sharing(program, inputs)
    read = sharing.read_all({t.key: program.task(t.name).sources for t in schema.tasks})
    readings = {t.name: reading for t, reading in zip(schema.tasks, read, strict=True)}
    cut, takers = _cut(schema, readings)
    lookups = inputs.lookups
    trunk = keras.Model([*inputs.tensors(), *(lookup.tensor for lookup in lookups)], cut, name="trunk")
    made = _heads(program, schema, readings, cut)

    named = {t.name: keras.Input(t.shape[1:], dtype=t.dtype, name=t.name) for t in inputs.tensors()}
    rows = [lookup.layer(named[ID_INPUT]) for lookup in lookups]
    logits = made.model(trunk([*named.values(), *rows]))
    predictions = {}
    for output in made.outputs:
        task = schema.task(output.task)
        predictions[output.key] = keras.layers.Identity(name=output.key, dtype="float32")(
            task.kind.prediction(logits[output.key], task)
        )
    return Net(
        model=keras.Model(named, predictions, name="mtl"),
        embeddings=tuple(lookup.layer for lookup in lookups),
        trunk=trunk,
        heads=made.model,
        takers=takers,
        outputs=made.outputs,
        own=tuple(tensors[0] for tensors, _ in made.own),
        scopes=tuple(lookup.scope for lookup in lookups),
        blocks=sharing.layers(),
        tops=made.tops,
        tables=of_tables(lookups, program, schema, sharing),
        apart=trained_apart(program, schema, sharing, made.own),
        terms=made.terms,
        further=tuple(tensors[1:] for tensors, _ in made.own),
    )


@dataclasses.dataclass(frozen=True)
class _Heads:
    """Cut tensors -> logits of each output, and what is known of them."""

    model: keras.Model
    outputs: tuple[Output, ...]
    own: tuple[OwnPart, ...]  # of each task
    terms: tuple[Term, ...]
    tops: Tops | None  # see `Net.tops`


def _heads(program: Program, schema: Schema, readings: dict[str, Reading], cut: list[Any]) -> _Heads:
    """Towers, heads, and the dependencies between them."""
    below = {id(t): keras.Input(t.shape[1:], dtype=t.dtype, name=f"cut_{i}") for i, t in enumerate(cut)}
    ordered = [readings[task.name] for task in schema.tasks]
    read = combined(ordered, [tuple(below[id(t)] for t in reading.cut) for reading in ordered])
    made, reads = own_logits(program, schema, read)
    names = [task.name for task in schema.tasks]
    units = {task.name: tower_units(program, task) for task in schema.tasks}
    own = dict(zip(names, made, strict=True))
    done = final(program, schema, own, dict(zip(names, read, strict=True)), units)
    logits = {t.key: done.logits[t.name] for t in schema.tasks}
    outputs = [Output(t.name, t.key, t.name) for t in schema.tasks]
    for (child, parents), tensor in done.conditionals.items():
        key = conditional_key(schema, child, parents)
        logits[key] = tensor
        outputs.append(Output(f"{child}|{','.join(parents)}", key, child, parents))
    for further in done.further.values():
        logits |= further
    alone = all(done.logits[name] is tensor for name, tensor in own.items()) and not done.conditionals
    alone = alone and not any(reads.borrowed) and not done.terms
    keys = [task.key for task in schema.tasks]
    return _Heads(
        keras.Model(list(below.values()), logits, name="heads"),
        tuple(outputs),
        tuple(
            ((tensor, *done.further.get(name, {}).values()), borrowed)
            for (name, tensor), borrowed in zip(own.items(), reads.borrowed, strict=True)
        ),
        done.terms,
        tops_of(ordered, cut, list(below.values()), read, made, keys=keys) if alone else None,
    )


def _cut(schema: Schema, readings: dict[str, Reading]) -> tuple[list[Any], tuple[tuple[int, ...], ...]]:
    """The trunk's tensors that tasks read, each once, and which tasks read each."""
    found: dict[int, tuple[Any, list[int]]] = {}
    for i, task in enumerate(schema.tasks):
        for tensor in readings[task.name].cut:
            found.setdefault(id(tensor), (tensor, []))[1].append(i)
    return [tensor for tensor, _ in found.values()], tuple(tuple(dict.fromkeys(t)) for _, t in found.values())
