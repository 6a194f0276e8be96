"""`run.code()`: for every word the script predicts what the run predicts, and it reads as if it had been written by hand."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from runs.handmade import small_run
from runs.scripts import differences, module_of, untrained

from mtl_magic.data.encoders import HOMES
from mtl_magic.problems import MtlError
from mtl_magic.runs.code.writers import FAMILIES, writer
from mtl_magic.vocabulary import vocabulary


def log(rows=600, seed=0):
    """Columns of every type, each with gaps."""
    rng = np.random.default_rng(seed)

    def gaps(values, share=0.1):
        return np.where(rng.random(rows) < share, None, values)

    words = np.array(["red", "green", "blue", "3", "3.5", ""], object)
    lists = [[["a", "b"], ["b"], [], None, ["a", "c", "b"]][i] for i in rng.integers(0, 5, rows)]
    click = rng.integers(0, 2, rows)
    buy = click * rng.integers(0, 2, rows)
    return pd.DataFrame(
        {
            "user id": rng.integers(0, 40, rows),
            "shade": gaps(words[rng.integers(0, 6, rows)]),
            "half": np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 9, rows) / 2),
            "half32": (rng.integers(0, 9, rows) / 10).astype("float32"),
            "yes": gaps(rng.integers(0, 2, rows).astype(bool)),
            "place": gaps(words[rng.integers(0, 6, rows)]),
            "price": np.where(rng.random(rows) < 0.2, np.nan, rng.lognormal(3, 2, rows)),
            "age": rng.integers(1, 90, rows),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, rows), unit="D"),
            "genres": gaps(np.array(["x|y", "y", "z | x", "y|z|x"], object)[rng.integers(0, 4, rows)]),
            "liked": lists,
            "title": [None if i % 9 == 0 else rng.normal(size=3) for i in range(rows)],
            "class": rng.integers(0, 4, rows),
            "click": click,
            "buy": buy,
            "pay": buy * rng.integers(0, 2, rows),
            "colour": gaps(words[rng.integers(0, 3, rows)]),
            "said": np.where(rng.random(rows) < 0.5, "yes", "no"),
            "watch": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(50, 9, rows)),
        },
        index=range(7, rows + 7),
    )


TABLE = log()


def odd():
    """Rows with what training never saw."""
    frame = TABLE.head(40).astype(
        {"shade": object, "user id": object, "yes": object, "age": object, "place": object, "genres": object}
    )
    frame.iloc[0, :10] = None
    frame.iloc[2, frame.columns.get_loc("shade")] = "never"
    frame["user id"] = frame["user id"].astype(str)
    frame.iloc[3, frame.columns.get_loc("user id")] = "3.0"
    frame.iloc[4, frame.columns.get_loc("user id")] = "nobody"
    frame.iloc[5, frame.columns.get_loc("genres")] = "new|y"
    frame["half"] = frame["half"].astype(object)
    frame.iloc[6, frame.columns.get_loc("half")] = 77.25
    frame.iloc[7, frame.columns.get_loc("price")] = np.inf
    frame.iloc[8, frame.columns.get_loc("price")] = -1e12
    return frame


FEATURES = """
feature "user id", shade, half, half32, yes: category(min_count=1)
feature place: category(hash=9, dim=4)
feature id_hash: category(hash=50, column="user id", dropout=0.2)
feature half_hash: category(hash=7, column=half32)
feature price: number(scale=log)
feature plain: number(scale=none, bins=0, column=age)
feature age: number(scale=standard, bins=8, dim=4)
feature ranks: number(scale=quantile, column=price, bins=0, dropout=0.1)
feature day: number(scale=standard)
feature group: bucket(6, column=price)
feature genres: tags(dim=4, pool=sum)
feature liked: tags
feature title: vector
feature raw_title: vector(scale=none, column=title)
"""

CELLS = {
    "features": FEATURES + "share mlp(units=[8], dropout=0.2)\ntask click: binary\ntask watch: regression",
    "blocks": """
        feature "user id", age, price, genres
        share trunk = mlp(units=[12, 6], l2=0.01)
        share side  = mmoe(experts=3, units=[8, 4], dropout=0) from trunk
        share user  = mmoe(experts=2, units=[5]) from "user id", ag*
        share lambda = mlp(units=[4], frozen=true)
        task click:  binary(tower=[6, 3]) from side, user
        task buy:    binary(loss=focal(gamma=1)) from side, price
        task class:  multiclass from trunk, lambda
        task watch:  regression(tower=[], loss=mae) from "user id", age
        task pay:    binary from none
        task colour: multiclass(metrics=[accuracy]) from inputs
        task said:   binary(dropout=0.3, frozen=true) from user
        balance static
        train optimizer=sgd clip=1 weight_decay=0.01 schedule=cosine
        split valid=0.2 test=0.1 stratify=click
        """,
    "given": """
        feature "user id", price, genres
        share mmoe(experts=2, units=[6])
        task click: binary
        task buy:   binary given click
        task pay:   binary given buy, click via esmm
        task watch: regression(loss=huber(delta=2)) given click via observed
        balance uncertainty(lr=0.02)
        train early_stop=click.auc schedule=linear
        split valid=0.2 group="user id"
        """,
    "dependencies": """
        feature "user id", price
        share mlp(units=[8], dropout=0)
        task click: binary(dropout=0.2)
        task said:  binary
        task buy:   binary(tower=[6]) given click, said via aitm(0.3)
        task watch: regression(tower=[]) given buy, click via dbmtl(units=[5, 4])
        task pay:   binary given click via escm2_dr(0.2)
        task late:  binary(label=pay, l2=0.01) given click via escm2_ips(clip=3) given watch via dbmtl
        task both:  binary(label=buy) given click, said via monotone
        """,
    "amounts": """
        feature "user id", price
        share mlp(units=[6], dropout=0)
        task age:    count(mask=yes)
        task long:   regression(label=age, loss=tweedie(1.3), sample_weight=half)
        task rest:   regression(label=age, loss=ziln)
        task logs:   regression(label=age, loss=log)
        task high:   regression(label=watch, loss=[quantile(0.9), mae(weight=0.5)])
        task class:  ordinal(4, class_weight=balanced, metrics=[accuracy, mae, kappa, spearman])
        task liked:  multilabel(sample_weight=half)
        task genres: multilabel(metrics=[auc, f1(0.3), ece(bins=5)])
        task both:   multilabel(labels=[click, buy], pos_weight=3, mask=yes)
        task click:  binary(pos_weight=balanced, sample_weight=half, loss=bce(label_smoothing=0.1))
        balance uncertainty
        train epochs=2 batch=100
        """,
    "lists": """
        feature age, price
        task class: ranking(group="user id", loss=[pairwise, listwise(weight=0.5)])
        task click: binary(loss=[bce, pairwise(group="user id", weight=0.2)], metrics=[auc, gauc("user id")])
        split valid=0.2 group="user id"
        """,
    "nothing shared": """
        feature "user id", price, liked
        share none
        task click, buy: binary
        task watch: regression
        train early_stop=none
        split valid=none
        """,
    "one number": "feature age: number(bins=0)\ntask click: binary(tower=[])\nsplit time=day valid='2024-03-01'",
}


@pytest.fixture(scope="module", params=list(CELLS))
def written(request, tmp_path_factory):
    run = untrained(CELLS[request.param], TABLE)
    folder = tmp_path_factory.mktemp("code") / request.param
    text = run.code(folder)
    assert text == (folder / "model.py").read_text(encoding="utf-8")
    return run, folder


def test_predictions_are_equal(written):
    run, folder = written
    predict = module_of(folder)["predict"]
    for table in (TABLE.head(50), odd(), TABLE.iloc[[3]]):
        found = differences(run, predict, table)
        assert max(found.values()) < 1e-5, found


def test_rows_are_encoded_alike(tmp_path):
    from mtl_magic.data.encode import encode_table

    run = untrained(CELLS["features"], TABLE)
    run.code(tmp_path / "c")
    for table in (TABLE, odd()):
        made, wanted = module_of(tmp_path / "c")["encode"](table), encode_table(run.schema, table, labels=False)
        for feature in run.schema.features:
            ours = [made[k] for k in (feature.key, f"{feature.key}_missing", f"{feature.key}_bin") if k in made]
            ids = [m.reshape(len(table), -1) for m in ours if m.dtype == "int32"]
            floats = [m for m in ours if m.dtype == "float32"]
            for parts, want in (
                (ids, wanted.ids[:, slice(*feature.ids)]),
                (floats, wanted.floats[:, slice(*feature.floats)]),
            ):
                got = np.concatenate(parts, axis=1) if parts else np.empty((len(table), 0))
                np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6, err_msg=feature.name)


def test_it_needs_nothing_of_ours_and_formatters_leave_it(written):
    _, folder = written
    text = (folder / "model.py").read_text(encoding="utf-8")
    assert "import mtl_magic" not in text
    assert "from mtl_magic" not in text
    ruff = pathlib.Path(sys.executable).with_name("ruff")
    for command in (["format", "--isolated", "--diff"], ["check", "--isolated", "--select", "E4,E7,E9,F,I,B,C4"]):
        done = subprocess.run([ruff, *command, folder / "model.py"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_it_divides_rows_as_the_cell_does(written):
    from mtl_magic.data.prepare import prepare
    from mtl_magic.runs.fitting import compile_program

    run, folder = written
    module = module_of(folder)
    prepared = prepare(compile_program(run.text), [TABLE])
    parts = module["parts"](TABLE) if "parts" in module else np.zeros(len(TABLE))
    for number, part in enumerate((prepared.train[0], prepared.valid, prepared.test)):
        assert list(TABLE.index[parts == number]) == ([] if part is None else list(part.index))


@pytest.mark.parametrize(
    "split",
    [
        "time=age valid=0.2 test=30",
        "time=day valid=0.1 test='2024-03-01'",
        'time=day group="user id" valid=0.2 test=0.2',
    ],
)
def test_it_divides_rows_by_time(split):
    from mtl_magic.data.prepare import prepare
    from mtl_magic.runs.code.functions import splitting
    from mtl_magic.runs.code.plan import Plan
    from mtl_magic.runs.code.training import Objective
    from mtl_magic.runs.fitting import compile_program

    cell = f"feature shade: category\ntask click: binary\nsplit {split}"
    prepared = prepare(compile_program(cell), [TABLE])
    run = small_run(text=cell, schema=prepared.schema, outputs=(("click", "click"),))
    namespace = {**vars(splitting)}
    exec("\n".join(Objective(Plan.of(run, None)).parts()), namespace)
    parts = namespace["parts"](TABLE)
    for number, part in enumerate((prepared.train[0], prepared.valid, prepared.test)):
        assert list(TABLE.index[parts == number]) == list(part.index)


def test_its_metrics_are_ours(written):
    run, folder = written
    module = module_of(folder)
    module["evaluate"].__globals__["predict"] = lambda frame, model=None: run.predict(frame)
    got = module["evaluate"](TABLE).set_index(["task", "metric"])["value"]
    want = run.evaluate(TABLE).set_index(["task", "metric"])["value"]
    pd.testing.assert_series_equal(got, want, rtol=1e-5)


@pytest.mark.parametrize("written", ["blocks", "given", "nothing shared", "amounts", "lists"], indirect=True)
def test_it_trains(written):
    run, folder = written
    module = module_of(folder)
    module["train"].__globals__["EPOCHS"] = 1
    before, model = module["build"]().get_weights(), module["train"](TABLE.head(200))
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    moved = [(a != b).any() for a, b in zip(before, model.get_weights(), strict=True)]
    frozen = {weight.path for layer in model.layers if not layer.trainable for weight in layer.weights}
    assert sum(moved) > len(moved) / 2
    assert bool(frozen) == ("frozen" in run.text)
    assert not any(m for m, weight in zip(moved, model.weights, strict=True) if weight.path in frozen)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_word_can_be_written(family):
    words = HOMES if family == "encoder" else vocabulary().words(family)
    for word in words:
        assert writer(family, word)


def test_a_word_without_a_writer_is_an_error():
    with pytest.raises(MtlError) as caught:
        writer("block", "of tomorrow")
    assert caught.value.problems[0].code == "MTL442"


def test_files_are_not_replaced(run, tmp_path):
    (tmp_path / "encoders.json").write_text("mine")
    with pytest.raises(MtlError) as caught:
        untrained(CELLS["one number"], TABLE).code(tmp_path)
    assert caught.value.problems[0].code == "MTL440"
    assert (tmp_path / "encoders.json").read_text() == "mine"
    assert not (tmp_path / "model.py").exists()


# ---------------------------------------------------------------------------------------------------------------------
# What stands in braces


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("keras.layers.Dense(5, activation='relu')", 'layers.Dense(5, activation="relu", name="dense_layer")'),
        (
            "keras.Sequential([keras.layers.Reshape((3, 1)), keras.layers.Conv1D(4, 2, padding='same'), keras.layers.Flatten()])",
            'layers.Conv1D(4, (2,), padding="same")',
        ),
        ("keras.layers.Dense(5, kernel_initializer=keras.initializers.HeNormal(seed=3))", "deserialize_keras_object"),
        ("keras.ops.tanh", "ops.tanh("),
    ],
    ids=["layer", "sequential", "options that are objects", "function"],
)
def test_a_block_in_braces(block, said, tmp_path):
    import keras

    cell = f"feature title: vector(scale=none)\nshare {{{block}}}\ntask click, buy: binary"
    table = TABLE[TABLE["title"].notna()]
    run = untrained(cell, table, {"keras": keras})
    text = run.code(tmp_path / "c", namespace={"keras": keras})
    assert said in text
    assert max(differences(run, module_of(tmp_path / "c")["predict"], table.head(30)).values()) < 1e-5


def test_a_block_of_ones_own_has_a_place():
    def halved(x):
        return x / 2

    cell = "feature age: number\nshare {halved}\ntask click: binary(loss={mine})"

    def mine(label, prediction):
        return (label - prediction) ** 2

    namespace = {"halved": halved, "mine": mine}
    text = untrained(cell, TABLE, namespace).code(namespace=namespace)
    assert "= halved(everything)" in text
    assert "is the function halved of your own" in " ".join(text.split())
    assert "The loss of click is your own, mine" in " ".join(text.split())


# ---------------------------------------------------------------------------------------------------------------------
# A training of the script is a training of the cell


def test_a_training_of_the_script_is_about_as_good(tmp_path):
    import mtl_magic

    rng = np.random.default_rng(0)
    rows = 4_000
    user, x = rng.integers(0, 60, rows), rng.normal(size=rows)
    score = rng.normal(size=60)[user] + x
    click = rng.random(rows) < 1 / (1 + np.exp(-score))
    watch = np.where(rng.random(rows) < 0.5, np.nan, 100 + 10 * score + rng.normal(size=rows))
    table = pd.DataFrame({"user_id": user, "x": x, "click": click, "watch": watch})
    cell = (
        "share mlp(units=[16], dropout=0)\ntask click: binary\ntask watch: regression\ntrain epochs=4 batch=64 lr=1e-2"
    )
    run = mtl_magic.fit(cell, table)
    run.code(tmp_path / "c")
    module = module_of(tmp_path / "c")
    model = module["train"](table)
    valid = table[module["parts"](table) == 1]
    theirs = run.evaluate(valid).set_index(["task", "metric"])["value"]
    found = module["evaluate"](valid, model).set_index(["task", "metric"])["value"]
    assert found["click", "auc"] > theirs["click", "auc"] - 0.02 > 0.7
    assert found["watch", "rmse"] < theirs["watch", "rmse"] * 1.3 < 5


OF_LISTS = [word for word in vocabulary().words("loss") if vocabulary().find("loss", word).of_lists]


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}], ids=["plain", "smoothed"])
@pytest.mark.parametrize("word", [word for word in vocabulary().words("loss") if word not in OF_LISTS])
def test_losses_are_ours(word, options):
    import functools

    from mtl_magic.data.schema import TaskSchema
    from mtl_magic.runs.code.functions import losses
    from mtl_magic.runs.code.source import Functions
    from mtl_magic.runs.code.text import show

    declaration = vocabulary().find("loss", word)
    options = {name: value for name, value in options.items() if name in {p.name for p in declaration.options()}}
    loss = declaration(**options)
    kind = vocabulary().find("task", loss.tasks[0])()
    rng = np.random.default_rng(0)
    width = {"multiclass": 4, "ordinal": 3}.get(loss.tasks[0], loss.width)
    logits = rng.normal(0, 3, (50, width)).astype("float32")
    labels = rng.integers(0, 4 if loss.tasks[0] in ("multiclass", "ordinal") else 2, 50).astype("float32")
    written = eval(show(writer("loss", word)(loss, Functions())), {**vars(losses), "functools": functools})
    want = loss.rows(labels, logits, TaskSchema("t", "t", "t", kind))  # a mean of 0 and a deviation of 1
    np.testing.assert_allclose(np.array(written(labels, logits)), np.array(want), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("word", "options"),
    [
        ("pairwise", {}),
        ("pairwise", {"kind": "hinge", "temperature": 2.0}),
        ("listwise", {"temperature": 0.5}),
        ("listwise", {"gain": "exponential"}),
    ],
)
def test_losses_of_lists_are_ours(word, options):
    import functools

    from mtl_magic.runs.code.functions import lists as functions
    from mtl_magic.runs.code.source import Functions
    from mtl_magic.runs.code.text import show

    loss = vocabulary().find("loss", word)(group="user", **options)
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(0, 2, (40, 1)).astype("float32"), rng.integers(0, 3, 40).astype("float32")
    lists, known = np.sort(rng.integers(0, 9, 40)).astype("int32"), rng.random(40) < 0.8
    lists = np.unique(lists, return_inverse=True)[1].astype("int32")
    written = eval(show(writer("loss", word)(loss, Functions())), {**vars(functions), "functools": functools})
    got = np.array(written(labels, logits, lists.astype("float32"), known))
    want = np.array(loss.lists(labels, logits, known, lists))
    np.testing.assert_allclose(got[known], want[known], rtol=1e-5, atol=1e-6)


def test_a_missing_label_teaches_nothing():
    from mtl_magic.runs.code.functions import losses

    labels = np.array([[1.0], [np.nan], [0.0]], "float32")
    logits = np.array([[0.3], [9.0], [-0.2]], "float32")
    known = np.array(losses.bce(labels[[0, 2], 0], logits[[0, 2]])).mean()
    assert float(losses.of_labelled(losses.bce)(labels, logits)) == pytest.approx(known)
    assert float(losses.of_labelled(losses.bce)(labels * np.nan, logits)) == 0


def test_names_of_a_hostile_folder_never_become_code(tmp_path):
    import dataclasses

    run = untrained(CELLS["one number"], TABLE)
    task = dataclasses.replace(run.schema.tasks[0], key="x = print('ran')  #")
    hostile = dataclasses.replace(run, schema=dataclasses.replace(run.schema, tasks=(task,)))
    with pytest.raises(MtlError) as caught:
        hostile.code(tmp_path / "c")
    assert caught.value.problems[0].code == "MTL413"
    assert not (tmp_path / "c").exists()
