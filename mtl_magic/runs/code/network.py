"""`build()`: the network of a script, and which of its layers has which weights of the run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.blocks._base import Block
from mtl_magic.model.sharing import takers_of
from mtl_magic.parts import Training
from mtl_magic.program import NONE
from mtl_magic.runs.code.functions import network
from mtl_magic.runs.code.layer import python_block
from mtl_magic.runs.code.relations import Relations, TermText, tower
from mtl_magic.runs.code.text import WIDTH, Raw, assign, call, quoted, rounded, show
from mtl_magic.runs.code.words.blocks import dense, stack
from mtl_magic.runs.code.writers import BlockAt, BlockText, writer

if TYPE_CHECKING:
    from mtl_magic.runs.code.plan import Input, Plan


@dataclasses.dataclass
class NetworkText:
    """The section, and what is known of the layers in it."""

    lines: list[str]
    blocks: dict[str, BlockText] = dataclasses.field(default_factory=dict)
    owners: set[str] = dataclasses.field(default_factory=set)  # keys of takers with features of their own
    parts: list[tuple[Training, tuple[str, ...]]] = dataclasses.field(default_factory=list)  # layers and how they train
    terms: dict[str, TermText] = dataclasses.field(default_factory=dict)  # key of a task -> what its dependency adds


class _Body:
    """The statements of `build()`, made taker by taker."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.lines = plan, list[str]()
        self.made = NetworkText([])
        self._joined: dict[tuple[str, ...], str] = {}
        self._plans = {b.name: b for b in plan.program.blocks}
        self._layers: dict[int, str] = {}  # of layers in braces, by their id, their variable
        self._encoded = False
        self._wanted = self._read_by()
        self._readers = takers_of(plan.program, plan.schema, plan.blocks)

    def _read_by(self) -> dict[str, tuple[str, ...]]:
        """Of each block that is read, the keys of its takers; a block that nothing reads is left out."""
        found: dict[str, list[str]] = {}
        tasks = [(t.key, self.plan.program.task(t.name).sources) for t in self.plan.schema.tasks]
        todo = list(tasks)
        seen: set[str] = set()
        while todo:
            key, sources = todo.pop(0)
            for source in sources:
                if source in self._plans:
                    found.setdefault(source, []).append(key)
                    if source not in seen:
                        seen.add(source)
                        todo.append((self.plan.blocks[source], self._plans[source].sources))
        return {name: tuple(dict.fromkeys(keys)) for name, keys in found.items()}

    def blocks(self) -> None:
        """Each `share` line that something reads."""
        for block in self.plan.program.blocks:
            if block.name in self._wanted and not _shares_nothing(block):
                key = self.plan.blocks[block.name]
                source = self.read(block.sources, key)
                at = self._at(block, key, source)
                said = "".join(c for c in self._said(block) if c.isprintable())  # a comment ends with its line
                self.lines += ["", f"    # {said}"]
                if isinstance(block.block, Block):
                    text = writer("block", block.block.word)(block.block, at)
                else:
                    text = python_block(block, at, self._layers)
                self.lines += text.lines
                self.plan.notes.extend(text.notes)
                self.made.blocks[block.name] = text

    def _at(self, block: Any, key: str, source: str) -> BlockAt:
        """The place of a block; what it asks of it is written before it."""
        plan = self.plan

        def features(names: tuple[str, ...]) -> str:
            wanted = [i for i in plan.inputs if any(i in plan.of_source(name) for name in names)]
            return self._features(wanted, f"{key}_gate")

        def ids(name: str) -> tuple[str, int]:
            (found,) = (i for i in plan.of_source(name) if i.column.rows)
            return f"inputs[{quoted(found.name)}]", found.column.rows

        def own(taker: str) -> str:
            self.made.owners.add(taker)
            wanted = [i for i in plan.inputs if any(i in plan.of_source(name) for name in block.sources)]
            found = f"features(inputs, {quoted(taker + '_')})"
            if len(wanted) == len(plan.inputs):
                return self._join(found, tuple(wanted), f"{taker}_own")
            self.lines += assign(f"{taker}_names", [i.name for i in wanted])
            self.lines += assign(f"{taker}_features", Raw(found))
            values = Raw(f"[{taker}_features[name] for name in {taker}_names]")
            self.lines += assign(f"{taker}_own", call("layers.Concatenate(axis=1)", values))
            return f"{taker}_own"

        return BlockAt(
            plan.functions,
            key,
            plan.variables[block.name],
            source,
            tuple(t for t in self._readers[block.name] if t in self._wanted[block.name]),
            features=features,
            ids=ids,
            own=own,
            layer=plan.run.model.get_layer("trunk").get_layer,
            notes=plan.notes,
        )

    def _said(self, block: Any) -> str:
        """The line of the cell that declares it."""
        from mtl_magic.language import spec

        lines = self.plan.run.text.split("\n")  # canonical: a line a statement
        for line, statement in zip(lines, self.plan.run.spec.statements, strict=False):
            if isinstance(statement, spec.Share) and (statement.name.text if statement.name else "") == block.name:
                return line
        return f"share {block.title}, where the cell says nothing"

    def read(self, sources: tuple[str, ...], taker: str) -> str:
        """The expression of what a taker reads: features that stand beside each other first, then each block."""
        found: list[str] = []
        wanted: list[Input] = []
        for source in sources:
            if source == NONE or (source in self._plans and _shares_nothing(self._plans[source])):
                self.made.owners.add(taker)
                found.append(self._join(f"features(inputs, {quoted(taker + '_')})", self.plan.inputs, f"{taker}_own"))
            elif source in self._plans:
                found.append(self.made.blocks[source].read(taker))
            else:
                wanted += self.plan.of_source(source)
        if wanted:
            found.insert(0, self._features(wanted, taker))
        if len(found) == 1:
            return found[0]
        name = f"{taker}_sources"
        joined = show(call("layers.Concatenate", name=name))
        self.lines += assign(name, call(joined, [Raw(f) for f in found]))
        return name

    def _features(self, wanted: list[Input], taker: str) -> str:
        names = tuple(i.name for i in self.plan.inputs if i in wanted)
        if names not in self._joined:
            if not self._encoded:
                self._encoded = True
                self.lines += assign("encoded", call("features", Raw("inputs")))
            everything = len(names) == len(self.plan.inputs)
            chosen = self.plan.inputs if everything else [i for i in self.plan.inputs if i.name in names]
            variable = "everything" if everything else f"{taker}_features"
            self._joined[names] = self._join("encoded", tuple(chosen), variable)
        return self._joined[names]

    def _join(self, source: str, inputs: tuple[Input, ...], variable: str) -> str:
        """Statements that put some of the features of `source` side by side, and what they are called."""
        if len(inputs) == 1:
            return f"{source}[{quoted(inputs[0].name)}]"
        joined = show(call("layers.Concatenate", name=variable))
        if len(inputs) == len(self.plan.inputs):
            self.lines += assign(variable, call(joined, call("list", Raw(f"{source}.values()"))))
        else:
            self.lines += assign(f"{variable}_names", [i.name for i in inputs])
            self.lines += assign(variable, call(joined, Raw(f"[encoded[name] for name in {variable}_names]")))
        return variable

    def heads(self) -> None:
        """Towers and heads, then the dependencies between them, parents first."""
        plan = self.plan
        logits, sources, towers = {}, {}, {}
        before = len(self.lines)
        for task in plan.schema.tasks:
            sources[task.name] = self.read(plan.program.task(task.name).sources, task.key)
            units, dropout = tower(plan, task)
            name = f"{task.key}_tower"
            stacked = stack(plan.functions, sources[task.name], units, name, dropout)
            towers[task.name] = stacked if units else Raw(sources[task.name])
            self.made.parts.append((Training.of(task.kind), (*dense(name, units), f"{task.key}_logits")))
        said = ["", "    # each task's tower and head"]
        self.lines[before:before] = said
        relations = Relations(plan, self.lines, self.made)
        texts = relations.read(sources, towers)
        for task in plan.schema.tasks:
            start = [rounded(b) for b in starts(plan, task)]
            logits[task.key] = call(plan.functions.use(network.head), towers[task.name], start, task.key)
        self.lines += assign("logits", logits)
        relations.settle(texts)

    def apart(self) -> None:
        """What single parts are told of their training that layers can say."""
        plan, parts = self.plan, list(self.made.parts)
        for block in plan.program.blocks:
            text = self.made.blocks.get(block.name)
            if text is not None:
                parts.append((Training.of(block.block), text.layers))
                takers = {t.key: t.kind for t in plan.schema.tasks}
                takers |= {plan.blocks[b.name]: b.block for b in plan.program.blocks}
                parts += [(Training.of(takers[taker]), names) for taker, names in text.gates.items()]
        tables = [(Training.of(i.feature.kind), i.name) for i in plan.rows]
        owners = ["", *sorted(self.made.owners)] if self._encoded else sorted(self.made.owners)
        frozen = [name for training, names in parts if training.frozen for name in names]
        stopped = {t.key for t in plan.schema.tasks if Training.of(t.kind).frozen}
        for owner in owners:
            prefix = f"{owner}_" if owner else ""
            frozen += [f"{prefix}{name}_embedding" for way, name in tables if way.frozen or owner in stopped]
        if frozen:
            self.lines += ["", "    # what stays as it is", *assign("frozen", frozen)]
            self.lines += ["    for name in frozen:", "        model.get_layer(name).trainable = False"]
        penalties = {name: t.l2 for t, names in parts if t.l2 and not t.frozen for name in names}
        if penalties:
            self.lines += ["", "    # λ Σ w² of kernels is added to the loss", *assign("penalties", penalties)]
            self.lines += ["    for name, penalty in penalties.items():"]
            self.lines += ["        kernel = model.get_layer(name).kernel"]
            self.lines += ["        kernel.regularizer = keras.regularizers.L2(penalty)"]
        ways = [t for t, _ in parts] + [t for t, _ in tables]
        if any(t.lr != 1 or t.optimizer is not None for t in ways):
            plan.notes.append("Learning rates and optimizers of single parts are left out: one optimizer moves all.")
        if any(t.l2 for t, _ in tables):
            plan.notes.append("`l2` of features, which counts the rows that a batch touches, is left out.")


