"""keras-tuner's chief: the one oracle of a search, which workers ask by gRPC.

keras-tuner's own chief waits for ever for the trial of a worker that has died. This one is told of deaths (`release`), and
looks itself for workers that give no sign of life; their trials go to others.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent import futures
from typing import TYPE_CHECKING, Any

from mtl_magic.tune.tuner import Clock, opened

if TYPE_CHECKING:
    from mtl_magic.tune.folder import Folder

IP, PORT, ID = "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID"
CHIEF = "chief"
LOOK = 0.2  # seconds between two looks
NOTED = 5.0  # between two times that the folder is told how long the search has taken


def role() -> str:
    """What keras-tuner's environment makes of this process: 'chief', 'worker', or '' where nothing is said."""
    if IP not in os.environ or ID not in os.environ:
        return ""
    return CHIEF if CHIEF in os.environ[ID] else "worker"


def quiet_protos() -> None:
    """keras-tuner 1.4.8 prints a condition's value whenever it is sent."""
    from keras_tuner.src.engine import conditions

    vars(conditions)["print"] = lambda *args, **kwargs: None


class Chief:
    """Serves an oracle.

    Args:
        oracle: of the search.
        folder: its folder.
        clock: of the search: once its time is over no trial begins.
        host, port: to listen at; port 0: any that is free.

    Attributes:
        port: at which it listens.
    """

    def __init__(self, oracle: Any, folder: Folder, clock: Clock, host: str = "127.0.0.1", port: int = 0) -> None:
        import grpc
        from keras_tuner.src import protos
        from keras_tuner.src.distribute.oracle_chief import OracleServicer

        quiet_protos()
        self._tuner = opened(oracle, folder)
        self.oracle, self._folder, self._clock = oracle, folder, clock
        self.why = ""
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
        servicer = OracleServicer(oracle)
        protos.get_service_grpc().add_OracleServicer_to_server(servicer, self._server)
        self.port = self._server.add_insecure_port(f"{host}:{port}")
        if not self.port:
            raise OSError(f"nothing can listen at {host}:{port}")
        self._servicer = servicer
        self._tuner.save()
        self._server.start()

    @property
    def asked(self) -> bool:
        """Whether a worker has been told that no trial follows."""
        return bool(self._servicer.stop_triggered)

    @property
    def idle(self) -> bool:
        """Whether every worker has been told so, and none has a trial."""
        return not self.oracle.ongoing_trials and not self.oracle.tuner_ids

    @property
    def done(self) -> bool:
        """Whether the last trial has ended, and no worker is there any more."""
        return self.idle and (self.asked or bool(self.why))

    def close(self, why: str) -> None:
        """No trial begins any more."""
        self.why, self.oracle.closed = self.why or why, True

    def release(self, worker: str) -> None:
        """A worker is gone: its trial goes to another."""
        self.oracle.release(worker)

    def silent_since(self, seconds: float) -> list[str]:
        """Workers that have given no sign of life for so long: with a trial, or between two, for nobody else tells of those."""
        found = []
        for worker in {*self.oracle.ongoing_trials, *self.oracle.tuner_ids}:
            try:
                last = (self._folder.place / alive_of(worker)).stat().st_mtime
            except OSError:
                continue
            if time.time() - last > seconds:
                found.append(worker)
        return found

    def wait(self, over: Callable[[], bool], hung_after: float) -> str:
        """Until `over`; returns why the search ended."""
        noted = self._clock.spent
        while not over():
            if self._clock.over:
                self.close("time")
            if self._clock.spent > noted + NOTED:
                noted = self._clock.spent
                self._folder.change(seconds=noted)
            for worker in self.silent_since(hung_after):
                self.release(worker)
            time.sleep(LOOK)
        return self.why or "finished"

    def stop(self) -> None:
        self._server.stop(grace=1.0)
        self.oracle.save()


def alive_of(worker: str) -> str:
    """The file whose time is that of a worker's last sign of life."""
    return f".alive.{worker}"
