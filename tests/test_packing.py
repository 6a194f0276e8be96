"""The text that the page unpacks is the text that was packed."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labextension.page_code import answered

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


def test_any_letters_come_back():
    for text in ("".join(map(chr, range(0x4E00, 0x4E00 + len(MARKS)))), "😀"):
        assert unpacked(packed(text)) == text


def test_the_page_reads_what_was_packed(tmp_path):
    """Short texts and long ones, whose distances and lengths take every way through the reader."""
    draw = random.Random(0)
    words = ["".join(draw.choices("abcdefg é…", k=draw.randint(1, 9))) for _ in range(400)]
    texts = [
        *("", "a", "😀", "aaaaaaaaa" * 100, "abababab", "\x7f\"'\\"),
        "".join(map(chr, range(0x3000, 0x3800))),
        "".join(draw.choices("".join(map(chr, range(32, 127))), k=20_000)),
        " ".join(draw.choices(words, k=20_000)),
        "".join(chr(draw.randint(0x20, 0xD7FF)) for _ in range(5_000)) * 2,
        json.dumps(editor_data(vocabulary()), ensure_ascii=False, separators=(",", ":")),
    ]
    script = "import { unpacked } from './page.mjs';\nanswer(asked.map(unpacked));"
    assert answered(tmp_path, "language/unpack.ts", script, [packed(text) for text in texts]) == texts
