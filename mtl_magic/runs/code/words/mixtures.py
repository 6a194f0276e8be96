"""Blocks of experts and gates as code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.blocks._gated import owned
from mtl_magic.runs.code.functions import sharing
from mtl_magic.runs.code.text import Call, Raw, assign, call
from mtl_magic.runs.code.words.blocks import dense, gate_options
from mtl_magic.runs.code.writers import BlockAt, BlockText, writes

if TYPE_CHECKING:
    import numpy as np

Groups = Mapping[str, int]  # name of a layer of experts -> how many it holds


def seen(block: Any, at: BlockAt, otherwise: str) -> Raw:
    """The expression of what gates see."""
    return Raw(at.features(block.gate) if block.gate else otherwise)


def dropped(block: Any) -> dict[str, Any]:
    return {"dropout": block.dropout} if block.dropout else {}


def of_experts(groups: Groups, units: tuple[int, ...]) -> Iterator[str]:
    """Names of the script's layers of some experts."""
    for name, count in groups.items():
        for e in range(1, count + 1):
            yield from dense(f"{name}_{e}", units)


def experts_apart(
    groups: Groups, units: tuple[int, ...]
) -> Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]:
    """Each expert's share of the variables that hold those of a group."""

    def values(pieces: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = {}
        for name, count in groups.items():
            for i, width in enumerate(units):
                kernel, bias = pieces[f"{name}/kernel_{i}"], pieces[f"{name}/bias_{i}"]
                for e in range(count):
                    own = kernel[e] if i else kernel[:, e * width : (e + 1) * width]
                    found[f"{name}_{e + 1}/{i}/kernel"], found[f"{name}_{e + 1}/{i}/bias"] = own, bias[e]
        return found

    return values


@writes("block", "omoe")
def omoe(block: Any, at: BlockAt) -> BlockText:
    groups, use = {f"{at.key}_experts": block.experts}, at.functions.use
    name = f"{at.key}_experts"
    made = call(use(sharing.experts), Raw(at.source), block.experts, list(block.units), name, **dropped(block))
    look = seen(block, at, at.source)
    gate = call(use(sharing.softmax_gate), look, block.experts, f"{at.key}_gate", **gate_options(block, at))
    lines = assign(at.variable, call(use(sharing.mix), gate, made))
    layers = (*of_experts(groups, block.units), f"{at.key}_gate")
    return BlockText(lines, lambda taker: at.variable, layers, values=experts_apart(groups, block.units))


@writes("block", "cgc")
@writes("block", "ple")
def extraction(block: Any, at: BlockAt) -> BlockText:
    use, own = at.functions.use, {str(t): owned(block.own, t) for t in at.takers}
    stems = [f"{at.key}_level_{n}" for n in range(1, block.depth + 1)] if block.depth > 1 else [at.key]
    groups: dict[str, int] = {}
    for stem in stems:
        groups |= {f"{stem}_shared": block.shared, **{f"{stem}_experts_{t}": n for t, n in own.items()}}
    options: dict[str, Any] = {**dropped(block), **gate_options(block, at)}
    if block.gate:
        options["seen"] = Raw(at.features(block.gate))
    options |= {"shared": block.shared, "units": list(block.units)}
    own_name = Raw(f"{at.variable}_own")
    lines = assign(f"{at.variable}_own", own)
    source, common = Raw(f"dict.fromkeys({at.variable}_own, {at.source})"), Raw(at.source)
    for stem in stems:
        below = {} if stem == stems[-1] else {"last": False}
        made: Call = call(use(sharing.own_and_shared), source, common, own_name, **options, name=stem, **below)
        lines += assign(f"{at.variable}, {at.variable}_common" if below else f"{at.variable}, _", made)
        source, common = Raw(at.variable), Raw(f"{at.variable}_common")
    shared_gates = tuple(f"{stem}_shared_gate" for stem in stems[:-1])
    return BlockText(
        lines,
        lambda taker: f'{at.variable}["{taker}"]',
        (*of_experts(groups, block.units), *shared_gates),
        {taker: tuple(f"{stem}_gate_{taker}" for stem in stems) for taker in at.takers},
        experts_apart(groups, block.units),
    )


def by_taker(at: BlockAt) -> Callable[[str], str]:
    """What a taker reads, where the block's variable is a dictionary of that."""
    return lambda taker: f'{at.variable}["{taker}"]'


@writes("block", "dselect_k")
def dselect_k(block: Any, at: BlockAt) -> BlockText:
    left_out = [f"`{name}`" for name in ("importance", "entropy") if getattr(block, name)]
    if left_out:
        at.notes.append(f"What only the training of gates reads ({', '.join(left_out)}) is left out.")
    groups, bits = {f"{at.key}_experts": block.experts}, (block.experts - 1).bit_length()
    takers, units = [str(t) for t in at.takers], list(block.units)
    options: dict[str, Any] = {**({"gamma": block.gamma} if block.gamma != 1 else {}), **dropped(block)}
    use, look = at.functions.use(sharing.selected), seen(block, at, at.source)
    options |= {"units": units, "bits": bits, "active": block.active, "name": at.key}
    made = call(use, Raw(at.source), look, takers, **options)
    return BlockText(
        assign(at.variable, made),
        by_taker(at),
        tuple(of_experts(groups, block.units)),
        {taker: (f"{at.key}_gate_{taker}",) for taker in at.takers},
        experts_apart(groups, block.units),
    )


@writes("block", "adatt")
def adatt(block: Any, at: BlockAt) -> BlockText:
    use, own = at.functions.use(sharing.fused_with_own), {str(t): owned(block.own, t) for t in at.takers}
    stems = [f"{at.key}_level_{n}" for n in range(1, block.levels + 1)]
    groups = {f"{stem}_experts_{t}": n for stem in stems for t, n in own.items()}
    options: dict[str, Any] = {**dropped(block), **gate_options(block, at)}
    if block.gate:
        options["seen"] = Raw(at.features(block.gate))
    lines = assign(f"{at.variable}_own", own)
    source = Raw(f"dict.fromkeys({at.variable}_own, {at.source})")
    for stem in stems:
        made = call(use, source, Raw(f"{at.variable}_own"), units=list(block.units), name=stem, **options)
        lines += assign(at.variable, made)
        source = Raw(at.variable)
    natives = {t: [f"{stem}_native_{t}" for stem in stems] for t in own}
    apart, turn = experts_apart(groups, block.units), turned(n for names in natives.values() for n in names)
    return BlockText(
        lines,
        by_taker(at),
        tuple(of_experts(groups, block.units)),
        {t: (*(f"{stem}_gate_{t}" for stem in stems), *natives[t]) for t in own},
        lambda pieces: {**apart(pieces), **turn(pieces)},
    )


def turned(names: Iterable[str]) -> Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]:
    """The matrices of static gates, whose rows are a script's columns."""
    chosen = list(names)
    return lambda pieces: {f"{name}/0/kernel": pieces[f"{name}/kernel"].T for name in chosen}


