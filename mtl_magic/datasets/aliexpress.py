"""AliExpress: searches in five countries, clicks and purchases."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

from mtl_magic.datasets._files import find, looked_up
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    import pandas as pd

COUNTRIES = ("nl", "es", "fr", "us", "ru")
USER, ITEM = 33, 49  # columns of the two files; the first of each is the search
CATEGORIES = (*(f"user_{i}" for i in (*range(2, 9), 32, 33)), *(f"item_{i}" for i in (19, 34, 35, 36, 40, 41, 42)))


def aliexpress(folder: str | os.PathLike[str], part: str = "train", country: str | None = None) -> pd.DataFrame:
    """AliExpress Searching System (Li et al. 2020, Improving Multi-Scenario Learning to Rank in E-commerce), one country.

    Args:
        folder: where `nl_user_train.csv`, `nl_item_train.csv` and so on are.
        part: 'train' or 'test', as the set divides them.
        country: 'nl', 'es', 'fr', 'us' or 'ru'; None: the one that is there.

    Columns: `search_id`, 16 `categorical_i` and 63 `numerical_i` (names and order of the preprocessing that those who
    use the set share), `click` and `conversion`: `task click: binary` and `task conversion: binary given click`. A row
    is an item of a search; items of a search that has no user row, or the other way, are left out. It needs memory for
    a whole part.

    Raises:
        MtlError: MTL213, a file is missing, has another number of columns, or a label that is none.
    """
    import pandas as pd

    if part not in ("train", "test"):
        raise ValueError(f"part is 'train' or 'test', not {part!r}")
    if country is None:
        country = next((c for c in COUNTRIES if looked_up(folder, (f"{c}_item_{part}.csv",))), COUNTRIES[0])
    users, items = (
        _table(find(folder, "AliExpress", f"{country}_{side}_{part}.csv"), side, width)
        for side, width in (("user", USER), ("item", ITEM))
    )
    made = users.merge(items, left_on="user_1", right_on="item_1", how="inner")
    label = made[f"item_{ITEM}"]
    if not label.isin((0, 1, 2)).all():
        raise _wrong(f"{country}_item_{part}.csv", "has a label other than 0, 1 (a click) and 2 (a purchase)")
    names = {name: f"categorical_{i}" for i, name in enumerate(CATEGORIES, 1)}
    numbers = [*(f"user_{i}" for i in range(9, 32)), *(f"item_{i}" for i in range(2, ITEM) if f"item_{i}" not in names)]
    names |= {name: f"numerical_{i}" for i, name in enumerate(numbers, 1)}
    found = made[["user_1", *names]].rename(columns={"user_1": "search_id", **names})
    both = pd.DataFrame({"click": (label > 0).astype("int64"), "conversion": (label == 2).astype("int64")})
    return pd.concat([found, both], axis=1)


def _table(path: pathlib.Path, side: str, width: int) -> pd.DataFrame:
    import pandas as pd

    found = pd.read_csv(path, header=None)
    if found.shape[1] != width:
        raise _wrong(path.name, f"has {found.shape[1]} columns, and AliExpress {width}")
    found.columns = [f"{side}_{i}" for i in range(1, width + 1)]
    return found


def _wrong(name: str, why: str) -> MtlError:
    return MtlError(Problem("MTL213", f"'{name}' {why}", hint="the files are those of the original set, unpacked"))
