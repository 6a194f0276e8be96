"""Kill trainings with SIGKILL at random moments, and look whether anything is lost.

    python scripts/chaos.py                        a hundred moments
    python scripts/chaos.py --seed 7 --moment 42   one of them, alone

A moment is a training in a store of its own that is killed: at a step, or at one of the file operations that a whole
training makes (`chaos_moments.py` draws which). After each kill a fresh process looks whether the store is whole and goes
on with the run, and is perhaps killed, too; in the end the run must be that of an uninterrupted training, to the last bit
(`chaos_victim.py`).

Loading TensorFlow takes longer than such a training, so one process loads it, runs no operation of it, and all others
are its forks.
"""

from __future__ import annotations

import os

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}

import argparse
import collections
import dataclasses
import json
import pathlib
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import chaos_victim as victim
from chaos_moments import CELLS, Kill, Moment, aimed, drawn

from mtl_magic.runs.project import index

LIMIT = 120.0  # seconds after which a process counts as hanging
Message = dict[str, Any]


@dataclasses.dataclass
class Process:
    """A fork of this process, and what it has told."""

    pid: int
    pipe: int
    told: list[Message] = dataclasses.field(default_factory=list)
    rest: bytes = b""

    def last(self, key: str) -> Any:
        """What it has told of this last; None: nothing."""
        return next((m[key] for m in reversed(self.told) if key in m), None)

    def faults(self) -> list[str]:
        return [m["fault"] for m in self.told if "fault" in m]

    def wait(self, hear: Callable[[Message], None] = lambda message: None) -> int:
        """Its exit status, -9 where it was killed; it is killed where it asks for it, or hangs."""
        end = time.monotonic() + LIMIT
        while select.select([self.pipe], [], [], max(end - time.monotonic(), 0))[0]:
            found = os.read(self.pipe, 2**16)
            if not found:
                break
            *lines, self.rest = (self.rest + found).split(b"\n")
            for line in lines:
                message = json.loads(line)
                self.told.append(message)
                hear(message)
                if message.get("kill"):
                    time.sleep(message["kill"])
                    os.kill(self.pid, signal.SIGKILL)
        else:
            self.told.append({"fault": f"it hangs, for {LIMIT:.0f} seconds"})
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.pipe)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def forked(work: Callable[[victim.Tell], None], log: pathlib.Path) -> Process:
    """A process that does this, and writes what it prints into `log`."""
    reads, writes = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        os.close(reads)
        _child(work, writes, log)
    os.close(writes)
    return Process(pid, reads)


def _child(work: Callable[[victim.Tell], None], pipe: int, log: pathlib.Path) -> NoReturn:
    with log.open("ab", buffering=0) as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)

    def tell(message: Message) -> None:
        os.write(pipe, json.dumps(message).encode() + b"\n")

    status = 1
    try:
        work(tell)
        status = 0
    except BaseException as error:  # noqa: BLE001  whatever it is, it is told
        traceback.print_exc()
        tell({"fault": f"{type(error).__name__}: {error}"[:1000]})
    finally:
        os._exit(status)  # nothing of the process that it is a fork of ends with it


