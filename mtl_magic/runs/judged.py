"""The rows on which the last runs of this process were judged, encoded: two runs are compared without their tables.

They are found by the hash that a run keeps of them, so that runs of one table share them. The oldest go first.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtl_magic.data.schema import Part

LARGEST = 2**27  # bytes of all of them
PARTS = ("test", "valid")  # the first that a run has is the one that judges it

_KEPT: OrderedDict[str, Part] = OrderedDict()


def remember(parts: Mapping[str, Any], hashes: Mapping[str, str]) -> None:
    """Those of a run that has been trained, where they are in memory (rows on disk go with the training)."""
    from mtl_magic.data.schema import Part

    part = next((name for name in PARTS if name in parts), None)
    if part is None or not isinstance(parts[part], Part) or size(parts[part]) > LARGEST:
        return
    _KEPT[hashes[part]] = parts[part]
    _KEPT.move_to_end(hashes[part])
    while sum(map(size, _KEPT.values())) > LARGEST:
        _KEPT.popitem(last=False)


def recalled(facts: Mapping[str, Any]) -> tuple[str, Part | None]:
    """Which part judged a run, 'test' or 'valid' ('': none), and its rows where they are remembered."""
    hashes = facts.get("data_of") or {}
    part = next((name for name in PARTS if name in hashes), "")
    return part, _KEPT.get(hashes.get(part, ""))


def size(part: Part) -> int:
    """Bytes."""
    arrays = (part.ids, part.floats, part.labels, *part.extras.values())
    return sum(int(a.nbytes) for a in arrays)
