"""What the editor is told of a cell as it is typed: the problems that running it would raise before any data is read.

Asked for it, the kernel says where it keeps its runs, too, for the panel's list of them.

The page opens a comm, sends texts on it and gets their problems back on it. The kernel sends nothing else there, so that
on ipykernel 7 the answers come over the comm's own subshell while a cell trains. Nothing of the text is evaluated.
"""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mtl_magic.problems import Problem

TARGET = "mtl_magic.check"
_HEADER = re.compile(r"\s*%%mtl\b([^\n]*)")


def problems(text: str) -> list[Problem]:
    r"""The problems of a cell with its `%%mtl` line, or of a text without; lines are counted from the text's first.

    Example:
        >>> [(p.code, p.line, p.hint) for p in problems("%%mtl --dat log\ntask click: binery")]
        [('MTL401', 1, "did you mean '--data'?"), ('MTL020', 2, "did you mean 'binary'?")]
    """
    from mtl_magic.language import examine
    from mtl_magic.language.scan import normalised
    from mtl_magic.magic.flags import parse_flags
    from mtl_magic.vocabulary import vocabulary

    text = normalised(text)
    header = _HEADER.match(text)
    if header is None:
        return examine(text, vocabulary())[1]
    above, body = header.group(), text[header.end() + 1 :]
    flags = parse_flags(header.group(1)).problems
    if not body.strip() and any(word in above for word in ("--resume", "--format")):
        return flags
    return [*flags, *examine(body, vocabulary(), header=above)[1]]


def answer(data: Any) -> dict[str, Any] | None:
    """The reply to a message `{"id": …, "text": …}`, or to `{"id": …, "where": "runs"}`; None to what is no such message."""
    if isinstance(data, dict) and data.get("where") == "runs":
        return {"id": data.get("id"), **_where()}
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        return None
    return {"id": data.get("id"), "problems": [_plain(p) for p in problems(data["text"])]}


def _where() -> dict[str, str]:
    """Where runs are kept: the whole path, the path from here, and this person's home; nothing where none are."""
    from mtl_magic.runs.project.store import root_of, shown

    root = root_of()
    home = pathlib.Path.home().as_posix()
    return {"runs": root.as_posix(), "short": shown(root), "home": home} if root else {}


def _plain(problem: Problem) -> dict[str, Any]:
    span = problem.span
    return {
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "notes": list(problem.notes),
        "severity": problem.severity,
        "place": [span.line, span.column, span.end_line, span.end_column] if span else None,
    }


def _opened(comm: Any, _: Any) -> None:
    def received(message: Any) -> None:
        data = message["content"]["data"]
        try:
            reply = answer(data)
        except Exception as error:  # noqa: BLE001  what a callback raises is shown nowhere
            reply = {"id": data.get("id"), "error": f"{type(error).__name__}: {error}"}
        if reply is not None:
            comm.send(reply)

    comm.on_msg(received)


def register(shell: InteractiveShell) -> None:
    """Answer on `TARGET`, where the shell is a kernel's."""
    manager = manager_of(shell)
    if manager is not None:
        manager.register_target(TARGET, _opened)


def unregister(shell: InteractiveShell) -> None:
    """Undo `register`."""
    manager = manager_of(shell)
    if manager is not None and TARGET in manager.targets:
        manager.unregister_target(TARGET, manager.targets[TARGET])


def manager_of(shell: InteractiveShell) -> Any:
    return getattr(getattr(shell, "kernel", None), "comm_manager", None)
