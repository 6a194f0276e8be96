"""The tables of an explanation: features, tasks, blocks, parameters, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.data.negatives import share
from mtl_magic.explanation.tables import Cell, Default, Table
from mtl_magic.explanation.written import Written, listed, value
from mtl_magic.language.format import names as quoted
from mtl_magic.language.spec import Word
from mtl_magic.numbers import short
from mtl_magic.parts import said_of
from mtl_magic.registry import Declaration
from mtl_magic.settings.train import LR, batch_size

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared, Schema, TaskSchema
    from mtl_magic.explanation.outline import Outline
    from mtl_magic.explanation.parameters import Parameters
    from mtl_magic.program import Program

SUBSETS = 6  # more sets of tasks that share something are one line


def labelled(task: TaskSchema) -> str:
    """What is known of a task's label: '23,000 labels, 3.1% positive'."""
    said = f"{task.rows:,} labels"
    if task.kind.word == "binary":
        sampled = f", {short(100 * share(task.kind))}% of the negatives train" if share(task.kind) < 1 else ""
        return f"{said}, {short(100 * task.mean)}% positive{sampled}"
    if not task.exclusive:
        return f"{said}, {len(task.classes)} classes, {short(task.mean * len(task.classes))} a row"
    if task.classes:
        return f"{said}, {len(task.classes)} classes"
    return f"{said}, mean {short(task.mean)}, deviation {short(task.std)}"


def say(text: str, *, said: bool) -> Cell:
    return text if said else Default(text)


def trained(cell: Cell, kind: Declaration) -> Cell:
    """The cell of a kind, and what was said of the training of its part: 'binary', 'frozen=true'."""
    said = said_of(kind)
    return (cell, *(f"{name}={value(getattr(kind, name))}" for name in said)) if said else cell


def feature_table(schema: Schema, outline: Outline, counts: Parameters) -> Table:
    """A row a feature: its kind, what was learnt, its embedding, and who reads it."""
    everyone = set(outline.tasks)
    rows: list[tuple[Cell, ...]] = []
    for f in schema.features:
        kind = trained(say(f.kind.word + (", inferred" if f.inferred else ""), said=not f.inferred), f.kind)
        size = f"{counts.rows[f.name]:,} × {f.encoder.dim}" if counts.rows[f.name] else "none"
        readers = set(outline.readers[f.name]) | {t for tasks in outline.owners.values() for t in tasks}
        who = "all tasks" if readers == everyone else listed(t for t in outline.tasks if t in readers) or "no task"
        name = f.name if f.source == f.name else f"{f.name} (column {f.source})"
        rows.append((name, kind, f.encoder.describe(), size, counts.features[f.name], who))
    count = f"{len(rows)} feature{'s' * (len(rows) != 1)}"
    header = ("feature", "kind", "learnt from the training rows", "embedding", "parameters", "read by")
    return Table(count, header, tuple(rows))


def task_table(program: Program, schema: Schema, said: Written) -> Table:
    """A row a task: its label, loss, weight and metrics."""
    rows: list[tuple[Cell, ...]] = []
    for task in schema.tasks:
        plan = program.task(task.name)
        mine = said.tasks.get(task.name, frozenset())
        name = task.name if task.label == task.name else f"{task.name} (column {task.label})"
        kind = trained(say(task.kind.word + (", inferred" if task.inferred else ""), said=not task.inferred), task.kind)
        known = task.constant_loss == task.constant_loss  # a NaN is not
        given: tuple[Cell, ...] = tuple(
            f"{g.parent} via {value(g.method)}"
            if f"via {g.parent}" in mine
            else (g.parent, Default(f"via {value(g.method)}"))
            for g in plan.givens
        )
        rows.append(
            (
                name,
                kind,
                labelled(task),
                say(listed(task.kind.losses()), said="loss" in mine),
                short(task.constant_loss) if known else "that of the head's start",
                say(f"{plan.weight:g}", said="weight" in mine),
                say(listed(task.kind.metrics_of()), said="metrics" in mine),
                say(sources(plan.sources, program), said="from" in mine),
                given,
            )
        )
    header = ["task", "kind", "labels", "loss", "best constant's", "weight", "metrics", "from", "given"]
    if not any(row[-1] for row in rows):
        header.pop()
        rows = [row[:-1] for row in rows]
    count = f"{len(rows)} task{'s' * (len(rows) != 1)}"
    return Table(count, tuple(header), tuple(rows))


def sources(names: tuple[str, ...], program: Program) -> str:
    """Sources as they are written; the unnamed block by its word."""
    titles = {b.name: b.title for b in program.blocks}
    return ", ".join(quoted([Word(n)]) if n else titles.get("", "") for n in names)


