"""The registry with every word of the package in it.

Each package below declares one word a file; importing a package imports its files. All of it is light: a declaration
reaches Keras and TensorFlow only when it is built.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil

from mtl_magic.registry import REGISTRY, Registry

PACKAGES = ("features", "blocks", "tasks", "dependencies", "balance", "settings")


@functools.cache
def vocabulary() -> Registry:
    """The registry, filled on the first call."""
    for package in PACKAGES:
        root = importlib.import_module(f"mtl_magic.{package}")
        for module in pkgutil.iter_modules(root.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"{root.__name__}.{module.name}")
    return REGISTRY
