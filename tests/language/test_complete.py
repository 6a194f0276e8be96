"""What is offered at a cursor, marked by '¦' in the cells below."""

from __future__ import annotations

import pytest
from language.lacking import without
from lark.exceptions import UnexpectedInput

from mtl_magic.language import examine
from mtl_magic.language.complete import complete
from mtl_magic.language.grammar import accepted, grammar
from mtl_magic.language.statements import CLAUSES, SETTINGS, STATEMENTS, entries
from mtl_magic.vocabulary import vocabulary

COLUMNS = {"user_id": "int64", "click": "bool", "like": "bool", "watch time": "float64", "genres": "object"}
REST = """\
share trunk = mlp(units=[64])
share social = mmoe(experts=4) from trunk
task click: binary(metrics=[auc])
task watch: regression from trunk
train epochs=3
"""
CASES = {
    "¦": ["feature", "ignore", "share", "task", "balance", "split", "train", "tune"],
    "ta¦": ["task"],
    "  sh¦": ["share"],
    "task ¦": ["user_id", "like", '"watch time"', "genres"],
    "task like, ¦": ["user_id", '"watch time"', "genres"],
    "task w¦": ['"watch time"'],
    "task 'w¦": ["'watch time'"],
    "task 'w¦'": ["'watch time"],
    "task like: ¦": ["binary", "multiclass", "regression"],
    "task like: b¦inary": ["binary"],
    "task like: B¦": ["binary"],
    "task like ¦": ["from", "given", "weight", "allow"],
    "task like:binary(loss=bce)¦": [],
    "task like: binary(loss=bce) ¦": ["from", "given", "weight", "allow"],
    "task like: binary from trunk ¦": ["given", "weight", "allow"],
    "task like: binary weight 2 f¦": ["from"],
    "task like: binary(¦": ["label=", "loss=", "metrics=", "tower=", *("user_id", "click", "like", '"watch time"', "genres")],
    "task like: binary(lo¦": ["loss="],
    "task like: binary(lo¦=bce)": ["loss"],
    "task like: binary(label=like, lo¦": ["loss="],
    "task like: binary(loss=bc¦": ["bce"],
    "task like: binary(loss=[bce, pai¦": ["pairwise"],
    "task like: binary(loss=[bce, pairwise(group=us¦": ["user_id"],
    "task like: binary(loss=focal(gamma=¦": ["2"],
    "task like: binary(tower=[64,  # wide\n  ¦": [],
    "task like from ¦": ["trunk", "social", "inputs", "none", "user_id", "like", '"watch time"', "genres"],
    "task like from trunk, ¦": ["social", "inputs", "user_id", "like", '"watch time"', "genres"],
    "share own = mlp from ¦": ["trunk", "social", "inputs", "user_id", "like", '"watch time"', "genres"],
    "share own = mlp from no¦": [],
    "task like given ¦": ["click", "watch"],
    "task like given click, ¦": ["watch"],
    "task like: binary given click via ¦": ["aitm", "esmm", "observed"],
    "task like: regression given click via ¦": ["aitm", "observed"],
    "task like: binary given click via esmm ¦": ["from", "given", "weight", "allow"],
    "feature ¦": ["user_id", "like", '"watch time"', "genres"],
    "feature genres: t¦": ["tags"],
    "feature genres: number(scale=¦": ["standard", "log", "quantile", "none"],
    "ignore l¦": ["like"],
    "share ¦": ["cross", "mlp", "mmoe", "none", "ple"],
    "share own = m¦": ["mlp", "mmoe"],
    "share mmoe(8, ¦": ["units=", "top="],
    "share mmoe(experts=8, e¦": [],
    "share ple(own=[¦": ["click=", "watch=", "trunk=", "social="],
    "share ple(own=[click=¦": [],
    "balance g¦": ["gradnorm"],
    "balance gradnorm(over=p¦": ["parameters"],
    "train ¦": ["batch=", "lr=", "optimizer=", "precision=", "early_stop=", "mix="],
    "train lr=0.1 ¦": ["batch=", "optimizer=", "precision=", "early_stop=", "mix=", "allow"],
    "train early_stop=¦": ["3", "true", "false", "click.auc", "watch.auc", "watch.gauc", "watch.logloss", "watch.rmse", "none"],
    "train early_stop=click.¦": ["auc"],
    "train early_stop=click|¦": [],  # a conditional has no metrics in this version
    "tune objective=click.auc, w¦": ["watch.auc", "watch.gauc", "watch.logloss", "watch.rmse"],
    "split time=u¦": ["user_id"],
    "split stratify=¦": ["click", "watch", "none"],
    "share {¦": [],
    "share {my_layer(¦)}": [],
    "task like  # a comm¦": [],
    "# ta¦": [],
    "share mlp(units=[64\ntask l¦": ["like"],
    "share mlp(units=[64\ntask ¦": ["user_id", "like", '"watch time"', "genres"],
    "task like weight ¦": [],
    "task like: binary = ¦": [],
    "tsk ¦": [],
}  # fmt: skip


