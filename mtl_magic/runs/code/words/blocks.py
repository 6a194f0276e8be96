"""Blocks as code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.runs.code.functions import network, sharing
from mtl_magic.runs.code.text import Call, Raw, assign, call, show
from mtl_magic.runs.code.writers import BlockAt, BlockText, writes

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.runs.code.source import Functions


def stack(functions: Functions, source: str, units: tuple[int, ...], name: Any, dropout: float = 0.0) -> Call:
    """An expression of dense layers; `name` is a text, or an expression of one."""
    options = {"dropout": dropout} if dropout else {}
    return call(functions.use(network.dense_stack), Raw(source), list(units), name, **options)


def dense(name: str, units: tuple[int, ...]) -> tuple[str, ...]:
    """The names of the layers of such a stack."""
    return tuple(f"{name}_dense_{i}" for i in range(len(units)))


def gate_options(block: Any, at: BlockAt) -> dict[str, Any]:
    """What gates are told; a script trains them without dropout and without the terms of the loss, and says so."""
    left_out = [f"`{name}`" for name in ("gate_dropout", "importance", "entropy") if getattr(block, name)]
    if left_out:
        at.notes.append(f"What only the training of gates reads ({', '.join(left_out)}) is left out.")
    found: dict[str, Any] = {}
    if block.active is not None:
        found["active"] = block.active
    if block.temperature != 1:
        found["temperature"] = block.temperature
    return found


@writes("block", "mlp")
def mlp(block: Any, at: BlockAt) -> BlockText:
    made = stack(at.functions, at.source, block.units, at.key, block.dropout)
    return BlockText(assign(at.variable, made), lambda taker: at.variable, dense(at.key, block.units))


@writes("block", "mmoe")
def mmoe(block: Any, at: BlockAt) -> BlockText:
    names = [f"{at.key}_expert_{e}" for e in range(1, block.experts + 1)]
    expert = stack(at.functions, at.source, block.units, Raw(f'f"{at.key}_expert_{{e}}"'), block.dropout)
    name = Raw(f'f"{at.key}_gate_{{taker}}"')
    look = at.features(block.gate) if block.gate else at.source
    options = gate_options(block, at)
    made: Any = Raw(f"{show(call('layers.Dense', block.experts, 'softmax', name=name), 2, 7, len(look) + 2)}({look})")
    if options:
        made = call(at.functions.use(sharing.softmax_gate), Raw(look), block.experts, name, **options)
    lines = [
        f"    {at.variable}_experts = []",
        f"    for e in range(1, {block.experts + 1}):",
        *f"        {show(call(f'{at.variable}_experts.append', expert), 2)}".split("\n"),
        f"    {at.variable}_experts = ops.stack({at.variable}_experts, axis=1)",
        f"    {at.variable} = {{}}  # what each of its takers reads: its gate mixes the experts",
        f"    for taker in {show(at.takers, 1, 13, 1)}:",
        *assign("gate", made, 2),
        f'        {at.variable}[taker] = ops.einsum("be,bed->bd", gate, {at.variable}_experts)',
    ]

    def values(pieces: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Each expert's share of the experts' variables."""
        found = {}
        for i, units in enumerate(block.units):
            kernel, bias = pieces[f"{at.key}_experts/kernel_{i}"], pieces[f"{at.key}_experts/bias_{i}"]
            for e, name in enumerate(names):
                found[f"{name}/{i}/kernel"] = kernel[e] if i else kernel[:, e * units : (e + 1) * units]
                found[f"{name}/{i}/bias"] = bias[e]
        return found

    return BlockText(
        lines,
        lambda taker: f'{at.variable}["{taker}"]',
        tuple(layer for name in names for layer in dense(name, block.units)),
        {taker: (f"{at.key}_gate_{taker}",) for taker in at.takers},
        values,
    )


@writes("block", "none")
def none(block: Any, at: BlockAt) -> BlockText:
    """Its takers have features of their own, which `build()` makes for them."""
    return BlockText([], lambda taker: at.source)
