"""The reference page, from the same data that editors read; its text is in `prose.py`."""

from __future__ import annotations

from typing import Any

from mtl_magic.reference.prose import CLOSING, OPENING, SILENCED

ORDER = ("feature", "block", "task", "given", "balance", "loss", "metric")
WHERE = {
    "feature": "They stand after the colon of a `feature` line.",
    "block": "They stand in a `share` line. `{a Keras layer, or a function of a tensor}` is a block too.",
    "task": "They stand after the colon of a `task` line.",
    "given": "They stand after `via` in a `given` clause.",
    "balance": "They stand in a `balance` line; without one, `equal`.",
    "loss": "They stand in `loss=` of a task. `{a function}` of labels and predictions is a loss too.",
    "metric": "They stand in `metrics=[…]` of a task, and behind a task's name: `click.auc`.",
}


def page(data: dict[str, Any]) -> str:
    """The whole page."""
    parts = [OPENING, _statements(data), _values(data)]
    parts += [_family(family, data["families"][family]) for family in ORDER if family in data["families"]]
    rest = [family for family in data["families"] if family not in ORDER]
    parts += [_family(family, data["families"][family]) for family in rest]
    parts += [CLOSING, _flags(data), _codes(data)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _statements(data: dict[str, Any]) -> str:
    parts = [
        "## Statements",
        "In the forms, `[ ]`, `|` and `…` are notation. Every statement may end in `allow CODE, …`.",
    ]
    for entry in data["statements"]:
        parts += [f"### `{entry['word']}`", *_entry(entry)]
        parts += [_params(entry["keys"])] if entry["keys"] else []
    parts += ["## Clauses", "They stand behind what a `share` or `task` line declares, in any order."]
    for entry in data["clauses"]:
        parts += [f"### `{entry['word']}`", *_entry(entry)]
    return "\n\n".join(parts)


def _entry(entry: dict[str, Any]) -> list[str]:
    return [
        f"```\n{entry['form']}\n```",
        f"{entry['summary']} {entry['doc']}".strip(),
        *_example(entry["example"]),
    ]


def _example(example: str) -> list[str]:
    return [f"```\n{example}\n```"] if example else []


def _values(data: dict[str, Any]) -> str:
    rows = [(f"`{_cell(e['form'])}`", f"{e['summary']} {e['doc']}".strip(), e["example"]) for e in data["values"]]
    sources = [(f"`{e['word']}`", f"{e['summary']} {e['doc']}".strip(), e["example"]) for e in data["sources"]]
    return "\n\n".join(
        ["## Values", _table(("written", "meaning", "example"), rows), "Sources that are not names of yours:",
         _table(("source", "meaning", "example"), sources)]
    )  # fmt: skip


def _table(head: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---|---|---|"]
    for form, meaning, example in rows:
        shown = "<br>".join(f"`{_cell(line)}`" for line in example.splitlines())
        lines.append(f"| {form} | {_cell(meaning)} | {shown} |")
    return "\n".join(lines)


def _family(family: str, found: dict[str, Any]) -> str:
    title = found["plural"][:1].upper() + found["plural"][1:]
    parts = [f"## {title}", WHERE.get(family, "")]
    for word in found["words"]:
        parts += [f"### `{word['word']}` ({found['title']})", f"```\n{word['signature']}\n```", word["doc"]]
        if word["tasks"]:
            parts.append(f"Serves {', '.join(f'`{t}`' for t in word['tasks'])} tasks.")
        parts += [_params(word["params"])] if word["params"] else []
        parts += [f"Paper: {word['paper']}."] if word["paper"] else []
        parts += _example(word["example"])
    return "\n\n".join(p for p in parts if p)


def _params(params: list[dict[str, Any]]) -> str:
    lines = ["| option | default | what it takes | meaning |", "|---|---|---|---|"]
    for p in params:
        default = "needed" if p["required"] else f"`{_cell(p['default'])}`"
        lines.append(f"| `{p['name']}` | {default} | {_cell(p['accepts'])} | {_cell(p['doc'])} |")
    return "\n".join(lines)


def _flags(data: dict[str, Any]) -> str:
    lines = ["| flag | meaning |", "|---|---|"]
    lines += [f"| `{f['flag']}{' EXPR' if f['takes'] else ''}` | {_cell(f['doc'])} |" for f in data["flags"]]
    lines += ["", "| line | what it does |", "|---|---|"]
    lines += [f"| `{c['form']}` | {_cell(c['doc'])} |" for c in data["commands"]]
    return "\n".join(lines)


def _codes(data: dict[str, Any]) -> str:
    groups = {
        "MTL0": "Mistakes in the text of a cell",
        "MTL1": "Warnings",
        "MTL2": "Mistakes that only the data shows",
        "MTL3": "Mistakes that only training shows",
        "MTL4": "Mistakes in the line of the magic, and of runs",
    }
    parts = [
        "## Errors and warnings",
        SILENCED,
    ]
    for group, title in groups.items():
        rows = [
            f"| {c} | {_cell(e['title'])} | {_cell(e['doc'])} |" for c, e in data["codes"].items() if c[:4] == group
        ]
        if rows:
            parts.append("\n".join([f"### {title}", "", "| code | what | explanation |", "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def _cell(text: str) -> str:
    """A text inside a table's cell."""
    return text.replace("|", "\\|").replace("\n", " ")
