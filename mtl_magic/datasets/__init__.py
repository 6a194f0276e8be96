"""Real data: a sample that ships with the package, and public sets from where a person has unpacked them."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from mtl_magic.datasets.ali_ccp import ali_ccp
from mtl_magic.datasets.aliexpress import aliexpress
from mtl_magic.datasets.census_income import census_income
from mtl_magic.datasets.kuairand_pure import kuairand_pure
from mtl_magic.datasets.movielens import movielens

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ali_ccp", "aliexpress", "census_income", "kuairand_pure", "kuairand_sample", "movielens"]

TEXTS = (
    "video_type",
    "upload_type",
    "tag",
    "user_active_degree",
    "follow_user_num_range",
    "fans_user_num_range",
    "friend_user_num_range",
    "register_days_range",
)


def kuairand_sample() -> pd.DataFrame:
    """A feed log: which short videos 3,921 people were shown, and what they did. 29,990 rows, sorted by time.

    It is a sample of KuaiRand-Pure (C. Gao et al., CIKM 2022, doi 10.1145/3511808.3557624; kuairand.com) from 25 April
    to 5 May 2022, under CC BY-SA 4.0: licence, attribution and the list of changes lie beside the file, in the
    package's folder `datasets/kuairand`.

    **Split by time, never at random**: `split test=20220504 time=date`. A model is used on days that it has not seen,
    and people, videos and habits change from day to day. A random split lets it peek at the day that it is tested on;
    and 2.5% of the rows are exact copies of another, which a random split would put on both sides.

    Labels (what a row's person did; leave out as features all that you do not predict):
        is_click: 0/1, the video was opened, or in the one-column feed watched for more than 7 seconds or to its end.
        long_view: 0/1, watched for 18 seconds or to its end.
        is_like, is_profile_enter, is_comment, is_follow: 0/1.
        play_time_ms: milliseconds watched; more than `duration_ms` where the video looped.

    Columns known beforehand:
        user_id, video_id, author_id: identifiers.
        date (20220425 is 25 April 2022), hour (0 to 23, local time), time_ms (milliseconds since 1970).
        tab: 0 to 14, where in the app.
        duration_ms, video_type, upload_type, tag (one to three topic numbers joined by commas, or 'unknown').
        user_active_degree, is_video_author (0/1), follow_user_num_range, fans_user_num_range, friend_user_num_range,
        register_days_range, and the encrypted onehot_feat1, onehot_feat2 and onehot_feat8: about the person.

    Returns:
        A new frame each time, 27 columns: numbers and identifiers int64, texts str; nothing is missing.

    Example:
        >>> feed = kuairand_sample()
        >>> feed.shape
        (29990, 27)
        >>> round(float(feed.is_click.mean()), 3)
        0.441
    """
    import pandas as pd

    file = resources.files(__name__) / "kuairand" / "feed_sample_30k.csv.gz"
    with file.open("rb") as stream:
        return pd.read_csv(stream, compression="gzip", dtype=dict.fromkeys(TEXTS, str), keep_default_na=False)