def section(plan: Plan) -> NetworkText:
    """The features as tensors, and `build()`."""
    body = _Body(plan)
    body.blocks()
    body.heads()
    head = [
        "def build() -> keras.Model:",
        '    """The network: encoded features in, each task\'s logits out."""',
        "    keras.utils.set_random_seed(SEED)",
        *_inputs(plan),
    ]
    model = ["", "    model = keras.Model(inputs, logits)"]
    start = len(body.lines)
    body.apart()
    apart = body.lines[start:]
    body.made.lines = [*_features(plan), "", "", *head, *body.lines[:start], *model, *apart, "    return model"]
    return body.made


def _inputs(plan: Plan) -> list[str]:
    lines: list[str] = []
    if plan.rows:
        shape = "LISTS.get(name, ())" if any(i.column.length for i in plan.rows) else "()"
        made = f'name: keras.Input({shape}, dtype="int32", name=name)'
        flat = f"    inputs = {{{made} for name in EMBEDDINGS}}"
        broken = ["    inputs = {", f"        {made}", "        for name in EMBEDDINGS", "    }"]
        lines += [flat] if len(flat) <= WIDTH else broken
    if plan.numbers:
        made = "{name: keras.Input((n,), name=name) for name, n in NUMBERS.items()}"
        lines.append(f"    inputs {'|=' if plan.rows else '='} {made}")
    return lines


