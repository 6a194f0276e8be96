"""A version of the language that lacks a statement."""

from __future__ import annotations

from mtl_magic.registry import Registry


def without(registry: Registry, lost: str) -> Registry:
    """The same words but for a statement of settings: a version that lacks it."""
    made = Registry()
    for declaration in registry:
        if (declaration.family, declaration.word) != ("settings", lost):
            made.add(declaration)
    return made
