"""A run's model as ONNX: of encoded rows, for the lookups of texts are no operations that ONNX has."""

from __future__ import annotations

import logging
import pathlib
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, Problem, first_line

if TYPE_CHECKING:
    from mtl_magic.runs.run import Run

OPSET = 18


def write(run: Run, path: pathlib.Path) -> None:
    """Write the model; its inputs are `ids` and `floats`, its outputs the model's.

    Raises:
        MtlError: MTL452 tf2onnx is not installed; MTL453 it cannot convert the model.
    """
    import tensorflow as tf

    inputs = {t.name: tf.TensorSpec((None, t.shape[1]), t.dtype, name=t.name) for t in run.model.inputs}

    def answer(*columns: Any) -> dict[str, Any]:
        made = run.model(dict(zip(inputs, columns, strict=True)), training=False)
        return {key: tf.identity(tensor, name=key) for key, tensor in made.items()}

    function = tf.function(answer, input_signature=list(inputs.values()), autograph=False)
    converter = _converter()
    try:
        converter.from_function(function, input_signature=list(inputs.values()), opset=OPSET, output_path=str(path))
    except OSError:
        raise
    except Exception as error:  # whatever a converter raises for an operation of a person's own layer
        message = f"tf2onnx cannot convert the model: {first_line(error)}"
        raise MtlError(Problem("MTL453", message, hint="export it as a SavedModel")) from error


def _converter() -> Any:
    try:
        import tf2onnx.convert
    except ImportError as error:
        hint = "pip install 'mtl-magic[onnx]'"
        raise MtlError(Problem("MTL452", "ONNX needs tf2onnx, which is not installed", hint=hint)) from error
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    return tf2onnx.convert
