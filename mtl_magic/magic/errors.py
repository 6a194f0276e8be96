"""Who is to blame for an exception: the person's text (`MtlError` says it all), the person's own code, or us."""

from __future__ import annotations

import pathlib
import sysconfig
import traceback

import mtl_magic

BUG = "This is a bug in mtl_magic, not in your cell: please report it with the lines above."
YOURS = "This was raised by code of your own that the cell uses."

_OURS = pathlib.Path(mtl_magic.__file__).parent
_INSTALLED = ("<frozen", *{sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")})


def explain(error: Exception) -> None:
    """Add the line that says whose fault an unexpected exception is; its traceback stays whole."""
    error.add_note(YOURS if _raised_by_user(error) else BUG)


def _raised_by_user(error: Exception) -> bool:
    """A frame of the person's own stands below the first frame of ours."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    graph = getattr(error, "ag_error_metadata", None)  # TensorFlow's: the frames from which it generated code
    files += [frame.filename for frame in getattr(graph, "translated_stack", ())]
    inside = False
    for file in files:
        ours = pathlib.Path(file).is_relative_to(_OURS)
        inside = inside or ours
        if inside and not ours and not file.startswith(_INSTALLED) and "__autograph_generated_file" not in file:
            return True
    return False
