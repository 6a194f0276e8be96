"""The explanation: parameters that Keras counts too, what was written, what is shown."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import keras
import pytest
from explanation.cells import MMOE, QUICK, TREE, prepared, table, topology
from explanation.test_picture import cells
from hypothesis import HealthCheck, given, settings

import mtl_magic
from mtl_magic.explanation.parameters import parameters
from mtl_magic.explanation.sections import parameter_table
from mtl_magic.explanation.trace import trace
from mtl_magic.model.net import build
from mtl_magic.problems import Problem


def counted(text, namespace=None):
    program, made = prepared(text, namespace=namespace)
    net = build(program, made.schema)
    outline = trace(program, made.schema)
    counts = parameters(net, program, made.schema, outline)
    assert counts.total == net.model.count_params()
    assert counts.total == counts.shared + sum(map(counts.private, outline.tasks)) + sum(
        h.total for h in counts.holdings if not h.tasks
    )
    assert sum(counts.nodes.values()) + sum(counts.features.values()) == counts.total
    return counts, outline, net


def test_hard_sharing():
    counts, outline, _ = counted(QUICK)
    dense = 33 * 128 + 128 + 128 * 64 + 64
    head = 64 * 32 + 32 + 32 + 1
    assert counts.nodes["block:/layers"] == counts.frames[""] == dense
    assert [(h.tasks, h.tables, h.dense) for h in counts.holdings] == [
        (outline.tasks, sum(counts.features.values()), dense),
        *(((t,), 0, head) for t in outline.tasks),
    ]
    assert counts.features["user_id"] == counts.rows["user_id"] * 8
    assert counts.bytes() == 4 * counts.total
    tables = sum(counts.features.values())
    rows = sum(counts.rows.values())
    assert counts.bytes(training=True) == 4 * (3 * tables + rows + 4 * (counts.total - tables)), "three of each"


def test_gates_are_private_and_experts_shared():
    counts, _, _ = counted(MMOE)
    experts = 3 * (33 * 8 + 8 + 8 * 4 + 4)
    assert counts.nodes["block:/expert_2"] * 3 == experts
    assert counts.nodes["block:/gate_like"] == 33 * 3 + 3
    assert counts.private("like") == 33 * 3 + 3 + 4 * 32 + 32 + 33, "its parent's tower is its parent's"


def test_nothing_shared():
    counts, outline, _ = counted("share none\n" + QUICK)
    assert counts.shared == 0
    assert len(counts.holdings) == len(outline.tasks)
    assert all(h.tables for h in counts.holdings)


def test_what_no_task_reads_is_said():
    counts, outline, _ = counted("task click: binary from user_id\ntask like: binary from user_id, user_age")
    unread = counts.holdings[-1]
    assert unread.tasks == ()
    assert unread.total == counts.features["item_id"] + counts.features["tags"]
    assert "read by no task" in parameter_table(counts, outline).text()
    assert "(read by no task)" in str(topology("task click: binary from user_id"))


def test_a_model_of_the_persons_own():
    model = keras.Sequential([keras.Input((33,)), keras.layers.Dense(5), keras.layers.BatchNormalization()])
    counts, _, _ = counted("share {model}\n" + QUICK, {"model": model})
    assert counts.frames[""] == counts.nodes["block:/layers"] == 33 * 5 + 5 + 4 * 5


@pytest.mark.parametrize(("optimizer", "times"), [("adagrad", 2), ("sgd", 1)])
def test_other_optimizers(optimizer, times):
    counts, _, _ = counted(f"{QUICK}\ntrain optimizer={optimizer} average=none")
    assert counts.bytes(training=True) == times * counts.bytes()


def test_tables_with_an_optimizer_of_their_own():
    counts, _, _ = counted(f"{QUICK}\ntrain tables=rowwise_adagrad average=none")
    tables, rows = sum(counts.features.values()), sum(counts.rows.values())
    assert counts.bytes(training=True) == 4 * (tables + rows + 3 * (counts.total - tables))


def test_steps_are_those_of_accumulated_batches():
    text = f"{QUICK}\nsplit valid=0.1\ntrain batch=10 accumulate=3 epochs=2"
    rows = dict(mtl_magic.explain(text, table()).settings.iloc[:, :2].to_numpy())
    assert rows["train batch"] == "10: 9 steps an epoch"
    assert rows["train epochs"] == "2: 18 steps at most"


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cells())
def test_any_tree_is_counted(text):
    counted(text)


@pytest.fixture(scope="module")
def explained():
    text = f"{TREE}split valid=0.2 seed=3\ntrain lr=0.01 batch=64\nbalance uncertainty\nfeature user_*, tags, item_id"
    return mtl_magic.explain(text, table(), epochs=2)


def test_defaults_and_what_was_written(explained):
    rows = {r[0]: r[1:] for r in explained.settings.itertuples(index=False)}
    assert rows["split valid"] == ("0.2: 60 rows", "written")
    assert rows["split test"] == ("none: no rows", "default")
    assert rows["balance"] == ("uncertainty", "written")
    assert rows["train batch"] == ("64: 4 steps an epoch", "written")
    assert rows["train epochs"] == ("2: 8 steps at most", "written")
    assert rows["train lr"] == ("0.01", "written")
    assert rows["train average"] == ("0.999", "default")
    assert rows["train warmup"] == ("100: 1 here, a tenth of the run", "default")
    assert "(dropout=0.1)" in explained.tables["sharing"].text()
    assert "units=[8], (dropout=0.1)" in explained.tables["sharing"].text()
    assert "click (via esmm)" in explained.tables["tasks"].text()
    small = mtl_magic.explain("task click: binary weight 2\nignore like, buy, bot, watch", table())
    assert "64: 5 steps an epoch" in dict(small.settings.iloc[:, :2].to_numpy())["train batch"]
    assert small.settings.set_index("setting").loc["train batch", "from"] == "from the 270 training rows"


def test_everything_is_there(explained):
    said = str(explained)
    assert "of them shared; rows: 240 train, 60 valid; nothing was trained" in said
    for part in ("Topology", "Parameters", "5 tasks", "Sharing", "Settings", "4 features"):
        assert f"\n{part}\n" in said
    assert list(explained.tasks["task"]) == ["click", "like", "watch", "buy", "bot"]
    assert list(explained.features["read by"]) == ["all tasks"] * 4
    assert said == repr(explained)
    assert not re.search(r"0x[0-9a-f]{6}", said)


def test_the_notebook_shows_picture_and_tables(explained):
    bundle = explained._repr_mimebundle_()
    assert bundle["text/plain"] == str(explained)
    root = ET.fromstring(f"<div>{bundle['text/html']}</div>")
    assert root.find(".//{http://www.w3.org/2000/svg}svg") is not None
    assert len(root.findall(".//table")) == 5
    assert any("flowchart LR" in pre.text for pre in root.iter("pre"))


def test_warnings_are_shown(explained):
    assert isinstance(explained.warnings, list)
    explained.warnings[:] = [Problem("MTL104", "leaks <b>", severity="warning")]
    assert "MtlWarning MTL104: leaks <b>" in str(explained)
    assert "leaks &lt;b&gt;" in explained.html()
