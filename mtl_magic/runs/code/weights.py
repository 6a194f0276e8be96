"""The run's weights in the layers of its script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mtl_magic.runs.code.network import NetworkText
    from mtl_magic.runs.code.plan import Plan


def model_of(plan: Plan, text: str, net: NetworkText, namespace: dict[str, Any]) -> Any:
    """The network that the script builds, a keras.Model with the run's weights.

    Args:
        text: the script.
        namespace: of the person's own objects that it names.
    """
    module: dict[str, Any] = {**namespace, "__name__": "model"}
    exec(compile(text, "model.py", "exec"), module)  # noqa: S102  it is our own text, made just now
    model = module["build"]()
    found = arrays(plan, net, model)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(found[layer.name])
    return model


def arrays(plan: Plan, net: NetworkText, model: Any) -> dict[str, list[np.ndarray]]:
    """Of each layer of the script's model that has weights, their values in the run."""
    from mtl_magic.model.net import build
    from mtl_magic.model.pieces import pieces
    from mtl_magic.train.state import set_weights, weights_of

    made = build(plan.program, plan.schema)  # its layers are known by block; the run's own model is the same network
    set_weights(made.model, weights_of(plan.run.model))
    layers = [*made.trunk.layers, *made.heads.layers]
    values = {key: piece.value for key, piece in pieces(layers).items()}
    for block in net.blocks.values():
        values |= block.values(values)
    whole = {name: made.blocks[source] for block in net.blocks.values() for name, source in block.copied.items()}
    tables = _tables(plan, net, made)
    found: dict[str, list[np.ndarray]] = {}
    for layer in model.layers:
        if not layer.weights:
            continue
        if layer.name in tables:
            found[layer.name] = [tables[layer.name]]
        elif layer.name in whole:
            found[layer.name] = [w for one in whole[layer.name] for w in one.get_weights()]
        else:
            stacked = re.fullmatch(r"(.+)_dense_(\d+)", layer.name)
            part, number = stacked.groups() if stacked else (layer.name, "0")
            found[layer.name] = [values[f"{part}/{number}/{weight.name}"] for weight in layer.weights]
    return found


def _tables(plan: Plan, net: NetworkText, made: Any) -> dict[str, np.ndarray]:
    """Name of an embedding of the script -> its rows, which in the run stand among those of other features."""
    found = {}
    for owner in ("", *sorted(net.owners)):
        tables = [e for e, scope in zip(made.embeddings, made.scopes, strict=True) if scope == owner]
        for i in plan.rows:
            column = i.feature.ids[0]
            for table in tables:
                if column in table.columns:
                    start = table.offsets[table.columns.index(column)]
                    name = f"{owner}_{i.name}_embedding" if owner else f"{i.name}_embedding"
                    found[name] = np.array(table.table)[start : start + i.column.rows]
    return found
