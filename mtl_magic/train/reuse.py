"""A traced step kept for the next training of the same graph: running a cell again traces nothing, nor does another number.

What is kept is the step's own network, which no Run ever holds: a Run gets a network built anew, with the weights copied.
One training is kept, a search keeps several, and only where its tables are small; a cell with `{…}` never, for its values
may have changed.

What of a cell the graph does not know is assigned: the weights of tasks, of `train` what `ASSIGNED` names, and of words the
options that are declared so (`registry.option`). The network of the next training is built in any case, for its Run: its
initial weights and its numbers are put into the one that is traced (`train/assigning.py`). Whether the two are of one
topology the built network says, for 0 and equal numbers may be other layers. Another number of rows a step is no other
graph either, unless the method counts the steps of an epoch (`Step.epoch`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from mtl_magic.train.assigning import Numbers, topology
from mtl_magic.train.state import set_state, set_weights, state_of, weights_of

if TYPE_CHECKING:
    from mtl_magic.balance._base import Balance
    from mtl_magic.data.schema import Schema, TaskSchema
    from mtl_magic.language.spec import Statement
    from mtl_magic.model.net import Net
    from mtl_magic.program import Program
    from mtl_magic.train.evaluate import Evaluator
    from mtl_magic.train.step import Step

LARGEST = 2**26  # bytes of tables and moments that may stay behind, of all that is kept
ASSIGNED = (
    "lr",
    "batch",
    "epochs",
    "early_stop",
    "schedule",
    "warmup",
    "seed",
)  # options of `train` that no graph knows


@dataclasses.dataclass(frozen=True)
class Traced:
    """A network with its traced step and evaluator, and the state that the step began with."""

    net: Net
    step: Step
    evaluator: Evaluator
    start: dict[str, np.ndarray]
    seed: int  # of the weights in `start`
    bytes: int = 0
    numbers: Numbers | None = None

    @classmethod
    def of(cls, net: Net, step: Step, evaluator: Evaluator, seed: int) -> Traced | None:
        """To be called before the first step; None where the state is too large to stay behind."""
        slots = sum(v.shape.num_elements() * 4 for table in step.tables for v in table.slots.values())
        tables = sum(layer.rows * layer.dim * 4 for layer in net.embeddings)
        if slots + tables > LARGEST:
            return None
        return cls(net, step, evaluator, state_of(step), seed, slots + tables, Numbers.of(step))

    def begin(self, weights: Sequence[float], fresh: Net | None = None, method: Balance | None = None) -> None:
        """As it was before the first step, with these weights of the tasks, the initial weights of `fresh`, and the
        numbers of both; without them, with the seed and the numbers that it has.
        """
        set_state(self.step, self.start)
        self.step.rates.person.assign(weights)
        if fresh is not None:
            set_weights(self.net.model, weights_of(fresh.model))
            self.step.average.restart()
        if self.numbers is not None and fresh is not None and method is not None:
            self.numbers.assign(fresh, method)

    def copied_to(self, net: Net) -> Net:
        """The other network of the same program, with the weights of this one."""
        set_weights(net.model, weights_of(self.net.model))
        return net


_KEPT: dict[Hashable, Traced] = {}  # what was kept last stands last
_room = 1


@contextlib.contextmanager
def room_for(trainings: int) -> Iterator[None]:
    """So many are kept at once, for one that trains several graphs in turn; in the end one."""
    global _room  # noqa: PLW0603  a process trains one network at a time
    _room = trainings
    try:
        yield
    finally:
        _room = 1
        _make_room()


def key_of(program: Program, schema: Schema, net: Net) -> Hashable | None:
    """What the graph of a step depends on, of which the network is built; None: it cannot be told."""
    if not program.canonical or "{" in program.canonical or tf.distribute.has_strategy():
        return None
    features = tuple((f.key, f.ids, f.floats, f.encoder.rows, f.encoder.dim, f.encoder.pool) for f in schema.features)
    return graph_text(program.canonical), features, repr([_but_for_assigned(t) for t in schema.tasks]), topology(net)


def _but_for_assigned(task: TaskSchema) -> TaskSchema:
    """With the defaults of what the graph does not know."""
    kind: Any = task.kind
    defaults = {p.name: p.default for p in kind.options() if p.assigned}
    return dataclasses.replace(task, kind=dataclasses.replace(kind, **defaults)) if defaults else task


@functools.lru_cache(maxsize=64)
def graph_text(canonical: str) -> str:
    r"""A cell's text without what its graph does not know.

    Example:
        >>> text = "share mlp(units=[8], dropout=0.2)\ntask a weight 2.0\nsplit valid=0.2\ntrain lr=0.1 average=none"
        >>> print(graph_text(text))
        share mlp(units=[8])
        task a
        train average=none
    """
    from mtl_magic.language import parse
    from mtl_magic.language.spec import Balance, Feature, Settings, Share, Task
    from mtl_magic.vocabulary import vocabulary

    whole = parse(canonical, vocabulary())
    kept: list[Statement] = []
    for statement in whole.statements:
        if isinstance(statement, Task):
            kept.append(dataclasses.replace(statement, weight=None, kind=_unassigned(statement.kind, "task")))
        elif isinstance(statement, Feature):
            kept.append(dataclasses.replace(statement, kind=_unassigned(statement.kind, "feature")))
        elif isinstance(statement, Share):
            kept.append(dataclasses.replace(statement, block=_unassigned(statement.block, "block")))
        elif isinstance(statement, Balance):
            kept.append(dataclasses.replace(statement, method=_unassigned(statement.method, "balance")))
        elif not isinstance(statement, Settings):
            kept.append(statement)
        elif statement.word == "train":
            args = tuple(a for a in statement.args if a.name not in ASSIGNED)
            kept += [dataclasses.replace(statement, args=args)] if args else []
    return str(dataclasses.replace(whole, statements=tuple(kept)))


def _unassigned(word: Any, family: str) -> Any:
    """A kind, block or method, of a canonical text, without the options that are assigned."""
    from mtl_magic.language.spec import Call
    from mtl_magic.vocabulary import vocabulary

    declaration = vocabulary().find(family, word.name) if isinstance(word, Call) else None
    if declaration is None:
        return word
    left_out = {p.name for p in declaration.options() if p.assigned}
    return dataclasses.replace(word, args=tuple(a for a in word.args if a.name not in left_out))


def take(key: Hashable | None) -> Traced | None:
    """What was kept under the key; it is the taker's alone until it is kept again. Of all else no more than there is room
    for is kept.
    """
    found = _KEPT.pop(key, None) if key is not None else None
    _make_room(1)
    return found


def keep(key: Hashable | None, traced: Traced | None) -> None:
    if key is not None and traced is not None:
        _KEPT.pop(key, None)
        _make_room(1, traced.bytes)
        _KEPT[key] = traced


def _make_room(more: int = 0, size: int = 0) -> None:
    """Let the oldest go until so many more, of this size, have room."""
    while _KEPT and (len(_KEPT) + more > _room or sum(t.bytes for t in _KEPT.values()) + size > LARGEST):
        _KEPT.pop(next(iter(_KEPT)))
