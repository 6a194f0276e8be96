"""The command `mtl-magic`, and what its exit code says."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from mtl_magic.cli.arguments import Asked, understood
from mtl_magic.cli.reading import Reading
from mtl_magic.cli.searching import Tuned
from mtl_magic.problems import MtlError

DONE, WRONG, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; argv None: the process's own arguments.

    Returns:
        0: done; 1: an error that the text, the data or the training shows, said on stderr; 130: interrupted, the run
        kept. Wrong arguments end the process with 2.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    asked = understood(words)
    try:
        if isinstance(asked, Tuned):
            from mtl_magic.cli.tuning import tune

            return tune(asked, words)
        return _read(asked) if isinstance(asked, Reading) else _train(asked, words)
    except MtlError as error:
        print(_json(error) if asked.json else error, file=sys.stderr, flush=True)
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED


def _read(asked: Reading) -> int:
    from mtl_magic.cli import explain, using
    from mtl_magic.runs.quiet import keras_quietly

    commands = {"evaluate": using.evaluate, "predict": using.predict, "explain": explain.explain}
    keras_quietly()
    return commands[asked.command](asked)


def _json(error: MtlError) -> str:
    """Problems for a program: each with its place in the text."""
    names = ("code", "message", "line", "column", "end_line", "end_column", "hint")
    return json.dumps({"errors": [{n: getattr(p, n) for n in names} for p in error.problems]}, ensure_ascii=False)


def _train(asked: Asked, words: Sequence[str]) -> int:
    from mtl_magic.cli import source, train

    if asked.worker:
        return train.as_worker(asked)
    source.check_no_search(asked)
    program = source.checked(asked)
    train.make_way(asked)
    if asked.workers is None and "TF_CONFIG" not in os.environ:
        return train.alone(asked, program)
    from mtl_magic.cli.workers import supervised

    return supervised(asked, words)
