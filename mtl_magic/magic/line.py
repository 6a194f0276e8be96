"""`%mtl WORD …`: the line form's commands. The one list of them; help, completion and errors read it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem, Span

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

LATER = ("show",)  # part of the language, not of this version


@dataclasses.dataclass(frozen=True)
class Command:
    """A command: how it is written, what it does, and the function that does it to the rest of the line."""

    form: str
    summary: str
    run: Callable[[InteractiveShell, str], Any]


def line_command(shell: InteractiveShell, line: str) -> Any:
    """Run a `%mtl` line; what the line is, as a value."""
    word, _, rest = line.strip().partition(" ")
    if word in COMMANDS:
        return COMMANDS[word].run(shell, rest.strip())
    place = Span(1, len("%mtl ") + 1, 1, len("%mtl ") + 1 + len(word))
    there = "this version has " + ", ".join(f"%mtl {c}" for c in COMMANDS)
    if word in LATER:
        problem = Problem("MTL406", f"%mtl {word} is not in this version yet", place, there)
    elif word:
        hint = did_you_mean(word, COMMANDS) or there
        problem = Problem("MTL407", f"there is no %mtl {word}", place, hint)
    else:
        problem = Problem("MTL407", "%mtl needs a word", None, there)
    raise MtlError(problem, f"%mtl {line}")


def _help(_: InteractiveShell, rest: str) -> None:
    from mtl_magic.magic import help as words

    print(words.about(rest) if rest else words.overview())  # noqa: T201  it is what it is for


def _format(shell: InteractiveShell, rest: str) -> None:
    from mtl_magic.magic.rewrite import rewrite_last

    rewrite_last(shell, rest)


def _code(shell: InteractiveShell, rest: str) -> None:
    from mtl_magic.magic.code import code

    code(shell, rest)


def _runs(_: InteractiveShell, rest: str) -> None:
    from mtl_magic.magic.runs import runs

    runs(rest)


def _resume(shell: InteractiveShell, rest: str) -> Any:
    from mtl_magic.magic import background
    from mtl_magic.magic.resuming import resume

    if background.is_running(rest):
        return background.running(rest).control.resume()
    return resume(shell, rest)


def _wait(_: InteractiveShell, rest: str) -> Any:
    from mtl_magic.magic.background import wait

    return wait(rest)


def _stop(_: InteractiveShell, rest: str) -> None:
    from mtl_magic.magic.background import stop

    stop(rest)


def _pause(_: InteractiveShell, rest: str) -> None:
    from mtl_magic.magic.background import pause

    pause(rest)


def _set(_: InteractiveShell, rest: str) -> None:
    from mtl_magic.magic.background import steer

    steer(rest)


def _compare(shell: InteractiveShell, rest: str) -> Any:
    from mtl_magic.magic.deciding import compare

    return compare(shell, rest)


def _baseline(shell: InteractiveShell, rest: str) -> Any:
    from mtl_magic.magic.deciding import baseline

    return baseline(shell, rest)


def _seeds(shell: InteractiveShell, rest: str) -> Any:
    from mtl_magic.magic.deciding import seeds

    return seeds(shell, rest)


def _advise(shell: InteractiveShell, rest: str) -> Any:
    from mtl_magic.magic.deciding import advise

    return advise(shell, rest)


def _front(shell: InteractiveShell, rest: str) -> Any:
    from mtl_magic.magic.deciding import front

    return front(shell, rest)


def _clean(_: InteractiveShell, rest: str) -> None:
    from mtl_magic.magic.runs import clean

    clean(rest)


COMMANDS = {
    "help": Command("%mtl help [WORD]", "lists the words of the language, or says what one means", _help),
    "format": Command("%mtl format [NAME]", "becomes the last %%mtl cell, or that of a run, rewritten", _format),
    "code": Command(
        "%mtl code NAME [FOLDER]", "puts a run's model, as plain Keras, into the next cell or a folder", _code
    ),
    "runs": Command(
        "%mtl runs [PATTERN] [tag:WORD] [status:WORD] [task:NAME]",
        "lists the runs that are kept; in place of a pattern: tag NAME WORD…, untag NAME WORD…, delete NAME…, restore ID",
        _runs,
    ),
    "resume": Command(
        "%mtl resume NAME [TASK=WEIGHT…] [lr=…] [epochs=…] [trials=…] [time=…] [--data EXPR…]",
        "goes on with a run that was stopped or died, other weights and options of train where they are given, or with a search",
        _resume,
    ),
    "wait": Command("%mtl wait [NAME]", "waits for a training in the background, and shows its run", _wait),
    "stop": Command("%mtl stop [NAME]", "ends a training in the background at the next step; its run is usable", _stop),
    "pause": Command("%mtl pause [NAME]", "pauses a training in the background; %mtl resume NAME goes on", _pause),
    "set": Command(
        "%mtl set [NAME] TASK=WEIGHT… [lr=…] [method=…]",
        "steers a training in the background from the next step on",
        _set,
    ),
    "compare": Command(
        "%mtl compare A B [by=COLUMN] [--data EXPR]",
        "two runs side by side: cells, metrics with intervals of their difference, curves, a verdict for each head",
        _compare,
    ),
    "baseline": Command(
        "%mtl baseline NAME [budget=rows|steps|parameters] [seeds=N] [by=COLUMN] [--data EXPR]",
        "trains each task of a run alone, and says whether sharing helps: change of each head, time, overfitting",
        _baseline,
    ),
    "seeds": Command(
        "%mtl seeds NAME N [--data EXPR]", "trains a run's cell with N seeds: mean ± standard deviation", _seeds
    ),
    "advise": Command(
        "%mtl advise NAME [--data EXPR]",
        "measures which tasks teach each other, and puts a cell that follows below; or says that there is not enough evidence",
        _advise,
    ),
    "front": Command(
        "%mtl front NAME [TASK TASK] [stops=N] [--data EXPR]",
        "trains a cell with balance stch for several preferences between two tasks: a slider, whose stop becomes a run",
        _front,
    ),
    "clean": Command("%mtl clean [KIND…]", "shows what takes room and can be freed, or frees it", _clean),
}
