"""A front end without a browser: a kernel, and what JupyterLab sends to it while a cell runs.

JupyterLab makes a subshell on the control channel and names it in the header of each message of a widget, which so is
handled while a cell runs. One without subshells (VS Code, Colab, the setting off) names none.
"""

import os
import pathlib
import sys
import time
import uuid

import pytest
from jupyter_client.manager import KernelManager

ROOT = pathlib.Path(__file__).parents[1]
OVERLAYS = ROOT / "build" / "ipykernel"  # made by 'make setup'; the versions are pinned in constraints/ipykernel/


def overlay(version):
    """The folder of another version of ipykernel, to stand on PYTHONPATH before the environment's own."""
    found = OVERLAYS / version
    if not (found / ".made").exists():
        pytest.fail(f"build/ipykernel/{version} is missing: run 'make setup' in the source tree")
    return found


class FrontEnd:
    """A kernel, and what a page would know of it.

    Args:
        ahead: folders that stand on its PYTHONPATH before the source tree.
    """

    def __init__(self, *ahead):
        self.manager = KernelManager(kernel_name="python3")
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTEST_CURRENT_TEST", "TF_CPP_MIN_LOG_LEVEL")}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, [*ahead, ROOT]))
        self.manager.kernel_spec.argv[0] = sys.executable
        self.manager.start_kernel(env=environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.widgets = {}  # comm -> its state when it was opened
        self.status = {}  # of the dashboard, the last one heard
        self.road = ""  # what its chip said last
        self.fed = []  # what came on comms that this page has opened
        self.printed = ""
        self.idle = set()  # requests that are done
        self.errors = []

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    # -- to the kernel -----------------------------------------------------------------------------------------------

    def subshell(self):
        """The id of a new one."""
        channel = self.client.control_channel
        request = self.client.session.msg("create_subshell_request", {})
        channel.send(request)
        while (reply := channel.get_msg(timeout=30))["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            pass
        return reply["content"]["subshell_id"]

    def begin(self, code):
        """Runs a cell and does not wait for it; what was heard of earlier ones is forgotten."""
        self.widgets, self.status, self.road, self.printed, self.errors = {}, {}, "", "", []
        return self.client.execute(code, allow_stdin=False)

    def run(self, code, seconds=120):
        """What a cell prints, once it is done."""
        request = self.begin(code)
        assert self.until(lambda: request in self.idle, seconds), f"not done after {seconds} s: {code}"
        assert not self.errors, self.errors
        return self.printed

    def set(self, subshell, **state):
        """A trait of `Controls` is changed by a person, in the page."""
        self._send(subshell, "locked", {"method": "update", "state": state, "buffer_paths": []})

    def press(self, subshell, **content):
        """A message of `Controls`."""
        self._send(subshell, "locked", {"method": "custom", "content": content})

    def open(self, target, subshell, **data):
        """The id of a comm that the page opens, as JupyterLab does: with a subshell of its target."""
        comm = uuid.uuid4().hex
        self._say("comm_open", subshell, comm_id=comm, target_name=target, data=data)
        return comm

    def tell(self, comm, subshell, **data):
        """A message on such a comm."""
        self._say("comm_msg", subshell, comm_id=comm, data=data)

    def _send(self, subshell, trait, data):
        comm = next(comm for comm, state in self.widgets.items() if trait in state)
        self._say("comm_msg", subshell, comm_id=comm, data=data)

    def _say(self, kind, subshell, **content):
        message = self.client.session.msg(kind, content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    # -- from the kernel ---------------------------------------------------------------------------------------------

    def until(self, condition, seconds=20):
        """Listens until a condition holds; whether it came to that."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            if self.client.iopub_channel.is_alive() and self.client.iopub_channel.msg_ready():
                self._hear(self.client.get_iopub_msg(timeout=1))
            else:
                time.sleep(0.01)
        return True

    def said(self, words):
        """Whether the dashboard says it."""
        return any(words in sentence for sentence in self.status.get("said", ()))

    def _hear(self, message):
        content = message["content"]
        match message["msg_type"]:
            case "status" if content["execution_state"] == "idle":
                self.idle.add(message["parent_header"].get("msg_id"))
            case "stream":
                self.printed += content["text"]
            case "error":
                self.errors.append(content["evalue"])
            case "comm_open":
                self.widgets[content["comm_id"]] = content["data"].get("state", {})
            case "comm_msg" if "do" in content["data"]:
                self.fed.append(content["data"])
            case "comm_msg":
                self.status = content["data"].get("content", {}).get("status", self.status)
                self.road = self.status.get("road") or self.road
