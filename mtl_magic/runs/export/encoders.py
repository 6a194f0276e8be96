"""The encoders inside a graph: for each word the same function as its `Encoder.encode`, in TensorFlow.

A mirror says what it reads of its column (`need`) and encodes it. A new encoder brings one here; a test fails for an
encoder without one, and compares each with its original.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from mtl_magic.data.category import FIRST, MISSING, UNKNOWN
from mtl_magic.data.hashed import KEY
from mtl_magic.data.number import HUGE, TOP
from mtl_magic.data.tags import PADDING
from mtl_magic.data.tags import UNKNOWN as UNKNOWN_TAG
from mtl_magic.problems import MtlError, Problem
from mtl_magic.runs.export.columns import NUMBER, TEXT, TIME, TRUTH, VECTOR, WHOLE, Need, of_vocabulary
from mtl_magic.runs.export.lookups import Kept, Raw, searched, trimmed

Made = tuple[
    Any, Any
]  # ids (n, id_width) int32 and floats (n, float_width) float32; None in place of one without width
MIRRORS: dict[str, type[Mirror]] = {}


class Mirror:
    """An encoder in TensorFlow.

    Args:
        encoder: the fitted one.
        key: of its feature.
        kept: takes the tables that it looks up.
    """

    def __init__(self, encoder: Any, key: str, kept: Kept) -> None:
        self.encoder, self.key, self.kept = encoder, key, kept

    @staticmethod
    def need(encoder: Any) -> Need:
        """What it reads of its column."""
        raise NotImplementedError  # abstract: each says its own

    def __call__(self, raw: Raw) -> Made:
        raise NotImplementedError  # abstract: each does its own


def mirrors(word: str) -> Callable[[type[Mirror]], type[Mirror]]:
    """Decorator: the class mirrors the encoder of this word."""

    def wrap(mirror: type[Mirror]) -> type[Mirror]:
        MIRRORS[word] = mirror
        return mirror

    return wrap


def mirror(word: str) -> type[Mirror]:
    """The mirror of an encoder's word.

    Raises:
        MtlError: MTL450 it has none.
    """
    if word not in MIRRORS:
        hint = "format='onnx' exports the model of encoded rows"
        raise MtlError(Problem("MTL450", f"features of the encoder '{word}' cannot be exported", hint=hint))
    return MIRRORS[word]


def _column(ids: Any) -> Any:
    return tf.cast(ids, tf.int32)[:, None]


@mirrors("category")
class Category(Mirror):
    def __init__(self, encoder: Any, key: str, kept: Kept) -> None:
        super().__init__(encoder, key, kept)
        self.find = kept.places(key, encoder.vocabulary)

    @staticmethod
    def need(encoder: Any) -> Need:
        return of_vocabulary(encoder.vocabulary.type)

    def __call__(self, raw: Raw) -> Made:
        place = raw.places(self.find, self.encoder.vocabulary)
        known = tf.where(place < 0, tf.constant(UNKNOWN, tf.int64), place + FIRST)
        return _column(tf.where(raw.gone, tf.constant(MISSING, tf.int64), known)), None


@mirrors("hash")
class Hashed(Mirror):
    """pandas' hash: SipHash-2-4, then the finalizer of SplitMix64 (Steele et al. 2014)."""

    @staticmethod
    def need(encoder: Any) -> Need:
        # TensorFlow has no shortest digits of a float: a request spells such numbers as Python does, '3' and '0.5'.
        return Need({"int": WHOLE, "bool": TRUTH}.get(encoder.family, TEXT))

    def __call__(self, raw: Raw) -> Made:
        hashed = tf.math.floormod(siphash(raw.texts()), tf.constant(self.encoder.size, tf.uint64))
        found = tf.cast(hashed, tf.int64) + FIRST
        return _column(tf.where(raw.gone, tf.constant(MISSING, tf.int64), found)), None


def siphash(texts: Any) -> Any:
    """`pandas.util.hash_array` of texts with our key, uint64.

    TensorFlow gives a hash h modulo a number below 2⁶³. Of h = 2⁶² q + low, low is h mod 2⁶²; and as 2⁶² ≡ −1 (mod 5), the
    two bits q are (low − h) mod 5.
    """
    key = list(struct.unpack("<QQ", KEY.encode()))
    low = tf.strings.to_hash_bucket_strong(texts, 2**62, key)
    fifth = tf.strings.to_hash_bucket_strong(texts, 5, key)
    high = tf.bitwise.left_shift(tf.cast(tf.math.floormod(low - fifth, 5), tf.uint64), tf.constant(62, tf.uint64))
    h = tf.cast(low, tf.uint64) + high
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        h = _mixed(h, shift) * tf.constant(factor, tf.uint64)
    return _mixed(h, 31)


def _mixed(h: Any, shift: int) -> Any:
    return tf.bitwise.bitwise_xor(h, tf.bitwise.right_shift(h, tf.constant(shift, tf.uint64)))


