"""A task alone: the same cell with this head only, on the same encoded rows.

Features keep the vocabularies and scales that they have in the shared cell, and rows stay what and where they are, so that both are
compared row by row; rows without a label of the task teach it nothing and are left out of its training.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.schema import Part
from mtl_magic.language import spec
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared, Rows, Schema
    from mtl_magic.program import Program

LEFT_OUT = ("gradients", "mix")  # options of `train` that are about several tasks


def text_alone(whole: spec.Spec, program: Program, schema: Schema, task: str) -> spec.Spec:
    """The cell with one task: blocks that it draws from, no dependency, no weight, nothing that names another task.

    The labels of the others are ignored by name, so that the text is right by itself too.

    Args:
        whole: the cell.
        program: what it declares.
        schema: its tasks as they were fitted.
        task: which stays.
    """
    plan = program.task(task)
    needed = _blocks(program, plan.sources)
    others = [t for t in schema.tasks if t.name != task]
    names = {t.name for t in others}
    kept: list[spec.Statement] = []
    for statement in whole.statements:
        if isinstance(statement, spec.Task):
            if any(word.text == task for word in statement.names):
                kept.append(_only(statement, program, task))
        elif isinstance(statement, spec.Share):
            if (statement.name.text if statement.name else "") in needed:
                kept.append(dataclasses.replace(statement, block=without_tasks(statement.block, names)))
        elif isinstance(statement, spec.Settings):
            settled = _settings(statement, names)
            kept += [settled] if settled is not None else []
        elif not isinstance(statement, spec.Balance):
            kept.append(statement)
    ignored = {w.text for s in whole.each(spec.Ignore) for w in getattr(s, "names", ())}
    own = set(schema.task(task).columns)
    labels = dict.fromkeys(c for t in others for c in t.columns if c not in own and c not in ignored)
    if labels and not any(True for _ in whole.each(spec.Feature)):
        kept.insert(0, spec.Ignore(tuple(spec.Word(c, literal=True) for c in labels)))
    return spec.Spec(tuple(kept))


def _only(statement: spec.Task, program: Program, task: str) -> spec.Task:
    sources = program.task(task).sources
    named = statement.sources or (() if sources in ((), ("",)) else tuple(spec.Word(s) for s in sources))
    return dataclasses.replace(statement, names=(spec.Word(task, literal=True),), sources=named, givens=(), weight=None)


def _blocks(program: Program, sources: Sequence[str]) -> set[str]:
    """Names of the blocks behind some sources."""
    blocks, found = {b.name: b for b in program.blocks}, set[str]()
    left = [s for s in sources if s in blocks]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [s for s in blocks[name].sources if s in blocks]
    return found


def without_tasks(node: Any, names: set[str]) -> Any:
    """A block without what it says of tasks that are gone: `own=[buy=4, watch=2]`."""
    if not isinstance(node, spec.Call):
        return node
    args = []
    for arg in node.args:
        value = arg.value
        if isinstance(value, spec.List) and any(item.name in names for item in value.items):
            value = dataclasses.replace(value, items=tuple(i for i in value.items if i.name not in names))
            if not value.items:
                continue
        args.append(dataclasses.replace(arg, value=value))
    return dataclasses.replace(node, args=tuple(args))


def _settings(statement: spec.Settings, names: set[str]) -> spec.Settings | None:
    """Without options that name a task that is gone, or are about several; None: nothing is left, or it is a search."""
    if statement.word == "tune":
        return None
    args = []
    for arg in statement.args:
        value: Any = arg.value
        named = getattr(getattr(value, "owner", None), "text", None) or getattr(
            getattr(value, "owner", None), "child", None
        )
        if named in names or (statement.word == "train" and arg.name in LEFT_OUT):
            continue
        if statement.word == "split" and arg.name == "stratify" and getattr(value, "text", None) in names:
            continue
        args.append(arg)
    return dataclasses.replace(statement, args=tuple(args)) if args or statement.allow else None


# -- rows -------------------------------------------------------------------------------------------------------------


def rows_alone(prepared: Prepared, task: str) -> Prepared:
    """The same rows with the labels of one task; training rows are those that have one.

    Raises:
        MtlError: MTL485 the rows are on disk.
    """
    schema = prepared.schema
    k = next(i for i, t in enumerate(schema.tasks) if t.name == task)
    beside = schema.beside
    columns = [k, *range(*beside.flags[k])]
    columns += [beside.weights[k]] if beside.weights[k] is not None else []
    columns += [beside.lists, beside.lists + 1] if beside.lists is not None and schema.tasks[k].kind.lists else []
    # Labels that did not count for the sake of a parent are NaN already, and alone there is no parent.
    only = dataclasses.replace(schema.tasks[k], observed=())
    train = [_part(part, columns, labelled=True) for part in prepared.train]
    return dataclasses.replace(
        prepared,
        schema=dataclasses.replace(schema, tasks=(only,)),
        train=[part for part in train if len(part)],
        valid=_part(prepared.valid, columns) if prepared.valid is not None else None,
        test=_part(prepared.test, columns) if prepared.test is not None else None,
        notes=[],
        warnings=(),
        tables=(),
        scratch=None,
    )


def _part(part: Rows, columns: Sequence[int], *, labelled: bool = False) -> Part:
    found = in_memory(part)
    labels = np.ascontiguousarray(found.labels[:, list(columns)])
    if not labelled or np.isfinite(labels[:, 0]).all():
        return dataclasses.replace(found, labels=labels)
    return taken(dataclasses.replace(found, labels=labels), np.flatnonzero(np.isfinite(labels[:, 0])))


def in_memory(part: Rows) -> Part:
    """A part whose rows are in memory.

    Raises:
        MtlError: MTL485 it is on disk.
    """
    if not isinstance(part, Part):
        hint = "give a sample of the rows, or --no-stream where there is room for all"
        raise MtlError(
            Problem("MTL485", "the rows are read from disk piece by piece, and are needed in memory here", hint=hint)
        )
    return part


def joined(parts: Sequence[Part]) -> Part:
    """Rows of several tables as one."""
    if len(parts) == 1:
        return parts[0]
    extras = {name: np.concatenate([p.extras[name] for p in parts]) for name in parts[0].extras}
    index = parts[0].index.append([p.index for p in parts[1:]])
    ids, floats, labels = (np.concatenate([getattr(p, name) for p in parts]) for name in ("ids", "floats", "labels"))
    return dataclasses.replace(parts[0], ids=ids, floats=floats, labels=labels, index=index, extras=extras)


def taken(part: Part, rows: np.ndarray) -> Part:
    """Some rows of a part."""
    extras = {name: values[rows] for name, values in part.extras.items()}
    return Part(part.ids[rows], part.floats[rows], part.labels[rows], part.index[rows], extras)


# -- a budget of parameters -------------------------------------------------------------------------------------------


def narrowed(whole: spec.Spec, program: Program, schema: Schema, share: float) -> spec.Spec:
    """A cell whose layers have this share of their width, at least one unit: blocks with `units`, and towers."""

    def cut(units: Sequence[int]) -> spec.List:
        return spec.List(tuple(spec.Arg("", spec.Number(max(1, round(u * share)))) for u in units))

    blocks = {b.name: b.block for b in program.blocks}
    made: list[spec.Statement] = []
    for statement in whole.statements:
        if isinstance(statement, spec.Share) and isinstance(statement.block, spec.Call):
            units = getattr(blocks.get(statement.name.text if statement.name else ""), "units", None)
            node = _with(statement.block, "units", cut(units)) if isinstance(units, tuple) else statement.block
            made.append(dataclasses.replace(statement, block=node))
        elif isinstance(statement, spec.Task):
            task = schema.task(statement.names[0].text)
            kind = statement.kind if isinstance(statement.kind, spec.Call) else spec.Call(task.kind.word)
            made.append(dataclasses.replace(statement, kind=_with(kind, "tower", cut(_tower(program, task)))))
        else:
            made.append(statement)
    if not any(isinstance(s, spec.Share) for s in made):
        (block,) = (b for b in program.blocks) if len(program.blocks) == 1 else (None,)
        units = getattr(block.block, "units", None) if block is not None else None
        if isinstance(units, tuple) and block is not None:
            made.insert(0, spec.Share(spec.Call(block.block.word, (spec.Arg("units", cut(units)),))))
    return spec.Spec(tuple(made))


def _tower(program: Program, task: Any) -> tuple[int, ...]:
    from mtl_magic.model.heads import tower_units

    return tower_units(program, task)


def _with(node: spec.Call, name: str, value: Any) -> spec.Call:
    """A call with an option, in place of what it was."""
    return dataclasses.replace(node, args=(*(a for a in node.args if a.name != name), spec.Arg(name, value)))


def dense_parameters(program: Program, schema: Schema) -> int:
    """Numbers that the layers of a network learn, embedding tables apart: those are as large as the data says."""
    from mtl_magic.runs.quiet import keras_quietly

    keras_quietly()
    from mtl_magic.model.net import build
    from mtl_magic.model.settle import settle

    return sum(int(np.prod(v.shape)) for v in build(settle(program, schema), schema).dense_variables())


def share_of_width(goal: int, count: Callable[[float], int]) -> float:
    """The share of the width at which all tasks alone have `goal` parameters together, by halving: as many, or less.

    Args:
        goal: parameters of all together.
        count: of a share, their parameters.
    """
    low, high = 0.0, 1.0
    if count(high) <= goal:
        return high
    for _ in range(6):
        middle = (low + high) / 2
        low, high = (middle, high) if count(middle) <= goal else (low, middle)
    return low or high / 2
