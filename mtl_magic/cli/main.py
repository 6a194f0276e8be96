"""The command `mtl-magic`, and what its exit code says."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from mtl_magic.cli.arguments import Asked, parse
from mtl_magic.problems import MtlError

DONE, WRONG, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; argv None: the process's own arguments.

    Returns:
        0: done; 1: an error that the text, the data or the training shows, said on stderr; 130: interrupted, the run
        kept. Wrong arguments end the process with 2.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    asked = parse(words)
    try:
        return _train(asked, words)
    except MtlError as error:
        print(error, file=sys.stderr, flush=True)
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED


def _train(asked: Asked, words: Sequence[str]) -> int:
    from mtl_magic.cli import train

    if asked.worker:
        return train.as_worker(asked)
    program = train.checked(asked)
    train.make_way(asked)
    if asked.workers is None and "TF_CONFIG" not in os.environ:
        return train.alone(asked, program)
    from mtl_magic.cli.workers import supervised

    return supervised(asked, words)
