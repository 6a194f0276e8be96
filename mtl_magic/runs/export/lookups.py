"""Columns of a request inside the graph: what is missing, numbers, texts, and places in a vocabulary."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
import tensorflow as tf

from mtl_magic.data.columns import NUMERAL, family
from mtl_magic.runs.export.columns import NO_NUMBER, NUMBER, TEXT, TIME, UNSIGNED, VECTOR, WHOLE

SPACE = r"[\t-\r\x1c-\x1f\x{85}\p{Z}]"  # what Arrow trims from texts
LARGEST = 2.0**63


class Kept:
    """What a SavedModel must hold beside the weights: tables and the files of their vocabularies.

    Args:
        folder: where the files wait until the model is saved.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.tables: list[Any] = []

    def places(self, key: str, vocabulary: pa.Array) -> Callable[[Any], Any]:
        """A function from values (texts or int64, any shape) to their places in the vocabulary, int64, -1 for none."""
        if not len(vocabulary):
            return lambda values: tf.fill(tf.shape(values), tf.constant(-1, tf.int64))
        text = pt.is_string(vocabulary.type)
        if pt.is_floating(vocabulary.type):
            return _among_floats(vocabulary.to_numpy())
        values = vocabulary if text else pa.array(_bits(vocabulary))
        table = tf.lookup.StaticHashTable(self._initializer(key, values, text=text), -1)
        self.tables.append(table)
        found: Callable[[Any], Any] = table.lookup
        return found

    def _initializer(self, key: str, values: pa.Array, *, text: bool) -> Any:
        """From a file of the assets, a value a line; from the graph itself where a text has lines of its own."""
        if text and pc.any(pc.match_substring_regex(values, "[\n\r]")).as_py():
            return tf.lookup.KeyValueTensorInitializer(values.to_pylist(), tf.range(len(values), dtype=tf.int64))
        file = self.folder / f"{key}.txt"
        file.write_text("".join(f"{value}\n" for value in values.to_pylist()), encoding="utf-8", newline="")
        indices = tf.lookup.TextFileIndex
        index = indices.WHOLE_LINE if text else 0
        dtype = tf.string if text else tf.int64
        return tf.lookup.TextFileInitializer(str(file), dtype, index, tf.int64, indices.LINE_NUMBER)


def _bits(vocabulary: pa.Array) -> np.ndarray:
    """Whole numbers and yes/no as int64; unsigned ones by their bits."""
    if pt.is_boolean(vocabulary.type):
        return vocabulary.cast(pa.int8()).to_numpy().astype("int64")
    plain = vocabulary.to_numpy()
    return plain.view("int64") if plain.dtype == np.uint64 else plain.astype("int64")


def _among_floats(values: np.ndarray) -> Callable[[Any], Any]:
    order = np.argsort(values)
    ordered, places = tf.constant(values[order]), tf.constant(order, tf.int64)

    def find(given: Any) -> Any:
        given = tf.cast(given, ordered.dtype)
        near = tf.minimum(_searched(ordered, given, "left"), len(values) - 1)
        return tf.where(tf.gather(ordered, near) == given, tf.gather(places, near), tf.constant(-1, tf.int64))

    return find


def _searched(ordered: Any, values: Any, side: str) -> Any:
    """`numpy.searchsorted`, of values of any shape."""
    found = tf.searchsorted(ordered, tf.reshape(values, (-1,)), side=side, out_type=tf.int64)
    return tf.reshape(found, tf.shape(values))


def searched(cuts: np.ndarray, values: Any) -> Any:
    """How many of the ordered `cuts` each value (n,) float64 is not below, int64 (n,)."""
    return _searched(tf.constant(cuts, tf.float64), values, "right")


class Raw:
    """Values of a column, of any shape, as a request has them.

    Args:
        tensor: of the dtype that `holds` has.
        holds: a kind of `export.columns`.
    """

    def __init__(self, tensor: Any, holds: str) -> None:
        self.tensor, self.holds = tensor, holds

    @property
    def gone(self) -> Any:
        """Which values are missing."""
        if self.holds == TEXT:
            return tf.strings.length(self.tensor) == 0
        if self.holds in (NUMBER, TIME, VECTOR):
            return ~tf.math.is_finite(self.tensor)
        return self._whole == NO_NUMBER

    @property
    def _whole(self) -> Any:
        return tf.bitcast(self.tensor, tf.int64) if self.holds == UNSIGNED else self.tensor

    def numbers(self) -> Any:
        """float64, NaN where missing or no number."""
        nan = tf.constant(np.nan, tf.float64)
        if self.holds == TEXT:
            texts = trimmed(self.tensor)
            fits = tf.strings.regex_full_match(texts, NUMERAL.strip("^$"))
            found = tf.strings.to_number(tf.where(fits, texts, "0"), tf.float64)
            return tf.where(fits & tf.math.is_finite(found), found, nan)
        return tf.where(self.gone, nan, tf.cast(self.tensor, tf.float64))

    def texts(self) -> Any:
        """As a vocabulary of texts spells them."""
        if self.holds == TEXT:
            return self.tensor
        if self.holds == NUMBER:  # of whole numbers alone: see `hashed`
            return tf.strings.as_string(tf.cast(tf.where(self.gone, 0.0, self.tensor), tf.int64))
        if self.holds in (WHOLE, UNSIGNED):
            return tf.strings.as_string(self.tensor)
        return tf.where(self.tensor == 0, "False", "True")

    def places(self, find: Callable[[Any], Any], vocabulary: pa.Array) -> Any:
        """Their places in a vocabulary, int64, -1 for none; `find` is what `Kept.places` made of it."""
        if self.holds == TEXT and family(vocabulary.type) == "float":
            return Raw(self.numbers(), NUMBER).places(find, vocabulary)
        whole = family(vocabulary.type) in ("int", "bool")
        if self.holds == NUMBER and whole:
            given = tf.where(self.gone, tf.zeros_like(self.tensor), self.tensor)
            fits = (given == tf.floor(given)) & (given >= -LARGEST) & (given < LARGEST)
            found = find(tf.cast(tf.where(fits, given, tf.zeros_like(given)), tf.int64))
            return tf.where(fits & ~self.gone, found, tf.constant(-1, tf.int64))
        found = find(self._whole if whole else self.tensor)
        return tf.where(self.gone, tf.constant(-1, tf.int64), found)


def trimmed(texts: Any) -> Any:
    """Texts without the white space around them."""
    return tf.strings.regex_replace(texts, f"^{SPACE}+|{SPACE}+$", "")
