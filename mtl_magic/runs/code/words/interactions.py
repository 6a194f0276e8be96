"""Blocks of products as code."""

from __future__ import annotations

from typing import Any

from mtl_magic.runs.code.functions import interactions
from mtl_magic.runs.code.text import Raw, assign, call
from mtl_magic.runs.code.words.blocks import dense
from mtl_magic.runs.code.words.mixtures import by_taker, dropped
from mtl_magic.runs.code.writers import BlockAt, BlockText, writes


@writes("block", "cross")
def cross(block: Any, at: BlockAt) -> BlockText:
    options = {"rank": block.rank} if block.rank is not None else {}
    made = call(at.functions.use(interactions.cross), Raw(at.source), block.layers, at.key, **options)
    stems = [at.key, *([f"{at.key}_v"] if options else [])]
    layers = tuple(name for stem in stems for name in dense(stem, (0,) * block.layers))
    return BlockText(assign(at.variable, made), lambda taker: at.variable, layers)


@writes("block", "fm")
def fm(block: Any, at: BlockAt) -> BlockText:
    widths = list(at.layer(f"{at.key}_pairs").widths)
    made = call(at.functions.use(interactions.field_pairs), Raw(at.source), widths, block.dim, at.key)
    odd = [i for i, width in enumerate(widths) if width != block.dim]
    return BlockText(
        assign(at.variable, made),
        lambda taker: at.variable,
        tuple(f"{at.key}_field_{i}" for i in odd),
        values=lambda pieces: {f"{at.key}_field_{i}/0/kernel": pieces[f"{at.key}_pairs/kernel_{i}"] for i in odd},
    )


@writes("block", "epnet")
def epnet(block: Any, at: BlockAt) -> BlockText:
    seen = Raw(at.features(block.gate))
    made = call(at.functions.use(interactions.scaled), Raw(at.source), seen, block.hidden, at.key)
    return BlockText(assign(at.variable, made), lambda taker: at.variable, dense(f"{at.key}_gate", (0, 0)))


@writes("block", "ppnet")
def ppnet(block: Any, at: BlockAt) -> BlockText:
    takers, seen = [str(t) for t in at.takers], Raw(at.features(block.gate))
    options = {"units": list(block.units), "hidden": block.hidden, "name": at.key, **dropped(block)}
    made = call(at.functions.use(interactions.personal_layers), Raw(at.source), seen, takers, **options)
    layers: list[str] = []
    for t in takers:
        for i in range(len(block.units)):
            layers += [f"{at.key}_{t}_level_{i}_dense_0", *dense(f"{at.key}_{t}_gate_{i}", (0, 0))]
    return BlockText(assign(at.variable, made), by_taker(at), tuple(layers))


@writes("block", "star")
def star(block: Any, at: BlockAt) -> BlockText:
    domain, _ = at.ids(block.domain)
    names = [f"{at.key}_layer_{i}" for i in range(len(block.units))]
    count, units = at.layer(names[0]).domains, list(block.units)
    made = call(
        at.functions.use(interactions.star),
        Raw(at.source),
        Raw(domain),
        count,
        units=units,
        name=at.key,
        **dropped(block),
    )
    weights = ("kernel", "bias", "domain_kernel", "domain_bias")
    return BlockText(
        assign(at.variable, made),
        lambda taker: at.variable,
        tuple(names),
        values=lambda pieces: {f"{name}/0/{w}": pieces[f"{name}/{w}"] for name in names for w in weights},
    )
