"""Which process trains a run, so that one that died is told from one that lives."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

SILENT = 900.0  # seconds without a sign of life after which a process of another machine counts as dead
SLACK = 2.0  # seconds by which two readings of a process's start may differ


def me() -> dict[str, Any]:
    """This process, as `run.json` names it."""
    import psutil

    return {"pid": os.getpid(), "host": socket.gethostname(), "since": psutil.Process().create_time()}


def alive(owner: Any, seen: float) -> bool:
    """Whether the process of `me()` still runs.

    Args:
        owner: what `me` said.
        seen: when it last wrote, in seconds of `time.time`: all that can be known of another machine's.
    """
    import psutil

    if not isinstance(owner, dict):
        return False
    if owner.get("host") != socket.gethostname():
        return time.time() - seen < SILENT
    try:
        process = psutil.Process(int(owner["pid"]))
        lives = process.status() != psutil.STATUS_ZOMBIE
        return lives and abs(process.create_time() - float(owner["since"])) < SLACK
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False
