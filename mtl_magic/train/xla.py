"""The dense part of a step compiled by XLA: looked-up rows in, gradients out. Look-ups and updates of rows stay outside.

XLA compiles for one number of rows, so the last batch of an epoch, which may be shorter, takes the step as TensorFlow
runs it: the same step (`Step.full`).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from mtl_magic.problems import MtlError, Problem, first_line
from mtl_magic.train import replicas
from mtl_magic.train.tables import Touched

if TYPE_CHECKING:
    from mtl_magic.program import Program
    from mtl_magic.train.step import Step


@dataclasses.dataclass(frozen=True)
class LookedUp(Touched):
    """What a batch looks up of a table, as `rows` (B, columns, dim): differentiate with respect to these."""

    def embedded(self) -> Any:
        return self.rows


class Dense:
    """`Step.gradients` by XLA.

    Args:
        step: whose; of one replica, and not in slices.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        rows = [tf.TensorSpec((None, len(t.layer.columns), t.layer.dim)) for t in step.tables]
        self.function = tf.function(
            self._gradients, input_signature=(*step.signature, rows), jit_compile=True, autograph=False
        )

    def gradients(self, ids: Any, floats: Any, labels: Any, touched: list[Touched]) -> tuple[list[Any], Any]:
        found, sums = self.function(ids, floats, labels, [t.embedded() for t in touched])
        dense, rows = found[: len(self.step.variables)], found[len(self.step.variables) :]
        return [*dense, *(_by_row(t, g) for t, g in zip(touched, rows, strict=True))], sums

    def _gradients(self, ids: Any, floats: Any, labels: Any, rows: list[Any]) -> tuple[list[Any], Any]:
        looked_up = [LookedUp(table, None, None, r) for table, r in zip(self.step.tables, rows, strict=True)]
        return self.step.gradients(ids, floats, labels, list[Touched](looked_up))

    def lower(self, rows: int) -> None:
        """Has XLA read the function for so many rows.

        Raises:
            Exception: of TensorFlow: something in it is not for XLA.
        """
        looked_up = [tf.zeros((rows, len(t.layer.columns), t.layer.dim)) for t in self.step.tables]
        batch = [tf.zeros((rows, spec.shape[1]), spec.dtype) for spec in self.step.signature]
        self.function.experimental_get_compiler_ir(*batch, looked_up)(stage="hlo_serialized")


def _by_row(touched: Touched, gradient: Any) -> Any:
    """Of what was looked up (B, columns, dim) -> of each row touched (u, dim); None: nothing reads it."""
    if gradient is None:
        return None
    flat = tf.reshape(gradient, (-1, touched.table.layer.dim))
    return tf.math.unsorted_segment_sum(flat, touched.place, tf.size(touched.ids))


def wanted(program: Program) -> bool:
    """Whether to try XLA: as the cell says; by itself where there is a GPU, and one replica that takes whole batches.

    Raises:
        MtlError: the cell says so, and there are several replicas, or a loss that XLA cannot compile.
    """
    settings = program.train
    kinds: list[Any] = [task.kind for task in program.tasks if task.kind is not None]
    without = [loss.word for kind in kinds for loss in kind.losses() if not getattr(loss, "by_xla", True)]
    if settings.jit == "auto":
        able = replicas.count() == 1 and settings.accumulate == 1 and not without
        return able and bool(tf.config.list_physical_devices("GPU"))
    if settings.jit and without:
        message = f"XLA cannot compile loss={without[0]}, whose size is another in each batch"
        raise _refusal(program, message, "leave jit out")
    if settings.jit and replicas.count() > 1:
        hint = "leave jit out, or write devices=one"
        raise _refusal(program, f"jit=true is for one device, and there are {replicas.count()}", hint)
    return bool(settings.jit)


def try_on(program: Program, step: Step) -> None:
    """Before the first step: goes on without XLA where it cannot compile steps of `full` rows.

    Raises:
        MtlError: the cell asks for XLA.
    """
    if step.xla is None:
        return
    try:
        step.xla.lower(step.full)
    except Exception as error:
        if program.train.jit != "auto":
            hint = "a layer, function or loss in braces uses what XLA does not know: leave jit out"
            raise _refusal(program, f"XLA cannot compile the step: {first_line(error)}", hint) from error
        step.xla = None


def _refusal(program: Program, message: str, hint: str) -> MtlError:
    return MtlError(Problem("MTL330", message, program.places.get("train.jit"), hint), program.text)
