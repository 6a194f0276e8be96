"""What the page makes of a run: its cell, its cell with the task weights, the lines in which two texts differ."""

from __future__ import annotations

import difflib

import pytest

import mtl_magic
from labextension import page_code

CELLS = """
import { weighted, cellOf, loading } from './page.mjs';
answer({ weighted: asked.texts.map(t => weighted(t, new Map(Object.entries(asked.weights)))),
         cells: asked.facts.map(f => [cellOf(f, 'task a'), loading(f, asked.path)]) });
"""
TEXTS = [
    "task click, 'a b': binary(label=weight, tower=[4]) from none given like via esmm weight 2 allow MTL104, MTL105\n"
    "task like",
    "task click\ntask like weight {w}\nbalance gradnorm(alpha=1.5)\nsplit valid=0.1",
    "task weight: binary\ntask 'a ''b''': regression from trunk weight 3\nshare trunk = mlp",
    "task other: binary weight {max(1, 2)} allow MTL104\ntask click",
]
WEIGHTS = {"click": 1.25, "a b": 0.3333333, "like": 0, "weight": 2e-7, "a 'b'": 1e6}


def facts(name, **asked):
    return {"name": name, "asked": {"data": [], "valid": "", "test": "", **asked}}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    path = 'mtl_runs/a"b\\'
    asked = {"texts": TEXTS, "weights": WEIGHTS, "path": path}
    asked["facts"] = [
        facts("feed", data=["a[a.x < 1]", "b"], valid="v", test='"t.csv"', stream=True),
        facts("no name", data=["x\n%%bash\nrm"]),
    ]
    return page_code.answered(tmp_path_factory.mktemp("cells"), "sidebar/runs/cells.ts", CELLS, asked)


def test_weights_stand_in_every_task(cells):
    first, second, third, fourth = [str(mtl_magic.parse(text)).split("\n") for text in cells["weighted"]]
    clauses = "binary(label=weight, tower=[4]) from none given like via esmm"
    assert first == [
        f"task click: {clauses} weight 1.25 allow MTL104, MTL105",
        f'task "a b": {clauses} weight 0.3333 allow MTL104, MTL105',
        "task like weight 0",
        "balance static",
    ]
    assert second == ["task click weight 1.25", "task like weight 0", "balance static", "split valid=0.1"]
    assert third[0] == "task weight: binary weight 2e-07"
    assert third[1].endswith(": regression from trunk weight 1000000")
    assert fourth[0] == "task other: binary weight {max(1, 2)} allow MTL104", "it has none of that name: its own stays"


def test_the_line_of_a_cell(cells):
    (first, load), (second, other) = cells["cells"]
    assert first == '%%mtl feed --data a[a.x < 1] --data b --valid v --test "t.csv" --stream\ntask a\n'
    assert second == "%%mtl --data x %%bash rm\ntask a\n", "nothing begins a line of its own"
    assert load.split("\n")[2].startswith("feed = mtl_magic.load(")
    assert other.split("\n")[2].startswith("run = mtl_magic.load(")
    assert eval(load.split("\n")[2].partition("load")[2]) == 'mtl_runs/a"b\\', "a path of any form is one string"


def test_lines_that_differ(tmp_path):
    pairs = [
        ("", ""), ("a", "a"), ("a\nb\nc", "a\nc"), ("a\nc", "a\nb\nc"), ("x\na\nb\ny", "x\nb\na\ny"), ("a\na", "a"),
        ("a\nb\na\nb", "b\na\nb\na"), ("1\n2\n3\n4\n5", "0\n2\n4\n6"),
        ("\n".join(map(str, range(1500))), "\n".join(map(str, range(1, 3000, 2)))),
    ]  # fmt: skip
    script = "import { diff } from './page.mjs';\nanswer(asked.map(([a, b]) => diff(a, b).map(l => [l.mark, l.text])));"
    for (a, b), lines in zip(pairs, page_code.answered(tmp_path, "sidebar/runs/diff.ts", script, pairs), strict=True):
        assert [text for mark, text in lines if mark != "+"] == a.split("\n")
        assert [text for mark, text in lines if mark != "-"] == b.split("\n")
        if len(a) < 100:
            shared = sum(mark == " " for mark, _ in lines)
            least = difflib.SequenceMatcher(None, a.split("\n"), b.split("\n"), autojunk=False).get_matching_blocks()
            assert shared >= sum(block.size for block in least), "as many are shared as can be"


def test_what_is_no_index(tmp_path):
    script = (
        "import { entries, facts } from './page.mjs';\nanswer(asked.map(t => [entries(t) ?? null, facts(t) ?? null]));"
    )
    texts = ["", "{", "null", "3", "[]", '{"format": 2, "runs": []}', '{"format": 1}', '{"format": 1, "runs": {}}']
    found = page_code.answered(tmp_path, "sidebar/runs/entry.ts", script, texts)
    assert [entries for entries, _ in found] == [None] * len(texts)
    assert [text[:1] == "{" and text != "{" for text in texts] == [of is not None for _, of in found]


FOLDER = """
import { Folder } from './page.mjs';
const index = text => JSON.stringify({ format: 1, runs: [{ id: text, status: 'running' }] });
let [status, time, content, alive] = [200, 1, index('feed'), 200];
const get = async (path, { content: whole }) => {
  const code = path.endsWith('run.json') ? alive : status;
  if (code !== 200) throw code ? Object.assign(new Error(), { response: { status: code } }) : new TypeError('no network');
  return { type: 'file', last_modified: path.endsWith('run.json') ? new Date().toISOString() : `${time}`, size: 9, content };
};
const folder = new Folder({ get }, 'runs');
const seen = [];
for (const to of asked) {
  ({ status = 200, alive = 200 } = to);
  if (to.text) [time, content] = [time + 1, to.text === 'other' ? index('feed-2') : to.text];
  const { runs, trouble } = await folder.index();
  seen.push([...runs.map(run => `${run.id} ${run.status}`), ...(trouble ? [trouble] : [])]);
}
answer(seen);
"""


def test_a_server_that_does_not_answer_takes_no_run_away(tmp_path):
    asked = [
        {},
        {"status": 503},
        {"status": 0},
        {"alive": 500},
        {"alive": 404},
        {"status": 403, "text": "other"},
        {},
        {"text": "{"},
        {"status": 500},
        {"status": 404},
        {"text": "other"},
    ]
    seen = page_code.answered(tmp_path, "sidebar/runs/folder.ts", FOLDER, asked)
    feed, other = ["feed running"], ["feed-2 running"]
    assert seen == [feed, feed, feed, feed, ["feed silent"], ["feed silent"], other, ["broken"], ["broken"], [], other]
