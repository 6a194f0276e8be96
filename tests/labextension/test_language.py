"""The page and the kernel read a cell alike: what may be completed at every cursor, and what is wrong with a text."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

from mtl_magic.language.complete import complete
from mtl_magic.magic.checking import problems
from mtl_magic.vocabulary import vocabulary

FRONT = pathlib.Path(__file__).parents[2] / "labextension"
CELLS = [
    """%%mtl feed --data log
feature user_id, item_id: category(dim=16)
feature "odd name": number(scale=log)
ignore is_*
share trunk = mmoe(experts=8, units=[128, 64])
share social = mlp(units=[64], dropout=0.1) from trunk, user_id  # why
task click, like: binary(metrics=[auc, logloss], loss=bce) from social weight 0.5
task buy: binary given click via esmm allow MTL103
task 'my label': regression(label=watch, tower=[32]) from none
balance uncertainty
split valid=0.1 time=day
train epochs=3 batch=256 lr=1e-3 early_stop=click.auc optimizer={keras.optimizers.Adam(1e-3)} jit=
""",
    "task click\ntrain ear",
    "share mlp(units=[",
    "task a: binary(\n  loss=f\n",
    "%%mtl\nbalance {x}\ntask a: multiclass from inp",
    "task buy: regression given \ntask click: binary\n",
    "task 影: binary\ntask größe: binary given 影 weight ",
]
WRONG = [
    "task click: binery",
    "taks click: binary",
    "task click: binary(los=bce)",
    "task click: binary\ntrain epoch=3",
    "task click\ntask click: binary",
    "share a = mlp\nshare a = mmoe\ntask t: binary from a",
    "feature u: category\nfeature u: number\ntask t: binary",
    "task click: binary\ntask buy: binary given clik",
    "task click: binary given click",
    "task click: binary\ntrain epochs=1 epochs=2",
    "task click: binary\ntrain epochs=1\ntrain epochs=2",
    "%%mtl --data log\nbalance mmoe\ntask click: binary",
    "task 'a b': binary\ntask 'a b': binary",
]
SCRIPT = """
import { complete } from './language.mjs';
import { check } from './check.mjs';
import { readFileSync } from 'node:fs';
const { cursors, wrong } = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify({
  cursors: cursors.map(([text, offset]) => complete(text, offset).map(c => [c.text, c.start, c.end, c.kind, c.doc])),
  wrong: wrong.map(text => check(text).map(p => [p.code, p.message, p.hint, p.notes, p.start]))
}));
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """What the page's half answers."""
    folder = tmp_path_factory.mktemp("language")
    esbuild = FRONT / "node_modules" / ".bin" / "esbuild"
    assert esbuild.exists(), "labextension/ has not been set up: run 'make setup'"
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")])
    for source, made in (("complete.ts", "language.mjs"), ("check.ts", "check.mjs")):
        command = [
            esbuild,
            FRONT / "src" / "language" / source,
            "--bundle",
            "--format=esm",
            f"--outfile={folder / made}",
        ]
        subprocess.run([*command, "--log-level=warning"], check=True, env={**os.environ, "PATH": path})
    (folder / "run.mjs").write_text(SCRIPT)
    asked = json.dumps({"cursors": cursors(), "wrong": WRONG})
    done = subprocess.run(
        ["node", folder / "run.mjs"],
        check=False,
        input=asked,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def cursors():
    return [(text, offset) for text in CELLS for offset in range(len(text) + 1)]


def test_the_same_is_completed_at_every_cursor(page):
    """Columns aside, which the kernel alone knows."""
    for (text, offset), found in zip(cursors(), page["cursors"], strict=True):
        there = [[c.text, c.start, c.end, c.kind, c.doc] for c in complete(text, offset, vocabulary())]
        assert found == there, text[max(offset - 40, 0) : offset] + "▮"
    assert sum(map(len, page["cursors"])) > 1000


def test_the_same_is_wrong(page):
    """The page finds the slips of words and names, and says of each what the run would say."""
    for text, found in zip(WRONG, page["wrong"], strict=True):
        lines = text.split("\n")
        there = [
            [p.code, p.message, p.hint, list(p.notes), sum(len(x) + 1 for x in lines[: p.line - 1]) + p.column - 1]
            for p in problems(text)
            if p.span
        ]
        assert found, text
        assert all(p in there for p in found), (text, found, there)


def test_a_right_text_has_no_problem(page):
    """Nor has what only the kernel can tell to be wrong."""
    assert problems("%%mtl --data log\ntask click: binary\n") == []
