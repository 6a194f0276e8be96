"""Blocks of several experts and gates."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mtl_magic.runs.code.functions.network import dense_stack


def experts(
    x: keras.KerasTensor,
    count: int,
    units: list[int],
    name: str,
    dropout: float = 0.0,
) -> keras.KerasTensor:
    """Stacks of dense layers side by side, (rows, experts, width)."""
    made = [dense_stack(x, units, f"{name}_{e + 1}", dropout) for e in range(count)]
    return ops.stack(made, axis=1)


def softmax_gate(
    x: keras.KerasTensor,
    count: int,
    name: str,
    active: int | None = None,
    temperature: float = 1.0,
) -> keras.KerasTensor:
    """How much each expert counts for a row: (rows, experts), which sums to 1."""
    logits = layers.Dense(count, name=name)(x) / temperature
    if active is not None:
        chosen = ops.one_hot(ops.top_k(logits, active)[1], count, dtype="bool")
        logits = ops.where(ops.any(chosen, axis=-2), logits, -1e9)
    return ops.softmax(logits, axis=-1)


def mix(gate: keras.KerasTensor, experts: keras.KerasTensor) -> keras.KerasTensor:
    """The experts' mean, weighted by the gate."""
    return ops.einsum("be,bed->bd", gate, experts)


def own_and_shared(
    sources: dict,
    common: keras.KerasTensor,
    own: dict,
    *,
    shared: int,
    units: list[int],
    name: str,
    seen: keras.KerasTensor | None = None,
    dropout: float = 0.0,
    last: bool = True,
    **gate: Any,
) -> tuple[dict, keras.KerasTensor | None]:
    """A level of shared experts and of each taker's own: what each taker's gate mixes,
    and below the last level what the gate of the shared part does.
    """
    found = {}
    every = [experts(common, shared, units, f"{name}_shared", dropout)]
    for taker, count in own.items():
        x = sources[taker]
        mine = experts(x, count, units, f"{name}_experts_{taker}", dropout)
        every.append(mine)
        both = ops.concatenate([mine, every[0]], axis=1)
        look = x if seen is None else seen
        weights = softmax_gate(look, count + shared, f"{name}_gate_{taker}", **gate)
        found[taker] = mix(weights, both)
    if last:
        return found, None
    count = shared + sum(own.values())
    look = common if seen is None else seen
    weights = softmax_gate(look, count, f"{name}_shared_gate", **gate)
    return found, mix(weights, ops.concatenate(every, axis=1))


def smooth_step(t: keras.KerasTensor, gamma: float = 1.0) -> keras.KerasTensor:
    """From 0 at -gamma/2 to 1 at gamma/2."""
    inside = -2 / gamma**3 * t**3 + 3 / (2 * gamma) * t + 0.5
    upper = ops.where(t >= gamma / 2, 1.0, inside)
    return ops.where(t <= -gamma / 2, 0.0, upper)


def selecting_gate(
    x: keras.KerasTensor,
    bits: int,
    active: int,
    name: str,
    gamma: float = 1.0,
) -> keras.KerasTensor:
    """DSelect-k: each selector says an expert's number in binary, and all are mixed."""
    logits = layers.Dense(active * (bits + 1), name=name)(x)
    steps = smooth_step(
        ops.reshape(logits[:, : active * bits], (-1, active, bits)), gamma
    )
    mixed = ops.softmax(logits[:, active * bits :], axis=-1)
    chosen = ops.ones_like(mixed)[:, :, None]
    for j in range(bits):
        step = steps[:, :, j : j + 1]
        chosen = ops.concatenate([chosen * (1 - step), chosen * step], axis=-1)
    return ops.einsum("bk,bke->be", mixed, chosen)


def selected(
    x: keras.KerasTensor,
    seen: keras.KerasTensor,
    takers: list[str],
    *,
    units: list[int],
    bits: int,
    active: int,
    name: str,
    gamma: float = 1.0,
    dropout: float = 0.0,
) -> dict:
    """What each taker's selecting gate mixes of shared experts."""
    made = experts(x, 2**bits, units, f"{name}_experts", dropout)
    gates = {t: f"{name}_gate_{t}" for t in takers}
    return {
        t: mix(selecting_gate(seen, bits, active, gate, gamma), made)
        for t, gate in gates.items()
    }


def static_mix(
    experts: keras.KerasTensor, outputs: int, name: str
) -> list[keras.KerasTensor]:
    """Mixtures of experts by weights that see no row."""
    width = experts.shape[-1]
    made = layers.EinsumDense("bed,eo->bod", (outputs, width), name=name)(experts)
    return ops.unstack(made, outputs, axis=1)


