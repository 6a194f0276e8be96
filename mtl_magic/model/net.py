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
from mtl_magic.model.heads import own_logits
from mtl_magic.model.inputs import ID_INPUT, Inputs
from mtl_magic.model.precision import computing_in
from mtl_magic.model.sharing import Sharing
from mtl_magic.model.tops import Tops, tops_of
from mtl_magic.model.training import Own, of_tables, trained_apart

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


@dataclasses.dataclass(frozen=True)
class Net:
    """What training, prediction and saving need of the network."""

    model: keras.Model  # {'ids': (B, F) int32, 'floats': (B, N)} -> {key: (B, units) prediction}
    embeddings: tuple[FusedEmbedding, ...]
    trunk: keras.Model  # [ids?, floats?, *looked-up embeddings (B, columns, dim)] -> cut tensors
    heads: keras.Model  # cut tensors -> {key of an output: (B, units) logits}, after dependencies
    takers: tuple[tuple[int, ...], ...]  # of each cut tensor: the tasks (by index) that read it
    outputs: tuple[Output, ...]
    own: tuple[Any, ...] = ()  # of each task: its head's logits before dependencies, a Keras tensor of `heads`
    scopes: tuple[str, ...] = ()  # of each embedding: '' where it is shared, else the key of the one taker that has it
    blocks: Mapping[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict)  # name -> its layers, gates too
    tables: tuple[Training, ...] = ()  # how each embedding is trained
    tops: Tops | None = None  # the heads above what each task reads; None: a loss reaches more than its own task
    apart: tuple[Own, ...] = ()  # dense variables that are not trained like everything else

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
    heads, outputs, own, tops = _heads(program, schema, readings, cut)

    named = {t.name: keras.Input(t.shape[1:], dtype=t.dtype, name=t.name) for t in inputs.tensors()}
    rows = [lookup.layer(named[ID_INPUT]) for lookup in lookups]
    logits = heads(trunk([*named.values(), *rows]))
    predictions = {}
    for output in outputs:
        task = schema.task(output.task)
        predictions[output.key] = keras.layers.Identity(name=output.key, dtype="float32")(
            task.kind.prediction(logits[output.key], task)
        )
    return Net(
        model=keras.Model(named, predictions, name="mtl"),
        embeddings=tuple(lookup.layer for lookup in lookups),
        trunk=trunk,
        heads=heads,
        takers=takers,
        outputs=outputs,
        own=own,
        scopes=tuple(lookup.scope for lookup in lookups),
        blocks=sharing.layers(),
        tops=tops,
        tables=of_tables(lookups, program, schema, sharing),
        apart=trained_apart(program, schema, sharing, own),
    )


def _heads(
    program: Program, schema: Schema, readings: dict[str, Reading], cut: list[Any]
) -> tuple[keras.Model, tuple[Output, ...], tuple[Any, ...], Tops | None]:
    """Cut tensors -> logits of each output: towers, heads, and the dependencies between them.

    With it the outputs, of each task the Keras tensor of its head's own logits, and `Net.tops`.
    """
    below = {id(t): keras.Input(t.shape[1:], dtype=t.dtype, name=f"cut_{i}") for i, t in enumerate(cut)}
    ordered = [readings[task.name] for task in schema.tasks]
    read = combined(ordered, [tuple(below[id(t)] for t in reading.cut) for reading in ordered])
    made = own_logits(program, schema, read)
    own = {task.name: logits for task, logits in zip(schema.tasks, made, strict=True)}
    final, conditionals = _dependencies(program, schema, own)
    logits = {t.key: final[t.name] for t in schema.tasks}
    outputs = [Output(t.name, t.key, t.name) for t in schema.tasks]
    for (child, parents), tensor in conditionals.items():
        key = "_".join([schema.task(child).key, "given", *(schema.task(parent).key for parent in parents)])
        logits[key] = tensor
        outputs.append(Output(f"{child}|{','.join(parents)}", key, child))
    alone = all(final[name] is logits for name, logits in own.items())
    keys = [task.key for task in schema.tasks]
    tops = tops_of(ordered, cut, list(below.values()), read, made, keys=keys) if alone and not conditionals else None
    return keras.Model(list(below.values()), logits, name="heads"), tuple(outputs), tuple(made), tops


def _cut(schema: Schema, readings: dict[str, Reading]) -> tuple[list[Any], tuple[tuple[int, ...], ...]]:
    """The trunk's tensors that tasks read, each once, and which tasks read each."""
    found: dict[int, tuple[Any, list[int]]] = {}
    for i, task in enumerate(schema.tasks):
        for tensor in readings[task.name].cut:
            found.setdefault(id(tensor), (tensor, []))[1].append(i)
    return [tensor for tensor, _ in found.values()], tuple(tuple(dict.fromkeys(t)) for _, t in found.values())


def _dependencies(
    program: Program, schema: Schema, own: dict[str, Any]
) -> tuple[dict[str, Any], dict[tuple[str, tuple[str, ...]], Any]]:
    """Final logits of each task, parents before children, and the conditionals that the dependencies give."""
    final: dict[str, Any] = {}
    conditionals: dict[tuple[str, tuple[str, ...]], Any] = {}

    def resolve(name: str) -> Any:
        if name not in final:
            logits = own[name]
            # The head's own logits are given all of its parents at once, whatever their number.
            parents = tuple(g.parent for g in program.task(name).givens if g.method.conditional)
            if parents:
                conditionals[name, parents] = logits
            for given in program.task(name).givens:
                parent = resolve(given.parent)
                logits = given.method.logits(logits, parent)
            final[name] = logits
        return final[name]

    for task in schema.tasks:
        resolve(task.name)
    return final, conditionals
