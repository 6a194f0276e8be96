"""Workers of one training as processes of this machine: started together, watched, and started again where one dies."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO, Protocol

from mtl_magic.cli.arguments import Asked, Workers
from mtl_magic.cli.train import DIED, WRITTEN, index_of, tidy
from mtl_magic.numbers import counted
from mtl_magic.problems import MtlError, Problem

LOOK = 0.1  # seconds between two looks at the workers
PATIENCE = 20.0  # seconds that others have to end by themselves once the chief has
FINAL = {0, 1, 130}


class Worker(Protocol):
    """One worker, wherever it runs."""

    index: int

    def code(self) -> int | None:
        """Its exit code; below 0 the signal that killed it; None: it runs."""

    def quiet(self) -> float:
        """Seconds since its last sign of life."""

    def interrupt(self) -> None:
        """Ask it to end at a step."""

    def end(self) -> None:
        """Kill it, whatever it does."""

    def said(self) -> str:
        """The end of what it wrote where nobody saw it."""


class Process:
    """A worker as a process of this machine.

    Args:
        index: of the worker; the first one started here speaks, what others write goes to `log`.
        words: the arguments behind `mtl-magic`.
        environment: of the process.
        alive: the file of its signs of life.
        log: None: it writes where this process does.
    """

    def __init__(
        self,
        index: int,
        words: Sequence[str],
        environment: dict[str, str],
        alive: pathlib.Path,
        log: pathlib.Path | None,
    ) -> None:
        self.index, self._alive, self._log = index, alive, log
        self._began = time.time()
        alive.unlink(missing_ok=True)
        out: IO[bytes] | None = log.open("wb") if log else None
        try:
            self._process = subprocess.Popen(  # noqa: S603  ourselves
                [sys.executable, "-m", "mtl_magic", *words, "--worker"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,  # an interrupt at the terminal is ours to pass on
            )
        finally:
            if out:
                out.close()

    def code(self) -> int | None:
        return self._process.poll()

    def quiet(self) -> float:
        try:
            last = self._alive.stat().st_mtime
        except FileNotFoundError:
            last = self._began
        return time.time() - last

    def interrupt(self) -> None:
        if self.code() is None:
            self._process.send_signal(signal.SIGINT)

    def end(self) -> None:
        if self.code() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def said(self) -> str:
        if self._log is None or not self._log.exists():
            return ""
        return self._log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]


class Supervisor:
    """Starts workers, and starts all of them again where one dies or hangs: they go on from the last checkpoint.

    Args:
        start: starts the workers; the first of them is the one whose end counts.
        restarts: how often, at most.
        hung_after: seconds without a sign of life after which a worker counts as dead.
        finished: whether the run is written, so that no death matters any more.
    """

    def __init__(
        self, start: Callable[[], Sequence[Worker]], restarts: int, hung_after: float, finished: Callable[[], bool]
    ) -> None:
        self.start, self.restarts, self.hung_after, self.finished = start, restarts, hung_after, finished
        self.interrupts = 0
        self._workers: Sequence[Worker] = ()

    def run(self) -> int:
        """Until the training ends; returns the exit code.

        Raises:
            MtlError: MTL433 workers died more often than they are started again.
        """
        before = {number: signal.signal(number, self._signalled) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for left in range(self.restarts, -1, -1):
                self._workers = self.start()
                code, death = self._watch()
                self._end()
                if code is not None:
                    return code
                if self.interrupts:
                    return 130
                if left:
                    say(f"{death}; all workers go on from the last checkpoint ({counted(left, 'restart')} left)")
            hint = "--resume goes on from the last checkpoint once the cause is mended"
            message = f"{death}, and has been started again {counted(self.restarts, 'time')}"
            raise MtlError(Problem("MTL433", message, hint=hint, notes=tuple(filter(None, [self._last_words()]))))
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _signalled(self, number: int, _frame: object) -> None:
        self.interrupts += 1
        if number == signal.SIGTERM or self.interrupts > 1:
            self.interrupts = 2
            return
        for worker in self._workers:
            worker.interrupt()

    def _watch(self) -> tuple[int | None, str]:
        """The exit code of a training that ended, or None and what happened to it."""
        ended: float | None = None
        while True:
            codes = {w.index: w.code() for w in self._workers}
            first = codes[self._workers[0].index]
            if self.interrupts > 1:
                return 130, ""
            dead = [(i, c) for i, c in codes.items() if c is not None and c not in FINAL]
            dead.sort(key=lambda death: death[1] == DIED)  # those that only saw another die come last
            if first in FINAL:
                ended = ended or time.monotonic()
                if None not in codes.values() or first or dead or time.monotonic() - ended > PATIENCE:
                    return first, ""
            elif dead and self.finished():
                return 0, ""
            elif dead:
                return None, _death(*dead[0])
            elif wrong := [w for w in self._workers if codes[w.index] == 1]:
                ended = ended or time.monotonic()
                if time.monotonic() - ended > PATIENCE:  # the chief would have said the same, were it not for this one
                    say(f"worker {wrong[0].index}: {wrong[0].said()}")
                    return 1, ""
            elif hung := [w for w in self._workers if codes[w.index] is None and w.quiet() > self.hung_after]:
                return None, f"worker {hung[0].index} has made no step for {self.hung_after:g} s"
            time.sleep(LOOK)

    def _end(self) -> None:
        for worker in self._workers:
            worker.end()

    def _last_words(self) -> str:
        return next((said for w in self._workers if (said := w.said())), "")


def _death(index: int, code: int) -> str:
    if code == DIED:
        return f"worker {index} died"
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
    return f"worker {index} {how}"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def supervised(asked: Asked, words: Sequence[str]) -> int:
    """Train with the workers that `--workers` or TF_CONFIG names; those of this machine are started and watched here."""
    if asked.workers and asked.workers.ray:
        from mtl_magic.cli.actors import starter

        start = starter(asked, words)
    elif asked.workers and not asked.workers.addresses:
        start = _loopback(asked, words, asked.workers.count)
    else:
        start = _one_of(asked, words)
    try:
        return Supervisor(start, asked.restarts, asked.hung_after, (asked.work / WRITTEN).exists).run()
    finally:
        tidy(asked)


def worker_words(words: Sequence[str]) -> list[str]:
    """The arguments of a worker: those of the command, which TF_CONFIG completes."""
    kept, left = [], iter(words)
    for word in left:
        if word in ("--workers", "--index"):
            next(left)
        elif not word.startswith(("--workers=", "--index=")):
            kept.append(word)
    return kept


def _loopback(asked: Asked, words: Sequence[str], count: int) -> Callable[[], list[Worker]]:
    """N processes on this machine, each with its share of the cores and the GPUs."""
    gpus = gpus_of(count)
    threads = str(max((os.cpu_count() or 1) // count, 1))

    def start() -> list[Worker]:
        addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
        found: list[Worker] = []
        for i in range(count):
            environment = {
                **os.environ,
                "TF_CONFIG": tf_config(addresses, i),
                "TF_NUM_INTRAOP_THREADS": os.environ.get("TF_NUM_INTRAOP_THREADS", threads),
                **({"CUDA_VISIBLE_DEVICES": gpus[i]} if gpus else {}),
            }
            log = asked.work / f"worker-{i}.log" if i else None
            found.append(Process(i, worker_words(words), environment, asked.work / f"alive.{i}", log))
        return found

    return start


def _one_of(asked: Asked, words: Sequence[str]) -> Callable[[], list[Worker]]:
    """The one worker of several hosts that runs here."""
    config = os.environ.get("TF_CONFIG")
    if config is None:
        workers, index = asked.workers, asked.index
        assert isinstance(workers, Workers)
        assert index is not None
        config = tf_config(workers.addresses, index)
    index = index_of(config)
    environment = {**os.environ, "TF_CONFIG": config}

    def start() -> list[Worker]:
        return [Process(index, worker_words(words), environment, asked.work / f"alive.{index}", None)]

    return start


def tf_config(addresses: Sequence[str], index: int) -> str:
    """TensorFlow's description of a cluster, and of one worker's place in it."""
    return json.dumps({"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}})


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Ports of this machine on which nobody listens; all are held until the last is found."""
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind((host, 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def gpus_of(count: int) -> list[str]:
    """Which GPUs each of the workers sees; nothing where there is none.

    Raises:
        MtlError: MTL320 there are fewer GPUs than workers.
    """
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = sorted(p.name for p in pathlib.Path("/proc/driver/nvidia/gpus").glob("*"))
    gpus = (
        [g for g in named.split(",") if g and g != "-1"] if named is not None else [str(i) for i in range(len(found))]
    )
    if not gpus:
        return []
    if len(gpus) < count:
        message = (
            f"{counted(count, 'worker')}, and there {'is' if len(gpus) == 1 else 'are'} {counted(len(gpus), 'GPU')}"
        )
        hint = (
            f"each worker needs a GPU of its own: --workers {len(gpus)}, or CUDA_VISIBLE_DEVICES= to train on the CPU"
        )
        raise MtlError(Problem("MTL320", message, hint=hint))
    share = len(gpus) // count
    return [",".join(gpus[i * share : (i + 1) * share]) for i in range(count)]
