"""From a Program and tables larger than memory to encoded parts on disk.

What a sample of the rows can settle is settled by it: kinds, quantiles, what the checks before training look at. One pass
counts what must be exact, vocabularies, classes and statistics of the training rows; a second one encodes.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mtl_magic.data import negatives
from mtl_magic.data.columns import MisfitError
from mtl_magic.data.encode import encode_table, packed
from mtl_magic.data.options import check_options, note_lists
from mtl_magic.data.prepare import check_other, extra_columns, kept_out, packed_features, renamed, with_keys
from mtl_magic.data.problems import Found
from mtl_magic.data.schema import Part, Prepared, Raw, Schema
from mtl_magic.data.selection import Fitted, check_sources, fit_features, telling
from mtl_magic.data.split import Parts
from mtl_magic.data.streaming.division import TEST, TRAIN, VALID, ByTime, Division, Undivided, division
from mtl_magic.data.streaming.fragments import BATCH
from mtl_magic.data.streaming.scratch import full
from mtl_magic.data.streaming.source import Source, Stacked, taken
from mtl_magic.data.streaming.spool import Spool, StoredPart
from mtl_magic.data.streaming.targets import LabelTally
from mtl_magic.data.targets import fit_targets
from mtl_magic.data.taught import Tables, sentences
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtl_magic.data.schema import TaskSchema
    from mtl_magic.data.sources import Table
    from mtl_magic.data.stage import Tell
    from mtl_magic.data.streaming.road import Streams
    from mtl_magic.data.streaming.scratch import Scratch
    from mtl_magic.data.targets import Target
    from mtl_magic.program import Program

MANY = 1 << 17  # values of a vocabulary whose hash table is worth larger batches
NAMES = {VALID: "valid", TEST: "test"}
WORDS = {VALID: "validation", TEST: "test"}


def prepare_streams(program: Program, streams: Streams, tell: Tell) -> Prepared:
    """What `data.prepare.prepare` makes, from sources that are read piece by piece.

    Raises:
        MtlError: with every problem of the data, as `prepare` does; MTL217 no room on disk.
    """
    found = Found(program)
    source = Stacked.under(streams.data)
    given = streams.data
    tables = Tables(streams.names, [t.title for t in given], [t.names for t in given], [t.rows for t in given])
    tables.check(program, found)
    others = {VALID: streams.valid, TEST: streams.test}
    tell("reading", 0, 0, "rows")
    sample, numbers = source.sample(streams.sample_rows, tell=tell)
    targets = fit_targets(program, sample, found)
    extras, needed = extra_columns(program, targets, sample, found)
    tables.check_extras(targets, found)
    divided = division(
        program,
        source,
        sample,
        targets,
        found=found,
        own_valid=streams.valid is not None,
        own_test=streams.test is not None,
        tables=tables,
        numbers=numbers,
    )
    note_lists(program, found, own_valid=streams.valid is not None, own_test=streams.test is not None)
    rows = Parts.of(divided.parts(numbers, sample)) if not found.problems else Parts.of(np.zeros(len(numbers), "int8"))
    features = fit_features(program, sample, rows.train, found, kept_out(program, targets), judged=False)
    _say_sampled(found, source, len(sample))
    for other in others.values():
        if other is not None:
            check_other(other.empty(), features, targets, needed, found)
    found.stop()
    if isinstance(divided, ByTime):
        divided.missing = 0  # the sample has been looked at only
    labels = LabelTally(targets, rows.train, len(tables))
    features, tasks, sizes, trains = _count(source, divided, features, labels, found=found, tables=tables, tell=tell)
    features = telling(features, found)
    check_sources(program, [f.name for f in features], source.names, found)
    check_options(program, features, found)
    _check_sizes(program, divided, sizes, found)
    negatives.check(program, {t.plan.name: t.kind for t in targets}, found)
    counted = [{name: int(counts[k]) for name, counts in labels.labelled.items()} for k in range(len(tables))]
    tables.taught(trains.tolist(), counted, features, found)  # what is wrong already, before anything is encoded
    found.stop()
    optional = tables.optional(features)
    schema = Schema(packed_features(features, optional), with_keys(tasks), tuple(extras))
    _say_division(program, divided, sizes, found)
    try:
        train, parts, counted = _encode(
            program, schema, source, divided, others=others, tables=tables, scratch=streams.scratch, tell=tell
        )
    except OSError as error:
        raise full(error, "the encoded rows") or error from None
    rows_left = [len(part) if part is not None else 0 for part in train]
    taught = tables.taught(rows_left, counted, features, found, sampled=sum(rows_left) < trains.sum())
    found.stop()
    return Prepared(
        schema=schema,
        train=[part for part in train if part is not None],
        valid=parts[VALID],
        test=parts[TEST],
        notes=[
            streams.why,
            *sentences(program, taught),
            *negatives.sentences(schema.tasks, int(trains.sum()), sum(rows_left)),
            *found.notes,
            *renamed(schema),
        ],
        sample=_looked_at(
            schema,
            features,
            targets,
            sample=sample,
            rows=rows,
            others=others,
            most=streams.sample_rows,
            origin=tables.origin(numbers),
        ),
        scratch=streams.scratch,
        tables=taught,
    )


def _count(
    source: Source,
    divided: Division,
    features: list[Fitted],
    labels: LabelTally,
    *,
    found: Found,
    tables: Tables,
    tell: Tell,
) -> tuple[list[Fitted], list[TaskSchema], np.ndarray, np.ndarray]:
    """The features with encoders of all training rows, the tasks with statistics of them, rows of each part (3,), training rows
    of each table (tables,).
    """
    tallies = [f.kind.tally(f.encoder) for f in features]  # type: ignore[attr-defined]
    columns = [f.column for f in features]
    columns += [c for t in labels.targets.values() for c in (*t.columns, _resolved(source, t.mask)) if c]
    sizes, trained = np.zeros(3, "int64"), np.zeros(len(tables), "int64")
    wrong: set[str] = set()
    for start, table in source.batches(list(dict.fromkeys([*columns, *divided.columns]))):
        numbers = np.arange(start, start + len(table))
        part, origin = divided.parts(numbers, table), tables.origin(numbers)
        sizes += np.bincount(part, minlength=3)
        trains = part == TRAIN
        trained += np.bincount(origin[trains], minlength=len(tables))
        labels.add(table, trains, origin)
        rows = None if trains.all() else pa.array(np.flatnonzero(trains))
        for feature, tally in zip(features, tallies, strict=True):
            try:
                if tally is not None and feature.name not in wrong:
                    column = table[feature.column]
                    tally.add(column if rows is None else column.take(rows))
            except MisfitError as error:
                wrong.add(feature.name)
                found.add("MTL208", f"feature '{feature.name}': its column {error.message}", feature.span, error.hint)
        tell("counting", start + len(table), source.rows, "rows")
    found.stop()
    fitted = [
        f if tally is None else dataclasses.replace(f, encoder=tally.encoder())
        for f, tally in zip(features, tallies, strict=True)
    ]
    return fitted, labels.tasks(found), sizes, trained


def _resolved(source: Source, name: str | None) -> str | None:
    return source.empty().resolve(name) if name else None


def _encode(
    program: Program,
    schema: Schema,
    source: Source,
    divided: Division,
    *,
    others: dict[int, Source | None],
    tables: Tables,
    scratch: Scratch,
    tell: Tell,
) -> tuple[list[StoredPart | None], dict[int, StoredPart | None], list[dict[str, int]]]:
    """The training rows of each table, and the other parts, on disk, None where there are none; labelled rows of each table
    that train, by task.
    """
    total = source.rows + sum(other.rows for other in others.values() if other is not None)
    trains = [_spool(schema, f"train{k or ''}", source, scratch, trains=True) for k in range(len(tables))]
    spools = {which: _spool(schema, NAMES[which], other or source, scratch) for which, other in others.items()}
    kinds, counted = [t.kind for t in schema.tasks], [Counter[str]() for _ in trains]
    done = 0
    for numbers, table, encoded in _encoded(program, schema, source, divided.columns):
        part, origin = divided.parts(numbers, table), tables.origin(numbers)
        for k, spool in enumerate(trains):
            rows = np.flatnonzero((part == TRAIN) & (origin == k))
            left, stays = negatives.sampled(kinds, encoded.labels[rows], numbers[rows], program.train.seed)
            rows, left = rows[stays], left[stays]
            spool.add((encoded.ids[rows], encoded.floats[rows], left))
            counted[k].update(tables.labelled(schema.tasks, left))
        for which, spool in spools.items():
            if others[which] is None:
                rows = np.flatnonzero(part == which)
                extras = taken(table, rows) if schema.extras else None
                spool.add((encoded.ids[rows], encoded.floats[rows], encoded.labels[rows]), extras)
        done += len(table)
        tell("encoding", done, total, "rows")
    for which, other in others.items():
        if other is not None:
            for _, table, encoded in _encoded(program, schema, other, ()):
                spools[which].add((encoded.ids, encoded.floats, encoded.labels), table if schema.extras else None)
                done += len(table)
                tell("encoding", done, total, "rows")
    made = [spool.close() for spool in trains]
    return made, {which: spool.close() for which, spool in spools.items()}, [dict(found) for found in counted]


def _spool(schema: Schema, what: str, source: Source, scratch: Scratch, *, trains: bool = False) -> Spool:
    """For rows that train: mixed, or lists together, and without what metrics alone read."""
    widths = (schema.id_width, schema.float_width, schema.beside.width)
    if trains:
        return Spool(scratch, what, widths, mixes=True, lists=schema.beside.lists, rows=source.rows)
    empty = source.empty()
    extras = {name: source.types[c] for name in schema.extras if (c := empty.resolve(name))}
    return Spool(scratch, what, widths, extras)


def _encoded(
    program: Program, schema: Schema, source: Source, also: Sequence[str]
) -> Iterator[tuple[np.ndarray, Table, Part]]:
    """Batches of a source with the numbers of their rows, as they are and encoded."""
    empty = source.empty()
    masks = [getattr(t.kind, "mask", None) for t in schema.tasks]
    labels = [c for t in schema.tasks for c in t.columns]
    wanted: list[str | None] = [*(f.source for f in schema.features), *labels, *masks, *schema.extras, *also]
    if any(callable(t.kind.sample_weight) for t in schema.tasks):  # of which columns it is a function nobody knows
        wanted = list(source.names)
    columns = [c for name in dict.fromkeys(wanted) if isinstance(name, str) and (c := empty.resolve(name))]
    plain = dataclasses.replace(schema, extras=())
    largest = max((f.encoder.rows for f in schema.features), default=0)
    for start, table in source.batches(columns, BATCH if largest <= MANY else 4 * BATCH):
        try:
            encoded = encode_table(plain, table)
        except MtlError as error:
            raise MtlError([_placed(program, schema, p) for p in error.problems], program.text) from error
        yield np.arange(start, start + len(table)), table, encoded


def _placed(program: Program, schema: Schema, problem: Problem) -> Problem:
    """A problem of a batch, at the line of the feature whose column it names, or of the task whose label it names."""
    spans = {t.label: program.task(t.name).span for t in schema.tasks}
    spans |= {f.source: next((r.span for r in program.features if r.matches(f.name)), None) for f in schema.features}
    named = [span for column, span in spans.items() if f"'{column}'" in problem.message and span is not None]
    return problem if problem.span is not None or not named else dataclasses.replace(problem, span=named[-1])


def _looked_at(
    schema: Schema,
    features: list[Fitted],
    targets: list[Target],
    *,
    sample: Table,
    rows: Parts,
    others: dict[int, Source | None],
    most: int,
    origin: np.ndarray,
) -> Prepared:
    """What the checks before training read: the sample, encoded as the rows are, and samples of the other tables.

    Args:
        origin: the table of each row of the sample, (n,) int64.
    """
    whole = packed([f.encoder.encode(f.coded) for f in features], len(sample))
    labels = np.stack([t.labels for t in targets], axis=1).astype("float32")
    unmasked = np.stack([t.raw for t in targets], axis=1) if any(t.observed for t in targets) else None

    def part(chosen: np.ndarray) -> Part | None:
        if not len(chosen):
            return None
        return Part(whole[0][chosen], whole[1][chosen], labels[chosen], sample.index[chosen])

    own = {which: other.sample(most)[0] if other is not None else None for which, other in others.items()}
    tables = range(int(origin.max(initial=0)) + 1)
    train = [part(rows.train[origin[rows.train] == k]) for k in tables]
    starts = tuple(int(start) for start in np.searchsorted(origin, tables))
    return Prepared(
        schema=schema,
        train=[some for some in train if some is not None],
        valid=part(rows.valid),
        test=part(rows.test),
        raw=Raw(sample, rows, own[VALID], own[TEST], unmasked, starts),
    )


def _say_sampled(found: Found, source: Source, looked: int) -> None:
    """Problems that a few rows more could make disappear say how many rows were looked at."""
    if looked == source.rows:
        return
    for place, problem in enumerate(found.problems):
        if problem.code in ("MTL203", "MTL205") and "sample" not in problem.hint:
            said = f"seen in a sample of {looked:,} of the {source.rows:,} rows"
            hint = f"{problem.hint}; {said}" if problem.hint else said
            found.problems[place] = dataclasses.replace(problem, hint=hint)


def _check_sizes(program: Program, divided: Division, sizes: np.ndarray, found: Found) -> None:
    """Parts that were asked for and got no row, which so few rows or groups can make."""
    if isinstance(divided, Undivided):
        return
    asked = {TRAIN: True, VALID: True, TEST: True}
    if not isinstance(divided, ByTime):
        asked[VALID], asked[TEST] = bool(getattr(divided, "valid", 0)), bool(getattr(divided, "test", 0))
    else:
        asked[VALID], asked[TEST] = VALID in divided.starts, TEST in divided.starts
    span = program.places.get("split.group") or program.places.get("split.valid")
    for which, wanted in asked.items():
        if wanted and not sizes[which]:
            said = "nothing is left to train on" if which == TRAIN else f"the {WORDS[which]} part has no rows"
            found.add("MTL211", f"split: {said}", span, "larger shares help, or a table of its own: --valid, --test")


def _say_division(program: Program, divided: Division, sizes: np.ndarray, found: Found) -> None:
    if isinstance(divided, ByTime) and divided.missing:
        found.note(f"{divided.missing:,} rows without a time in '{divided.column}' train.")
    if not program.split_given and not isinstance(divided, Undivided):
        share = f"{sizes[VALID]:,} of {sizes.sum():,} rows"
        found.note(f"No split line: {share}, drawn at random, validate; there is no test part.")