def block_table(program: Program, outline: Outline, counts: Parameters, said: Written) -> Table:
    """A row a block: its sources, options, readers and parameters."""
    rows: list[tuple[Cell, ...]] = []
    for frame in outline.frames:
        plan = next(b for b in program.blocks if b.name == frame.name)
        mine = said.blocks.get(frame.name)
        options: tuple[Cell, ...] = ()
        if isinstance(plan.block, Declaration):
            options = tuple(
                say(f"{p.name}={value(getattr(plan.block, p.name))}", said=p.name in (mine or ()))
                for p in plan.block.options()
                if not p.by_name or p.name in (mine or ())
            )
        word = say(frame.word if frame.name == "" else f"{frame.title} = {frame.word}", said=mine is not None)
        source = say(sources(plan.sources, program), said="from" in (mine or ()))
        everyone = set(frame.tasks) == set(outline.tasks)
        readers = "all tasks" if everyone else listed(frame.tasks) or "no task"
        rows.append((word, options, source, readers, counts.frames.get(frame.name, 0)))
    return Table("Sharing", ("block", "options", "from", "for", "parameters"), tuple(rows))


def parameter_table(counts: Parameters, outline: Outline) -> Table:
    """A row for what the same tasks read: in tables, in layers, bytes."""
    several = [h for h in counts.holdings if 1 < len(h.tasks) < len(outline.tasks)]
    lines: list[tuple[str, list[Any]]] = []
    for h in counts.holdings:
        if len(h.tasks) == len(outline.tasks) and len(h.tasks) > 1:
            lines.append(("shared by all tasks", [h]))
        elif h in several and len(several) <= SUBSETS:
            lines.append((f"shared by {', '.join(h.tasks)}", [h]))
        elif h in several:
            if several[0] == h:
                lines.append(("shared by some tasks", several))
        else:
            lines.append((f"{h.tasks[0]} alone" if h.tasks else "read by no task", [h]))
    lines.append(("in all", list(counts.holdings)))
    rows = tuple(
        (
            what,
            sum(h.tables for h in held),
            sum(h.dense for h in held),
            sum(h.total for h in held),
            size(sum(counts.bytes(h) for h in held)),
            size(sum(counts.bytes(h, training=True) for h in held)),
        )
        for what, held in lines
    )
    return Table("Parameters", ("whose", "in tables", "in layers", "parameters", "bytes", "while training"), rows)


def size(count: int) -> str:
    """Bytes for a reader.

    Example:
        >>> size(512), size(1_234_567)
        ('512 B', '1.18 MiB')
    """
    number, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if number < 1024:
            break
        number, unit = number / 1024, larger
    return f"{short(number)} {unit}"


def setting_table(program: Program, prepared: Prepared, said: Written) -> Table:
    """Every key of split, balance and train that applies, and where its value comes from."""
    rows: list[tuple[Cell, ...]] = []
    counted = sum(map(len, prepared.train))
    batch = batch_size(program.train.batch, counted)
    steps = -(-counted // program.train.step_rows(counted))

    def add(key: str, text: str, why: str = "default") -> None:
        mine = key in said.settings
        rows.append((key.replace(".", " "), say(text, said=mine), "written" if mine else Default(why)))

    for key in ("valid", "test"):
        part = getattr(prepared, key)
        held = f"{len(part):,} rows" if part is not None else "no rows"
        add(f"split.{key}", f"{value(getattr(program.split, key))}: {held}")
    for key in ("time", "group", "stratify"):
        if getattr(program.split, key) is not None:
            add(f"split.{key}", value(getattr(program.split, key)))
    if program.split.time is None:
        add("split.seed", value(program.split.seed))
    method = value(program.balance)
    rows.append(
        (
            "balance",
            say(method, said=said.balance is not None),
            "written" if said.balance is not None else Default("default"),
        )
    )
    for param in program.train.params():
        key, found = f"train.{param.name}", getattr(program.train, param.name)
        if param.name == "mix" and len(prepared.train) < 2:
            continue
        if param.name == "batch":
            add(key, f"{batch:,}: {steps:,} steps an epoch", f"from the {counted:,} training rows")
        elif param.name == "lr" and found is None:
            add(key, value(LR) if isinstance(program.train.optimizer, str) else "the optimizer's own")
        elif param.name == "epochs":
            add(key, f"{found}: {found * steps:,} steps at most")
        elif param.name == "warmup":
            rise = max(min(found, found if not steps else program.train.epochs * steps // 10), 1)
            add(key, f"{found:,}" + (f": {rise:,} here, a tenth of the run" if rise < found else ""))
        elif param.name == "early_stop" and prepared.valid is None:
            add(key, f"{value(found)}: no validation part, so never")
        else:
            add(key, value(found))
    return Table("Settings", ("setting", "value", "from"), tuple(rows))
