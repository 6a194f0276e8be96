"""How much memory is free, and how much a table would take."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from mtl_magic.data.streaming.source import Source

CGROUPS = (  # the limit, what is used, and what of that the kernel would give back; version 2, then 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", "inactive_file"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
        "total_inactive_file",
    ),
)


def free() -> int:
    """Bytes that this process may still take: of the machine, of its container, and of its own limits."""
    return max(min([psutil.virtual_memory().available, *_of_groups(), *_of_limits()]), 0)


def _of_groups() -> list[int]:
    found = []
    for limit, used, stat, kept in CGROUPS:
        try:
            most = Path(limit).read_text().strip()
            if most == "max":
                continue
            lines = dict(line.split() for line in Path(stat).read_text().splitlines())
            found.append(int(most) - int(Path(used).read_text()) + int(lines.get(kept, 0)))
        except (OSError, ValueError):  # no such group here
            continue
    return found


def _of_limits() -> list[int]:
    if sys.platform != "linux":
        return []
    import resource

    process = psutil.Process().memory_info()
    found = []
    for which, used in ((resource.RLIMIT_AS, process.vms), (resource.RLIMIT_DATA, process.data)):
        soft = resource.getrlimit(which)[0]
        if soft != resource.RLIM_INFINITY:
            found.append(soft - used)
    return found


def size_of(source: Source) -> int:
    """Bytes that the source would take in memory, by its first batch."""
    _, table = next(source.batches())
    plain = (column.cast(source.types[name]) for name, column in table.columns.items())
    return int(sum(column.nbytes for column in plain) * source.rows / len(table))