def _features(plan: Plan) -> list[str]:
    lines = [
        'def features(inputs: dict, owner: str = "") -> dict:',
        '    """Each feature as a tensor (rows, width), in the order in which layers read them."""',
    ]
    if plan.rows:
        lines += [
            "    found = {}",
            "    for name, (rows, width) in EMBEDDINGS.items():",
            "        start = keras.initializers.RandomNormal(stddev=0.01)",
            '        table = layers.Embedding(rows, width, start, name=f"{owner}{name}_embedding")',
            "        found[name] = table(inputs[name])",
        ]
        for i in plan.rows:
            if i.column.length:
                function = network.sum_of if i.column.pool == "sum" else network.mean_of
                at = f"found[{quoted(i.name)}]"
                lines += assign(at, call(plan.functions.use(function), Raw(at), Raw(f"inputs[{quoted(i.name)}]")))
        if plan.numbers:
            lines.append("    found |= {name: inputs[name] for name in NUMBERS}")
    else:
        lines.append("    found = {name: inputs[name] for name in NUMBERS}")
    for i in plan.inputs:
        if i.dropout:
            at = f"found[{quoted(i.name)}]"
            lines += assign(at, Raw(f"layers.Dropout({i.dropout})({at})"))
    return [*lines, "    return found"]


def _shares_nothing(block: Any) -> bool:
    return not getattr(block.block, "shares", True)


def starts(plan: Plan, task: Any) -> list[float]:
    """Logits at which a task's head starts."""
    from mtl_magic.model import heads

    return heads._bias(plan.program.task(task.name), plan.schema, task)  # noqa: SLF001 - one definition


def constants(plan: Plan) -> list[str]:
    """The inputs of the model: sizes of embeddings, lists, numbers."""
    lines: list[str] = []
    if plan.rows:
        sizes: Mapping[str, Any] = {i.name: (i.column.rows, i.column.width) for i in plan.rows}
        lines += ["", "# input -> rows and width of its embedding", *assign("EMBEDDINGS", sizes, 0)]
    lists = {i.name: (i.column.length,) for i in plan.rows if i.column.length}
    if lists:
        lines += ["", "# input of several values -> how many", *assign("LISTS", lists, 0)]
    if plan.numbers:
        widths = {i.name: i.column.width for i in plan.numbers}
        lines += ["", "# input of numbers -> how many", *assign("NUMBERS", widths, 0)]
    return lines
