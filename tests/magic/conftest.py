"""A shell of IPython's in this process, with the extension loaded."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def shell():
    made = InteractiveShell()
    made.colors = "nocolor"
    made.run_line_magic("load_ext", "mtl_magic")
    yield made
    made.run_line_magic("unload_ext", "mtl_magic")


@pytest.fixture
def frame():
    """A table in which `a` decides `click` and `kind`."""
    import numpy as np
    import pandas as pd

    draw = np.random.default_rng(0)
    a = draw.integers(0, 8, 400)
    return pd.DataFrame(
        {
            "a": a,
            "b": draw.normal(size=400),
            "click": (a > 3) * 1,
            "watch": a + draw.normal(size=400),
            "like": (a > 5) * 1,
        }
    )
