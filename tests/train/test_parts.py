"""Options of features, blocks and tasks, each against plain Keras optimizers on the same network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from mtl_magic.data.schema import Prepared
from mtl_magic.layers.embedding import FusedEmbedding
from mtl_magic.model.net import Net, build
from mtl_magic.problems import MtlError
from mtl_magic.train.accumulate import Accumulated
from mtl_magic.train.fit import dense_optimizer, tables_of, train
from mtl_magic.train.state import named, set_state, state_of, weights_of
from mtl_magic.train.step import Step, row_losses
from mtl_magic.train.tables import Table
from tests import toy
from tests.train.test_step import OnesOfGramian, difference
from tests.train.two import printed

BELONGS = {  # what the names of a part's weights hold
    "feature": ("embedding_8_user/",),
    "block": ("mmoe_experts",),
    "task": ("click_tower", "click_logits", "gate_click"),
}
LR = 0.05


def told(part: str, **options: Any) -> tuple[Any, Prepared]:
    """A program and its data, with these options of the feature 'user', of the block or of the task 'click'."""
    prepared = toy.data(600, 100)
    block = toy.word("block", "mmoe", experts=2, units=(8,), dropout=0.0, **(options if part == "block" else {}))
    schema = prepared.schema
    if part == "feature":
        user = dataclasses.replace(schema.features[0], kind=toy.word("feature", "category", **options))
        schema = dataclasses.replace(schema, features=(user, *schema.features[1:]))
    if part == "task":
        click = dataclasses.replace(schema.tasks[0], kind=toy.word("task", "binary", **options))
        schema = dataclasses.replace(schema, tasks=(click, *schema.tasks[1:]))
    return toy.program(block, optimizer="sgd", lr=LR), dataclasses.replace(prepared, schema=schema)


def make(program: Any, prepared: Prepared, slices: int = 1) -> Step:
    settings = program.train
    net = build(program, prepared.schema)
    own = {"slices": slices} if slices > 1 else {}
    step = (Accumulated if own else Step)(
        net,
        prepared.schema,
        program.balance,
        dense_optimizer(settings.optimizer, settings.lr, settings.weight_decay),
        table_optimizer=tables_of(settings),
        average=settings.average,
        clip=settings.clip,
        weight_decay=settings.weight_decay,
        **own,
    )
    step.rates.lr.assign(settings.lr)
    return step


def run(step: Step, prepared: Prepared, steps: int = 3, rows: int = 64) -> None:
    part = prepared.train[0]
    for i in range(steps):
        here = slice(i * rows, (i + 1) * rows)
        step.run(part.ids[here], part.floats[here], part.labels[here])


def weights(net: Net) -> dict[str, Any]:
    """The variables that training may move, tables too, by name."""
    return {name: v for name, v in named(net.model).items() if "seed" not in name}


def reference(  # noqa: PLR0917
    program: Any,
    prepared: Prepared,
    mine: Callable[[str], bool],
    optimizer: Any = None,
    lr: float = LR,
    l2: float = 0.0,
    steps: int = 3,
) -> dict[str, np.ndarray]:
    """The same steps in plain Keras: one optimizer for what is `mine`, SGD for the rest, tables as dense variables."""
    net, part, rows = build(program, prepared.schema), prepared.train[0], 64
    net.model.trainable = True
    found = weights(net)
    for v in found.values():
        v.trainable = True
    groups = [
        (optimizer or keras.optimizers.SGD(lr), [n for n in found if mine(n)], l2),
        (keras.optimizers.SGD(LR), [n for n in found if not mine(n)], 0.0),
    ]
    constants = tf.constant([t.constant_loss for t in prepared.schema.tasks], tf.float32)
    for i in range(steps):
        here = slice(i * rows, (i + 1) * rows)
        with tf.GradientTape() as tape:
            tape.watch([v.value for v in found.values()])
            inputs = [tf.constant(part.ids[here]), tf.constant(part.floats[here])]
            logits = net.heads(net.trunk([*inputs, *(e(inputs[0]) for e in net.embeddings)]))
            losses, known = row_losses(prepared.schema, logits, part.labels[here])
            loss = tf.reduce_sum(tf.reduce_sum(losses, 0) / tf.reduce_sum(known, 0) / constants)
        gradients = tape.gradient(loss, {n: v.value for n, v in found.items()})
        for rule, names, decay in groups:
            pairs = []
            for n in names:
                g = tf.convert_to_tensor(gradients[n])
                if decay and len(g.shape) > 1 and "bias" not in n:
                    touched = tf.cast(tf.reduce_any(g != 0, axis=1, keepdims=True), tf.float32) if "table" in n else 1.0
                    g += 2 * decay * touched * found[n].value
                pairs.append((g, found[n]))
            if rule.learning_rate > 0 and pairs:
                rule.apply_gradients(pairs)
    return {n: np.array(v) for n, v in found.items()}


def assert_equal(step: Step, expected: dict[str, np.ndarray]) -> None:
    found = {n: np.array(v) for n, v in weights(step.net).items()}
    worst = max(expected, key=lambda n: np.abs(found[n] - expected[n]).max())
    assert np.abs(found[worst] - expected[worst]).max() < 2e-5, worst


def of(part: str) -> Callable[[str], bool]:
    return lambda name: any(word in name for word in BELONGS[part])


@pytest.mark.parametrize("part", BELONGS)
@pytest.mark.parametrize(
    ("options", "plain"),
    [
        ({"lr": 0.25}, {"lr": 0.25 * LR}),
        ({"lr": 4.0, "l2": 0.5}, {"lr": 4 * LR, "l2": 0.5}),
        ({"l2": 0.5}, {"l2": 0.5}),
        ({"frozen": True, "lr": 3.0}, {"lr": 0.0}),
        ({"optimizer": "adagrad", "lr": 2.0}, {"optimizer": lambda: keras.optimizers.Adagrad(2 * LR)}),
    ],
    ids=["lr", "lr and l2", "l2", "frozen", "optimizer"],
)
def test_an_option_is_what_a_plain_optimizer_does(part: str, options: Any, plain: dict[str, Any]) -> None:
    program, prepared = told(part, **options)
    step = make(program, prepared)
    before = weights_of(step.net.model)
    assert any(of(part)(n) for n in before)
    run(step, prepared)
    rule = plain.get("optimizer")
    assert_equal(step, reference(program, prepared, of(part), **({**plain, "optimizer": rule()} if rule else plain)))


@pytest.mark.parametrize("part", ["block", "task"])
def test_an_optimizer_in_braces_keeps_its_own_rate(part: str) -> None:
    program, prepared = told(part, optimizer=keras.optimizers.RMSprop(0.003), lr=0.5)
    step = make(program, prepared)
    run(step, prepared)
    assert_equal(step, reference(program, prepared, of(part), keras.optimizers.RMSprop(0.0015)))


def test_adam_of_a_part_is_adam() -> None:
    program, prepared = told("task", optimizer="adam")
    step = make(program, prepared)
    run(step, prepared)
    assert_equal(step, reference(program, prepared, of("task"), keras.optimizers.Adam(LR)))


def test_a_feature_may_have_adam() -> None:
    program, prepared = told("feature", optimizer="dense_adam", lr=0.1)
    step = make(program, prepared)
    run(step, prepared)
    assert_equal(step, reference(program, prepared, of("feature"), keras.optimizers.Adam(0.1 * LR)))


@pytest.mark.parametrize("optimizer", ["deferred_adam", "adam", "rowwise_adagrad"])
def test_a_factor_holds_for_what_rows_make_up_for_too(optimizer: str) -> None:
    """A table of factor 0.25 at rate 0.4 is one at rate 0.1: moves, decay, rows that rest, settling."""
    ends = []
    for factor, lr in ((1.0, 0.1), (0.25, 0.4)):
        layer = FusedEmbedding(10, 3, [0], [0], seed=1)
        layer.build(None)
        table = Table(layer, optimizer, l2=0.1, decay=0.2, factor=factor)
        for i, ids in enumerate(([1, 2], [2, 3], [5, 1], [1, 1])):
            step = tf.constant(i, tf.int64)
            touched = table.touch(tf.constant(ids)[:, None], tf.constant(lr), step)
            table.apply(touched, touched.rows + 1.0, tf.constant(lr), step)
        table.settle(tf.constant(lr), tf.constant(4, tf.int64))
        ends.append(np.array(layer.table))
    assert np.allclose(*ends, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("part", BELONGS)
def test_what_is_frozen_rests_under_decay_clipping_averages_and_adam(part: str) -> None:
    program, prepared = told(part, frozen=True, l2=0.1)
    train_ = dataclasses.replace(program.train, optimizer="adam", weight_decay=0.1, clip=0.5, average=0.9)
    result = train(dataclasses.replace(program, train=train_), prepared)
    before = weights_of(build(program, prepared.schema).model)
    after = weights_of(result.net.model)
    assert all((after[n] == before[n]).all() for n in before if of(part)(n))
    assert all((after[n] != before[n]).any() for n in before if not of(part)(n) and "seed" not in n)


@pytest.mark.parametrize("balance", ["uncertainty", OnesOfGramian()])
@pytest.mark.parametrize("part", BELONGS)
@pytest.mark.parametrize("options", [{"lr": 0.5, "l2": 0.1}, {"frozen": True}])
def test_slices_take_the_step_of_all_rows(part: str, options: Any, balance: Any) -> None:
    program, prepared = told(part, **options)
    balance = toy.word("balance", balance) if isinstance(balance, str) else balance
    program = dataclasses.replace(
        program, balance=balance, train=dataclasses.replace(program.train, clip=0.5, weight_decay=0.1)
    )
    whole, sliced = make(program, prepared), make(program, prepared, 4)
    run(whole, prepared)
    run(sliced, prepared)
    assert difference(state_of(whole), state_of(sliced), skip="sums") < 2e-5


def test_a_state_holds_the_moments_of_all_optimizers() -> None:
    program, prepared = told("task", optimizer="adam", lr=0.5)
    whole, first, second = (make(program, prepared) for _ in range(3))
    run(whole, prepared, 2)
    run(first, prepared, 1)
    set_state(second, state_of(first))
    part = prepared.train[0]
    second.run(part.ids[64:128], part.floats[64:128], part.labels[64:128])
    assert difference(state_of(whole), state_of(second)) == 0


def test_l2_is_part_of_what_is_clipped() -> None:
    program, prepared = told("feature", l2=1e3)
    program = dataclasses.replace(program, train=dataclasses.replace(program.train, clip=0.1))
    step = make(program, prepared)
    before = weights_of(step.net.model)
    run(step, prepared, 1)
    after = weights_of(step.net.model)
    moved = {n: np.sum((after[n] - before[n]).astype("float64") ** 2) for n in before if "seed" not in n}
    assert sum(moved.values()) ** 0.5 == pytest.approx(0.1 * LR, rel=1e-3)
    assert sum(v for n, v in moved.items() if of("feature")(n)) > 0.9 * sum(moved.values())


def test_nothing_said_costs_nothing() -> None:
    """One table for a width, one optimizer, and fused gates and towers, as if the options were not there."""
    prepared = toy.data()
    step = make(toy.program("mmoe"), prepared)
    assert (len(step.tables), len(step.dense._groups), step.net.apart) == (1, 1, ())
    assert [name for name in (layer.name for layer in step.net.trunk.layers) if "gate" in name] == ["mmoe_gates"]


def test_features_that_are_trained_alike_share_a_table() -> None:
    program, prepared = told("feature", lr=0.5)
    features = tuple(
        dataclasses.replace(f, kind=toy.word("feature", "category", lr=0.5)) for f in prepared.schema.features
    )
    step = make(program, dataclasses.replace(prepared, schema=dataclasses.replace(prepared.schema, features=features)))
    assert [t.factor for t in step.tables] == [0.5]


def test_everything_frozen_is_refused() -> None:
    _, prepared = told("feature")
    kinds = {
        "binary": toy.word("task", "binary", frozen=True),
        "regression": toy.word("task", "regression", frozen=True),
    }
    schema = dataclasses.replace(
        prepared.schema,
        features=tuple(
            dataclasses.replace(f, kind=toy.word("feature", "auto", frozen=True)) for f in prepared.schema.features
        ),
        tasks=tuple(dataclasses.replace(t, kind=kinds[t.kind.word]) for t in prepared.schema.tasks),
    )
    block = toy.word("block", "mlp", frozen=True)
    with pytest.raises(MtlError) as caught:
        train(toy.program(block), dataclasses.replace(prepared, schema=schema))
    assert caught.value.problems[0].code == "MTL305"


def test_a_frozen_trunk_is_not_differentiated() -> None:
    """With its tables and blocks frozen, no gradient below the heads is computed, whatever the balancing asks for."""
    _, prepared = told("feature")
    features = tuple(
        dataclasses.replace(f, kind=toy.word("feature", "auto", frozen=True)) for f in prepared.schema.features
    )
    prepared = dataclasses.replace(prepared, schema=dataclasses.replace(prepared.schema, features=features))
    for balance in (toy.word("balance", "equal"), OnesOfGramian()):
        step = make(toy.program(toy.word("block", "mlp", units=(16, 8), frozen=True), balance), prepared)
        run(step, prepared, 1)
        assert not step.tables
        graph = step.run.get_concrete_function().graph
        shapes = [tuple(op.outputs[0].shape) for op in graph.get_operations() if op.type == "MatMul" and op.outputs]
        assert (18, 16) not in shapes  # the gradient of the first kernel
        assert (None, 16) in shapes  # its product


@pytest.mark.parametrize("what", ["user", "tags", "x"])
def test_dropout_of_a_feature_drops_entries_of_its_vector_alone(what: str) -> None:
    prepared = toy.data(600, 100)
    features = tuple(
        dataclasses.replace(f, kind=toy.word("feature", "auto", dropout=0.5)) if f.name == what else f
        for f in prepared.schema.features
    )
    schema = dataclasses.replace(prepared.schema, features=features)
    net = build(toy.program(sources=("inputs",)), schema)
    part = prepared.train[0]
    inputs = [tf.constant(part.ids[:200]), tf.constant(part.floats[:200])]
    rows = [e(inputs[0]) for e in net.embeddings]
    kept, dropped = (np.array(net.trunk([*inputs, *rows], training=t)) for t in (False, True))
    assert kept.shape == (200, 18)
    changed = (kept != dropped).mean(axis=0)
    assert (changed > 0.3).sum() == {"user": 8, "tags": 8, "x": 2}[what]
    assert set(np.unique(changed[changed <= 0.3])) <= {0.0}
    kept_entries = (dropped != 0) & (kept != 0)
    assert np.allclose(dropped[kept_entries], (kept * np.where(changed > 0.3, 2.0, 1.0))[kept_entries], rtol=1e-5)


def test_dropout_of_a_task_is_its_towers() -> None:
    program, prepared = told("task", dropout=0.4)
    rates = {d.name: d.rate for d in build(program, prepared.schema).heads._flatten_layers() if hasattr(d, "rate")}
    assert sorted(rates.values()) == [0.4]


TWO_REPLICAS = """
from tests import toy
from tests.train import two as pair
strategy = pair.strategy()
import dataclasses
from tests.train.test_parts import OnesOfGramian, difference, make, run, state_of, told
for part in ("feature", "block", "task"):
    for options in ({"lr": 0.5, "l2": 0.1}, {"frozen": True}):
        program, prepared = told(part, **options)
        program = dataclasses.replace(program, train=dataclasses.replace(program.train, clip=0.5, weight_decay=0.1))
        rows = prepared.train[0]
        one = make(program, prepared)
        run(one, prepared)
        with strategy.scope():
            two = make(program, prepared)
        for i in range(3):
            half = pair.shares(strategy, 64 * i, 64 * i + 23, 64 * i + 64)
            two.run(half(rows.ids), half(rows.floats), half(rows.labels))
        print(part, difference(state_of(one), state_of(two), skip="sums"))
"""


def test_two_replicas_take_the_step_of_one() -> None:
    found = printed(TWO_REPLICAS)
    assert len(found) == 6
    assert max(found) < 2e-5, found
