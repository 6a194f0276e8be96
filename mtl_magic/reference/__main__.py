"""Writes `mtl_magic/vocabulary.json`, `docs/reference.md`, `docs/balancing.md` and what the JupyterLab extension knows of the language.

With `--check` it says whether they are what it would write.
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

from mtl_magic.reference.balancing import balancing
from mtl_magic.reference.data import vocabulary_data
from mtl_magic.reference.editor import editor_data
from mtl_magic.reference.packing import packed
from mtl_magic.reference.page import page
from mtl_magic.vocabulary import vocabulary

EDITOR = "labextension/src/generated/vocabulary.json"
ROOT = pathlib.Path(__file__).parents[2]


def texts() -> dict[str, str]:
    """Path below the repository -> the text that belongs there."""
    data = vocabulary_data(vocabulary())
    return {
        "mtl_magic/vocabulary.json": json.dumps(data, ensure_ascii=False, indent=1) + "\n",
        "docs/reference.md": page(data),
        "docs/balancing.md": balancing(vocabulary()),
        EDITOR: _line(packed(_line(editor_data(vocabulary())))) + "\n",
    }


def _line(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def stale(root: pathlib.Path = ROOT) -> list[str]:
    """The files that are not what would be written now."""
    return [
        name
        for name, text in texts().items()
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__)  # noqa: T201
        return 2
    found = stale()
    if arguments:
        print("\n".join(f"{name} is stale: make reference" for name in found) or "the reference is fresh")  # noqa: T201
        return bool(found)
    for name in found:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(texts()[name], encoding="utf-8")
        print(f"wrote {name}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
