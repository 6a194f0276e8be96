"""What holds for any text at all. `MTL_MAGIC_HYPOTHESIS=slow pytest tests/language/test_properties.py` tries 20,000 a test."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mtl_magic.language import examine, parse, spec
from mtl_magic.language.format import canonical
from mtl_magic.language.scan import normalised, split
from mtl_magic.problems import MtlError, lines_of

pytestmark = pytest.mark.timeout(3600)  # of the slow profile; the quick one takes a second

CELLS = (
    "task   click: binary\nignore like, buy\n",
    """\
feature user_id, item_id: category(dim=16)
feature history:          sequence(of=item_id, length=50, encoder=din)
feature user_*, *:        auto  # the rest
share   mmoe(experts=8, units=[128, 64])
task    click: binary
task    'a b', 价格:  binary(loss=focal(gamma=2), tower=[64,  # wide
  32])
task    buy:   binary given click via esmm given like from inputs
task    like:  regression(loss=[huber, pairwise(group=user_id)]) weight 0.5 allow MTL104
balance gradnorm(alpha=1.5)
train   epochs=5 lr=range(1e-4, 1e-2, log) early_stop=buy.auc mix=[a=0.7, b=0.3]
tune    objective=buy.auc, like.rmse time="30m"
""",
    """\
share trunk = {layer(f"{d['}']}", '''
task x: binary''')  # }
}
share commerce = ple(levels=choose(1, 2), own=[buy=4, price=2]) from trunk, age
task  buy:   binary     from commerce
task  bot:   binary(loss={lambda y, z: (y - z) ** 2}) from none
split valid=0.1 time=day
""",
)
SCRAPS = (
    *"{}()[]'\"#\n\r\t,:=|.*\\-+@;0x é", "：", "“", "，", "\x0b", "\u2028", "\0", "\ud800", "\u200b", "🙂", "e\u0301",
    "from ", "given ", "task ", "share ", "weight ", "via ", " allow MTL104", "{f'{", "'''", "{{", "}}", "1e999", "9" * 30,
    "choose(", "range(1, 2)", "none", "true", "\ntask ", "\n", "\ntrain lr=3", "feature *: auto\n", "%%mtl\n", "]" * 25, "[" * 25,
)  # fmt: skip
anything = st.text(st.characters(codec=None), max_size=200) | st.lists(st.sampled_from(SCRAPS), max_size=30).map(
    "".join
)


@st.composite
def mutations(draw):
    text = draw(st.sampled_from(CELLS))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        stop = draw(st.integers(start, min(start + 12, len(text))))
        text = text[:start] + draw(st.sampled_from(("", "", *SCRAPS)) | anything.map(lambda t: t[:8])) + text[stop:]
    return text


@st.composite
def commented(draw):
    """Valid cells with comments and blank lines between any two tokens where a line may end."""
    text = draw(st.sampled_from((CELLS[0], CELLS[1], "task a: binary(loss=[bce, focal(gamma=2)], tower=[64, 64])")))
    for _ in range(draw(st.integers(1, 5))):
        places = [m.end() for m in re.finditer(r"[(\[,=] ?|\n", text)]
        place = draw(st.sampled_from(places))
        text = (
            text[:place] + draw(st.sampled_from(["# c\n", " #x,\n\n", "\n  # [deep\n", "\n\n", "#\n"])) + text[place:]
        )
    return text


def read(text, words, **options):
    """The spec, or None where it has problems, whose places must lie inside the text."""
    made, problems = examine(text, words, **options)
    str(MtlError(problems, made.text))
    lines = lines_of(made.text)
    for problem in problems:
        assert 1 <= problem.line <= problem.end_line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert 1 <= problem.end_column <= len(lines[problem.end_line - 1]) + 1
        assert (problem.line, problem.column) <= (problem.end_line, problem.end_column)
        assert "\n" not in problem.message
    assert problems == sorted(problems, key=lambda p: p.span)
    return None if problems else made


@given(anything | mutations())
@example("{")
@example("task a: b(c='\n")
def test_any_text_gives_a_spec_or_problems_with_places_inside_it(words, text):
    made = read(text, words)
    if made is not None:
        again = parse(str(made), words)
        assert again == made
        assert str(again) == str(made)
    with_header = read(text, words, header="%%mtl feed")
    assert with_header == made


@given(mutations())
def test_statements_cover_the_text_in_order(text):
    text = normalised(text)
    lines = text.split("\n")
    before = (0, 0)
    for piece in split(text):
        place = (piece.line, piece.column)
        assert place > before
        assert lines[piece.line - 1][piece.column - 1 :].startswith(piece.text.split("\n")[0])
        assert len(piece.masked) == len(piece.text)
        assert piece.masked.count("\n") == piece.text.count("\n")
        before = place


@given(mutations() | st.sampled_from(CELLS), st.floats(0, 1))
def test_every_beginning_of_a_cell_can_be_examined(words, text, part):
    read(text[: round(part * len(text))], words)


@given(mutations() | st.sampled_from(CELLS), st.floats(0, 1))
def test_every_beginning_has_completions(words, text, part):
    """Of valid cells and of any other; taking one leaves the rest of the text as it was."""
    from mtl_magic.language.complete import complete, expected

    offset = round(part * len(text))
    for cell in (text[:offset], text):
        for found in complete(cell, offset, words, {"user_id": "int64", "a b": "", "价格": "", "it's": ""}):
            assert 0 <= found.start <= found.end == offset
            assert found.text
            assert found.kind
        expected(cell, offset, words)


@given(mutations() | commented())
def test_rewriting_keeps_meaning_and_comments(words, text):
    from mtl_magic.language.regions import regions
    from mtl_magic.language.tidy import tidy

    made, problems = examine(text, words)
    if problems:
        return
    again = tidy(text, words)
    assert tidy(again, words) == again
    assert parse(again, words) == made
    comments = [
        sorted(t[r.start : r.end].rstrip() for r in regions(t) if r.sort == "comment")
        for t in (normalised(text), again)
    ]
    assert comments[0] == comments[1]


@given(mutations() | st.sampled_from(CELLS), st.integers(0, 5), st.sampled_from(["", "  ", "\t"]))
def test_what_is_remembered_is_what_is_parsed_anew(words, text, above, indent):
    """A statement parsed at another place first has the same places as one that is parsed there."""
    from mtl_magic.language.bind import bound_statement, placed_statement

    moved = "\n" * above + re.sub(r"(?m)^(?=\S)", indent, text)
    examine(text, words)
    remembered = examine(moved, words)
    bound_statement.cache_clear()
    placed_statement.cache_clear()
    anew = examine(moved, words)
    assert remembered == anew
    assert [_spans(s) for s in remembered[0].statements] == [_spans(s) for s in anew[0].statements]


def _spans(node):
    from mtl_magic.language.bind import walk

    return [n.span for n in walk(node)]


# --- specs that no text was the source of

names = st.sampled_from(["a", "b", "task", "from", "none", "true", "价格"]) | st.text(
    st.characters(codec=None, exclude_characters="\n\r"), min_size=1, max_size=6
)
words_ = names.map(lambda t: spec.Word(t, literal="*" in t))
patterns = words_ | st.sampled_from([spec.Word("*"), spec.Word("user_*"), spec.Word("*_id")])
python = st.sampled_from(["x", "f(1, '}')", "x  # }", "[\n1]", "f'{x:>3}'", "{'a': 1}"]).map(spec.Python)
numbers = (st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)).map(spec.Number)
leaves = (
    numbers
    | words_
    | python
    | st.sampled_from([True, False, None]).map(spec.Constant)
    | st.builds(spec.Conditional, names, names)
    | st.builds(spec.Dotted, words_ | st.builds(spec.Conditional, names, names), names)
)
called = st.sampled_from(["mlp", "binary", "focal", "given", "x1"])
values = st.recursive(
    leaves,
    lambda v: (
        st.builds(
            spec.Call, called, st.lists(st.builds(spec.Arg, names | st.just(""), v), min_size=1, max_size=3).map(tuple)
        )
        | st.lists(st.builds(spec.Arg, st.just(""), v), max_size=3).map(tuple).map(spec.List)
        | st.lists(st.builds(spec.Arg, names, v), max_size=3).map(tuple).map(spec.List)
        | st.lists(v, min_size=1, max_size=3).map(tuple).map(spec.Choose)
    ),
    max_leaves=6,
)
kinds = st.builds(spec.Call, called, st.lists(st.builds(spec.Arg, names | st.just(""), values), max_size=3).map(tuple))
allow = st.sampled_from([(), ("MTL104",)])


def many(strategy, least=1):
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


statements = st.one_of(
    st.builds(spec.Feature, many(patterns), st.none() | kinds, allow=allow),
    st.builds(spec.Ignore, many(patterns), allow=allow),
    st.builds(spec.Share, kinds | python, st.none() | words_, many(patterns, 0), allow=allow),
    st.builds(
        spec.Task,
        many(words_),
        st.none() | kinds,
        many(patterns, 0),
        many(st.builds(spec.Given, many(words_), st.none() | kinds), 0),
        st.none() | values,
        allow=allow,
    ),
    st.builds(spec.Balance, kinds | python, allow=allow),
    st.builds(
        spec.Settings,
        st.sampled_from(["split", "train", "tune"]),
        many(st.builds(spec.Arg, names, values)),
        allow=allow,
    ),
)


@given(st.lists(statements, max_size=4).map(tuple).map(spec.Spec))
def test_canonical_text_of_any_spec_reads_as_that_spec(made):
    from mtl_magic.language.parser import parse_statement

    pieces = split(canonical(made))
    parsed = [parse_statement(p.text, p.masked) for p in pieces]
    assert not any(p.problems for p in pieces)
    assert not any(p.problems for p in parsed)
    assert tuple(p.statement for p in parsed) == made.statements
