"""Small networks with dependencies, what stands in them, and what a loss of them moves."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from mtl_magic.model.net import build
from mtl_magic.model.pieces import pieces
from mtl_magic.program import GivenPlan
from tests import toy
from tests.toy import word

DATA = toy.data(rows=400, valid=100)
PART = DATA.train[0]
BINARY = word("task", "binary")


def schema():
    """`click`, `buy` and `watch`, the third binary too: whether it was watched for long."""
    tasks = list(DATA.schema.tasks)
    tasks[2] = dataclasses.replace(tasks[2], kind=BINARY, mean=0.3, std=1.0, constant_loss=0.6)
    return dataclasses.replace(DATA.schema, tasks=tuple(tasks))


def net(givens, *, block="mlp", tables=None, **train):
    """A network with `{child: [(parent, method), …]}`."""
    program = toy.program(block, **train)
    edges = {child: tuple(GivenPlan(p, m) for p, m in found) for child, found in givens.items()}
    plans = tuple(dataclasses.replace(t, givens=edges.get(t.name, ())) for t in program.tasks)
    return build(dataclasses.replace(program, tasks=plans), tables or schema())


def weights(made):
    return {key: piece.value.astype("float64") for key, piece in pieces(made.heads.layers).items()}


def cut(made, rows=32):
    """What the heads read of the first rows."""
    ids, floats = tf.constant(PART.ids[:rows]), tf.constant(PART.floats[:rows])
    found = made.trunk([ids, floats, *(e(ids) for e in made.embeddings)])
    return list(found) if isinstance(found, (list, tuple)) else [found]


def outputs(made, rows=32):
    """Every output of the heads, logits by key."""
    return {key: np.array(z, "float64") for key, z in made.heads(cut(made, rows)).items()}


def inside(made, name, rows=32):
    """Tensors of the heads' graph: what the layer of that name gives."""
    layer = made.heads.get_layer(name)
    given = keras.Model(made.heads.inputs, layer.output)(cut(made, rows))
    return [np.array(x, "float64") for x in given] if isinstance(given, (list, tuple)) else np.array(given, "float64")


def moved(made, loss, rows=64):
    """The parts of heads that a loss of the heads' outputs (by key) moves, as 'click_tower', 'buy_logits'."""
    read = cut(made, rows)
    with tf.GradientTape() as tape:
        value = loss(made.heads(read))
    variables = [v.value for v in made.heads.trainable_variables]
    gradients = dict(zip([id(v) for v in variables], tape.gradient(value, variables), strict=True))
    found = set()
    for piece in pieces(made.heads.layers).values():
        gradient = gradients.get(id(piece.variable.value))
        if gradient is not None and np.abs(np.array(gradient)[piece.place]).max() > 0:
            found.add(piece.part)
    return found
