"""A run's model as a script of plain Keras: see `write`."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.runs.run import Run


def write(
    run: Run,
    path: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
    namespace: Mapping[str, Any] | None = None,
) -> str:
    """See `Run.code`."""
    from mtl_magic.runs.quiet import keras_quietly

    keras_quietly()
    from mtl_magic.runs.code.plan import Plan
    from mtl_magic.runs.code.script import script

    plan = Plan.of(run, namespace)
    text, net = script(plan)
    if path is not None:
        from mtl_magic.runs.code.answers import WEIGHTS
        from mtl_magic.runs.code.encoding import ENCODERS, learnt
        from mtl_magic.runs.code.script import NAME
        from mtl_magic.runs.code.weights import model_of

        folder = pathlib.Path(path).expanduser().absolute()
        taken = [name for name in (NAME, ENCODERS, WEIGHTS) if (folder / name).exists()]
        if (taken or (folder.exists() and not folder.is_dir())) and not overwrite:
            what = f"'{folder}' has {taken[0]} already" if taken else f"'{folder}' is a file, not a folder"
            raise MtlError(Problem("MTL440", what, hint="choose another folder, or overwrite=True"))
        model = model_of(plan, text, net, dict(namespace or {}))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            kept = learnt(plan)
            if kept:
                said = json.dumps(kept, ensure_ascii=False, allow_nan=False)
                (folder / ENCODERS).write_text(said + "\n", encoding="utf-8")
            model.save_weights(folder / WEIGHTS)
            (folder / NAME).write_text(text, encoding="utf-8")
        except OSError as error:
            said = f"the script cannot be written to '{folder}': {error.strerror or error}"
            raise MtlError(Problem("MTL411", said)) from error
    return text
