"""Declarations and schemas as plain JSON values and named arrays, and back. Nothing that is read is executed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.registry import Declaration

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema


def to_plain(value: Any) -> Any:
    """The JSON form of an option's value. A Python object that came out of `{…}` stays behind as its description."""
    if isinstance(value, Declaration):
        options = {p.name: to_plain(getattr(value, p.name)) for p in value.options()}
        return {"family": value.family, "word": value.word, "options": options}
    if isinstance(value, dict):
        return {"values": {str(k): to_plain(v) for k, v in value.items()}}
    if isinstance(value, (list, tuple)):
        return [to_plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        return item()
    return {"python": f"{type(value).__module__}.{getattr(value, '__qualname__', type(value).__qualname__)}"}


def from_plain(plain: Any) -> Any:
    """The value again; of a Python object None, which the declarations read as their default.

    Raises:
        ValueError: a word that this version of the package does not have.
    """
    if isinstance(plain, list):
        return tuple(from_plain(v) for v in plain)
    if not isinstance(plain, dict):
        return plain
    if "values" in plain:
        return {k: from_plain(v) for k, v in plain["values"].items()}
    if "python" in plain:
        return None
    from mtl_magic.vocabulary import vocabulary

    found = vocabulary().find(plain["family"], plain["word"])
    if found is None:
        raise ValueError(f"the {plain['family']} '{plain['word']}' is not a word of this version of mtl_magic")
    known = {p.name for p in found.options()}
    options = {k: from_plain(v) for k, v in plain["options"].items() if k in known}
    metrics = options.get("metrics")
    if isinstance(metrics, tuple):  # one that stood in braces is gone: the others stay
        options["metrics"] = tuple(m for m in metrics if m is not None) or None
    return found(**options)


def schema_to_plain(schema: Schema) -> tuple[dict[str, Any], dict[str, Any]]:
    """JSON values, and the encoders' arrays by 'FEATURE_KEY.NAME'."""
    arrays: dict[str, Any] = {}
    features = []
    for f in schema.features:
        state, own = f.encoder.state()
        arrays |= {f"{f.key}.{name}": array for name, array in own.items()}
        features.append(
            {
                "name": f.name,
                "key": f.key,
                "kind": to_plain(f.kind),
                "inferred": f.inferred,
                "ids": list(f.ids),
                "floats": list(f.floats),
                "encoder": state,
                **({"optional": True} if f.optional else {}),
            }
        )
    tasks = [{k.name: to_plain(getattr(t, k.name)) for k in dataclasses.fields(t)} for t in schema.tasks]
    return {"features": features, "tasks": tasks, "extras": list(schema.extras)}, arrays


def schema_from_plain(plain: dict[str, Any], arrays: dict[str, Any]) -> Schema:
    """The schema again.

    Raises:
        KeyError, TypeError, ValueError: it is not such a form.
    """
    from mtl_magic.data.encoders import Encoder
    from mtl_magic.data.schema import EncodedFeature, Schema, TaskSchema
    from mtl_magic.runs.safety import check_state, key

    features = []
    for f in plain["features"]:
        check_state(f["encoder"])
        own = {n.removeprefix(f["key"] + "."): a for n, a in arrays.items() if n.startswith(f["key"] + ".")}
        made = EncodedFeature(
            name=f["name"],
            key=key(f["key"]),
            kind=from_plain(f["kind"]),
            encoder=Encoder.from_state(f["encoder"], own),
            ids=(int(f["ids"][0]), int(f["ids"][1])),
            floats=(int(f["floats"][0]), int(f["floats"][1])),
            inferred=bool(f["inferred"]),
            optional=bool(f.get("optional", False)),
        )
        int(made.encoder.dim or 0), int(made.encoder.rows)
        widths = (made.encoder.id_width, made.encoder.float_width)
        if widths != (made.ids[1] - made.ids[0], made.floats[1] - made.floats[0]):
            raise ValueError(f"the encoder of '{made.name}' is not of its width")
        features.append(made)
    known = {k.name for k in dataclasses.fields(TaskSchema)}
    tasks = [TaskSchema(**{k: from_plain(v) for k, v in t.items() if k in known}) for t in plain["tasks"]]
    for task in tasks:
        key(task.key)
    return Schema(tuple(features), tuple(tasks), tuple(plain.get("extras", ())))
