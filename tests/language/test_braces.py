from __future__ import annotations

import ast
import sys

import pytest

from mtl_magic.language import examine
from mtl_magic.language.braces import end_of_braces
from mtl_magic.problems import lines_of

CLOSED = [
    "{}", "{x}", "{ {1: 2}[1] }", "{[i for i in range(3)]}", "{'}'}", '{"}"}', "{'\\'}'}", "{'''}\n}'''}", '{"""}"""}',
    "{r'\\\\'}", "{b'}'}", "{f(x)  # } ' \" {\n}", "{f'{x}'}", "{f'{x!r:>{w}}'}", "{f'{{}}'}", "{f'{d[\"}\"]}'}", "{f'}}'}",
    "{rf'\\{x}'}", "{f'\\{x}'}", "{f'\\N{EM DASH}'}", '{f"""{x\n}"""}', "{f'{ {1: 2}[1] }'}",
    "{f'{(lambda: 1)()}'}", "{f'a' 'b}' f'{c}'}", "{t'{x}'}", "{buf['a']}", "{lambda: {}}", "{'a' '}'}", "{f'{x:{a}{b}}'}",
    "{\n x\n}", "{f\"{d['}']}\"}", "{F'{x}'}", "{Rb'}'}",
]  # fmt: skip
OPEN = [
    "{",
    "{(}",
    "{'}",
    "{'''}",
    "{# }",
    "{[)}",
    "{f'{x'}",
    "{f'}",
    "{f'{'}",
    "{f'{x:'}",
    "{'\n'}",
    "{f'a\n'}",
    "{f'\\N{x'}",
]


@pytest.mark.parametrize("text", CLOSED)
def test_python_ends_at_its_brace(text):
    assert end_of_braces(text, 0) == len(text)
    assert end_of_braces("ab" + text + "} rest", 2) == 2 + len(text)


@pytest.mark.parametrize("text", [t for t in CLOSED if t not in ("{}", "{t'{x}'}", "{f'\\{x}'}", "{f'{d[\"}\"]}'}")])
def test_what_ends_there_is_python(text):
    ast.parse("(" + text[1:-1] + "\n)", mode="eval")


@pytest.mark.skipif(
    sys.version_info < (3, 12), reason="quotes of the same kind inside an f-string came with Python 3.12"
)
def test_quotes_inside_an_f_string_of_python_3_12():
    ast.parse("f'{d['}']}'", mode="eval")


def test_same_quotes_inside_an_f_string():
    text = "{f'{d['}']}'}"
    assert end_of_braces(text, 0) == len(text)


@pytest.mark.parametrize("text", OPEN)
def test_open_braces_are_told(text):
    assert end_of_braces(text, 0) is None


def test_a_line_that_begins_a_statement_stops_code_but_no_string():
    text = "{f(\ntask a}"
    assert end_of_braces(text, 0, {4}) is None
    text = "{'''\ntask a'''}"
    assert end_of_braces(text, 0, {5}) == len(text)


@pytest.mark.parametrize(
    "inside", ["f('''\nx''')\\  # }\n", "a\\  # x\nb", "(\\ x\n)", "f(\n\\ x\n)", "a b\nc", "\\\n\nx y"]
)
def test_a_python_mistake_at_the_end_of_a_line_stays_inside_it(words, inside):
    """A continuation that is none is found behind the line's last character (seen by fuzzing)."""
    made, problems = examine("task a\nshare {" + inside + "}", words)
    lines = lines_of(made.text)
    found = [p for p in problems if p.code == "MTL009"]
    assert found
    for problem in found:
        assert 1 <= problem.column <= problem.end_column <= len(lines[problem.end_line - 1]) + 1


@pytest.mark.parametrize(
    ("inside", "helped"), [("buy: 4", True), ("'buy': 4", True), ("**own", True), ("lambda x: ", False)]
)
def test_a_dict_that_lost_its_braces_is_recognised(words, inside, helped):
    _, problems = examine("task buy\nshare ple(own={" + inside + "})", words)
    (found,) = [p for p in problems if p.code == "MTL009"]
    assert ("[a=1]" in found.hint) is helped
