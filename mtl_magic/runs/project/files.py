"""Files that are there whole or not at all, and folders that go at once."""

from __future__ import annotations

import contextlib
import json
import math
import os
import pathlib
import shutil
import uuid
from typing import Any


def put(path: pathlib.Path, content: str) -> None:
    """Write a text beside `path` and rename it; what was there stays until then.

    Raises:
        OSError: the file system refuses.
    """
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def put_json(path: pathlib.Path, value: Any) -> None:
    """The same, of JSON values; numbers that JSON has no form of become null."""
    put(path, json_text(value))


def json_text(value: Any) -> str:
    return json.dumps(nulls(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def nulls(value: Any) -> Any:
    """The value with null for numbers that JSON has no form of: NaN is a metric that nothing defines."""
    if isinstance(value, dict):
        return {k: nulls(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [nulls(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: pathlib.Path) -> Any:
    """The values of a file; None where it is not there, or is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def size(place: pathlib.Path) -> int:
    """Bytes of a file, or of all files below a folder; what goes while we look counts nothing."""
    total = 0
    try:
        if not place.is_dir() or place.is_symlink():
            return place.lstat().st_size
        for entry in os.scandir(place):
            total += size(pathlib.Path(entry.path))
    except OSError:
        return total
    return total


def remove(place: pathlib.Path) -> int:
    """Remove a file or folder; a folder is renamed first, so that none is seen half gone. Returns the bytes.

    Raises:
        OSError: it cannot be renamed: then it is as it was.
    """
    freed = size(place)
    aside = place.with_name(f".{place.name.lstrip('.')}.{uuid.uuid4().hex[:8]}.old")
    place.rename(aside)
    if aside.is_dir() and not aside.is_symlink():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.unlink()
    return freed
