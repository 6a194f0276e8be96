"""The `split` statement carried out on a table."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data import split as cut
from mtl_magic.data.columns import Column, MisfitError, dictionary, family
from mtl_magic.data.moments import Moments, moments
from mtl_magic.data.split import Parts, Start
from mtl_magic.data.values import distinct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.data.problems import Found
    from mtl_magic.data.sources import Table
    from mtl_magic.data.targets import Target
    from mtl_magic.program import Program


def divide(
    program: Program,
    table: Table,
    targets: list[Target],
    found: Found,
    *,
    own_valid: bool,
    own_test: bool,
    starts: Sequence[int] = (0,),
    titles: Sequence[str] = (),
) -> Parts:
    """Which rows train, validate and test.

    Args:
        own_valid, own_test: the part is a table of its own.
        starts: the first row of each table that `table` is joined of, see `as_one`.
        titles: how messages call these tables.
    """
    own = own_valid, own_test
    if len(starts) == 1 or as_one(program.split):
        return _divided(program, table, targets, found, own)
    made = []
    for start, stop, title in zip(starts, [*starts[1:], len(table)], titles, strict=True):
        mine = [dataclasses.replace(t, labels=t.labels[start:stop]) for t in targets]
        piece = dataclasses.replace(table.part(start, stop - start), title=title)
        parts = _divided(program, piece, mine, found, own, of=f" of {title}")
        made.append((parts.train + start, parts.valid + start, parts.test + start))
    return Parts(*(np.concatenate(rows) for rows in zip(*made, strict=True)))


def as_one(split: Any) -> bool:
    """Whether several tables are divided as one, in place of each by itself with the same shares: groups are kept whole over
    all tables, and a moment is the same in each.
    """
    shares = [v for v in (split.valid, split.test) if not isinstance(v, str) and v is not None and 0 < v < 1]
    return bool(split.group or (split.time and not shares))


def _divided(
    program: Program, table: Table, targets: list[Target], found: Found, own: tuple[bool, bool], *, of: str = ""
) -> Parts:
    rows = len(table)
    everything = Parts(np.arange(rows), np.empty(0, "int64"), np.empty(0, "int64"))
    split = program.split
    valid = 0.0 if own[0] or split.valid is None else split.valid
    test = 0.0 if own[1] or split.test is None else split.test
    if not valid and not test:
        return everything
    try:
        if rows < 2:
            raise MisfitError("one row cannot be divided", "give a validation table with --valid")
        parts = _divide(program, table, targets, found, (valid, test))
    except MisfitError as error:
        keys = ("time", "group", "stratify", "valid", "test")
        span = next((program.places[f"split.{k}"] for k in keys if f"split.{k}" in program.places), None)
        found.add("MTL211", f"split{of}: {error.message}", span, error.hint)
        return everything
    if parts is None:  # what is missing has a problem of its own
        return everything
    if not program.split_given:
        share = f"{len(parts.valid):,} of {rows:,} rows{of}"
        found.note(f"No split line: {share}, drawn at random, validate; there is no test part.")
    return parts


def _divide(
    program: Program, table: Table, targets: list[Target], found: Found, values: tuple[float | str, float | str]
) -> Parts | None:
    split = program.split
    groups = None
    if split.stratify and (split.time or split.group):
        raise MisfitError(f"{'time' if split.time else 'group'}= and stratify= exclude each other")
    if split.group:
        column = _column(table, "group", split.group, found)
        if column is None:
            return None
        groups = _groups(table[column], column)
    if split.time:
        column = _column(table, "time", split.time, found)
        return None if column is None else _by_time(table, column, values, groups, found)
    for name, value in zip(("valid", "test"), values, strict=True):
        if isinstance(value, str) or value >= 1:
            first = f"'{value}'" if isinstance(value, str) else f"{value:g}"
            hint = "a share of the rows is below 1"
            raise MisfitError(f"{name}={first} is a first time, and there is no time=", hint)
    shares = float(values[0]), float(values[1])
    if groups is not None:
        return cut.by_group(groups, *shares, split.seed)
    if not split.stratify:
        return cut.at_random(len(table), *shares, split.seed)
    target = next((t for t in targets if t.plan.name == split.stratify), None)
    if target is not None:
        return cut.stratified(cut.strata_of(target.labels), *shares, split.seed)
    if any(t.name == split.stratify for t in program.tasks):
        return None
    raise MisfitError(f"stratify= names '{split.stratify}', which is no task")


def _column(table: Table, what: str, name: str, found: Found) -> str | None:
    column = table.resolve(name)
    if column is None:
        found.unknown(f"the {what} of the split", name, table.names, found.program.places.get(f"split.{what}"))
    return column


def _groups(column: Column, name: str) -> np.ndarray:
    if family(column.type) == "time":
        return dictionary(column)[0]
    try:
        return distinct(column)[0]
    except MisfitError as error:
        raise MisfitError(f"by the group '{name}': {error.message}", error.hint) from None


def _by_time(
    table: Table, column: str, values: tuple[float | str, float | str], groups: np.ndarray | None, found: Found
) -> Parts:
    try:
        times = moments(table[column])
        starts = [start_of(value, times) for value in values]
        rows = times.values if groups is None else cut.latest_of_group(times.values, groups)
        parts = cut.by_time(rows, *starts)
    except MisfitError as error:
        raise MisfitError(f"by the time '{column}': {error.message}", error.hint) from None
    missing = int(np.isnan(rows).sum())
    if missing:
        of = f" of {table.title}" if table.title.startswith("table ") else ""
        found.note(f"{missing:,} rows{of} without a time in '{column}' train.")
    return parts


def start_of(value: float | str, times: Moments) -> Start:
    """What the cell says of a part's beginning: its share, or its first moment in the terms of the column.

    Raises:
        MisfitError: it is no value of such a column.
    """
    if isinstance(value, str) or value >= 1:
        return Start(first=times.read(value))
    return Start(share=float(value))