@mirrors("tags")
class Tags(Mirror):
    def __init__(self, encoder: Any, key: str, kept: Kept) -> None:
        super().__init__(encoder, key, kept)
        self.find = kept.places(key, encoder.vocabulary)

    @staticmethod
    def need(encoder: Any) -> Need:
        if encoder.separator or encoder.family == "string":
            return Need(TEXT)
        return of_vocabulary(encoder.vocabulary.type, many=encoder.family not in ("int", "float", "bool"))

    def __call__(self, raw: Raw) -> Made:
        encoder, items = self.encoder, raw.tensor
        written = raw.holds == TEXT and items.shape.rank == 1
        if written and encoder.separator:
            lists = tf.strings.split(items, encoder.separator)
        else:
            lists = tf.RaggedTensor.from_tensor(items if items.shape.rank == 2 else items[:, None])
        flat = Raw(trimmed(lists.flat_values) if written else lists.flat_values, raw.holds)
        place = flat.places(self.find, encoder.vocabulary)
        ids = tf.where(place < 0, tf.constant(UNKNOWN_TAG, tf.int64), place + FIRST)
        known = tf.ragged.boolean_mask(lists.with_flat_values(ids), lists.with_flat_values(~flat.gone))
        return tf.cast(known.to_tensor(PADDING, shape=(None, encoder.length)), tf.int32), None


def _need(encoder: Any) -> Need:
    """Of numbers."""
    if encoder.family == "string":
        return Need(TEXT)
    return Need(TIME) if encoder.family == "time" else Need(NUMBER, loose=encoder.family in ("int", "bool"))


def _clipped(raw: Raw) -> Any:
    return tf.clip_by_value(raw.numbers(), -HUGE, HUGE)


def _bins(values: Any, cuts: np.ndarray) -> Any:
    found = searched(cuts, values) + FIRST
    return _column(tf.where(tf.math.is_nan(values), tf.constant(MISSING, tf.int64), found))


@mirrors("bucket")
class Bucket(Mirror):
    need = staticmethod(_need)

    def __call__(self, raw: Raw) -> Made:
        return _bins(_clipped(raw), self.encoder.cuts), None


@mirrors("number")
class Number(Mirror):
    need = staticmethod(_need)

    def __call__(self, raw: Raw) -> Made:
        encoder, values = self.encoder, _clipped(raw)
        gone = tf.math.is_nan(values)
        moved = (self._forward(values) - encoder.mean) / encoder.std
        limit = TOP if encoder.clip is None else min(encoder.clip, TOP)
        moved = tf.where(gone, tf.zeros_like(moved), tf.clip_by_value(moved, -limit, limit))
        floats = [tf.cast(moved, tf.float32)]
        if encoder.missing > 0:
            floats.append(tf.cast(gone, tf.float32))
        return _bins(values, encoder.cuts) if len(encoder.cuts) else None, tf.stack(floats, axis=1)

    def _forward(self, values: Any) -> Any:
        """Before centring; see `data.number`."""
        quantiles = self.encoder.quantiles
        if self.encoder.scale == "log":
            return tf.sign(values) * tf.math.log1p(tf.abs(values))
        if self.encoder.scale != "quantile" or not len(quantiles):
            return values
        ranks = np.linspace(0, 1, len(quantiles))
        below = interpolated(values, quantiles, ranks)
        above = 1 - interpolated(-values, -quantiles[::-1], ranks)
        return ((below + above) / 2 - 0.5) * np.sqrt(12)


def interpolated(values: Any, points: np.ndarray, heights: np.ndarray) -> Any:
    """`numpy.interp`; where points repeat, the last of them counts. NaN is 0."""
    last = len(points) - 1
    if not last:
        return tf.fill(tf.shape(values), tf.constant(heights[0], tf.float64))
    with np.errstate(divide="ignore"):
        slopes = np.append(np.diff(heights) / np.diff(points), 0.0)
    slopes[~np.isfinite(slopes)] = 0.0  # of points that repeat: never looked up
    values = tf.where(tf.math.is_nan(values), tf.zeros_like(values), values)
    place = tf.clip_by_value(searched(points, values) - 1, 0, last)
    low, high = (tf.constant(x, tf.float64) for x in (points, heights))
    risen = tf.gather(high, place) + tf.gather(tf.constant(slopes, tf.float64), place) * (
        values - tf.gather(low, place)
    )
    return tf.where(values < points[0], tf.constant(heights[0], tf.float64), risen)


@mirrors("vector")
class Vector(Mirror):
    @staticmethod
    def need(encoder: Any) -> Need:
        return Need(VECTOR, width=encoder.width)

    def __call__(self, raw: Raw) -> Made:
        encoder = self.encoder
        gone = tf.reduce_any(raw.gone, axis=1, keepdims=True)
        values = tf.cast(tf.where(gone, tf.zeros_like(raw.tensor), raw.tensor), tf.float64)
        moved = tf.where(gone, tf.zeros_like(values), (values - encoder.mean) / encoder.std)
        floats = [tf.cast(moved, tf.float32)]
        if encoder.missing > 0:
            floats.append(tf.cast(gone, tf.float32))
        return None, tf.concat(floats, axis=1)
