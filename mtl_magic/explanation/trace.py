"""From a program and its schema to the outline: who reads what."""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.blocks._base import Block, Inner, Part, shown
from mtl_magic.explanation.outline import (  # fmt: skip
    CONTROL,
    FEATURES,
    GATE,
    GIVEN,
    HEAD,
    JOIN,
    TOWER,
    Edge,
    Frame,
    Node,
    Outline,
)
from mtl_magic.model.heads import tower_units
from mtl_magic.model.sharing import shares, source_features, takers_of
from mtl_magic.program import INPUTS, NONE, safe_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.data.schema import EncodedFeature, Schema, TaskSchema
    from mtl_magic.problems import Span
    from mtl_magic.program import BlockPlan, Program, TaskPlan

APART = 8  # at most so many features are a box each
MANY, KEPT = 16, 6  # of more alike parts of a block, so many are drawn, and one for all the others


@dataclasses.dataclass
class Taker:
    """A block or a task, and what it reads."""

    id: str  # 'block:trunk', 'task:click'
    key: str
    plan: BlockPlan | TaskPlan
    features: tuple[str, ...]  # of the shared embeddings
    blocks: tuple[str, ...]
    own: bool  # it has embeddings of its own
    sees: tuple[str, ...] = ()  # features that steer it, beside those that it reads
    tasks: tuple[str, ...] = ()


def trace(program: Program, schema: Schema) -> Outline:
    """The outline of a program whose dependencies are settled."""
    return _Tracer(program, schema).outline()


def title(block: Any) -> str:
    """What a block in braces is called: the class of a layer, the name of a function."""
    return getattr(block, "__name__", "") or type(block).__name__


