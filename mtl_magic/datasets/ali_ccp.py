"""Ali-CCP: impressions of a shop's search, clicks and purchases; too large to be a frame."""

from __future__ import annotations

import os
import pathlib
from array import array
from typing import TYPE_CHECKING, Any

from mtl_magic.datasets._files import broken, find, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# fields of one id a row: of the person (in the common features), of the item, of both, and the position
ONE = (
    "101", "121", "122", "124", "125", "126", "127", "128", "129",
    "205", "206", "207", "216", "508", "509", "702", "853", "301",
)  # fmt: skip
MANY = ("109_14", "110_14", "127_14", "150_14", "210")  # fields of several ids
BLOCK = 100_000  # rows of a row group
MISSING = -1


def ali_ccp(
    folder: str | os.PathLike[str], to: str | os.PathLike[str], part: str = "train", *, many: tuple[str, ...] = ()
) -> pathlib.Path:
    r"""Ali-CCP (Ma et al. 2018, the data of ESMM): 42 million training impressions, as one Parquet file that training streams.

    Args:
        folder: where `sample_skeleton_train.csv`, `common_features_train.csv` and those of 'test' are.
        to: the Parquet file that is written, row group by row group; one that is there is replaced when the new one is
            whole.
        part: 'train' or 'test'.
        many: which of the fields with several ids to keep too: '109_14', '110_14', '127_14' and '150_14' (what the
            person did before with categories, shops, brands, intentions), '210' (intentions of the item). They become
            lists, without their counts.

    Returns:
        The file, for `--data`. Columns: `click`, `buy` (0 or 1), `sample_id`, and each field as `f101` and so on, of a
        field of one id the first; the ids are text, '' where there is none. The values beside them, 1 mostly, are left
        out. A few rows have a purchase and no click, as in the original.

    Of the common features the kept fields of all people are in memory (18 numbers a person), of the impressions 100,000
    at a time.

    Raises:
        MtlError: MTL213, a file is missing, or a line is not of this format.

    Example:
        ::

            path = ali_ccp("ali-ccp", "ali_ccp_train.parquet")
            mtl_magic.fit("task click: binary\ntask buy: binary given click\nignore sample_id", str(path))
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if part not in ("train", "test"):
        raise ValueError(f"part is 'train' or 'test', not {part!r}")
    if unknown := [name for name in many if name not in MANY]:
        raise ValueError(f"many names the field {unknown[0]!r}; those of several ids are {', '.join(MANY)}")
    skeleton = find(folder, "Ali-CCP", f"sample_skeleton_{part}.csv")
    people = _People(find(folder, "Ali-CCP", f"common_features_{part}.csv"), many)
    names = {field: f"f{field}" for field in (*ONE, *many)}
    types = [(names[f], pa.string()) for f in ONE] + [(names[f], pa.list_(pa.int64())) for f in many]
    schema = pa.schema([("sample_id", pa.int64()), ("click", pa.int8()), ("buy", pa.int8()), *types])
    target = pathlib.Path(to)
    beside = target.with_name(f".{target.name}.part")
    try:
        with pq.ParquetWriter(beside, schema) as writer:
            for columns in _blocks(skeleton, people, many):
                writer.write_table(pa.table(columns, schema))
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def _fields(text: str) -> Iterator[tuple[str, int]]:
    """Fields and ids of a list of features, 'field ^B id ^C value' with ^A between."""
    for feature in text.split("\x01"):
        field, _, rest = feature.partition("\x02")
        yield field, int(rest.partition("\x03")[0])


class _People:
    """The common features: of each index the ids of the kept fields."""

    def __init__(self, path: pathlib.Path, many: tuple[str, ...]) -> None:
        self.rows: dict[str, int] = {}
        self.one = {field: array("q") for field in ONE}
        self.many: dict[str, list[array[int]]] = {field: [] for field in many}
        with lines_of(path) as lines:
            for number, line in enumerate(lines, 1):
                values = line.rstrip("\n").split(",")
                try:
                    index, _, features = values
                    found, lists = _read(features, many)
                except ValueError:
                    raise broken(path, number, "is not 'index,count,features'") from None
                self.rows[index] = len(self.rows)
                for field in ONE:
                    self.one[field].append(found.get(field, MISSING))
                for field in many:
                    self.many[field].append(lists[field])


def _read(features: str, many: tuple[str, ...]) -> tuple[dict[str, int], dict[str, array[int]]]:
    found: dict[str, int] = {}
    lists = {field: array("q") for field in many}
    for field, value in _fields(features) if features else ():
        if field in lists:
            lists[field].append(value)
        else:
            found.setdefault(field, value)
    return found, lists


def _blocks(path: pathlib.Path, people: _People, many: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Columns of some rows at a time."""

    def empty() -> dict[str, list[Any]]:
        return {name: [] for name in ("sample_id", "click", "buy", *(f"f{f}" for f in (*ONE, *many)))}

    columns, rows = empty(), 0
    with lines_of(path) as lines:
        for number, line in enumerate(lines, 1):
            values = line.rstrip("\n").split(",")
            try:
                sample, click, buy, index, _, features = values
                row, (found, lists) = people.rows[index], _read(features, many)
                for name, value in (("sample_id", sample), ("click", click), ("buy", buy)):
                    columns[name].append(int(value))
            except (ValueError, KeyError):
                why = "is not 'sample,click,buy,index,count,features' with an index of the common features"
                raise broken(path, number, why) from None
            for field in ONE:
                seen = found.get(field, people.one[field][row])
                columns[f"f{field}"].append("" if seen == MISSING else str(seen))
            for field in many:
                columns[f"f{field}"].append([*people.many[field][row], *lists[field]])
            rows += 1
            if rows == BLOCK:
                yield columns
                columns, rows = empty(), 0
    if rows:
        yield columns
