"""`mtl-magic tune`: a search in this process, with workers of this machine, or as chief or worker of several machines."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.cli import source
from mtl_magic.cli.searching import Tuned
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.cli.source import Declared
    from mtl_magic.cli.workers import Process
    from mtl_magic.data.schema import Prepared
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run
    from mtl_magic.train.events import Listener
    from mtl_magic.tune.chief import Chief
    from mtl_magic.tune.running import Plan, Searching

JOINING = 600.0  # seconds that a worker of another machine waits for the chief's folder
HOST = "127.0.0.1"
SEARCH = "MTL_MAGIC_SEARCH"  # the variable that tells a worker of this machine the folder


def tune(asked: Tuned, words: Sequence[str]) -> int:
    """Run the command."""
    from mtl_magic.cli.progress import Lines, introduce
    from mtl_magic.tune import chief

    plan = plan_of_file(asked)
    if asked.worker or chief.role() == "worker":
        return _work(asked, plan)
    lines = Lines(asked.name)
    with contextlib.closing(_prepare(asked, plan.first, () if asked.quiet else [lines])) as prepared:
        if not asked.quiet:
            lines.clear()
            if not (asked.json or asked.resume):
                introduce(prepared, plan.first)
        if not asked.workers and not chief.role():
            run = _alone(asked, plan, prepared)
        else:
            run = _lead(asked, plan, prepared, words)
    return _say(asked, run)


def plan_of_file(asked: Declared) -> Plan:
    """What a file searches.

    Raises:
        MtlError: MTL430 it cannot be read; MTL495 it has no 'tune' line; all that is wrong with its text.
    """
    from mtl_magic.runs.fitting import parse
    from mtl_magic.tune.running import Plan

    whole = parse(source.text_of(asked))
    namespace = source.names() if asked.allow_python else None
    program = source.compiled(whole, namespace)
    if program.tune is None:
        hint = "add a line, as in 'tune trials=20', or train the cell: mtl-magic train"
        raise MtlError(Problem("MTL495", f"'{asked.spec}' has no 'tune' line", hint=hint), program.text)
    return Plan(whole, program, namespace)


def _prepare(asked: Tuned, program: Program, listeners: Sequence[Listener] = ()) -> Prepared:
    from mtl_magic.runs import fitting

    return fitting.prepare(program, list(asked.data), asked.valid, asked.test, stream=asked.stream, listeners=listeners)


def _troubles(asked: Tuned) -> list[Listener]:
    """Says what of a trial cannot be kept."""
    from mtl_magic.cli.progress import Troubles
    from mtl_magic.cli.workers import say

    return [] if asked.quiet else [Troubles(say)]


def _lines(asked: Tuned, plan: Plan) -> Any:
    from mtl_magic.tune.lines import TrialLines

    return TrialLines(plan.trials, lambda line: None if asked.quiet else print(line, file=sys.stderr, flush=True))


def _alone(asked: Tuned, plan: Plan, prepared: Prepared) -> Run:
    from mtl_magic.tune.running import run_search

    lines = _lines(asked, plan)
    return run_search(
        plan,
        prepared,
        lambda program: _prepare(asked, program),
        root=asked.store,
        name=asked.name,
        resume=asked.resume,
        asked=source.remembered(asked),
        seconds=asked.checkpoint,
        listeners=[*_troubles(asked), lines],
        began=lambda search: setattr(lines, "search", search),
    )


# -- a chief ----------------------------------------------------------------------------------------------------------


def _lead(asked: Tuned, plan: Plan, prepared: Prepared, words: Sequence[str]) -> Run:
    """Serve the oracle, and watch the workers of this machine."""
    from mtl_magic.tune import chief as tune_chief
    from mtl_magic.tune.running import best_of, ended, prepared_search, sitting

    remote = tune_chief.role() == tune_chief.CHIEF
    host = os.environ[tune_chief.IP] if remote else HOST
    port = int(os.environ.get(tune_chief.PORT, "0")) if remote else 0
    found = prepared_search(
        plan, prepared, root=asked.store, name=asked.name, resume=asked.resume, asked=source.remembered(asked)
    )
    for old in found.folder.place.glob(".alive.*"):
        old.unlink(missing_ok=True)
    with sitting(found, plan.tune.seconds) as clock:
        chief = tune_chief.Chief(found.oracle, found.folder, clock, host, port)
        try:
            if remote and not asked.workers:
                with _interrupts(chief, {}):
                    why = chief.wait(lambda: chief.done or chief.why == "interrupted", asked.hung_after)
            else:
                why = _watch(asked, chief, found, words, host)
        finally:
            chief.stop()
    ended(found, why, clock)
    if not asked.quiet:
        print(f"search {found.search.name}: {found.search.headline()}", file=sys.stderr, flush=True)
    return best_of(found, asked.store)


def _watch(asked: Tuned, chief: Chief, found: Searching, words: Sequence[str], host: str) -> str:
    """Until the workers of this machine are done; a dead one is started again, and its trial proposed anew."""
    from mtl_magic.tune.events import TrialEnded
    from mtl_magic.tune.folder import RUNNING, Trial

    def ending(trial: Trial) -> tuple[int, str, int]:
        return trial.number, trial.status, trial.epochs

    lines = _lines(asked, found.plan)
    lines.search = found.search
    told = set(map(ending, found.folder.trials()))  # by an earlier sitting
    crew = {f"tuner{k}": _start(asked, f"tuner{k}", found, words, (host, chief.port)) for k in range(asked.workers)}
    left = dict.fromkeys(crew, asked.restarts)
    given_up: list[str] = []

    def over() -> bool:
        for trial in found.folder.trials():
            if trial.status != RUNNING and ending(trial) not in told:
                told.add(ending(trial))
                lines(TrialEnded(trial))
        for name, process in list(crew.items()):
            code = process.code()
            if code is None and process.quiet() > asked.hung_after:
                process.end()
                code = process.code()
            if code is None:
                continue
            process.end()
            del crew[name]
            chief.release(name)
            if code not in (0, 130) or (code == 130 and not chief.why):
                if left[name] > 0 and not chief.why:
                    left[name] -= 1
                    crew[name] = _start(asked, name, found, words, (host, chief.port))
                else:
                    given_up.append(process.said())
        return not crew and (chief.idle or chief.why == "interrupted")  # other machines may have a trial still

    with _interrupts(chief, crew):
        why = chief.wait(over, asked.hung_after)
    if len(given_up) == asked.workers and not chief.why:
        last = given_up[-1].splitlines()[-1:] or ["nothing was said"]
        hint = "with --resume it goes on"
        raise MtlError(Problem("MTL496", f"the workers of the search keep dying; the last words: {last[0]}", hint=hint))
    return why


@contextlib.contextmanager
def _interrupts(chief: Chief, crew: dict[str, Process]) -> Iterator[None]:
    """Ctrl-C is passed on: trials end at their step, and are proposed again when the search goes on."""

    def asked(*_: Any) -> None:
        chief.close("interrupted")
        for process in list(crew.values()):
            process.interrupt()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(asked: Tuned, name: str, found: Searching, words: Sequence[str], at: tuple[str, int]) -> Process:
    from mtl_magic.cli.workers import Process
    from mtl_magic.tune.chief import ID, IP, PORT, alive_of

    share = str(max((os.cpu_count() or 1) // asked.workers, 1))
    threads = {
        v: os.environ.get(v, share) for v in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    }
    environment = {
        **os.environ,
        **threads,
        IP: at[0],
        PORT: str(at[1]),
        ID: name,
        SEARCH: str(found.folder.place),
    }
    place = found.folder.place
    index = int(name.removeprefix("tuner"))
    return Process(index, words, environment, place / alive_of(name), place / f"{name}.log")


# -- a worker ---------------------------------------------------------------------------------------------------------


def _work(asked: Tuned, plan: Plan) -> int:
    """Train what the chief proposes."""
    from mtl_magic.cli.progress import Alive
    from mtl_magic.runs.quiet import keras_quietly
    from mtl_magic.train.control import Control
    from mtl_magic.tune.chief import ID, alive_of, quiet_protos
    from mtl_magic.tune.objectives import objectives_of
    from mtl_magic.tune.oracles import oracle_of
    from mtl_magic.tune.trial import Data, Trainer, several_graphs
    from mtl_magic.tune.tuner import Clock, Guide, search

    if asked.worker:
        from mtl_magic.cli.train import end_with_parent

        threading.Thread(target=end_with_parent, daemon=True).start()
    name, hypers = os.environ[ID], plan.space.hypers
    alive: list[Listener] = []  # of this machine: what watches it does so from the start
    if place := os.environ.get(SEARCH):
        alive.append(Alive(pathlib.Path(place) / alive_of(name)))
    with contextlib.closing(_prepare(asked, plan.first, alive)) as prepared:
        keras_quietly()
        folder = _joined(asked)
        quiet_protos()
        objectives = objectives_of(plan.first, prepared, plan.tune.objective, hypers)
        oracle = oracle_of(
            plan.tune.method,
            hypers,
            objectives,
            trials=plan.trials,
            epochs=plan.first.train.epochs,
            seed=plan.tune.seed,
        )
        sign = Alive(folder.place / alive_of(name))
        sign.place.touch()
        data = Data(lambda program: _prepare(asked, program, [sign]), (plan.space.cell({}), plan.first, prepared))
        trainer = Trainer(
            plan.space,
            plan.namespace,
            data,
            objectives,
            folder,
            Control(),
            (sign, *_troubles(asked)),
            asked=source.remembered(asked),
            seconds=asked.checkpoint,
            goes_on=plan.tune.method == "hyperband",
            worker=name,
        )
        clock = Clock.of(folder, plan.tune.seconds)
        with contextlib.closing(data), several_graphs():
            why = search(oracle, Guide(trainer, clock, sign))
    return 130 if why == "interrupted" else 0


def _joined(asked: Tuned) -> Any:
    """The folder of the search: named by whoever started this process, else the newest that runs."""
    import time

    from mtl_magic.tune.folder import RUNNING, Folder

    if place := os.environ.get(SEARCH):
        return Folder(pathlib.Path(place))
    end = time.monotonic() + JOINING
    while time.monotonic() < end:
        found = Folder.newest(asked.store, asked.name)
        if found is not None and found.facts["status"] == RUNNING:
            return found
        time.sleep(1.0)
    hint = "start the chief: KERASTUNER_TUNER_ID=chief mtl-magic tune …"
    raise MtlError(Problem("MTL416", f"no search '{asked.name}' runs in '{asked.store}'", hint=hint))


def _say(asked: Tuned, run: Run) -> int:
    from mtl_magic.cli.using import say_json

    search = run.search
    assert search is not None
    status = search.status
    with contextlib.suppress(BrokenPipeError):
        if asked.json:
            frame = search.trials.to_dict("records")  # an objective that a trial has not is null
            best = {
                "name": run.name,
                "folder": str(run.folder),
                "metrics": run.metrics,
                "cell": search.cell(search.best or 0),
            }
            say_json(
                {
                    "search": search.name,
                    "status": status,
                    "best": search.best,
                    "front": search.front,
                    "run": best,
                    "trials": frame,
                }
            )
        elif not asked.quiet:
            print(f"{search!r}\n\n{run!r}\n\nkept in {run.folder}", flush=True)
    if status == "interrupted":
        print("interrupted: --resume goes on", file=sys.stderr, flush=True)
    return 130 if status == "interrupted" else 0
