"""A real kernel, as JupyterLab, nbclient and nbval talk to it."""

from __future__ import annotations

import os
import sys
import time

import pytest
from jupyter_client.manager import KernelManager

SETUP = """
%load_ext mtl_magic
import numpy as np, pandas as pd
draw = np.random.default_rng(0)
a = draw.integers(0, 8, 400)
log = pd.DataFrame({"a": a, "b": draw.normal(size=400), "click": (a > 3) * 1, "watch": a + draw.normal(size=400)})
"""
CELL = "%%mtl feed --data log\ntask click: binary allow MTL104\ntask watch: regression\ntrain epochs=2 batch=64"
WIDGET = "application/vnd.jupyter.widget-view+json"


class Kernel:
    """A kernel and a client."""

    def __init__(self, manager, client):
        self.manager, self.client = manager, client

    def run(self, code, during=None):
        """The output messages of a cell, without the widgets' own traffic; `during` is called at each message."""
        request = self.client.execute(code, allow_stdin=False)
        found = []
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind = message["msg_type"]
            if during:
                during(message)
            if kind == "status" and message["content"]["execution_state"] == "idle":
                return found
            if kind in ("stream", "display_data", "execute_result", "error", "update_display_data", "clear_output"):
                found.append((kind, message["content"]))

    def reply(self, request):
        """What the kernel answers to a request on its shell channel."""
        while (message := self.client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != request:
            pass
        return message["content"]

    def says(self, code):
        """What a cell prints."""
        return "".join(content["text"] for kind, content in self.run(code) if kind == "stream")


@pytest.fixture(scope="module")
def kernel(root):
    manager = KernelManager(kernel_name="python3")
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTEST_CURRENT_TEST", "TF_CPP_MIN_LOG_LEVEL")}
    environment["PYTHONPATH"] = str(root)
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel(env=environment)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    made = Kernel(manager, client)
    assert made.run(SETUP) == [], "load_ext is silent"
    yield made
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_cell(kernel):
    """A table of features, the progress widget, and the report as an output of its own; no line of TensorFlow's."""
    outputs = kernel.run(CELL)
    kinds = [kind for kind, _ in outputs]
    assert set(kinds) == {"stream", "display_data"}
    assert all(content["name"] == "stdout" for kind, content in outputs if kind == "stream")
    shown = [content["data"] for kind, content in outputs if kind == "display_data"]
    overview, progress, report = shown
    assert "text/html" in overview
    assert WIDGET in progress
    assert progress["text/plain"] == "Dashboard of feed"
    assert set(report) == {"text/plain", "text/html", "image/png"}
    assert report["text/plain"].startswith("Run feed: 2 tasks, 2 epochs")


def test_a_second_time_all_outputs_are_the_same(kernel):
    def comparable(outputs):
        return [{k: v for k, v in c.get("data", c).items() if k != WIDGET} for _, c in outputs]

    assert comparable(kernel.run(CELL)) == comparable(kernel.run(CELL))


def test_a_mistake_is_an_error_output_of_our_lines_alone(kernel):
    outputs = kernel.run("%%mtl feed --data log\ntask click: binery")
    (kind, content), *rest = outputs
    assert rest == []
    assert kind == "error"
    assert content["ename"] == "MtlError"
    assert content["traceback"] == [
        "MtlError MTL020, line 2: 'binery' is no task kind",
        "    task click: binery",
        "                ^^^^^^",
        "did you mean 'binary'? task kinds: binary, count, multiclass, multilabel, ordinal, ranking, regression",
    ]
    assert kernel.says("print(type(feed).__name__)") == "Run\n", "the earlier run is still there"


def test_stderr_still_reaches_the_notebook(kernel):
    outputs = kernel.run("import sys; print('mine', file=sys.stderr)")
    assert [(c["name"], c["text"]) for _, c in outputs] == [("stderr", "mine\n")]


def test_the_stop_button_leaves_a_usable_run(kernel):
    pressed = []

    def press(message):
        if not pressed and message["msg_type"] == "comm_msg" and "step" in str(message["content"]):
            pressed.append(time.monotonic())
            kernel.manager.interrupt_kernel()

    outputs = kernel.run(
        "%%mtl long --data log\ntask click: binary\ntrain epochs=100000 batch=8 early_stop=none", press
    )
    assert pressed
    assert "error" not in [kind for kind, _ in outputs]
    assert kernel.says("print(long.why, len(long.predict(log)))") == "interrupted 400\n"


def completed(kernel, code, at=None):
    """What the kernel answers to Tab: texts, the text that they replace, what each is."""
    found = kernel.reply(kernel.client.complete(code, len(code) if at is None else at))
    types = found["metadata"]["_jupyter_types_experimental"]  # JupyterLab breaks no line in what has no space
    types = [t["type"].replace("\N{NO-BREAK SPACE}", " ") for t in types]
    return found["matches"], code[found["cursor_start"] : found["cursor_end"]], types


def test_tab_completes_inside_the_cell(kernel):
    texts, replaced, types = completed(kernel, "%%mtl feed --data log\ntask cl\ntask watch: regression", 29)
    assert (texts, replaced, types) == (["click"], "cl", ["column: int64"])
    texts, replaced, types = completed(kernel, "%%mtl feed --data log\nshare mmoe(exp")
    assert (texts, replaced) == (["experts="], "exp")
    assert types == ["option: number of experts"]
    assert completed(kernel, "%%mtl feed --data log\ntask watch: regression ")[0] == [
        "from",
        "given",
        "weight",
        "allow",
    ]
    assert completed(kernel, "%%mtl feed --data lo")[0] == ["log"]
    assert completed(kernel, "%mtl help mult")[0] == ["multiclass", "multilabel"]


def test_a_cell_is_rewritten_in_its_place(kernel):
    request = kernel.client.execute("%%mtl feed --format --data log\ntask  click # yes", allow_stdin=False)
    reply = kernel.reply(request)
    assert reply["status"] == "ok"
    (payload,) = reply["payload"]
    assert payload == {"source": "set_next_input", "text": "%%mtl feed --data log\ntask click  # yes", "replace": True}


def test_a_failed_cell_leaves_the_namespace(kernel):
    before = kernel.says("print(sorted(k for k in globals() if not k.startswith('_')))")
    kernel.run("%%mtl none --data [][0]\ntask click: binary")
    assert kernel.says("print(sorted(k for k in globals() if not k.startswith('_')))") == before
