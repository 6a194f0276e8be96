"""The vocabulary as data and the reference page: fresh, complete, and right in every example."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from mtl_magic.language import parse
from mtl_magic.language.codes import catalogue
from mtl_magic.magic.flags import parse_flags
from mtl_magic.parameters import ParamType
from mtl_magic.problems import MtlError
from mtl_magic.reference.__main__ import stale, texts
from mtl_magic.reference.data import type_data, vocabulary_data
from mtl_magic.registry import REQUIRED
from mtl_magic.vocabulary import vocabulary


def test_neither_is_stale(root):
    assert stale(root) == [], "run `make reference`"


def test_the_data_is_json_and_complete():
    data = vocabulary_data(vocabulary())
    assert json.loads(json.dumps(data)) == data
    words = {family: {w["word"]: w for w in found["words"]} for family, found in data["families"].items()}
    settings = {s["word"]: s["keys"] for s in data["statements"]}
    for declaration in vocabulary():
        params = (
            settings[declaration.word]
            if declaration.family == "settings"
            else words[declaration.family][declaration.word]["params"]
        )
        assert [p["name"] for p in params] == [p.name for p in declaration.params()]
        assert [p["required"] for p in params] == [p.default is REQUIRED for p in declaration.params()]
        assert all(p["doc"] for p in params), f"{declaration.word} has an option without a meaning"
    assert set(data["codes"]) == set(catalogue())


def test_every_type_says_what_it_is():
    kinds = [k for k in ParamType.__subclasses__() if k.__module__ == "mtl_magic.parameters"]
    names = {re.sub(r"(?<!^)(?=[A-Z])", "_", k.__name__).lower() for k in kinds}
    seen = set()

    def walk(node):
        if isinstance(node, dict):
            seen.add(node.get("type"))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    for declaration in vocabulary():
        for param in declaration.params():
            walk(type_data(param.type))
    assert seen - {None} <= names


@pytest.fixture(scope="module")
def page():
    return texts()["docs/reference.md"]


def test_the_cells_of_the_page_are_right(page):
    cells = [
        b
        for b in re.findall(r"```\n(.*?)```", page, re.DOTALL)
        if b.startswith("%%mtl ") and "[" not in b.split("\n")[0][:8]
    ]
    assert len(cells) >= 5
    for cell in cells:
        header, _, body = cell.partition("\n")
        assert parse_flags(header.removeprefix("%%mtl")).problems == []
        parse(body, vocabulary())


def test_every_example_of_a_word_is_right():
    """As it stands, or beside the lines that it needs."""
    for declaration in vocabulary():
        assert declaration.example, declaration.word
        lines = declaration.example
        names = set(re.findall(r"given (\w+)", lines)) | set(re.findall(r"=([a-z_]\w*)\.[a-z]\w*", lines))
        lines += "".join(
            f"\ntask {n}: binary" for n in sorted(names) if not re.search(rf"^task.*\b{n}\b.*:", lines, re.MULTILINE)
        )
        if "task" not in lines:
            lines += "\ntask first: binary"
        try:
            parse(lines, vocabulary())
        except MtlError as error:
            pytest.fail(f"{declaration.word}: {error}")


def test_the_page_says_what_a_run_has_and_where_a_warning_is_silenced(page):
    data = vocabulary_data(vocabulary())
    run = data["run"]
    assert {"metrics", "history", "tasks", "features"} <= {a["name"] for a in run["attributes"]}
    assert [m["name"] for m in run["methods"]] == [
        "topology",
        "evaluate",
        "predict",
        "compare",
        "save",
        "encode",
        "export",
        "code",
        "plot",
        "dashboard",
    ]
    assert all(part["doc"] for kind in run.values() for part in kind)
    assert all(f"`{m['signature']}`" in page for m in run["methods"])
    assert all(bool(c["shown"] and c["silenced"]) == c["warning"] for c in data["codes"].values())


def test_what_is_not_there_is_said_once(page):
    later = page.rpartition("## Not in this version")[2]
    for word in ("tune", "choose", "range"):
        assert f"`{word}" in page.removesuffix(later)
        assert word not in later
    assert "[buy=4, price=2]" not in page  # no option takes it


def test_the_page_names_everything(page):
    for declaration in vocabulary():
        assert f"### `{declaration.word}`" in page
        assert declaration.summary() in page
    for code, entry in catalogue().items():
        assert f"| {code} | {entry.title} |" in page


def test_what_the_page_reads_is_the_same_in_every_process():
    """Lark's tables are sets of sets, whose order is another one in each process."""
    code = (
        "import json\nfrom mtl_magic.reference.editor import editor_data\nfrom mtl_magic.vocabulary import vocabulary\n"
        "print(json.dumps(editor_data(vocabulary())))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "12"
    }
    assert len(said) == 1
