"""The sharing tree: named blocks over features and other blocks, and what each taker reads of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import keras

from mtl_magic.blocks._base import Block, Built, Reading, Site, Taker
from mtl_magic.model.graph import behind
from mtl_magic.model.inputs import layout
from mtl_magic.model.plugin import apply_python_block
from mtl_magic.parts import Training
from mtl_magic.program import INPUTS, NONE, FeatureRule, safe_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtl_magic.data.schema import Schema
    from mtl_magic.model.inputs import Inputs
    from mtl_magic.program import BlockPlan, Program


def source_features(source: str, schema: Schema) -> tuple[str, ...]:
    """The features that a source names: all for `inputs`, else those that the name or wildcard matches."""
    names = tuple(f.name for f in schema.features)
    if source == INPUTS:
        return names
    rule = FeatureRule(source, literal=source in names, kind=None)
    return tuple(n for n in names if rule.matches(n))


def takers_of(program: Program, schema: Schema, keys: Mapping[str, str]) -> dict[str, tuple[Taker, ...]]:
    """Of each block what draws from it, blocks, then tasks; `keys` are the blocks' own, by name."""
    found: dict[str, dict[Taker, None]] = {b.name: {} for b in program.blocks}
    takers = [(Taker(keys[b.name], b.title), b.sources) for b in program.blocks if shares(b)]
    takers += [(Taker(t.key, t.name), program.task(t.name).sources) for t in schema.tasks]
    for taker, sources in takers:
        for source in sources:
            if source in found:
                found[source][taker] = None
    return {name: tuple(readers) for name, readers in found.items()}


