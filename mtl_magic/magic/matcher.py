"""The IPython matcher through which every front end completes in our cells; IPython calls its interface provisional.

What it offers is `complete.candidates`, imported at the first Tab in a cell of ours.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mtl_magic.language.complete import Candidate

IDENTIFIER = "mtl_magic"
LONGEST = 70  # of a meaning, beside its candidate
_BREAKS = re.compile(r"([-/|–—…])")


def matcher_for(shell: InteractiveShell) -> Any:
    """The matcher of a shell, or None where this IPython has no such interface (it is provisional)."""
    completer = importlib.import_module("IPython.core.completer")
    declare = getattr(completer, "context_matcher", None)
    simple = getattr(completer, "SimpleCompletion", None)
    if declare is None or simple is None or not hasattr(shell.Completer, "custom_matchers"):
        return None

    shown = _unbroken if getattr(shell, "kernel", None) is not None else _shown

    @declare(identifier=IDENTIFIER, priority=200)
    def mtl_matcher(context: Any) -> dict[str, Any]:
        if "%mtl" not in context.full_text:
            return {"completions": []}
        from mtl_magic.magic.complete import candidates

        lines = context.full_text.split("\n")
        offset = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
        found = candidates(context.full_text, offset, shell.user_ns)
        if not found:
            return {"completions": []}
        return {
            "completions": [simple(c.text, type=shown(c)) for c in found],
            "matched_fragment": context.full_text[found[0].start : offset],
            "ordered": True,
            "suppress": True,
        }

    return mtl_matcher


def _shown(candidate: Candidate) -> str:
    """What it is and its meaning: front ends show the type beside the candidate."""
    text = candidate.kind if candidate.doc in ("", candidate.kind) else f"{candidate.kind}: {candidate.doc}"
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def _unbroken(candidate: Candidate) -> str:
    """As `_shown`, without a place to break the line: JupyterLab gives a type the width of its longest word."""
    return _BREAKS.sub("\\1\N{WORD JOINER}", _shown(candidate).replace(" ", "\N{NO-BREAK SPACE}"))
