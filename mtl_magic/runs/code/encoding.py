"""`encode()`: a table's rows as the script's model reads them, and what encoders.json keeps for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.runs.code.text import STEP, quoted, show

if TYPE_CHECKING:
    from mtl_magic.runs.code.plan import Plan

ENCODERS = "encoders.json"


def section(plan: Plan) -> list[str]:
    lines = [
        "def encode(frame: pd.DataFrame) -> dict[str, np.ndarray]:",
        '    """A table\'s rows as the network reads them; other columns are ignored."""',
    ]
    if learnt(plan):
        lines.append("    learnt = encoders()")
    lines.append("    return {")
    for i in plan.inputs:
        before = f"{quoted(i.name)}: "
        lines += f"{STEP * 2}{before}{show(i.column.value, 2, len(before), 1)},".split("\n")
    lines.append("    }")
    if not learnt(plan):
        return lines
    return [
        "@functools.cache",
        "def encoders() -> dict:",
        '    """What was learnt of the training rows: vocabularies, scales, edges of bins."""',
        f'    return json.loads((FOLDER / "{ENCODERS}").read_text("utf-8"))',
        "",
        "",
        *lines,
    ]


def learnt(plan: Plan) -> dict[str, Any]:
    """What encoders.json holds: name of an input -> plain values."""
    return {i.name: i.column.learnt for i in plan.inputs if i.column.learnt is not None}
