"""The tasks' colours as the page gets them: those of `explanation.colours`, in both themes."""

from __future__ import annotations

from mtl_magic.explanation.colours import DARK, LIGHT

COLOURS = {"light": list(LIGHT), "dark": list(DARK)}
