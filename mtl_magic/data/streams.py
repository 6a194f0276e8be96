"""A finite `tf.data.Dataset` as columns. TensorFlow is not imported: whoever has such a dataset has it imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from mtl_magic.data.columns import Column, flat
from mtl_magic.data.sources import refuse, value_column
from mtl_magic.problems import listed, typed

BATCH = 1024
INFINITE = -1  # tf.data.INFINITE_CARDINALITY
ELEMENTS = "elements are dicts of tensors by column, or pairs (features, labels) of two such dicts; "


def read_dataset(data: Any, title: str) -> dict[str, Column]:
    """A dataset's columns, in the order of its elements.

    Raises:
        MtlError: as `elements` does.
    """
    return stacked(list(elements(data, title)), title)


def stacked(batches: list[dict[str, Column]], title: str) -> dict[str, Column]:
    """Batches one under another."""
    names = batches[0] if batches else {}
    return {name: _joined([batch[name] for batch in batches], name, title) for name in names}


def varying(data: Any, title: str) -> set[str]:
    """The columns whose rows may have other lengths in other batches."""
    specs = _columns(data.element_spec, title)
    return {name for name, spec in specs.items() if None in list(spec.shape)[1:]}


def elements(data: Any, title: str) -> Iterator[dict[str, Column]]:
    """A dataset's columns, batch by batch. Bytes become text, equally long rows of numbers vectors, rows of varying
    length lists, and a dimension of one is none.

    Args:
        data: of dicts, or of tuples of dicts. Its elements are batches where all tensors have a first dimension, and
            the same, else rows.

    Raises:
        MtlError: MTL212 it has no end, cannot be read, or is of other elements.
    """
    if int(data.cardinality().numpy()) == INFINITE:
        hint = "give it an end, for example ds.take(n) where ds.repeat() stands"
        raise refuse("MTL212", f"{title} is a dataset without an end", hint)
    specs = _columns(data.element_spec, title)
    for name, spec in specs.items():
        _check(name, spec, title)
    shapes = [list(spec.shape) for spec in specs.values()]
    batched = all(shapes) and len({shape[0] for shape in shapes} - {None}) <= 1
    try:
        for element in data if batched else data.ragged_batch(BATCH):
            yield {name: _column(tensor, name, title) for name, tensor in _columns(element, title).items()}
    except Exception as error:
        if not type(error).__module__.startswith("tensorflow"):
            raise
        said = re.sub(r"\{\{.*?\}\}|\[Op:.*", "", str(error).strip().partition("\n")[0]).strip()  # where in its graph
        raise refuse("MTL212", f"{title} is a dataset that cannot be read: {said}") from error


def _columns(element: Any, title: str) -> dict[str, Any]:
    """An element's tensors, or their specs, by column."""
    parts = element if isinstance(element, tuple) else (element,)
    if not all(isinstance(part, dict) for part in parts):
        hint = ELEMENTS + 'ds.map(lambda x, y: (x, {"click": y})) gives a label its name'
        raise refuse("MTL212", f"{title} is a dataset whose elements have no names", hint)
    names = [name for part in parts for name in part]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise refuse("MTL212", f"{title} has several columns of one name: {listed(twice)}", "rename one of them")
    return {name: tensor for part in parts for name, tensor in part.items()}


def _check(name: str, spec: Any, title: str) -> None:
    shape = getattr(spec, "shape", None)
    if shape is None:
        hint = ELEMENTS + "flatten what is nested"
        raise refuse("MTL212", f"column '{name}' of {title} is {typed(spec)}, not a tensor", hint)
    if shape.rank is None:
        hint = "say it, for example by ds.map and tf.ensure_shape, or by output_signature= of from_generator"
        raise refuse("MTL212", f"column '{name}' of {title} is a tensor of unknown shape", hint)


def _column(tensor: Any, name: str, title: str) -> Column:
    """One batch of a column."""
    if hasattr(tensor, "row_splits"):
        items = tensor.values
        if hasattr(items, "row_splits") or items.shape.rank != 1:
            return _text(pa.array(tensor.to_list()), name, title)
        return pa.LargeListArray.from_arrays(
            pa.array(tensor.row_splits.numpy().astype("int64")), flat(_column(items, name, title))
        )
    if hasattr(tensor, "dense_shape"):  # sparse
        values = tensor.values.numpy()
        array = np.full(tensor.dense_shape.numpy(), b"" if values.dtype == object else 0, values.dtype)
        array[tuple(tensor.indices.numpy().T)] = values
    else:
        array = tensor.numpy()
    if array.ndim > 1 and array[0:1].size == 1 and len(array):
        array = array.reshape(len(array))
    if array.dtype == object:
        return _text(pa.array(array.tolist()), name, title)
    if array.dtype.kind not in "biuf":  # bfloat16 and its like
        array = array.astype("float32")
    return value_column(array, name, title)


def _text(array: pa.Array, name: str, title: str) -> pa.Array:
    """Bytes as text, in lists of any depth."""
    try:
        return array.cast(_texts(array.type))
    except pa.ArrowInvalid:
        hint = "decode them or leave them out by ds.map"
        raise refuse("MTL212", f"column '{name}' of {title} holds bytes that are no UTF-8 text", hint) from None


def _texts(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(_texts(kind.value_type))
    return pa.large_string() if pa.types.is_binary(kind) else kind


def _joined(parts: list[Column], name: str, title: str) -> Column:
    """Batches one under another; vectors that differ in length, padded ones, become lists."""
    parts = [part for part in parts if len(part)] or parts[:1]
    kinds = {part.type for part in parts}
    if len(kinds) > 1:
        if any(pa.types.is_nested(kind) for kind in kinds):
            inner = next((k.value_type for k in kinds if not pa.types.is_null(k.value_type)), pa.null())
            parts = [part.cast(pa.large_list(inner)) for part in parts]
        else:
            raise refuse("MTL212", f"column '{name}' of {title} holds values of different shapes")
    return pa.chunked_array(parts)
