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
    """Of each layer of the script's model that has weights, their values in the run.

    They are found by the part that they belong to, whichever layers hold them in the run (`model.pieces`).
    """
    from mtl_magic.model.pieces import pieces

    trunk, heads = (plan.run.model.get_layer(name) for name in ("trunk", "heads"))
    values = {key: piece.value for key, piece in pieces([*trunk.layers, *heads.layers]).items()}
    for block in net.blocks.values():
        values |= block.values(values)
    whole = _whole(plan, net, trunk)
    tables = _tables(plan, net)
    found: dict[str, list[np.ndarray]] = {}
    for layer in model.layers:
        if not layer.weights:
            continue
        if layer.name in tables:
            found[layer.name] = [tables[layer.name]]
        elif layer.name in whole:
            found[layer.name] = whole[layer.name]
        else:
            stacked = re.fullmatch(r"(.+)_dense_(\d+)", layer.name)
            part, number = stacked.groups() if stacked else (layer.name, "0")
            found[layer.name] = [values[f"{part}/{number}/{weight.name}"] for weight in layer.weights]
    return found


def _whole(plan: Plan, net: NetworkText, trunk: Any) -> dict[str, list[np.ndarray]]:
    """Name of a layer of the script -> the weights of the layer that stood in braces."""
    copied = {name: source for block in net.blocks.values() for name, source in block.copied.items()}
    if not copied:
        return {}
    from mtl_magic.model.net import build

    again = build(
        plan.program, plan.schema
    )  # it says which layers are a block's; in the run they stand at the same places
    places = {id(layer): place for place, layer in enumerate(again.trunk.layers)}
    found = {}
    for name, source in copied.items():
        mine = [trunk.layers[places[id(layer)]] for layer in again.blocks[source]]
        found[name] = [weight for layer in mine for weight in layer.get_weights()]
    return found


def _tables(plan: Plan, net: NetworkText) -> dict[str, np.ndarray]:
    """Name of an embedding of the script -> its rows, which in the run stand among those of other features."""
    from mtl_magic.layers.embedding import FusedEmbedding

    tables = [layer for layer in plan.run.model.layers if isinstance(layer, FusedEmbedding)]
    found = {}
    for owner in ("", *sorted(net.owners)):
        prefix = f"{owner}_" if owner else ""
        for table in tables:
            if not f"{table.name}_".startswith(f"embedding_{prefix}{table.dim}_"):
                continue
            values = np.array(table.table)
            for i in plan.rows:
                if i.feature.ids[0] in table.columns:
                    start = table.offsets[table.columns.index(i.feature.ids[0])]
                    found[f"{prefix}{i.name}_embedding"] = values[start : start + i.column.rows]
    return found
