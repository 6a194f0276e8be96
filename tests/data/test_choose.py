from __future__ import annotations

import pytest

from mtl_magic.data.choose import choose
from tests.data.cells import feed, prepared, problems, program

COLUMNS = ["user_id", "user_age", "item_id", "price", "click", "time"]


def chosen(text: str, out: set[str] | None = None) -> dict[str, str]:
    """The kind that each feature is given, '' where the data decides."""
    choice = choose(program(text), COLUMNS, out or set(), {"click"})
    return {f.name: f.kind.word if f.kind else "" for f in choice.features}


def test_without_a_feature_line_every_other_column_is_one() -> None:
    assert chosen("task click") == dict.fromkeys(["user_id", "user_age", "item_id", "price", "time"], "")
    assert list(chosen("task click\nignore user_*", {"time"})) == ["item_id", "price"]


def test_one_feature_line_closes_the_list() -> None:
    assert chosen("task click\nfeature price, item_id") == {"item_id": "", "price": ""}
    choice = choose(program("task click\nfeature price\nignore time"), COLUMNS, set(), {"click"})
    assert choice.left == ["user_id", "user_age", "item_id"]


def test_an_exact_name_beats_a_wildcard_and_a_longer_wildcard_a_shorter() -> None:
    text = "task click\nfeature *: auto\nfeature user_*: category\nfeature user_age: number"
    assert chosen(text) == {
        "user_id": "category",
        "user_age": "number",
        "item_id": "auto",
        "price": "auto",
        "time": "auto",
    }
    assert chosen("\n".join(reversed(text.splitlines()))) == chosen(text)


def test_wildcards_never_match_labels() -> None:
    assert "click" not in chosen("task click\nfeature *: auto")
    assert "click" not in chosen("task click\nfeature cl*, price: auto")


def test_a_bare_star_adds_what_the_default_would() -> None:
    assert "time" not in chosen("task click\nfeature *: auto", {"time"})
    assert "time" in chosen("task click\nfeature t*, price: auto", {"time"})


@pytest.mark.parametrize(
    ("ignore", "kept"),
    [("user_id", ["user_age"]), ("user_*", []), ("use*", ["user_id", "user_age"]), ("*", ["user_id", "user_age"])],
)
def test_the_stronger_of_feature_and_ignore_wins(ignore: str, kept: list[str]) -> None:
    assert list(chosen(f"task click\nfeature user_*: category\nignore {ignore}")) == kept


def test_an_exact_feature_beats_an_ignored_wildcard() -> None:
    assert list(chosen("task click\nfeature user_id, price\nignore user_*, *")) == ["user_id", "price"]


def test_a_quoted_star_is_a_character() -> None:
    choice = choose(program("task click\nfeature 'a*'"), ["a*", "ab"], set(), {"click"})
    assert [f.name for f in choice.features] == ["a*"]


def test_one_column_can_be_two_features() -> None:
    text = "task click\nignore day, rating, watch\nfeature *: auto\nfeature cheap: bucket(4, column=price)"
    made = prepared(text, feed())
    assert [(f.name, f.source, f.kind.word) for f in made.schema.features] == [
        ("user_id", "user_id", "category"),
        ("city", "city", "category"),
        ("price", "price", "number"),
        ("genres", "genres", "tags"),
        ("cheap", "price", "bucket"),
    ]
    guessed = prepared("task click\nfeature p: auto(column=price)", feed()).schema.feature("p")
    assert (guessed.source, guessed.kind.word, guessed.inferred) == ("price", "number", True)


def test_what_is_left_out_is_said() -> None:
    frame = feed().assign(same=1, gone=None, row=[f"r{i}" for i in range(400)], when=0)
    frame["when"] = frame["when"].astype("datetime64[ns]")
    made = prepared("task click\nignore day, rating, watch", frame)
    assert [f.name for f in made.schema.features] == ["user_id", "city", "price", "genres"]
    assert made.notes[1:] == [
        "Left out 'same': it has one value only in the training rows.",
        "Left out 'gone': every value is missing.",
        "Left out 'row': 100% of its values are seen less than 2 times.",
        "Left out 'when': dates and times have no kind of their own.",
    ]


def test_what_is_named_is_kept() -> None:
    frame = feed().assign(same=1, row=[f"r{i}" for i in range(400)])
    made = prepared("task click\nfeature same, city\nfeature row: category", frame)
    assert [f.name for f in made.schema.features] == ["city", "same", "row"]
    assert "Feature 'same' says next to nothing: it has one value only in the training rows." in made.notes
    assert "No feature line takes 'user_id', 'price', 'genres', 'day', 'rating', 'watch'." in made.notes


def test_names_are_compared_by_their_composed_form() -> None:
    frame = feed().rename(columns={"city": "cafe\u0301"})
    made = prepared("task click\nfeature caf\u00e9: category", frame)
    assert made.schema.features[0].encoder.rows == 5


def test_column_belongs_to_one_feature() -> None:
    found = problems("task click\nfeature pr*: bucket(4, column=price)", feed())
    assert found[0].startswith("MtlError MTL033, line 2: ")