@writes("block", "cross_stitch")
def cross_stitch(block: Any, at: BlockAt) -> BlockText:
    takers = [str(t) for t in at.takers]
    use, units = at.functions.use(sharing.cross_stitch), list(block.units)
    made = call(use, Raw(at.source), takers, units, at.key, **dropped(block))
    stitches = [f"{at.key}_stitch_{i}" for i in range(len(units))]
    layers = (*(name for t in takers for name in dense(f"{at.key}_{t}", block.units)), *stitches)
    return BlockText(assign(at.variable, made), by_taker(at), layers, values=turned(stitches))


@writes("block", "sluice")
def sluice(block: Any, at: BlockAt) -> BlockText:
    if block.orthogonal:
        at.notes.append("The penalty `orthogonal` on subspaces is left out.")
    takers = [str(t) for t in at.takers]
    options = {"units": block.units, "depth": block.layers, "subspaces": block.subspaces, "name": at.key}
    made = call(at.functions.use(sharing.sluice), Raw(at.source), takers, **options, **dropped(block))
    stitches = [f"{at.key}_stitch_{i}" for i in range(block.layers)]
    depths = {t: f"{at.key}_depth_{t}" for t in takers}
    layers = tuple(name for t in takers for name in dense(f"{at.key}_{t}", (block.units,) * block.layers))
    return BlockText(
        assign(at.variable, made),
        by_taker(at),
        (*layers, *stitches),
        {t: (name,) for t, name in depths.items()},
        turned([*stitches, *depths.values()]),
    )


@writes("block", "mtan")
def mtan(block: Any, at: BlockAt) -> BlockText:
    takers = [str(t) for t in at.takers]
    use, units = at.functions.use(sharing.attention), list(block.units)
    made = call(use, Raw(at.source), takers, units, at.key, **dropped(block))
    layers: list[str] = []
    for i in range(len(units)):
        stem = f"{at.key}_level_{i}"
        layers += [f"{stem}_u_dense_0", f"{stem}_p_dense_0"]
        for t in takers:
            layers += [*([f"{stem}_{t}_f_dense_0"] if i else []), f"{stem}_{t}_g_dense_0", f"{stem}_{t}_mask"]
    return BlockText(assign(at.variable, made), by_taker(at), tuple(layers))


@writes("block", "stem")
def stem(block: Any, at: BlockAt) -> BlockText:
    own = {str(t): owned(block.own, t) for t in at.takers}
    groups = {f"{at.key}_shared": block.shared, **{f"{at.key}_experts_{t}": n for t, n in own.items()}}
    options: dict[str, Any] = {"shared": block.shared, "units": list(block.units), "name": at.key}
    options |= {**dropped(block), **gate_options(block, at)}
    if block.gate:
        options["seen"] = Raw(at.features(block.gate))
    inputs = {t: Raw(at.own(t)) for t in own}
    made = call(at.functions.use(sharing.own_embeddings), Raw(at.source), inputs, own, **options)
    return BlockText(
        assign(at.variable, made),
        by_taker(at),
        tuple(of_experts(groups, block.units)),
        {t: (f"{at.key}_gate_{t}",) for t in own},
        experts_apart(groups, block.units),
    )
