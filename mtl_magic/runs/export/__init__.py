"""A run for serving: a SavedModel that takes raw columns, or ONNX of encoded rows."""

from __future__ import annotations

import json
import logging
import os
import pathlib
import shutil
import tempfile
import uuid
from typing import TYPE_CHECKING

from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.runs.run import Run

FORMATS = ("saved_model", "onnx")
MODEL = "saved_model.pb"
COLUMNS = "assets.extra/columns.json"  # the folder that TensorFlow leaves to others


def export(run: Run, path: str | os.PathLike[str], *, format: str = "saved_model", overwrite: bool = False) -> None:  # noqa: A002  Keras' own name
    """See `Run.export`."""
    from mtl_magic.runs.quiet import keras_quietly

    if format not in FORMATS:
        message = f"there is no format '{format}' to export a run to"
        raise MtlError(Problem("MTL451", message, hint=f"formats: {', '.join(FORMATS)}"))
    keras_quietly()
    place = pathlib.Path(path).expanduser().absolute()
    if place.exists() or place.is_symlink():
        ours = (place / MODEL).is_file() if format == "saved_model" else place.is_file()
        hint = "replace it with overwrite=True" if ours and not overwrite else ""
        if not (ours and overwrite):
            hint = hint or "an export is never written over anything else: choose another path"
            raise MtlError(Problem("MTL410", f"there is something at '{place}'", hint=hint))
    beside = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if format == "onnx":
            from mtl_magic.runs.export.onnx import write

            with _quietly():
                write(run, beside)
        else:
            _saved_model(run, beside)
        _rename(beside, place)
    except OSError as error:
        message = f"the model cannot be written to '{place}': {error.strerror or error}"
        raise MtlError(Problem("MTL411", message, hint="nothing that was there before has changed")) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        beside.unlink(missing_ok=True) if beside.is_file() else None


def _saved_model(run: Run, folder: pathlib.Path) -> None:
    import tensorflow as tf

    from mtl_magic.runs.export.lookups import Kept
    from mtl_magic.runs.export.served import Served, specs

    with tempfile.TemporaryDirectory(prefix="mtl_magic-") as scratch, _quietly():
        served = Served(run, Kept(pathlib.Path(scratch)))
        answer = served.signature()
        tf.saved_model.save(served, str(folder), signatures={"serving_default": answer})
    about = {"inputs": specs(served.fields), "outputs": list(answer.structured_outputs)}
    extra = folder / COLUMNS
    extra.parent.mkdir()
    extra.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


class _quietly:  # noqa: N801  a context manager
    """Without what TensorFlow logs of every save."""

    def __enter__(self) -> None:
        self._loggers = {logging.getLogger(name): logging.getLogger(name).level for name in ("absl", "tensorflow")}
        for logger in self._loggers:
            logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        for logger, level in self._loggers.items():
            logger.setLevel(level)


def _rename(beside: pathlib.Path, place: pathlib.Path) -> None:
    """Put what is finished in its place; what is there steps aside first and goes last."""
    old = beside.with_suffix(".old")
    if place.exists():
        place.rename(old)
    try:
        beside.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True) if old.is_dir() else old.unlink(missing_ok=True)
