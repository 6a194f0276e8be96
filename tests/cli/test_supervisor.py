"""The supervisor: what it does when workers end, die or hang, with workers that only pretend."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

import pytest

from mtl_magic.cli import workers
from mtl_magic.cli.workers import Supervisor
from mtl_magic.problems import MtlError


class Pretends:
    """A worker that ends with the codes, one a look, and the last one for ever."""

    def __init__(self, index: int, codes: Sequence[int | None], quiet: float = 0.0) -> None:
        self.index, self.codes, self.silence = index, list(codes), quiet
        self.ended = self.interrupted = False

    def code(self) -> int | None:
        return self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]

    def quiet(self) -> float:
        return self.silence

    def interrupt(self) -> None:
        self.interrupted = True
        self.codes = [130]

    def end(self) -> None:
        self.ended = True

    def said(self) -> str:
        return f"worker {self.index} was here"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "LOOK", 0.001)
    monkeypatch.setattr(workers, "PATIENCE", 0.05)


def run(*attempts: Sequence[Any], restarts: int = 3, finished: bool = False) -> tuple[int, int]:
    """The exit code, and how often workers were started."""
    left = list(attempts)
    code = Supervisor(lambda: left.pop(0), restarts, 10.0, lambda: finished).run()
    assert all(worker.ended for attempt in attempts[: len(attempts) - len(left)] for worker in attempt)
    return code, len(attempts) - len(left)


def test_workers_that_end_are_done() -> None:
    assert run([Pretends(0, [None, 0]), Pretends(1, [None, None, 0])]) == (0, 1)


@pytest.mark.parametrize("codes", [(None, -9), (75, -9), (-9, None), (None, 1 << 4)])
def test_where_one_dies_all_start_again(codes: Any, capsys: pytest.CaptureFixture[str]) -> None:
    dying = [Pretends(i, [None, code]) for i, code in enumerate(codes)]
    assert run(dying, [Pretends(0, [0]), Pretends(1, [0])]) == (0, 2)
    said = capsys.readouterr().err
    assert f"worker {0 if codes[0] == -9 else 1} " in said
    assert "go on from the last checkpoint (3 restarts left)" in said


def test_a_worker_without_a_sign_of_life_counts_as_dead(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([Pretends(0, [None]), Pretends(1, [None], quiet=11.0)], [Pretends(0, [0]), Pretends(1, [0])]) == (0, 2)
    assert "worker 1 has made no step for 10 s" in capsys.readouterr().err


def test_workers_that_keep_dying_are_given_up() -> None:
    with pytest.raises(MtlError) as caught:
        run(*[[Pretends(0, [-11]), Pretends(1, [None])]] * 3, restarts=2)
    problem = caught.value.problems[0]
    assert problem.code == "MTL433"
    assert "worker 0 was killed by SIGSEGV" in problem.message
    assert "--resume" in problem.hint


def test_an_error_of_the_cell_is_not_tried_again() -> None:
    assert run([Pretends(0, [None, 1]), Pretends(1, [None])]) == (1, 1)


def test_an_error_that_one_worker_alone_has_ends_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([Pretends(0, [None]), Pretends(1, [1])]) == (1, 1)
    assert "worker 1: worker 1 was here" in capsys.readouterr().err


def test_a_death_after_the_run_is_written_does_not_matter() -> None:
    assert run([Pretends(0, [None]), Pretends(1, [-9])], finished=True) == (0, 1)


def test_an_interrupt_is_passed_on_and_the_second_ends_all() -> None:
    first = [Pretends(0, [None]), Pretends(1, [None])]

    class Presses(Pretends):
        def code(self) -> int | None:
            if not self.interrupted:
                os.kill(os.getpid(), signal.SIGINT)
            return super().code()

    first[1] = Presses(1, [None])
    before = signal.getsignal(signal.SIGINT)
    assert run(first) == (130, 1)
    assert first[0].interrupted
    assert signal.getsignal(signal.SIGINT) is before
