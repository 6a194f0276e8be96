"""The reference page, from the same data that editors read; its text is in `prose.py`."""

from __future__ import annotations

from typing import Any

from mtl_magic.reference.prose import CLOSING, FUNCTIONS, LATER, OPENING, RUN, SILENCED

LINE, PARAGRAPH = "\n", "\n\n"
ORDER = ("feature", "block", "task", "given", "balance", "loss", "metric")
WHERE = {
    "feature": "They stand after the colon of a `feature` line.",
    "block": "They stand in a `share` line. `{a Keras layer, or a function of a tensor}` is a block too ([contract](#python-in-braces)).",
    "task": "They stand after the colon of a `task` line.",
    "given": "They stand after `via` in a `given` clause.",
    "balance": "They stand in a `balance` line; without one, `equal`.",
    "loss": "They stand in `loss=` of a task. `{a function}` of labels and predictions is a loss too ([contract](#python-in-braces)).",
    "metric": "They stand in `metrics=[…]` of a task, and behind a task's name: `click.auc`. They are exact, on all rows of a part that have the label.",
}


def page(data: dict[str, Any]) -> str:
    """The whole page."""
    parts = [OPENING, _statements(data), _values(data), _braces(data)]
    parts += [_family(family, data["families"][family]) for family in ORDER if family in data["families"]]
    rest = [family for family in data["families"] if family not in ORDER]
    parts += [_family(family, data["families"][family]) for family in rest]
    parts += [CLOSING, _flags(data), _run(data), _codes(data), _later(data)]
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
        f"{entry['summary']}{PARAGRAPH if LINE in entry['doc'] else ' '}{entry['doc']}".strip(),
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


def _braces(data: dict[str, Any]) -> str:
    rows = [f"| {_cell(b['place'])} | {_cell(b['takes'])} | {_cell(b['doc'])} |" for b in data["braces"]]
    head = ["## Python in braces", "", "| place | what it takes | what becomes of it |", "|---|---|---|"]
    return "\n".join([*head, *rows])


def _run(data: dict[str, Any]) -> str:
    run = data["run"]
    lines = ["| attribute | what it is |", "|---|---|"]
    lines += [f"| `{a['name']}` | {_cell(a['doc'])} |" for a in run["attributes"]]
    lines += ["", "| method | what it does |", "|---|---|"]
    lines += [f"| `{_cell(m['signature'])}` | {_cell(_said(m))} |" for m in run["methods"]]
    functions = ["| function of `mtl_magic` | what it does |", "|---|---|"]
    functions += [f"| `{_cell(f['signature'])}` | {_cell(f['doc'])} |" for f in run["functions"]]
    return "\n\n".join([RUN.strip("\n"), "\n".join(lines), FUNCTIONS.strip("\n"), "\n".join(functions)])


def _said(method: dict[str, Any]) -> str:
    """A method's summary, its arguments and what it returns, as one cell."""
    gives = method["returns"] and f"Gives {method['returns'][:1].lower()}{method['returns'][1:]}"
    return " ".join([method["doc"], *(f"`{a['name']}`: {a['doc']}" for a in method["args"]), gives]).strip()


def _later(data: dict[str, Any]) -> str:
    words = [f"`{word}`" for found in data["later"].values() for word in found]
    kept = f"{', '.join(words)} are kept for later, and a cell that uses one is told so. " if words else ""
    return LATER.format(kept=kept)


def _table(head: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---|---|---|"]
    for form, meaning, example in rows:
        shown = "<br>".join(f"`{_cell(line)}`" for line in example.splitlines())
        lines.append(f"| {form} | {_cell(meaning)} | {shown} |")
    return "\n".join(lines)


def _family(family: str, found: dict[str, Any]) -> str:
    title = found["plural"][:1].upper() + found["plural"][1:]
    parts = [f"## {title}", WHERE.get(family, "")]
    if found["named"]:
        without = [f"`{word['word']}`" for word in found["words"] if not word["named"]]
        every = f"Every {found['title']}" + (f" but {', '.join(without)}" if without else "")
        parts += [f"{every} takes these too, by name:", _params(found["named"])]
    for word in found["words"]:
        parts += [f"### `{word['word']}` ({found['title']})", f"```\n{word['signature']}\n```", word["doc"]]
        parts += [word["defaults"]] if word["defaults"] else []
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
    lines += [f"| `{_cell(c['form'])}` | {_cell(c['doc'])} |" for c in data["commands"]]
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
        found = {c: e for c, e in data["codes"].items() if c[:4] == group}
        warn = any(e["warning"] for e in found.values())
        rows = [
            f"| {c} | {_cell(e['title'])} | {_cell(e['doc'])} |"
            + (f" {_cell(e['shown'])} | {_cell(e['silenced'])} |" if warn else "")
            for c, e in found.items()
        ]
        head = "| code | what | explanation |" + (" shown at | silenced by `allow` at |" if warn else "")
        rule = "|---|---|---|" + ("---|---|" if warn else "")
        if rows:
            parts.append("\n".join([f"### {title}", "", head, rule, *rows]))
    return "\n\n".join(parts)


def _cell(text: str) -> str:
    """A text inside a table's cell."""
    return text.replace("|", "\\|").replace("\n", " ")