def fused_with_own(
    sources: dict,
    own: dict,
    *,
    units: list[int],
    name: str,
    seen: keras.KerasTensor | None = None,
    dropout: float = 0.0,
    **gate: Any,
) -> dict:
    """A level of AdaTT: all takers' experts by a gate, and the taker's own beside them."""
    made = {
        t: experts(sources[t], count, units, f"{name}_experts_{t}", dropout)
        for t, count in own.items()
    }
    every, count = ops.concatenate(list(made.values()), axis=1), sum(own.values())
    found = {}
    for t, mine in made.items():
        look = sources[t] if seen is None else seen
        weights = softmax_gate(look, count, f"{name}_gate_{t}", **gate)
        found[t] = mix(weights, every) + static_mix(mine, 1, f"{name}_native_{t}")[0]
    return found


def cross_stitch(
    x: keras.KerasTensor,
    takers: list[str],
    units: list[int],
    name: str,
    dropout: float = 0.0,
) -> dict:
    """Each taker's layers; after each all read mixtures of all."""
    found = [x] * len(takers)
    for i, width in enumerate(units):
        for k, t in enumerate(takers):
            layer = layers.Dense(width, "relu", name=f"{name}_{t}_dense_{i}")
            found[k] = layer(found[k])
            if dropout:
                found[k] = layers.Dropout(dropout)(found[k])
        stack = ops.stack(found, axis=1)
        found = static_mix(stack, len(takers), f"{name}_stitch_{i}")
    return dict(zip(takers, found, strict=True))


def sluice(
    x: keras.KerasTensor,
    takers: list[str],
    *,
    units: int,
    depth: int,
    subspaces: int,
    name: str,
    dropout: float = 0.0,
) -> dict:
    """Cross-stitch units between subspaces of layers; takers read mixtures of depths."""
    found = [x] * len(takers)
    depths: list[list] = [[] for _ in takers]
    for i in range(depth):
        for k, t in enumerate(takers):
            layer = layers.Dense(units, "relu", name=f"{name}_{t}_dense_{i}")
            found[k] = layer(found[k])
            if dropout:
                found[k] = layers.Dropout(dropout)(found[k])
        stack = ops.concatenate(
            [ops.reshape(h, (-1, subspaces, units // subspaces)) for h in found], axis=1
        )
        made = static_mix(stack, len(takers) * subspaces, f"{name}_stitch_{i}")
        for k in range(len(takers)):
            own = made[k * subspaces : (k + 1) * subspaces]
            found[k] = ops.concatenate(own, axis=1)
            depths[k].append(found[k])
    return {
        t: static_mix(ops.stack(own, axis=1), 1, f"{name}_depth_{t}")[0]
        for t, own in zip(takers, depths, strict=True)
    }


def attention(
    x: keras.KerasTensor,
    takers: list[str],
    units: list[int],
    name: str,
    dropout: float = 0.0,
) -> dict:
    """One shared network, of which each taker selects features at every depth."""
    chosen: dict = {}
    for i, width in enumerate(units):
        level = f"{name}_level_{i}"
        u = dense_stack(x, [width], f"{level}_u")
        x = dense_stack(u, [width], f"{level}_p", dropout)
        for t in takers:
            seen = u
            if i:
                below = dense_stack(chosen[t], [width], f"{level}_{t}_f")
                seen = ops.concatenate([u, below], axis=1)
            hidden = dense_stack(seen, [width], f"{level}_{t}_g")
            mask = layers.Dense(width, "sigmoid", name=f"{level}_{t}_mask")(hidden)
            chosen[t] = mask * x
    return chosen


def own_embeddings(
    x: keras.KerasTensor,
    own_inputs: dict,
    own: dict,
    *,
    shared: int,
    units: list[int],
    name: str,
    seen: keras.KerasTensor | None = None,
    dropout: float = 0.0,
    **gate: Any,
) -> dict:
    """STEM: shared experts, and experts over embeddings of each taker's own, which
    others read and do not move.
    """
    common = experts(x, shared, units, f"{name}_shared", dropout)
    made = {
        t: experts(own_inputs[t], count, units, f"{name}_experts_{t}", dropout)
        for t, count in own.items()
    }
    found = {}
    for t, mine in made.items():
        others = [ops.stop_gradient(other) for k, other in made.items() if k != t]
        every = ops.concatenate([mine, *others, common], axis=1)
        look = own_inputs[t] + x if seen is None else seen
        weights = softmax_gate(look, every.shape[1], f"{name}_gate_{t}", **gate)
        found[t] = mix(weights, every)
    return found