class Trial:
    """Tries one moment.

    Args:
        moment: which.
        work: a folder; those of the references lie in it.
    """

    def __init__(self, moment: Moment, work: pathlib.Path) -> None:
        self.moment, self.place = moment, work / f"moment-{moment.number}"
        self.root, self.log = self.place / "runs", self.place / "log.txt"
        self.root.mkdir(parents=True)
        reference = work / moment.cell
        self.reference = json.loads((reference / "reference.json").read_text(encoding="utf-8"))
        self.finished = {}
        for name in [victim.NAME, f"{victim.NAME}-2"][: moment.finished]:
            shutil.copytree(reference / victim.NAME, self.root / name)
            self.finished[name] = victim.contents(self.root / name)
        self.run = self.root / f"{victim.NAME}-{moment.finished + 1}"  # until there is one
        self.steps, self.others = self.reference["steps"], 0
        self.hits: list[str] = []  # phases in which it was killed
        self.reached: int | None = None  # the step at which it was killed
        self.stopped: Message | None = None
        self.result: Message = {"number": moment.number, "kills": [], "lost": [], "faults": []}

    def __call__(self) -> Message:
        """What came of it: 'kills', the phases; 'lost', steps made again after each; 'faults'."""
        if self.moment.stop is not None:
            self._leg(self._train(None, stop=1 + int(self.moment.stop * (self.steps - 1))), killed=False)
        for kill in self.moment.kills:
            if not self.result["faults"] and self._status() != "finished":
                self._leg(self._train(kill), killed=True)
        if not self.result["faults"]:
            self._leg(self._train(None, last=True), killed=False)
        if self.result["faults"]:
            self.result["faults"].append((self.log.read_text(encoding="utf-8") if self.log.exists() else "")[-3000:])
        else:
            shutil.rmtree(self.place)
        return self.result

    def _newest(self) -> pathlib.Path:
        """The folder that was claimed last; one that is killed before its first file begins anew in another."""
        numbers = {index.number_of(victim.NAME, p.name) or 0: p for p in self.root.iterdir()}
        return numbers[max(numbers)] if max(numbers, default=0) > self.moment.finished else self.run

    def _status(self) -> str:
        """As `run.json` says."""
        if not (self.run / index.RUN).exists():
            return ""
        return str(json.loads((self.run / index.RUN).read_text(encoding="utf-8"))["status"])

    def _train(
        self, kill: Kill | None, *, stop: int | None = None, last: bool = False
    ) -> Callable[[victim.Tell], None]:
        """The work of the next process."""
        begun = bool(self.hits) or self.stopped is not None
        log = self.reference["logs"][self.moment.cadence]
        resumed = (self.reached or 0) if self._status() else None
        aim = aimed(kill, log, resumed) if kill else None

        if aim is not None:
            self.hits.append(aim.phase)

        def work(tell: victim.Tell) -> None:
            status = ""
            if begun:
                whole = victim.Whole(self.root, self.run, self.reference, lambda said: tell({"fault": said}))
                status = whole.look(self.finished, self.others, self.stopped)
            if status != "finished":
                watch = victim.Watch(self.root, tell, aim, stop)
                victim.train(self.root, self.moment.cell, self.moment.cadence, watch, resume=status != "")
                if watch.struck:
                    time.sleep(LIMIT)  # it is killed from outside, if late
            if stop is not None:
                tell({"shot": victim.shot(self._newest())})
            if last:
                whole.place = self._newest()
                whole.end(resumed=status != "finished")

        return work

    def _leg(self, work: Callable[[victim.Tell], None], *, killed: bool) -> None:
        """One process, to its end."""
        neighbours: list[Process] = []
        enough = self.place / "enough"

        def hear(message: Message) -> None:
            if "began" in message and killed and self.moment.neighbour and not neighbours:
                neighbours.append(forked(lambda tell: victim.write(self.root, enough, tell), self.log))

        process = forked(work, self.log)
        status = process.wait(hear)
        enough.touch()
        for neighbour in neighbours:
            neighbour.wait()
            self.others += neighbour.last("others") or 0
            process.told += [{"fault": f"another process: {said}"} for said in neighbour.faults()]
        enough.unlink()
        faults = process.faults()
        if not faults and status != (-signal.SIGKILL if killed else 0):
            faults.append(f"it ended with {status} instead of being killed" if killed else f"it ended with {status}")
        self.run = self._newest()
        began, at = process.last("began"), process.last("step")
        if self.reached is not None and began is not None:
            self._lost(self.reached - began, faults)
        self.result["kills"] = list(self.hits)
        self.stopped = process.last("shot") or self.stopped
        self.reached = at if at is not None else began if began is not None else self.reached
        self.result["faults"] += faults

    def _lost(self, steps: int, faults: list[str]) -> None:
        """At most what was made since the last checkpoint: an epoch, or the step that is not yet in one."""
        most = 1 if self.moment.cadence == "step" else self.reference["steps_per_epoch"]
        if self.stopped is not None and not self.result["kills"]:
            most = 0  # there is a checkpoint of the step at which it was stopped
        self.result["lost"].append(steps / self.reference["steps_per_epoch"])
        if steps > most:
            faults.append(f"{steps} steps were made again, and the checkpoint was {most} old at most")


