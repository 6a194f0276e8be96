"""From a Program and its tables to encoded parts: everything that only the data shows is found here, all at once."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data import negatives
from mtl_magic.data.beside import fill
from mtl_magic.data.columns import MisfitError
from mtl_magic.data.encode import encode_rows, encode_table, extra, packed
from mtl_magic.data.options import check_options, note_lists
from mtl_magic.data.parts import divide
from mtl_magic.data.problems import Found
from mtl_magic.data.schema import EncodedFeature, Part, Prepared, Raw, Schema, TaskSchema
from mtl_magic.data.selection import Fitted, check_sources, fit_features
from mtl_magic.data.sources import Table, joined, read_table
from mtl_magic.data.stage import Tell, untold
from mtl_magic.data.streaming.road import Streams, road
from mtl_magic.data.targets import Target, fit_targets, statistics
from mtl_magic.data.taught import Tables, sentences
from mtl_magic.problems import listed
from mtl_magic.program import Program, safe_names

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mtl_magic.data.encoders import Encoded


def prepare(
    program: Program,
    data: Sequence[Any],
    valid: Any = None,
    test: Any = None,
    *,
    stream: bool | None = None,
    tell: Tell = untold,
) -> Prepared:
    """Choose and fit the features, encode the tables, divide the rows.

    Vocabularies, scales and label statistics come from the training rows alone. Nothing of the user's is changed.

    Args:
        program: what the cell declares.
        data: tables, each as `read_table` takes them, or `Named`; each teaches the tasks whose label columns it has, and
            a feature that it lacks is missing in its rows.
        valid, test: in place of the split's parts a table, or several, which are put one under another.
        stream: read the tables piece by piece and encode them to files, or never; None: where they would take too large
            a share of the free memory (`streaming/road.py`).
        tell: hears how far it is.

    Raises:
        MtlError: with every problem of the data (MTL2xx, and MTL021 for an unknown source).
    """
    found = Found(program)
    chosen = found.guard(partial(road, data, valid, test, stream, tell))
    found.stop()
    if isinstance(chosen, Streams):
        from mtl_magic.data.streaming.prepare import prepare_streams

        try:
            return prepare_streams(program, chosen, tell)
        except BaseException:
            chosen.scratch.close()
            raise
    assert chosen is not None
    tell("reading", 0, 0, "rows")
    read = _read(found, chosen.data, tell)
    table = found.guard(partial(joined, read)) if read else None
    others = {
        "valid": _other(found, chosen.valid, "the validation table"),
        "test": _other(found, chosen.test, "the test table"),
    }
    found.stop()
    assert table is not None
    tables = Tables(chosen.names, [t.title for t in read], [t.names for t in read], [len(t) for t in read])
    tables.check(program, found)
    targets = fit_targets(program, table, found)
    extras, needed = extra_columns(program, targets, table, found)
    tables.check_extras(targets, found)
    own = {"own_valid": bool(chosen.valid), "own_test": bool(chosen.test)}
    parts = divide(program, table, targets, found, starts=tables.starts, titles=tables.titles, **own)
    note_lists(program, found, **own)
    features = fit_features(program, table, parts.train, found, kept_out(program, targets), tell=tell)
    check_sources(program, [f.name for f in features], table.names, found)
    check_options(program, features, found)
    tasks = [statistics(t, parts.train, found) for t in targets]
    for other in others.values():
        if other is not None:
            check_other(other, features, targets, needed, found)
    negatives.check(program, {t.plan.name: t.kind for t in targets}, found)
    found.stop()
    optional = tables.optional(features)
    schema = Schema(packed_features(features, optional), with_keys([t for t in tasks if t]), tuple(extras))
    labels = labels_of(schema, table, targets, found)
    kinds = [t.kind for t in schema.tasks]
    labels[parts.train], stays = negatives.sampled(kinds, labels[parts.train], parts.train, program.train.seed)
    trains = parts.train[stays]
    rows = [trains[tables.origin(trains) == k] for k in range(len(tables))]
    counted = [tables.labelled(schema.tasks, labels[mine]) for mine in rows]
    sampled = len(trains) < len(stays)
    taught = tables.taught([len(mine) for mine in rows], counted, features, found, sampled=sampled)
    unmasked = np.stack([t.raw for t in targets], axis=1) if any(t.observed for t in targets) else None
    encoded = _encoded(features, found, tell)
    found.stop()
    whole = packed(encoded, len(table))
    kept = {name: extra(table, name) for name in extras}

    def part(rows: np.ndarray) -> Part | None:
        return encode_rows(whole, labels, table.index, kept, rows) if len(rows) else None

    made = Prepared(
        schema=schema,
        train=[p for p in map(part, rows) if p is not None],
        valid=part(parts.valid),
        test=part(parts.test),
        notes=[
            *sentences(program, taught),
            *negatives.sentences(schema.tasks, len(stays), len(trains)),
            *found.notes,
            *renamed(schema),
        ],
        raw=Raw(table, parts, others["valid"], others["test"], unmasked, tuple(tables.starts)),
        tables=taught,
    )
    for name, other in others.items():
        if other is not None:
            setattr(made, name, found.guard(partial(encode_table, schema, other)))
    found.stop()
    return made


def labels_of(schema: Schema, table: Table, targets: list[Target], found: Found) -> np.ndarray:
    """The labels of all rows and what stands beside them, (n, width) float32."""
    made = np.full((len(table), schema.beside.width), np.nan, "float32")
    made[:, : len(targets)] = np.stack([t.labels for t in targets], axis=1)
    try:
        fill(schema, table, made, {t.plan.name: t.flags for t in targets}, {t.plan.name: t.weights for t in targets})
    except MisfitError as error:
        span = next((t.plan.kind_span for t in targets if t.kind.lists), None)
        message = f"the lists of a loss: column '{schema.lists}' {error.message}"
        found.add("MTL208", message, span, "a list is the rows that share a number or a text")
    return made


def renamed(schema: Schema) -> list[str]:
    """A sentence on the names that Keras could not take as they are."""
    keys = {t.name: t.key for t in schema.tasks} | {f.name: f.key for f in schema.features}
    keys = {name: key for name, key in keys.items() if name != key}
    return [f"names in the Keras model: {listed([f'{name} is {key}' for name, key in keys.items()])}"] if keys else []


def _read(found: Found, data: Sequence[tuple[Any, str]], tell: Tell) -> list[Table]:
    """The tables, or none where one cannot be read."""
    read = [found.guard(partial(read_table, table, title, tell)) for table, title in data]
    tables = [t for t in read if t is not None]
    if not read:
        found.add("MTL202", "there is no data")
    return tables if len(tables) == len(read) else []


def _other(found: Found, data: Sequence[tuple[Any, str]], title: str) -> Table | None:
    """The tables of a part, one under another; None where there is none, or one cannot be read."""
    read = [found.guard(partial(read_table, table, own)) for table, own in data]
    tables = [table for table in read if table is not None]
    return found.guard(partial(joined, tables, title)) if tables and len(tables) == len(read) else None


def kept_out(program: Program, targets: list[Target]) -> tuple[set[str], set[str]]:
    """Columns that are features only where a line says so, and label columns."""
    out = {c for t in targets for c in (t.mask, t.sample_weight) if c}
    if program.split.time:
        out.add(program.split.time)
    return out, {c for t in targets for c in t.columns or (t.column,)}


def extra_columns(program: Program, targets: list[Target], table: Table, found: Found) -> tuple[list[str], list[str]]:
    """Columns that reach metrics and training without being features, as the cell spells them; and those of them that
    every part must have.
    """
    needed: list[str] = []
    for target in targets:
        for what, name in target.extras():
            if table.resolve(name) is None:
                found.unknown(f"the {what} of task '{target.plan.name}'", name, table.names, target.plan.kind_span)
            else:
                needed.append(name)
    split = [name for name in (program.split.group, program.split.time) if name and table.resolve(name)]
    every = dict.fromkeys([*needed, *split])
    return list(every), list(dict.fromkeys(needed))


def check_other(table: Table, features: list[Fitted], targets: list[Target], extras: list[str], found: Found) -> None:
    missing = [f for f in features if table.resolve(f.column) is None]
    unsaid = [f for f in missing if f.span is None]
    if len(unsaid) > 1:  # no line declares them, so one sentence is enough
        names = listed([f"'{f.name}'" for f in unsaid])
        found.add("MTL206", f"{table.title} lacks {len(unsaid)} of the {len(features)} features: {names}")
    for feature in missing:
        if feature not in unsaid or len(unsaid) == 1:
            found.lacking(table, "the feature", feature.name, feature.column, feature.span)
    for target in targets:
        for column in target.columns or (target.column,):
            if table.resolve(column) is None:
                found.lacking(table, "the label of task", target.plan.name, column, target.plan.span)
    for name in extras:
        if table.resolve(name) is None:
            found.lacking(table, "the column", name, name, None)


def _encoded(features: list[Fitted], found: Found, tell: Tell) -> list[Encoded]:
    encoded: list[Encoded] = []
    for k, f in enumerate(features):
        tell("encoding", k, len(features), "columns")
        try:
            encoded.append(f.encoder.encode(f.coded))
        except MisfitError as error:  # the rows that do not train hold something else
            found.add("MTL208", f"feature '{f.name}': its column {error.message}", f.span, error.hint)
    return encoded


def packed_features(features: list[Fitted], optional: Collection[str] = ()) -> tuple[EncodedFeature, ...]:
    """The features with their places in a row. `optional`: those whose columns a table may lack."""
    keys = safe_names([f.name for f in features])
    made, ids, floats = [], 0, 0
    for f in features:
        stops = ids + f.encoder.id_width, floats + f.encoder.float_width
        made.append(
            EncodedFeature(
                name=f.name,
                key=keys[f.name],
                kind=f.kind,
                encoder=f.encoder,
                ids=(ids, stops[0]),
                floats=(floats, stops[1]),
                inferred=f.inferred,
                optional=f.name in optional,
            )
        )
        ids, floats = stops
    return tuple(made)


def with_keys(tasks: list[TaskSchema]) -> tuple[TaskSchema, ...]:
    keys = safe_names([t.name for t in tasks])
    return tuple(dataclasses.replace(t, key=keys[t.name]) for t in tasks)
