"""The kinds of charts, a file each: what rows they make of which event. Importing this room registers them."""

from __future__ import annotations

import importlib
import pkgutil

for _found in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_found.name}")
