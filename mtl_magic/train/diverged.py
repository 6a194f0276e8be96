"""What is said where a loss is no number any more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.train.loop import Loop


def diverged(loop: Loop, tasks: Iterable[str]) -> MtlError:
    """The error that ends a training in which the losses of these tasks are not finite."""
    return MtlError([_problem(loop, name) for name in tasks], loop.program.text)


def _problem(loop: Loop, name: str) -> Problem:
    span = loop.program.task(name).span
    task = loop.schema.task(name)
    before = loop.last_losses.get(name)
    if before is None and callable(task.kind.loss):
        hint = "it was so from the first steps: look at the loss in braces; a log or a division by 0 gives NaN"
    elif before is None:
        hint = f"it was so from the first steps: try a smaller learning rate than {loop.peak:g}"
    else:
        hint = f"it was {before:.3g} just before: the learning rate {loop.peak:g} is probably too high; try train lr={loop.peak / 10:g}"
    if loop.program.train.precision == "mixed_float16":
        hint += "; or float16 is too small for it, which ends at 65504: precision=mixed has the range of float32"
    return Problem("MTL301", f"the loss of '{name}' is not a finite number at step {loop.steps}", span, hint)