class _Tracer:
    def __init__(self, program: Program, schema: Schema) -> None:
        self.program, self.schema = program, schema
        self.plans = {b.name: b for b in program.blocks if shares(b)}
        safe = safe_names([b.title for b in program.blocks])
        keys = {b.name: safe[b.title] for b in program.blocks}
        self.takers = [self._taker(f"block:{name}", keys[name], plan) for name, plan in self.plans.items()]
        self.readers = takers_of(program, schema, keys)
        self.takers += [self._taker(f"task:{t.name}", t.key, program.task(t.name)) for t in schema.tasks]
        order = [t.name for t in schema.tasks]
        for taker in reversed(self.takers):  # a block comes before all that read it
            served = set() if taker.id.startswith("block:") else {taker.plan.name}
            for other in self.takers:
                served |= (
                    set(other.tasks) if taker.plan.name in other.blocks and taker.id.startswith("block:") else set()
                )
            taker.tasks = tuple(t for t in order if t in served)
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.frames: list[Frame] = []
        self.made: dict[str, str] = {}  # of each feature of the shared embeddings, its node
        self.inner: dict[str, tuple[Inner, dict[str, str]]] = {}  # of each block, and the node of each part

    def _taker(self, name: str, key: str, plan: BlockPlan | TaskPlan) -> Taker:
        own = False
        features: list[str] = []
        blocks: list[str] = []
        none = {b.name for b in self.program.blocks if not shares(b)}
        for source in plan.sources:
            if source in self.plans:
                blocks.append(source)
            elif source in none or source == NONE:
                own = True
            else:
                features += source_features(source, self.schema)
        ordered = tuple(f.name for f in self.schema.features if f.name in features)
        block = getattr(plan, "block", None)
        sees = self._seen(block.sees()) if isinstance(block, Block) else ()
        return Taker(name, key, plan, ordered, tuple(dict.fromkeys(blocks)), own, sees)

    def _seen(self, names: Sequence[str]) -> tuple[str, ...]:
        """The features that names of an option stand for."""
        wanted = {feature for name in names for feature in source_features(name, self.schema)}
        return tuple(f.name for f in self.schema.features if f.name in wanted)

    def outline(self) -> Outline:
        given = self._features()
        for taker in self.takers:
            sources = [*given[taker.id], *(n for block in taker.blocks for n in self._read(block, taker.key))]
            if taker.id.startswith("block:"):
                self._block(taker, sources)
            else:
                self._task(taker, self.schema.task(taker.plan.name), sources)
        self._givens()
        served = {name: tuple(t for t in self._order() if t in tasks) for name, tasks in self._served().items()}
        apart = {name for name, plan in self.plans.items() if getattr(plan.block, "own_embeddings", False)}
        owners = {t.key: t.tasks for t in self.takers if t.own or apart & set(t.blocks)}
        return Outline(tuple(self.nodes), tuple(self.edges), tuple(self.frames), self._order(), served, owners)

    def _order(self) -> tuple[str, ...]:
        return tuple(t.name for t in self.schema.tasks)

    def _served(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {f.name: set() for f in self.schema.features}
        for taker in self.takers:
            for name in (*taker.features, *taker.sees):
                found[name] |= set(taker.tasks)
        return found

    # --- inputs

    def _features(self) -> dict[str, list[str]]:
        """The nodes of features, and for each taker the nodes that it reads of them."""
        groups = self._groups()
        made = self.made
        joins: dict[tuple[str, ...], str] = {}
        reads: dict[str, list[str]] = {t.id: [] for t in self.takers}
        for names in groups:
            tasks = tuple(t for t in self._order() if t in self._served()[names[0]])
            made |= dict.fromkeys(names, self._feature_node(names, tasks, f"features:{names[0]}"))
        for taker in self.takers:
            found = tuple(dict.fromkeys(made[name] for name in taker.features))
            if len(found) > 1:
                if found not in joins:
                    joins[found] = self._join(taker.features, found)
                found = (joins[found],)
            reads[taker.id] += found
        for taker in self.takers:
            if taker.own:
                everything = tuple(f.name for f in self.schema.features)
                reads[taker.id].append(self._feature_node(everything, taker.tasks, f"own:{taker.id}"))
        return reads

    def _groups(self) -> list[tuple[str, ...]]:
        """The features of the shared embeddings, those with the same readers together."""
        if not any(t.features or t.sees for t in self.takers):
            return []
        by_readers: dict[tuple[str, ...], list[str]] = {}
        for f in self.schema.features:
            readers = tuple(t.id for t in self.takers if f.name in t.features or f.name in t.sees)
            by_readers.setdefault(readers, []).append(f.name)
        if len(self.schema.features) <= APART:
            return [(f.name,) for f in self.schema.features]
        return [tuple(names) for names in by_readers.values()]

    def _feature_node(self, names: tuple[str, ...], tasks: tuple[str, ...], node: str) -> str:
        features = [self.schema.feature(n) for n in names]
        own = node.startswith("own:")
        kinds = collections.Counter(f.kind.word for f in features)
        detail = ", ".join(kinds if len(names) == 1 else (f"{n} {word}" for word, n in kinds.items()))
        label = names[0] if len(names) == 1 else f"{len(names)} features"
        spans = {self._declared(f) for f in features}
        self.nodes.append(
            Node(
                node,
                FEATURES,
                label,
                "own embeddings" if own else detail,
                tasks,
                features=names,
                span=spans.pop() if len(spans) == 1 else None,
            )
        )
        return node

    def _declared(self, feature: EncodedFeature) -> Span | None:
        """The place of the `feature` line that made it: an exact name beats a wildcard, a longer wildcard a shorter."""
        rules = [r for r in self.program.features if r.matches(feature.name)]
        best = max(rules, key=lambda r: (not r.wildcard, len(r.pattern)), default=None)
        return best.span if best else None

    def _join(self, names: tuple[str, ...], parts: Sequence[str]) -> str:
        everything = len(names) == len(self.schema.features)
        node = "join:inputs" if everything else f"join:{'+'.join(names)}"
        tasks = tuple(
            t for t in self._order() if any(t in o.tasks for o in self.takers if set(o.features) == set(names))
        )
        count = sum(self.schema.feature(n).width for n in names)
        label = INPUTS if everything else f"{len(names)} features"
        self.nodes.append(Node(node, JOIN, label, f"{count:,} numbers", tasks, features=names))
        self.edges += [Edge(part, node, tasks=tasks) for part in parts]
        return node

    # --- blocks

    def _read(self, block: str, taker: str) -> list[str]:
        """The nodes of a block that a taker reads."""
        inner, nodes = self.inner[block]
        return list(dict.fromkeys(nodes[key] for key in inner.read_by.get(taker, ()) if key in nodes))

    def _block(self, taker: Taker, sources: list[str]) -> None:
        plan: Any = taker.plan
        readers = {t.key: t for t in self.takers if plan.name in t.blocks}
        if isinstance(plan.block, Block):
            inner = plan.block.inner(taker.key, self.readers[plan.name])
            word = plan.block.word
        else:
            inner = Inner((Part("layers", "layers"),), dict.fromkeys(readers, ("layers",)))
            word = title(plan.block)
        frame = Frame(plan.name, plan.name or word, word, inner.detail, taker.tasks, plan.sources, plan.span)
        self.frames.append(frame)
        nodes = self._parts(frame, plan, inner, taker, readers)
        self.inner[plan.name] = inner, nodes
        by_id = {n.id: n for n in self.nodes}
        for part in inner.parts:
            node = by_id[nodes[part.key]]
            feeds = list(dict.fromkeys(nodes[key] for key in part.reads)) or sources
            if part.own:
                feeds = [self._own(readers[part.taker], taker.features)]
            self._connect(feeds, node)
            if part.sees:
                seen = [self.made[name] for name in self._seen(part.sees)]
                self._connect(list(dict.fromkeys(seen)), node, CONTROL)
            elif part.kind == GATE and part.reads:
                self._connect(sources, node, CONTROL)

    def _own(self, reader: Taker, features: tuple[str, ...]) -> str:
        """The node of features of embeddings that are a reader's own."""
        node = f"own:{reader.id}"
        if all(n.id != node for n in self.nodes):
            self._feature_node(features, reader.tasks, node)
        return node

    def _connect(self, sources: Sequence[str], target: Node, kind: str = "flow") -> None:
        known = {(e.source, e.target, e.kind) for e in self.edges}
        self.edges += [Edge(s, target.id, kind, target.tasks) for s in sources if (s, target.id, kind) not in known]

    def _parts(
        self, frame: Frame, plan: BlockPlan, inner: Inner, taker: Taker, readers: dict[str, Taker]
    ) -> dict[str, str]:
        """A node for each part; where many are alike, one for most of them. Part -> node."""
        alike: dict[Any, list[Part]] = {}
        for part in inner.parts:
            alike.setdefault((part.kind, part.reads, part.taker, part.layer), []).append(part)
        rest = {p.key: same[KEPT:] for same in alike.values() if len(same) > MANY for p in same[KEPT:]}
        nodes: dict[str, str] = {}
        for part in inner.parts:
            others = rest.get(part.key)
            if others and part is not others[0]:
                nodes[part.key] = nodes[others[0].key]
                continue
            nodes[part.key] = f"block:{plan.name}/{part.key}"
            reader = readers.get(part.taker)
            label = f"{part.label} {reader.plan.name or reader.key}" if reader else part.label
            detail = ""
            if len(inner.parts) == 1:  # then the box is the block
                label, detail = (
                    frame.title,
                    " ".join(dict.fromkeys([frame.word, inner.detail]) if plan.name else [inner.detail]),
                )
            self.nodes.append(
                Node(
                    nodes[part.key],
                    part.kind,
                    f"{len(others)} more" if others else label,
                    detail.strip(),
                    tasks=reader.tasks if reader else self._served_by(part, inner, readers, taker),
                    block=plan.name,
                    span=plan.span,
                    layer=part.layer,
                    of=part.of,
                    count=len(others) if others else 1,
                    part=part.label,
                    taker=reader.plan.name or reader.key if reader else "",
                    level=part.level,
                )
            )
        return nodes

    def _served_by(self, part: Part, inner: Inner, readers: dict[str, Taker], block: Taker) -> tuple[str, ...]:
        """The tasks that a part serves, through the parts that read it."""
        above = {part.key}
        for other in inner.parts:  # a part comes after those that it reads
            if above & set(other.reads):
                above.add(other.key)
        served = {t for key, keys in inner.read_by.items() if above & set(keys) for t in readers[key].tasks}
        return tuple(t for t in block.tasks if t in served)

    # --- tasks

    def _task(self, taker: Taker, task: TaskSchema, sources: list[str]) -> None:
        plan: Any = taker.plan
        units = tower_units(self.program, task)
        if units:
            tower = Node(
                f"tower:{task.name}", TOWER, "tower", shown(units), (task.name,), span=plan.kind_span or plan.span
            )
            self.nodes.append(tower)
            self._connect(sources, tower)
            sources = [tower.id]
        losses = " + ".join(getattr(loss, "word", "") or title(loss) for loss in task.kind.losses())
        said = f"{task.kind.word}, {losses}"
        head = Node(f"head:{task.name}", HEAD, task.name, said, (task.name,), span=plan.span)
        self.nodes.append(head)
        self._connect(sources, head)

    def _givens(self) -> None:
        for task in self.schema.tasks:
            for given in self.program.task(task.name).givens:
                label = getattr(given.method, "word", "") or "given"
                self.edges.append(Edge(f"head:{given.parent}", f"head:{task.name}", GIVEN, (task.name,), label))
