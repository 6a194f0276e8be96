"""The text that the page unpacks is the text that was packed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_magic.reference.editor import editor_data
from mtl_magic.reference.packing import MARKS, packed, unpacked
from mtl_magic.vocabulary import vocabulary


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from('ab!"\\ é…'), max_size=300))
def test_any_text_comes_back(text):
    assert unpacked(packed(text)) == text


@pytest.mark.parametrize(
    "text", ["", "a", "aaaaaaaaa", "abababab", "!!!!!!!!", "".join(map(chr, range(0x3000, 0x3100)))]
)
def test_so_do_those_that_are_odd(text):
    assert unpacked(packed(text)) == text


def test_marks_stand_for_themselves_in_json_and_in_a_script():
    assert json.dumps(MARKS, ensure_ascii=False) == f'"{MARKS}"'
    assert not set(MARKS) & set("'\\\u2028\u2029")
    assert len(MARKS) == len(set(MARKS))


def test_the_words_are_less_than_half():
    text = json.dumps(editor_data(vocabulary()), ensure_ascii=False, separators=(",", ":"))
    made = packed(text)
    assert unpacked(made) == text
    assert len("".join(made.values()).encode()) < 0.5 * len(text.encode())


def test_too_many_letters_are_refused():
    with pytest.raises(ValueError, match="letters"):
        packed("".join(map(chr, range(0x4E00, 0x4E00 + len(MARKS)))))
    with pytest.raises(ValueError, match="letters"):
        packed("😀")
