"""What is equal where tasks are trained alone and together."""

from __future__ import annotations

from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem

BUDGETS = {
    "rows": "each task alone passes over the rows as often as the cell says",
    "steps": "all tasks alone take as many steps together as the run that shares",
    "parameters": "the layers of all tasks alone have as many parameters together as those that share, or less",
}
*_SOME, _LAST = BUDGETS
NAMED = f"{', '.join(_SOME)} or {_LAST}"


def budget_of(word: str) -> str:
    """The budget of this name.

    Raises:
        MtlError: MTL484 there is none.
    """
    if word not in BUDGETS:
        hint = did_you_mean(word, BUDGETS) or f"it may be {NAMED}"
        raise MtlError(Problem("MTL484", f"there is no budget '{word}'", hint=hint))
    return word
