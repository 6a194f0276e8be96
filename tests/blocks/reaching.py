"""Blocks over a small schema, their values, and what each task's loss moves."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np

from mtl_magic.model.net import build
from tests import toy

SCHEMA = toy.data().schema
TASKS = [t.name for t in SCHEMA.tasks]
ALL = set(TASKS)


def net_of(block: Any, sources: tuple[str, ...] = ("inputs",), **train: Any) -> Any:
    """The network of a cell whose three tasks all draw from a block."""
    program = toy.program(block, **train)
    plan = dataclasses.replace(program.blocks[0], sources=sources)
    return build(dataclasses.replace(program, blocks=(plan,)), SCHEMA)


def scattered(net: Any, seed: int = 0, scale: float = 0.3) -> Any:
    """The network with random weights: biases and static gates too, so that nothing is hidden by a zero or a one."""
    rng = np.random.default_rng(seed)
    for weight in net.model.weights:
        if "seed" not in weight.path:
            weight.assign(rng.normal(0, scale, weight.shape))
    return net


def inputs(rows: int = 6) -> dict[str, np.ndarray]:
    part = toy.data().train[0]
    return {"ids": part.ids[:rows], "floats": part.floats[:rows]}


def trunk_inputs(net: Any, rows: int = 6) -> list[Any]:
    given = [keras.ops.convert_to_tensor(v) for v in inputs(rows).values()]
    return [*given, *(keras.ops.convert_to_tensor(e(given[0])) for e in net.embeddings)]


def read(net: Any, rows: int = 6) -> tuple[np.ndarray, list[np.ndarray]]:
    """The block's sources (B, width), and what each task's tower reads (B, d), as the whole model has them."""
    trunk = net.trunk(trunk_inputs(net, rows))
    found = [np.array(t) for t in (trunk if isinstance(trunk, (list, tuple)) else [trunk])]
    tower = next(layer for layer in net.heads.layers if layer.name == "towers")
    below = tower._inbound_nodes[0].input_tensors
    below = list(below) if len(below) > 1 else list(below) * len(SCHEMA.tasks)
    values = keras.Model(net.heads.inputs, below)(found)
    joined = next(layer for layer in net.trunk.layers if layer.name == "inputs").output
    source = keras.Model(net.trunk.inputs, joined)(trunk_inputs(net, rows))
    return np.array(source), [np.array(v) for v in values]


def weights(net: Any, name: str) -> list[np.ndarray]:
    """The weights of a layer of the trunk."""
    return [np.array(w) for w in net.trunk.get_layer(name).weights]


def reached(net: Any) -> dict[str, set[str]]:
    """Of each layer of the trunk that has weights, the tasks whose logits move when its weights do; tables by scope."""
    import tensorflow as tf

    found: dict[str, set[str]] = {}
    given = trunk_inputs(net, 64)
    rows = given[-len(net.embeddings) :]
    layers = [layer for layer in net.trunk.layers if layer.trainable_weights]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(rows)
        logits = net.heads(net.trunk(given))
        sums = {task.name: tf.reduce_sum(logits[task.key]) for task in SCHEMA.tasks}
    for name, total in sums.items():
        for layer in layers:
            gradients = tape.gradient(total, [w.value for w in layer.trainable_weights])
            if any(g is not None and np.abs(np.array(tf.convert_to_tensor(g))).max() > 0 for g in gradients):
                found.setdefault(layer.name, set()).add(name)
        for scope, row in zip(net.scopes, rows, strict=True):
            gradient = tape.gradient(total, row)
            if gradient is not None and np.abs(np.array(gradient)).max() > 0:
                found.setdefault(f"table {scope}".strip(), set()).add(name)
    return found


# --- pieces of the papers' formulas, in NumPy


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def dense(x: np.ndarray, net: Any, name: str) -> np.ndarray:
    kernel, bias = weights(net, name)
    return x @ kernel + bias


def experts(x: np.ndarray, net: Any, name: str) -> np.ndarray:
    """(B, E, d) of a layer of experts of one hidden layer."""
    kernel, bias = weights(net, name)
    return np.stack([relu(x @ k + b) for k, b in zip(np.split(kernel, len(bias), 1), bias, strict=True)], 1)


def mixed(gate: np.ndarray, *groups: np.ndarray) -> np.ndarray:
    return np.einsum("be,bed->bd", gate, np.concatenate(groups, 1))
