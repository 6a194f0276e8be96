"""`%%mtl --format` and `%mtl format`: a cell rewritten canonically, its comments kept.

`set_next_input(replace=True)` is the one way in which a kernel can change a cell: JupyterLab, Notebook and VS Code put
the text in the place of the cell that ran, a terminal offers it as the next input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.language.tidy import tidy
from mtl_magic.magic.flags import MAGIC, Flags, parse_flags
from mtl_magic.problems import MtlError, Problem, lines_of
from mtl_magic.vocabulary import vocabulary

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

NAME = MAGIC.strip()


def rewritten(line: str, cell: str, flags: Flags) -> str:
    """The whole text of a cell, rewritten; the `--format` flag is gone from its line.

    Raises:
        MtlError: the cell or its line has mistakes.
    """
    header = (MAGIC + line).rstrip()
    try:
        body = tidy(cell, vocabulary(), header)
    except MtlError as error:
        raise MtlError([*flags.problems, *error.problems], error.text) from None
    if flags.problems:
        raise MtlError(flags.problems, f"{header}\n{cell}")
    span = flags.places.get("format")
    if span is not None:
        header = header[: span.column - 1].rstrip() + header[span.end_column - 1 :].rstrip()
    return f"{header}\n{body}"


def rewrite(shell: InteractiveShell, line: str, cell: str, flags: Flags) -> None:
    """Put a cell's rewritten text in its place."""
    shell.set_next_input(rewritten(line, cell, flags), replace=True)


def rewrite_last(shell: InteractiveShell, name: str) -> None:
    """Put the last `%%mtl` cell that was run, or the last of this name, rewritten, in the place of this one."""
    for text in reversed(shell.history_manager.input_hist_raw if shell.history_manager else []):
        header, *body = lines_of(text.strip("\n"))
        if header.split(maxsplit=1)[:1] != [NAME]:
            continue
        line = header[len(NAME) :].strip()
        flags = parse_flags(line)
        if not name or flags.name == name:
            rewrite(shell, line, "\n".join(body), flags)
            return
    run = shell.user_ns.get(name)
    canonical = getattr(run, "text", None)
    if name and isinstance(canonical, str) and type(run).__module__.startswith("mtl_magic."):
        rewrite(shell, name, canonical, parse_flags(name))
        return
    message = f"no %%mtl cell of the name '{name}' was run here" if name else "no %%mtl cell was run here"
    hint = "a cell rewrites itself with the flag --format in its first line"
    raise MtlError(Problem("MTL415", message, hint=hint), f"%mtl format {name}")
