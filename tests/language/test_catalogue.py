"""The catalogue: for each code of the language a wrong cell, exactly what is said of it, and the cell put right."""

from __future__ import annotations

import re

import pytest
from language.wrong import CASES

from mtl_magic.language import parse, resolve
from mtl_magic.language.codes import LANGUAGE, catalogue
from mtl_magic.problems import MtlError


@pytest.mark.parametrize(("code", "wrong", "said", "right"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_mistake_is_said_and_its_correction_passes(words, code, wrong, said, right):
    with pytest.raises(MtlError) as caught:
        parse(wrong, words)
    assert str(caught.value) == said
    assert {p.code for p in caught.value.problems} == {code}
    spec = parse(right, words)
    assert parse(str(spec), words) == spec


def test_python_that_fails_is_said(words):
    spec = parse("task click\ntrain lr={1 / zero}", words)
    with pytest.raises(MtlError) as caught:
        resolve(spec, words, {"zero": 0})
    assert str(caught.value) == (
        "MtlError MTL051, line 2: the Python in braces raised ZeroDivisionError: division by zero\n"
        "    train lr={1 / zero}\n"
        "             ^^^^^^^^^^"
    )
    assert resolve(spec, words, {"zero": 4}).train.lr == 0.25


def test_every_code_of_the_language_has_a_case():
    assert {c[0] for c in CASES} | {"MTL049", "MTL051"} == set(LANGUAGE)


def test_codes_are_documented_and_in_their_section():
    for code, entry in catalogue().items():
        assert re.fullmatch(r"MTL[0-4]\d\d", code)
        assert entry.title
        assert 1 <= entry.doc.count(". ") + 1 <= 4
        assert entry.doc.endswith(".")
    assert all(code.startswith("MTL0") for code in LANGUAGE)
