"""KuaiRand-Pure: the feed log of which `kuairand_sample` is a sample, whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mtl_magic.datasets._files import find

if TYPE_CHECKING:
    import pandas as pd

STANDARD = ("log_standard_4_08_to_4_21_pure.csv", "log_standard_4_22_to_5_08_pure.csv")
RANDOM = "log_random_4_22_to_5_08_pure.csv"


def kuairand_pure(folder: str | os.PathLike[str], *, random: bool = False) -> pd.DataFrame:
    """KuaiRand-Pure (C. Gao et al., CIKM 2022, doi 10.1145/3511808.3557624), the log joined with its users and videos, by time.

    Args:
        folder: where the files of the set's `data` are: the logs, `user_features_pure.csv` and
            `video_features_basic_pure.csv`.
        random: the log of videos shown at random, in place of the standard log of 1.4 million rows.

    All columns of the log and of both tables are there, `hour` (0 to 23) of `hourmin` beside them; what a video has
    been watched in all (`video_features_statistic_pure.csv`) is left out, for it counts days that a test is about. A
    missing `tag` is 'unknown', as in `kuairand_sample`, whose page says what the labels are, and that a split is by
    time.

    Raises:
        MtlError: MTL213, a file is missing.
    """
    import pandas as pd

    what = "KuaiRand-Pure"
    logs = [pd.read_csv(find(folder, what, name)) for name in ((RANDOM,) if random else STANDARD)]
    users = pd.read_csv(find(folder, what, "user_features_pure.csv"))
    videos = pd.read_csv(find(folder, what, "video_features_basic_pure.csv"), dtype={"tag": str})
    made = pd.concat(logs, ignore_index=True)
    made = made.merge(users, on="user_id", how="left", validate="many_to_one")
    made = made.merge(videos, on="video_id", how="left", validate="many_to_one")
    made["hour"] = made["hourmin"] // 100
    made["tag"] = made["tag"].fillna("unknown")
    return made.sort_values("time_ms", kind="stable", ignore_index=True)