class Sharing:
    """All blocks of a program, built."""

    def __init__(self, program: Program, inputs: Inputs) -> None:
        self.program, self.inputs = program, inputs
        self.plans = {b.name: b for b in program.blocks}
        titles = {b.name: b.title for b in program.blocks}
        safe = safe_names(titles.values())
        self.keys = {name: safe[title] for name, title in titles.items()}
        self.built: dict[str, Built] = {}
        self._copies: dict[int, keras.layers.Layer] = {}  # of layers in braces, by their id
        self._over: dict[str, list[Any]] = {}  # of each block, the tensors of its sources, and of what else it sees
        self.readers = takers_of(program, inputs.schema, self.keys)
        self._read: dict[str, list[Any]] = {}  # and the tensors that its takers read
        self.takers: dict[str, list[str]] = {}  # of each block, the keys of those that have read it
        self._keys = frozenset(self.keys.values())
        self._widths: dict[tuple[str, str], int] = {}  # of what blocks of several sources read of each
        self._ready: dict[tuple[str, str], Reading] = {}  # of block and taker, what was read for all at once
        for plan in program.blocks:
            if shares(plan):
                self.built[plan.name] = self._build(plan)

    def _build(self, plan: BlockPlan) -> Built:
        key = self.keys[plan.name]
        x = self.read(plan.sources, key).value
        over = self._over[plan.name] = [x]
        if isinstance(plan.block, Block):
            return plan.block.build_at(x, self._site(plan, key, over))
        return Built.plain(apply_python_block(plan, x, self.program.text, self._copies))

    def _site(self, plan: BlockPlan, key: str, over: list[Any]) -> Site:
        """The place of a block; what it asks of it is added to `over`."""
        schema = self.inputs.schema

        def noted(tensor: Any) -> Any:
            over.append(tensor)
            return tensor

        def features(names: tuple[str, ...]) -> Any:
            wanted = {name for source in names for name in source_features(source, schema)}
            return noted(self.inputs.joined(tuple(f.name for f in schema.features if f.name in wanted)))

        def ids(name: str) -> tuple[Any, int]:
            feature = schema.feature(source_features(name, schema)[0])
            packed: Any = self.inputs.ids
            return noted(packed[:, feature.ids[0]]), int(feature.encoder.rows)

        def own(taker: str) -> Any:
            wanted = self._features_of(plan.sources)
            return noted(self.inputs.joined(wanted, scope=taker))

        return Site(key, self.readers[plan.name], self._fields(plan, int(over[0].shape[-1])), features, ids, own)

    def _features_of(self, sources: tuple[str, ...]) -> tuple[str, ...]:
        """The features that stand beside each other among some sources."""
        found = [
            n for s in sources if s not in self.plans and s != NONE for n in source_features(s, self.inputs.schema)
        ]
        return tuple(dict.fromkeys(found))

    def _fields(self, plan: BlockPlan, width: int) -> tuple[tuple[str, int], ...]:
        """What a block's sources are side by side: features, then blocks, in the order of `read`."""
        fields = [
            (name.rpartition(" ")[0], width)
            for name, width in layout(self.inputs.schema, self._features_of(plan.sources))
        ]
        if len(plan.sources) == 1 and plan.sources[0] in self.built:
            return ((plan.sources[0], width),)
        for source in plan.sources:
            if source in self.built:
                fields.append((source, self._widths[source, self.keys[plan.name]]))
            elif self.reads_nothing_shared(source):
                every = layout(self.inputs.schema, source_features(INPUTS, self.inputs.schema))
                fields += [(name.rpartition(" ")[0], width) for name, width in every]
        return tuple(fields)

    def read_all(self, takers: dict[str, tuple[str, ...]]) -> list[Reading]:
        """`read` for all tasks, key -> sources: blocks that can read for several at once do, for those that are trained
        like everything else.
        """
        plain = {t.key for t in self.inputs.schema.tasks if Training.of(t.kind).plain}
        for name, built in self.built.items():
            keys = [key for key, sources in takers.items() if name in sources and key in plain]
            if built.read_all is not None and len(keys) > 1:
                self._ready |= {(name, k): r for k, r in zip(keys, built.read_all(keys), strict=True)}
        return [self.read(sources, key) for key, sources in takers.items()]

    def read(self, sources: tuple[str, ...], taker: str) -> Reading:
        """The sources as one tensor (B, width), made of tensors of the trunk.

        Features that stand beside each other are joined in one go; a taker whose source is `none` (or a block `none`)
        has embeddings of its own.
        """
        readings = []
        features: list[str] = []
        for source in sources:
            if source in self.built:
                readings.append(self._ready.get((source, taker)) or self.built[source].read(taker))
                self._read.setdefault(source, []).extend(readings[-1].cut)
                self.takers.setdefault(source, []).append(taker)
                if taker in self._keys and len(sources) > 1:
                    self._widths[source, taker] = int(readings[-1].value.shape[-1])
            elif self.reads_nothing_shared(source):
                own = self.inputs.joined(source_features(INPUTS, self.inputs.schema), scope=taker)
                readings.append(Reading((own,)))
            else:
                features += source_features(source, self.inputs.schema)
        if features:
            joined = self.inputs.joined(tuple(dict.fromkeys(features)))
            readings.insert(0, Reading((joined,)))
        if len(readings) == 1:
            return readings[0]
        join = keras.layers.Concatenate(name=f"{taker}_sources")
        ends = list(itertools.accumulate((len(r.cut) for r in readings), initial=0))

        def combine(cut: tuple[Any, ...]) -> Any:
            return join([r.combine(cut[i:j]) for r, i, j in zip(readings, ends, ends[1:], strict=False)])

        return Reading(tuple(t for r in readings for t in r.cut), combine)

    def layers(self) -> dict[str, tuple[Any, ...]]:
        """Of each block that something reads, its layers (gates included), in the order of the graph."""
        return {name: behind(cut, stop=self._over[name]) for name, cut in self._read.items()}

    def reads_nothing_shared(self, source: str) -> bool:
        plan = self.plans.get(source)
        return not shares(plan) if plan is not None else source == NONE


def shares(plan: BlockPlan) -> bool:
    """Whether the block is one (all but `none` are)."""
    return bool(getattr(plan.block, "shares", True))


def reads_a_block(sources: tuple[str, ...], program: Program) -> bool:
    """Whether any of a task's sources is a block with layers."""
    plans: dict[str, Any] = {b.name: b for b in program.blocks}
    return any(source in plans and shares(plans[source]) for source in sources)