# -- all of them ------------------------------------------------------------------------------------------------------


def lanes(
    works: list[tuple[Any, Callable[[], Message]]], count: int, work: pathlib.Path, done: Callable[[Message], None]
) -> None:
    """Does all of the works, `count` at a time, each in a process of its own; `done` hears what each gives."""
    queue, running = list(works), {}
    while queue or running:
        while queue and len(running) < count:
            name, one = queue.pop(0)
            process = forked(lambda tell, one=one: tell({"result": one()}), work / "lanes.txt")  # type: ignore[misc]
            running[process.pipe] = (name, process)
        for pipe in select.select(list(running), [], [])[0]:
            name, process = running.pop(pipe)
            process.wait()
            done(
                process.last("result")
                or {"number": name, "kills": [], "lost": [], "faults": process.faults() or ["died"]}
            )


def refer(cell: str, work: pathlib.Path) -> Message:
    """The reference of a cell, in a process of its own."""
    (work / cell).mkdir()
    process = forked(lambda tell: victim.refer(work / cell, cell, tell), work / "lanes.txt")
    status = process.wait()
    return {"number": cell, "kills": [], "lost": [], "faults": process.faults() or ([] if status == 0 else ["died"])}


def report(found: list[Message], seed: int, moments: dict[int, Moment], seconds: float) -> str:
    kills = collections.Counter(phase for each in found for phase in each["kills"])
    lost = [epochs for each in found for epochs in each["lost"]]
    lines = [
        f"{len(moments)} moments of seed {seed}, {kills.total()} kills in {seconds:.0f} s: "
        + ", ".join(f"{phase} {n}" for phase, n in kills.most_common()),
        f"cells: {', '.join(f'{c} {n}' for c, n in collections.Counter(m.cell for m in moments.values()).most_common())}",
        f"lost at most {max(lost, default=0.0):.2f} epochs, {sum(lost) / max(len(lost), 1):.2f} on average",
    ]
    bad = [each for each in found if each["faults"]]
    for each in bad:
        number = each["number"]
        lines += ["", f"FAULT in {number}: {moments.get(number, 'the reference')}", *map(str, each["faults"])]
        if number in moments:
            lines.append(f"alone: python scripts/chaos.py --seed {seed} --moment {number}")
    lines.append("" if bad else "nothing finished was lost, and what was resumed is what it would have been")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill trainings at random moments, and look whether anything is lost.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--moments", type=int, default=100, help="how many")
    parser.add_argument("--moment", type=int, action="append", help="only the one of this number")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 8), help="how many at a time")
    asked = parser.parse_args()
    numbers = asked.moment or range(asked.moments)
    moments = {number: drawn(asked.seed, number) for number in numbers}
    began = time.monotonic()
    print(f"{len(moments)} moments of seed {asked.seed}, {asked.jobs} at a time", flush=True)
    victim.warmed()
    work = pathlib.Path(tempfile.mkdtemp(prefix="chaos-"))
    tempfile.tempdir = str(work)  # what a killed process leaves among temporary files goes with the rest
    found: list[Message] = []

    def done(result: Message) -> None:
        found.append(result)
        if result["faults"]:
            print(
                f"fault in {result['number']}: {moments.get(result['number'], '')}: {result['faults'][0]}", flush=True
            )

    cells = [cell for cell in CELLS if any(m.cell == cell for m in moments.values())]
    lanes([(cell, lambda cell=cell: refer(cell, work)) for cell in cells], asked.jobs, work, done)  # type: ignore[misc]
    if not any(each["faults"] for each in found):
        found.clear()
        lanes([(n, Trial(m, work)) for n, m in moments.items()], asked.jobs, work, done)
    print(report(found, asked.seed, moments, time.monotonic() - began))
    bad = any(each["faults"] for each in found)
    if bad:
        print(f"what they left lies in {work}")
    else:
        shutil.rmtree(work)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
