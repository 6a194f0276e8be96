"""`mtl-magic explain`: what train would do."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

from mtl_magic.cli import source
from mtl_magic.cli.using import say, say_json
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.cli.reading import Reading
    from mtl_magic.explanation.explain import Explanation


def explain(asked: Reading) -> int:
    """Print it, and write the pictures that are asked for."""
    from mtl_magic.runs import fitting

    if source.searched(fitting.parse(source.text_of(asked))) is not None:  # of a search, what trial 0 would do
        from mtl_magic.cli.tuning import plan_of_file

        program = plan_of_file(asked).first
    else:
        program = source.checked(asked) or source.with_python(asked)
    prepared = fitting.prepare(program, list(asked.data), asked.valid, asked.test, stream=asked.stream)
    try:
        explained = fitting.explain(program, prepared)
    finally:
        prepared.close()
    for place, draw in ((asked.svg, explained.topology.svg), (asked.mermaid, explained.topology.mermaid)):
        if place is not None:
            _write(place, draw())
    if asked.json:
        say_json(plain(explained))
    else:
        say(str(explained))
    return 0


def _write(place: pathlib.Path, text: str) -> None:
    try:
        place.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise MtlError(Problem("MTL411", f"'{place}' cannot be written: {error.strerror or error}")) from error


def plain(explained: Explanation) -> dict[str, Any]:
    """An explanation as JSON values."""
    counts = explained.parameters
    return {
        "headline": explained.headline,
        "rows": explained.rows,
        "parameters": {"total": counts.total, "shared": counts.shared},
        "notes": explained.notes,
        "warnings": [
            {"code": p.code, "message": p.message, "line": p.line, "hint": p.hint} for p in explained.warnings
        ],
        "topology": explained.topology.mermaid(),
        **{f"{name}_table": table.frame().to_dict("records") for name, table in explained.tables.items()},
    }
