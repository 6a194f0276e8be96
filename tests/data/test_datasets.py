from __future__ import annotations

from importlib import resources

from mtl_magic.datasets import kuairand_sample
from tests.data.cells import prepared

LABELS = "is_click, long_view, is_like, is_profile_enter, is_comment, is_follow, play_time_ms"


def test_the_sample() -> None:
    feed = kuairand_sample()
    assert feed.shape == (29_990, 27)
    assert feed.time_ms.is_monotonic_increasing
    assert not feed.isna().any().any()
    assert feed.dtypes.map(str).value_counts().to_dict() in ({"int64": 19, "str": 8}, {"int64": 19, "object": 8})
    assert feed.user_id.nunique() == 3921
    assert kuairand_sample() is not feed


def test_its_licence_and_source_lie_beside_it() -> None:
    folder = resources.files("mtl_magic.datasets") / "kuairand"
    assert "Attribution-ShareAlike 4.0 International" in (folder / "LICENSE.txt").read_text("utf-8")
    source = (folder / "SOURCE.md").read_text("utf-8")
    for part in ("CC BY-SA 4.0", "10.1145/3511808.3557624", "Changes made"):
        assert part in source
    assert "/work" not in source


def test_a_cell_of_task_and_ignore_lines_reads_it() -> None:
    made = prepared(
        f"task is_click, long_view, is_like\ntask play_time_ms\nignore {LABELS}, time_ms\nsplit time=date test=20220504",
        kuairand_sample(),
    )
    kinds = {f.name: f.kind.word for f in made.schema.features}
    assert [kinds[n] for n in ("user_id", "video_id", "author_id", "hour", "duration_ms", "tag", "fans_user_num_range")] == [
        "category", "category", "category", "category", "number", "tags", "category",
    ]  # fmt: skip
    assert {"date", "time_ms", "is_follow"}.isdisjoint(kinds)
    assert [t.kind.word for t in made.schema.tasks] == ["binary", "binary", "binary", "regression"]
    assert made.test is not None
    assert made.valid is not None
    assert len(made.test) == 2807 + 2168
    dates = [p.extras["date"] for p in (made.train[0], made.valid, made.test)]
    assert dates[0].max() < dates[1].min()
    assert dates[1].max() < dates[2].min()
