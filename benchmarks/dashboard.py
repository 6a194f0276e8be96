"""What a dashboard costs the training that it shows.

    python benchmarks/dashboard.py [--batch 512] [--steps 768] [--rounds 8]

The network of `common.Ours` under our own loop, an epoch of some steps a round, in turn (A B C A B C …) in one process:
alone; with a dashboard in a page; with one whose page has been closed. Messages go five times a second over ipykernel's
own socket and thread to another process, as to a Jupyter server; the gates of the experts are read for each of the last
two, as a cell does. Printed, medians of rounds with their bootstrap 95% intervals: the process's CPU time over that alone,
and, as that moves by more than what is looked for, the CPU time counted inside of listener, gates and the socket's thread,
over the rest. The requirement: less than 1.02 and 2% open; nothing closed (1 within the interval, less than 0.5%). A round
begins with what a training does once (first messages, a first look at the gates): short rounds overstate the cost.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import comm
import numpy as np
import zmq
from comm.base_comm import BaseComm
from common import Ours, interval, loop_of
from feeding import IDS, VALUES, table
from ipykernel.iostream import IOPubThread
from jupyter_client.session import Session

from mtl_magic.dashboard.charts import Charts
from mtl_magic.dashboard.feed import EVERY
from mtl_magic.train import gates, team
from mtl_magic.train.control import Control

LIMIT, NOTHING = 0.02, 0.005
SLACK = 0.03  # of the interval of a ratio
SERVER = """
import sys, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.subscribe(b"")
socket.connect(sys.argv[1])
while True:
    socket.recv_multipart()
"""


class Wire:
    """The kernel's side of its connection to a server, which is another process that reads and forgets."""

    def __init__(self) -> None:
        self.session, self.messages, self.bytes = Session(key=b"benchmark"), 0, 0
        socket = zmq.Context.instance().socket(zmq.PUB)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        self._thread = IOPubThread(socket)
        self._thread.start()
        self._server = subprocess.Popen([sys.executable, "-c", SERVER, f"tcp://127.0.0.1:{port}"])
        time.sleep(1)  # until it listens

    def cpu(self) -> float:
        """CPU seconds of the socket's thread so far."""
        return time.clock_gettime(time.pthread_getcpuclockid(self._thread.thread.ident))

    def close(self) -> None:
        self._server.kill()
        self._server.wait()
        self._thread.stop()
        self._thread.close()

    def comm(self, **options: Any) -> BaseComm:
        """What ipywidgets asks for when a widget is made."""
        wire = self

        class Comm(BaseComm):
            def publish_msg(
                self, kind: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
            ) -> None:
                content = {"data": data or {}, "comm_id": self.comm_id, **keys}
                socket = wire._thread.background_socket
                wire.session.send(socket, kind, content, metadata=metadata, buffers=buffers, ident=self.topic)
                wire.messages += kind == "comm_msg"
                wire.bytes += sum(map(len, buffers or ()))

        return Comm(**options)


class Side:
    """A way to train.

    Args:
        ours: the network; all sides train the same.
        wire: of the kernel.
        shown: whether there is a dashboard.
        closed: whether its page has gone.
    """

    def __init__(self, ours: Ours, wire: Wire, *, shown: bool, closed: bool = False) -> None:
        self.ours, self.wire, self.shown, self.closed = ours, wire, shown, closed
        self.parts = {"listener": 0.0, "gates": 0.0}
        self.meter = gates.GateMeter(ours.program, ours.schema, ours.step.net) if shown else None
        if self.meter is not None:
            self.meter.read = self.counted("gates", self.meter.read)

    def counted(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its CPU time added up; that of all threads, for no step runs meanwhile."""

        def whole(*args: Any) -> Any:
            began = time.process_time()
            try:
                return function(*args)
            finally:
                self.parts[part] += time.process_time() - began

        return whole

    def run(self) -> tuple[float, float, float, float]:
        """CPU seconds of an epoch; those of listener, gates, and the socket's thread."""
        listener: Any = lambda event: None  # noqa: E731
        if self.shown:
            charts = Charts.of("feed", self.ours.schema)
            charts.feed.hello("page")
            if self.closed:
                charts.feed.bye("page")
            listener = self.counted("listener", charts)
        loop = loop_of(self.ours, Control(), listener)
        loop.epochs, loop.gates = 1, self.meter
        self.parts = dict.fromkeys(self.parts, 0.0)
        sent, began = self.wire.cpu(), time.process_time()
        loop.run()
        return time.process_time() - began, *self.parts.values(), self.wire.cpu() - sent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--steps", type=int, default=768, help="of a round")
    parser.add_argument("--rounds", type=int, default=8)
    a = parser.parse_args()
    team.TICK = EVERY  # the loop's own pace is slower than what the page may get
    ours = Ours([VALUES] * IDS, table(a.batch * a.steps), a.batch)
    wire = Wire()
    comm.create_comm = wire.comm
    sides = [Side(ours, wire, shown=False), Side(ours, wire, shown=True), Side(ours, wire, shown=True, closed=True)]
    try:
        for side in sides:
            side.run()
        wire.messages = wire.bytes = 0
        began = time.perf_counter()
        taken = np.array([[side.run() for side in sides] for _ in range(a.rounds)])
        seconds = (time.perf_counter() - began) / 3  # of each side
    finally:
        wire.close()
    print(
        f"batch {a.batch}: {wire.messages / seconds:.1f} messages a second, {wire.bytes / wire.messages:.0f} bytes of rows each"
    )
    for side, name, limit in ((1, "open", LIMIT), (2, "closed", NOTHING)):
        ratio, low, high = interval(taken[:, side, 0] / taken[:, 0, 0])
        parts = taken[:, side, 1:]
        share, least, most = interval(parts.sum(axis=1) / (taken[:, side, 0] - parts.sum(axis=1)))
        whole = low <= 1 if name == "closed" else ratio < 1 + LIMIT and high < 1 + LIMIT + SLACK
        counted = " + ".join(f"{p:.2%}" for p in parts.sum(axis=0) / taken[:, side, 0].sum())
        print(
            f"  {name}: {ratio:.4f} [{low:.4f}, {high:.4f}] of the CPU time alone: {'holds' if whole else 'MISSED'}; counted "
            f"{share:.2%} [{least:.2%}, {most:.2%}] (listener + gates + socket: {counted}), less than {limit:.1%}: "
            f"{'holds' if share < limit else 'MISSED'}"
        )


if __name__ == "__main__":
    main()
