"""What kind a feature or a task is, from its column alone; and the table that reports it."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from mtl_magic.data.columns import WORDS, Column, dictionary, family, flat, numbers
from mtl_magic.data.tags import separator
from mtl_magic.data.values import distinct
from mtl_magic.features import _defaults
from mtl_magic.vocabulary import vocabulary

if TYPE_CHECKING:
    from mtl_magic.registry import Declaration

LOOK = 20_000  # distinct texts that are looked at for joined lists
THINGS = (
    "user|item|product|video|movie|film|song|track|artist|author|session|device|shop|store|brand|category|cate|ad|"
    "campaign|creative|customer|client|member|visitor|article|news|doc|page|site|app|request|place|city|region|seller"
)
IDS = re.compile(rf"(?i:(^|[\W_])(id|uid|uuid|guid)s?$|^ids?[\W_]|^({THINGS})ids?$)|[a-z]I[dD]s?$|^id[A-Z]")


@dataclasses.dataclass(frozen=True)
class Guess:
    """An inferred kind; None with the reason why there is none, and a way out."""

    kind: Declaration | None
    why: str = ""
    hint: str = ""


def is_id(name: str) -> bool:
    """A name that says identifier: user_id, movieId, id, userID, itemid.

    Example:
        >>> [is_id(n) for n in ("user_id", "movieId", "placeID", "ID", "paid", "grid", "valid_until")]
        [True, True, True, True, False, False, False]
    """
    return IDS.search(name) is not None


def feature_kind(column: Column, name: str) -> Guess:
    """The kind of the feature `name` from the training rows' column.

    Example:
        >>> import pyarrow as pa
        >>> feature_kind(pa.array(["a", "b"]), "city").kind.word
        'category'
        >>> feature_kind(pa.array([0.5, 1.25]), "price").kind.word
        'number'
    """
    kind = family(column.type)
    if kind == "null" or column.null_count == len(column):
        return Guess(None, "every value is missing")
    if kind == "time":
        hint = f"take out what matters (the hour, the weekday) as a column of its own, or write '{name}: number'"
        return Guess(None, "dates and times have no kind of their own", hint)
    if kind == "other":
        return Guess(None, f"no feature kind reads {column.type}")
    if kind == "bool":
        return _made("category")
    if kind == "string":
        return _made("tags" if looks_joined(column) else "category")
    if kind in ("list", "vector"):
        return _made(_list_kind(column))
    if kind == "float" and not _whole(column):
        return _made("number")
    few = _defaults.few(len(column))
    return _made("category" if is_id(name) or _distinct(column) <= few else "number")


def _made(word: str, family: str = "feature") -> Guess:
    found = vocabulary().find(family, word)
    assert found is not None
    return Guess(found())


def _list_kind(column: Column) -> str:
    array = flat(column)
    inner = family(array.type.value_type)
    if inner != "float":
        return "tags"
    lengths = pc.list_value_length(array)
    return "vector" if pc.count_distinct(lengths).as_py() <= 1 else "tags"


def _whole(column: Column) -> bool:
    values = numbers(column)
    known = values[~np.isnan(values)]
    return len(known) > 0 and bool((known == np.floor(known)).all())


def _distinct(column: Column) -> int:
    if pt.is_dictionary(column.type):
        return len(np.unique(dictionary(column)[0]))
    found: int = pc.count_distinct(column).as_py()
    return found


def looks_joined(column: Column) -> bool:
    """Whether texts are lists of recurring items: 'Comedy|Romance', '12,7'; not '(10,50]', 'Paris, France' or prose."""
    codes, values = dictionary(column)
    if not len(codes):
        return False
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    top = np.argsort(-counts, kind="stable")[:LOOK]
    texts, counts = values.take(pa.array(top)), counts[top]
    mark = separator(texts)
    if not mark:
        return False
    joined = pc.match_substring(texts, mark).fill_null(False).to_numpy(zero_copy_only=False)
    if counts[joined].sum() < _defaults.TAGS_SHARE * counts.sum():
        return False
    if pc.any(pc.match_substring_regex(texts.filter(pa.array(joined)), r"[\[\](){}]")).as_py():
        return False
    lists = [[item.strip() for item in text.split(mark)] for text in texts.to_pylist() if text]
    if any(item == "" for items in lists for item in items) or len({len(items) for items in lists}) < 2:
        return False
    holders: dict[str, int] = {}
    for items in lists:
        for item in set(items):
            holders[item] = holders.get(item, 0) + 1
    parts = [item for items in lists if len(items) > 1 for item in items]
    again = sum(holders[item] > 1 for item in parts) / len(parts)
    return again >= 0.8 and len(holders) <= max(len(lists), 2)


def task_kind(column: Column) -> Guess:
    """A task's kind from its label column: binary for two values, multiclass for a few, else regression."""
    kind = family(column.type)
    if kind in ("time", "list", "vector", "other"):
        hint = "write multilabel, for which a list is any number of classes" if kind in ("list", "vector") else ""
        return Guess(None, f"holds {WORDS[kind]}, and a label is a number, a yes/no or a class", hint)
    values = distinct(column)[1].to_pylist()
    fractions = any(isinstance(v, float) for v in values)  # whole floats have become int
    if len(values) <= 2 and not fractions:
        return _made("binary", "task")
    if kind == "string":
        if len(values) > _defaults.MANY_CLASSES:
            return Guess(None, f"holds {len(values):,} different texts, too many for classes")
        return _made("multiclass", "task")
    return _made("multiclass" if not fractions and len(values) <= _defaults.FEW_CLASSES else "regression", "task")
