"""What our widgets have in common: a bundle that draws them, in the colours of tasks."""

from __future__ import annotations

from typing import ClassVar

import anywidget
import traitlets

from mtl_magic.dashboard.bundles import bundle
from mtl_magic.dashboard.palette import COLOURS


class Paged(anywidget.AnyWidget):
    """A widget that a bundle of the page draws: `labextension/widgets/<page>.ts` and `.css`."""

    page: ClassVar[str]  # the bundle's name

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    colours = traitlets.Dict(COLOURS).tag(sync=True)

    @traitlets.default("_esm")
    def _script(self) -> str:
        return bundle(f"{self.page}.js")

    @traitlets.default("_css")
    def _style(self) -> str:
        return bundle(f"{self.page}.css")
