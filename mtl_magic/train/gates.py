"""How tasks use experts: the mean weights of gates over some rows, now and then while a training runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from mtl_magic.blocks._base import Block, told_block
from mtl_magic.layers.gates import Gates as GatesLayer
from mtl_magic.layers.static import StaticGates
from mtl_magic.model.sharing import shares, takers_of
from mtl_magic.program import safe_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.data.schema import Schema
    from mtl_magic.model.net import Net
    from mtl_magic.program import Program

ROWS = 256  # of a batch: enough for a mean of two digits
PAUSE = 2.0  # seconds between two looks


@dataclasses.dataclass(frozen=True)
class GateUse:
    """Of a block, or a level of it: takers × experts, mean gate weight; 0 where a taker has no such expert."""

    block: str  # as the cell names it; of a level 'ple, level 2'
    takers: tuple[str, ...]
    experts: tuple[str, ...]
    use: tuple[tuple[float, ...], ...]


@dataclasses.dataclass(frozen=True)
class _Gate:
    block: str
    taker: str
    experts: tuple[str, ...]
    tensor: Any  # (B, experts), a Keras tensor of the trunk


class GateMeter:
    """Reads the gates of a network.

    Args:
        program, schema: of the network.
        net: it.
    """

    def __init__(self, program: Program, schema: Schema, net: Net) -> None:
        self._net = net
        self._widths = schema.id_width, schema.float_width
        self._gates = list(_gates(program, schema, net))
        tensors = [gate.tensor for gate in self._gates]
        self._model = keras.Model(net.trunk.inputs, tensors) if tensors else None

    def read(self, ids: Any, floats: Any) -> list[GateUse]:
        """The use of experts over the first `ROWS` of some encoded rows, with the weights of now."""
        if self._model is None:
            return []
        ids, floats = keras.ops.convert_to_tensor(ids[:ROWS]), keras.ops.convert_to_tensor(floats[:ROWS])
        inputs = [t for t, width in zip((ids, floats), self._widths, strict=True) if width]
        found = self._model([*inputs, *(embedding(ids) for embedding in self._net.embeddings)], training=False)
        means = [np.asarray(t, "float32").mean(axis=0) for t in (found if isinstance(found, list) else [found])]
        used: dict[str, list[tuple[_Gate, Any]]] = {}
        for gate, mean in zip(self._gates, means, strict=True):
            used.setdefault(gate.block, []).append((gate, mean))
        return [_together(block, some) for block, some in used.items()]


def _together(block: str, some: list[tuple[_Gate, Any]]) -> GateUse:
    experts = tuple(dict.fromkeys(e for gate, _ in some for e in gate.experts))
    rows = [dict(zip(gate.experts, map(float, mean), strict=True)) for gate, mean in some]
    use = tuple(tuple(row.get(e, 0.0) for e in experts) for row in rows)
    return GateUse(block, tuple(gate.taker for gate, _ in some), experts, use)


def _gates(program: Program, schema: Schema, net: Net) -> Iterator[_Gate]:
    """As the blocks' pictures name them. Weights that see no row, as those of `sluice`, are no gates."""
    titles = {b.name: b.title for b in program.blocks}
    safe = safe_names(titles.values())
    keys = {name: safe[title] for name, title in titles.items()}
    takers = takers_of(program, schema, keys)
    outputs = _outputs(net)
    for plan in program.blocks:
        if not isinstance(plan.block, Block) or not shares(plan) or not takers[plan.name]:
            continue
        inner = plan.block.inner(keys[plan.name], takers[plan.name])
        parts = {part.key: part for part in inner.parts}
        names = {str(taker): taker.name for taker in takers[plan.name]}
        for part in inner.parts:
            tensor = outputs.get(part.layer) if part.kind == "gate" else None
            if tensor is not None and tensor.shape[-1] == len(part.reads):
                taker = names.get(part.taker, part.taker) or part.told()
                experts = tuple(parts[key].told(part.taker, names) for key in part.reads)
                yield _Gate(told_block(plan.title, part.level), taker, experts, tensor)


def _outputs(net: Net) -> dict[str, Any]:
    """The trunk's gates by the names of their layers; of fused ones by the names of their parts."""
    found: dict[str, Any] = {}
    for layer in net.trunk.layers:
        if isinstance(layer, GatesLayer):
            found |= zip(layer.names, layer.output, strict=True)
        elif not isinstance(layer, StaticGates) and not isinstance(layer.output, (list, tuple, dict)):
            found.setdefault(layer.name, layer.output)
            found[layer.name.removesuffix("_weights")] = layer.output
    return found
