"""The drawings: well-formed, the same each time, no box over another, every name there and harmless."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree as ET

import pytest
from explanation.cells import MMOE, QUICK, TREE, table, topology
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtl_magic.explanation.layout import lay_out
from mtl_magic.explanation.letters import em, fitted, safe
from mtl_magic.explanation.svg import given_room

SVG = "{http://www.w3.org/2000/svg}"
EIGHT = "share mmoe(experts=8)\n" + "\n".join(f"task t{i}: binary(label=click)" for i in range(8))
CELLS = {"quick": QUICK, "mmoe": MMOE, "tree": TREE, "none": "share none\n" + QUICK, "eight": EIGHT}


def apart(one, other):
    return (
        one.right <= other.x or other.right <= one.x or one.y + one.height <= other.y or other.y + other.height <= one.y
    )


def check_layout(outline):
    layout = lay_out(outline, given_room(outline)[2])
    assert set(layout.nodes) == {n.id for n in outline.nodes}
    for one, other in itertools.combinations(layout.nodes.values(), 2):
        assert apart(one, other)
    for one, other in itertools.combinations(layout.frames.values(), 2):
        assert apart(one, other)
    for name, frame in layout.frames.items():
        own = {n.id for n in outline.parts(name)}
        for node, box in layout.nodes.items():
            inside = (
                frame.x < box.x
                and box.right < frame.right
                and frame.y < box.y
                and box.y + box.height < frame.y + frame.height
            )
            assert inside if node in own else apart(frame, box)
    for lane in layout.lanes.values():
        assert all(apart(lane, box) for box in (*layout.nodes.values(), *layout.frames.values()))
    for box in layout.nodes.values():
        assert box.x > 0
        assert box.right < layout.width
        assert box.y > 0
        assert box.y + box.height < layout.height
    for edge in outline.edges:  # from left to right
        if edge.kind == "flow":
            assert layout.nodes[edge.source].right < layout.nodes[edge.target].x
    return layout


@pytest.mark.parametrize("name", CELLS)
def test_boxes_keep_apart(name):
    layout = check_layout(topology(CELLS[name]).outline)
    assert layout.width <= 900.5


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("standalone", [True, False])
def test_well_formed_and_stable(name, standalone):
    text = topology(CELLS[name]).svg(standalone=standalone)
    assert text == topology(CELLS[name]).svg(standalone=standalone)
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.find(f"{SVG}title").text
    assert "head" not in (root.find(f"{SVG}desc").text or "head")
    assert ("var(" in text) is not standalone
    assert len(text) < 30_000
    assert not re.search(r"\b(id|on\w+|href)=", text)


def test_eight_experts_and_eight_tasks_fit_a_laptop():
    layout = lay_out(topology(EIGHT).outline)
    assert layout.width <= 900
    assert layout.height <= 420
    text = topology(EIGHT).svg()
    assert text.count('<path class="e ') == 1 + 8, "the edges of a task are one path"


def test_each_box_says_where_it_was_declared():
    root = ET.fromstring(topology(MMOE.lstrip()).svg())
    lines = [g.get("data-line") for g in root.iter(f"{SVG}g") if "head" in (g.get("class") or "")]
    assert lines == ["2", "3", "4"]


ODD = ['<b>&"价格', "a`b#;[x]--> y", "-->", "'); alert(1)//", "\u202eright", "ก็", "x" * 80, "{{jinja}} %d \\n"]


@pytest.mark.parametrize("name", ODD)
def test_names_are_shown_and_do_no_harm(name):
    quoted = '"' + name.replace('"', '""') + '"'
    data = table()[["user_id", "tags", "like", "click"]].rename(columns={"tags": name + "1", "click": name})
    found = topology(f"share {quoted} = mlp\ntask {quoted}: binary\ntask like: binary given {quoted}", data)
    for text in (found.svg(), found.svg(standalone=False)):
        root = ET.fromstring(text)
        said = ["".join(t.itertext()) for t in root.iter(f"{SVG}text")]
        tips = [t.text for t in root.iter(f"{SVG}title")]
        assert any(t.startswith(f"{name}: binary") for t in tips)
        assert any((s.endswith("…") and name.startswith(s[:-1])) or s == " ".join(name.split()) for s in said)
    assert name in str(found)
    check_mermaid(found)
    assert ET.fromstring(f"<div>{found.html()}</div>") is not None


def test_a_task_lights_what_its_prediction_is_made_of():
    text = "share mmoe\ntask click\ntask like: binary given click\ntask buy: binary given like\ntask watch: regression"
    data = table().assign(buy=lambda d: d.like)
    drawn = topology(text, data).svg(standalone=False)
    kept = {
        int(i): set(re.findall(r"\.s(\d)", rest)) for i, rest in re.findall(r"of(\d):hover\) \.e((?::\S+?\))+)", drawn)
    }
    assert kept == {0: {"0"}, 1: {"0", "1"}, 2: {"0", "1", "2"}, 3: {"3"}}


def check_mermaid(found):
    lines = found.mermaid().split("\n")
    assert lines[0] == "flowchart LR"
    assert sum(line.strip().startswith("subgraph") for line in lines) == sum(line.strip() == "end" for line in lines)
    names = set()
    for line in lines[1:]:
        bare = re.sub(r'"[^"]*"', '""', line)
        assert bare.count('"') % 2 == 0
        if node := re.fullmatch(r"\s*(n\d+)(\(\[|\{\{|\(|\[)\"\"(\]\)|\}\}|\)|\])", bare):
            names.add(node[1])
        elif edge := re.fullmatch(r"\s*(n\d+) (?:-->|-\. \"\" \.->) (n\d+)", bare):
            assert {edge[1], edge[2]} <= names
        elif not re.fullmatch(r"\s*(subgraph b\d+\[\"\"\]|end)", bare):
            assert re.fullmatch(r"  (classDef t\d+ stroke:#[0-9a-f]{6},stroke-width:2px|class n\d+(,n\d+)* t\d+)", line)
    assert len(names) == len(found.outline.nodes)


@pytest.mark.parametrize("name", CELLS)
def test_mermaid(name):
    check_mermaid(topology(CELLS[name]))


def test_text_of_the_quickstart():
    assert str(topology(QUICK)) == (
        "inputs: user_id, user_age, item_id, tags\n"
        "└─ mlp [128, 64]\n"
        "   ├─ click: binary, bce; tower [32]\n"
        "   ├─ like: binary, bce; tower [32]\n"
        "   └─ watch: regression, mse; tower [32]"
    )


def test_text_of_a_tree():
    assert str(topology(TREE)).split("\n") == [
        "inputs: user_id, user_age, item_id, tags",
        "├─ trunk = mlp [8]",
        "│  ├─ social = mlp [4]",
        "│  │  ├─ like: binary, bce; tower [32]; given click via esmm",
        "│  │  └─ watch: regression, mse; tower [32]",
        "│  └─ commerce = mmoe 2 experts [4]",
        "│     ├─ gate → click: binary, bce; tower [32]",
        "│     └─ gate → watch (above)",
        "└─ buy: binary, bce; tower [128, 64, 32]",
        "2 features: user_id, user_age",
        "└─ user = mlp [4]",
        "   └─ click (above)",
        "4 features: own embeddings",
        "└─ bot: binary, bce; tower [128, 64, 32]",
    ]


def test_letters():
    assert em("价格") > em("ab")
    assert em("e\u0301") == em("e")
    assert fitted("价格" * 20, 60, 12).endswith("…")
    assert fitted("a\nb", 100, 12) == "a b"
    assert safe("a\x00\ud800<") == "a\ufffd\ufffd&lt;"


SOURCES = ("inputs", "user_*", "item_id", "none")


@st.composite
def cells(draw):
    """A tree of blocks and some tasks with dependencies."""
    lines, blocks, used = [], [], set()
    for i in range(draw(st.integers(0, 5))):
        known = [*SOURCES[:-1], *blocks]
        sources = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
        word = draw(st.sampled_from(["mlp(units=[4])", "mmoe(experts=3, units=[4])", "mmoe(experts=18, units=[2])"]))
        used |= set(sources)
        lines.append(f"share b{i} = {word} from {', '.join(sources)}")
        blocks.append(f"b{i}")
    tasks = draw(st.permutations(["click", "like", "buy", "bot"]))[: draw(st.integers(1, 4))]
    for k, task in enumerate(tasks):
        sources = draw(st.lists(st.sampled_from([*SOURCES, *blocks]), min_size=1, max_size=3, unique=True))
        sources = ["none"] if "none" in sources else sources
        used |= set(sources)
        if k == len(tasks) - 1 and not used.issuperset(blocks):  # a block that nothing reads is an error
            sources = [*(s for s in sources if s != "none"), *(b for b in blocks if b not in used | set(sources))]
        tower = draw(st.sampled_from(["", "(tower=[])", "(tower=[3])"]))
        parent = f" given {tasks[draw(st.integers(0, k - 1))]}" if k and draw(st.booleans()) else ""
        lines.append(f"task {task}: binary{tower} from {', '.join(sources)}{parent}")
    return "\n".join(lines)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cells())
def test_any_tree(text):
    found = topology(text)
    check_layout(found.outline)
    check_mermaid(found)
    ET.fromstring(found.svg())
    said = str(found)
    assert all(f"{task}: binary" in said for task in found.outline.tasks)
    assert said.count(": binary, bce") == len(found.outline.tasks), "each task is described once"
