"""The package as a whole: what its import costs, what its wheel holds, what its files say."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

import mtl_magic
from mtl_magic.language.codes import catalogue

HEAVY = ("tensorflow", "keras", "pandas", "pyarrow", "matplotlib", "sklearn", "ipywidgets")

LOADED = """
import sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
began = time.perf_counter()
shell.run_line_magic("load_ext", "mtl_magic")
print(time.perf_counter() - began)
import mtl_magic
mtl_magic.parse("feature a, b*: category(dim=4)\\nshare mmoe(experts=4)\\ntask click: binary\\ntask watch: regression")
try:
    mtl_magic.parse("task click: binery")
except mtl_magic.MtlError as error:
    print("did you mean" in str(error))
from mtl_magic.magic.help import overview
overview()
from mtl_magic.magic.complete import candidates
assert candidates("%%mtl\\ntask a: bin", 17, {})
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def test_load_ext_and_parse_are_light_and_quick():
    """Nothing heavy is imported by `%load_ext`, parsing, errors of the language, and help."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, cwd="/")
    seconds, suggested, names = done.stdout.splitlines()
    assert float(seconds) < 1, "load_ext takes a second or more"
    assert suggested == "True"
    assert not set(names.split()) & set(HEAVY)
    assert done.stderr == ""


def test_version_is_the_one_of_the_project(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert mtl_magic.__version__ == project["version"]


def test_public_names_exist():
    assert all(getattr(mtl_magic, name) is not None for name in mtl_magic.__all__ if name != "datasets")
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        mtl_magic.nothing_of_ours  # noqa: B018


@pytest.fixture(scope="session")
def wheel(root, tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    with zipfile.ZipFile(next(out.glob("*.whl"))) as archive:
        yield archive


def test_wheel_holds_code_data_and_licences(wheel):
    names = wheel.namelist()
    for needed in (
        "mtl_magic/py.typed",
        "mtl_magic/language/grammar.lark",
        "mtl_magic/vocabulary.json",
        "mtl_magic/datasets/kuairand/feed_sample_30k.csv.gz",
        "mtl_magic/magic/magics.py",
    ):
        assert needed in names
    licences = [pathlib.PurePath(n).name for n in names if "/licenses/" in n]
    assert len(licences) >= 2, f"the code's licence and the data's: {licences}"
    assert not [n for n in names if not n.startswith(("mtl_magic/", "mtl_magic-"))]


def test_wheel_names_both_licences(wheel):
    meta = wheel.read(next(n for n in wheel.namelist() if n.endswith("METADATA"))).decode()
    assert "License-Expression: Apache-2.0 AND CC-BY-SA-4.0" in meta


def test_constraints_are_plain_pins(root):
    lines = [line for line in (root / "constraints" / "dev.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)


def test_constraints_lie_within_the_floors(root):
    """Each dependency is pinned, so that `make` installs the same everywhere."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    pinned = {
        re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower()
        for line in (root / "constraints" / "dev.txt").read_text().splitlines()
    }
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    for requirement in needed:
        name = re.match(r"[A-Za-z0-9._-]+", requirement).group()
        assert re.sub(r"[-_.]+", "-", name).lower() in pinned


def test_readme_shows_the_tested_range(root):
    """The table of pyproject's comment and the README's agree."""
    comment = dict(re.findall(r"^#   (\w+) +\S+ +(\S+)", (root / "pyproject.toml").read_text(), re.MULTILINE))
    readme = (root / "README.md").read_text()
    assert len(comment) == 6
    for name, tested in comment.items():
        row = re.search(rf"^\| *{name} *\|.*$", readme, re.MULTILINE)
        assert row, name
        assert f"| {tested} " in row.group(), name


def test_every_code_that_the_source_raises_is_in_the_catalogue(root):
    """A code without an entry has no documentation and no `%mtl help`."""
    used = {}
    for file in (root / "mtl_magic").rglob("*.py"):
        for code in re.findall(r"\"(MTL\d{3})\"", file.read_text()):
            used.setdefault(code, file.name)
    assert not {code: file for code, file in used.items() if code not in catalogue()}