SEARCHES = ("choose", "range")


def offered(cell, words, rest=REST, columns=COLUMNS):
    before, _, after = cell.partition("¦")
    text = f"{rest}{before}{after}"
    offset = len(rest + before)
    found = complete(text, offset, words, columns)
    assert all(c.end == offset and c.start <= offset and c.kind for c in found)
    return found


@pytest.mark.parametrize("cell", CASES)
def test_offers(words, cell):
    assert [c.text for c in offered(cell, words) if c.text not in SEARCHES] == CASES[cell]


def test_search_spaces_where_this_version_searches(words):
    found = [c.text for c in offered("train lr=¦", words)]
    assert found == ["0.001", *SEARCHES]
    assert [c.text for c in offered("balance ¦", words)][-1] == "choose"
    assert [c.text for c in offered("train epochs=¦", without(vocabulary(), "tune"), rest="")] == ["15"]


def test_warnings_that_can_be_allowed(words):
    from mtl_magic.language.codes import WARNINGS

    found = offered("task like allow MTL104, ¦", words)
    assert [c.text for c in found] == [code for code in WARNINGS if code != "MTL104"]


def test_each_has_a_meaning():
    """In one line, from the registry or the statements."""
    words = vocabulary()
    for cell in ("¦", "task a: ¦", "share ¦", "share mmoe(¦", "train ¦", "task like: binary(loss=¦", "task like ¦"):
        found = offered(cell, words)
        assert found
        assert all(c.doc and "\n" not in c.doc for c in found), found


def test_names_are_the_cells_and_the_tables(words):
    assert offered("task like: ¦", words)[0].kind == "task kind"
    assert {c.text: c.doc for c in offered("ignore ¦", words)}["user_id"] == "int64"
    assert [(c.text, c.doc) for c in offered("task like given c¦", words)] == [("click", "binary(metrics=[auc])")]
    assert [(c.text, c.doc) for c in offered("task like from t¦", words)] == [("trunk", "mlp(units=[64])")]
    assert [c.text for c in complete("share mlp(units=[64])\ntask buy given \ntask click", (2, 16), words)] == ["click"]
    assert [c.text for c in complete("train warm_start=f", 18, vocabulary(), names={"run": ["feed"]})] == ["feed"]


def test_a_closed_list_of_features_hides_other_columns(words):
    found = [c.text for c in offered("task x from ¦", words, rest="feature user_id, genres\n")]
    assert found == ["inputs", "none", "user_id", "genres"]


def test_the_magics_line_belongs_to_another(words):
    text = "%%mtl feed --data log\ntask click: b"
    assert complete(text, 15, words) == []
    assert complete(text, 21, words) == []
    (found,) = complete(text, len(text), words)
    assert text[found.start : found.end] == "b"
    assert complete(text, (2, 14), words) == [found]


@pytest.mark.parametrize("at", [-5, 10**6, (0, 0), (99, 99), (1, 99)])
def test_a_cursor_outside_the_text(words, at):
    complete("task click: b", at, words)


def test_line_ends_of_any_kind(words):
    text = "task click\r\ntask like: b"
    (found,) = complete(text, len(text), words)
    assert (found.text, found.start) == ("binary", len(text) - 1)


def test_taking_an_offer_leaves_a_beginning_of_a_statement(words):
    """What is offered is what the grammar takes there."""
    for cell in CASES:
        before = cell.partition("¦")[0]
        if "\n" in before or "#" in before or "'" in before:
            continue
        for c in offered(cell, words):
            made = f"{REST}{before}"[: c.start] + c.text
            try:
                accepted(made.rpartition("\n")[2].lstrip())
            except UnexpectedInput as error:
                pytest.fail(f"{made!r}: {error}")


def test_the_grammar_and_the_statements_have_the_same_words(words):
    terminals = {t.name for t in grammar().terminals}
    one = {w.upper() for w in (*STATEMENTS, *CLAUSES) if w not in SETTINGS}
    assert one <= terminals
    settings = next(t for t in grammar().terminals if t.name == "SETTINGS").pattern.value
    assert all(word in settings for word in SETTINGS)
    assert accepted("") == {w.upper() for w in STATEMENTS if w not in SETTINGS} | {"SETTINGS"}


def test_the_statements_examples_are_cells():
    words = vocabulary()
    for entry in entries(words):
        if not entry.example:
            continue
        text = entry.example if "task" in entry.example else f"{entry.example}\ntask first"
        _, problems = examine(text, words)
        assert problems == []
