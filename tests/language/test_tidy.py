"""A cell rewritten: canonical, in its order, with its comments."""

from __future__ import annotations

import pytest

from mtl_magic.language import parse
from mtl_magic.language.tidy import WIDTH, tidy
from mtl_magic.problems import MtlError

CASES = {
    "task  click :binary": "task click: binary",
    "\n\n  task click  # why\n\n\n\n  task like\n\n": "task click  # why\n\ntask like",
    "# top\n\n#two\n   # three   \ntask click": "# top\n\n#two\n# three\ntask click",
    "task click # one\n# two\n\n# three": "task click  # one\n# two\n\n# three",
    "task 'click': binary(y)\ntask 'a b'": 'task click: binary(label=y)\ntask "a b"',
    "task click weight 2 from inputs": "task click from inputs weight 2",
    "task click: binary(tower=[64,\n  32])": "task click: binary(tower=[64, 32])",
    "task click: binary(tower=[64, # wide\n 64])": "task click: binary(\n    tower=[\n        64,  # wide\n        64,\n    ],\n)",
    "task click: binary( # kind\n # above\n loss=bce # behind\n # last\n) # end": (
        "task click: binary(\n    # kind\n    # above\n    loss=bce,  # behind\n    # last\n)  # end"
    ),
    "task click: binary(loss = # of rows\n bce, tower=[8])": (
        "task click: binary(\n    # of rows\n    loss=bce,\n    tower=[8],\n)"
    ),
    "task click\ntrain lr=range(1, # low\n 2)\ntune trials=3": "task click\n# low\ntrain lr=range(1, 2)\ntune trials=3",
    "task click\ntrain lr=choose(1, # low\n 2)\ntune trials=3": (
        "task click\ntrain lr=choose(\n    1,  # low\n    2,\n)\ntune trials=3"
    ),
    "share {f(1,  # not ours\n   2)}  # ours\ntask x": "share {f(1,  # not ours\n   2)}  # ours\ntask x",
    "task x: binary(loss={g # p\n})": "task x: binary(loss={g # p\n})",
    "task '#x'  # y": 'task "#x"  # y',
}


@pytest.mark.parametrize("cell", CASES)
def test_rewritten(words, cell):
    made = tidy(cell, words)
    assert made == CASES[cell]
    assert tidy(made, words) == made
    assert parse(made, words) == parse(cell, words)


def test_a_long_line_opens_its_brackets(words):
    cell = "task click: binary(label=a_column_of_a_long_name, loss=[bce, focal(gamma=2), pairwise(group=user_id, weight=0.25)], tower=[64]) weight 2"
    made = tidy(cell, words)
    assert made == (
        "task click: binary(\n"
        "    label=a_column_of_a_long_name,\n"
        "    loss=[bce, focal(gamma=2), pairwise(group=user_id, weight=0.25)],\n"
        "    tower=[64],\n"
        ") weight 2"
    )
    assert max(map(len, made.split("\n"))) <= WIDTH
    assert tidy(made, words) == made


def test_a_cell_with_mistakes_is_not_rewritten(words):
    with pytest.raises(MtlError) as caught:
        tidy("task click: binery", words, header="%%mtl feed")
    assert [(p.code, p.line) for p in caught.value.problems] == [("MTL020", 2)]
