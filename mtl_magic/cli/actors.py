"""Workers of one training as actors of a Ray cluster: each sets TF_CONFIG and does what a process of this machine does.

Ray brings the actors to the machines and tells when one dies; the sums go over TensorFlow's own connections. Every machine
needs the package and the same paths of the data; the store is that of the machine of the first actor.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from mtl_magic.cli.arguments import Asked
from mtl_magic.cli.train import DIED
from mtl_magic.cli.workers import Worker, free_ports, tf_config, worker_words
from mtl_magic.problems import MtlError, Problem, first_line


def starter(asked: Asked, words: Sequence[str]) -> Callable[[], list[Worker]]:
    """Starts as many actors as asked for, on the cluster that RAY_ADDRESS names, else on a local one.

    Raises:
        MtlError: MTL434 Ray is not installed, or its cluster cannot be reached.
    """
    try:
        import ray
    except ImportError as error:
        hint = "pip install 'mtl-magic[ray]'"
        raise MtlError(Problem("MTL434", "--workers ray:N needs Ray, which is not installed", hint=hint)) from error
    assert asked.workers is not None
    count = asked.workers.count
    try:
        if not ray.is_initialized():
            ray.init(address=os.environ.get("RAY_ADDRESS"), configure_logging=False, include_dashboard=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        message = f"the Ray cluster cannot be reached: {first_line(error)}"
        raise MtlError(
            Problem("MTL434", message, hint="RAY_ADDRESS names it; without it a local one starts")
        ) from error
    gpus = int(ray.cluster_resources().get("GPU", 0)) // count
    cores = max(int(ray.cluster_resources().get("CPU", count)) // count, 1)
    actor = ray.remote(num_cpus=cores, num_gpus=gpus, max_restarts=0, max_concurrency=2)(Trainer)

    def start() -> list[Worker]:
        actors = [actor.remote() for _ in range(count)]
        addresses = ray.get([a.address.remote() for a in actors])
        folder = os.getcwd()  # noqa: PTH109  a text for another machine
        told = [*worker_words(words), "--store", str(asked.store)]  # an actor's environment is its machine's
        done = [a.train.remote(told, tf_config(addresses, i), cores, folder) for i, a in enumerate(actors)]
        return [Actor(i, a, d) for i, (a, d) in enumerate(zip(actors, done, strict=True))]

    return start


class Actor:
    """A worker that an actor runs: `Worker` over Ray."""

    def __init__(self, index: int, actor: Any, done: Any) -> None:
        self.index, self._actor, self._done = index, actor, done

    def code(self) -> int | None:
        import ray

        ready, _ = ray.wait([self._done], timeout=0)
        if not ready:
            return None
        try:
            return int(ray.get(self._done))
        except ray.exceptions.RayError:
            return DIED

    def quiet(self) -> float:
        return 0.0  # its signs of life are files of another machine; Ray tells of a machine that is gone

    def interrupt(self) -> None:
        self._actor.interrupt.remote()

    def end(self) -> None:
        import ray

        ray.kill(self._actor)

    def said(self) -> str:
        return ""  # Ray shows what actors write


class Trainer:
    """In an actor's process. The training is a child of it, which ends with it (`train.as_worker`)."""

    _process: Any = None

    def address(self) -> str:
        """'host:port', where the other workers reach this one."""
        import ray

        host = ray.util.get_node_ip_address()
        return f"{host}:{free_ports(1, host)[0]}"

    def interrupt(self) -> None:
        """As Ctrl-C."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)

    def train(self, words: list[str], config: str, cores: int, folder: str) -> int:
        """The exit code of `mtl-magic` with these words, as the worker that TF_CONFIG says."""
        environment = {**os.environ, "TF_CONFIG": config, "TF_NUM_INTRAOP_THREADS": str(cores)}
        self._process = subprocess.Popen(  # noqa: S603  ourselves
            [sys.executable, "-m", "mtl_magic", *words, "--worker"], env=environment, cwd=folder, stdin=subprocess.PIPE
        )
        return self._process.wait()
