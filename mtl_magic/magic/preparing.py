"""What a person sees while data is read, counted and encoded, where that takes more than a moment."""

from __future__ import annotations

import html
from typing import Any

from mtl_magic.runs.watch import duration, said
from mtl_magic.train.events import Event, Preparing

BAR = "var(--jp-brand-color1, #1976d2)"
TRACK = "var(--jp-layout-color2, #8884)"
AGAIN = 10.0  # seconds between two lines of a terminal about the same work


class NotebookPreparing:
    """Listens, and shows a line with a bar that is renewed with each event, and empty in the end."""

    def __init__(self) -> None:
        self._shown: Any = None

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Preparing):
            return
        from IPython.display import HTML, display

        share = event.done / event.total if event.total else 0.0
        line = HTML(
            f'<div style="font-variant-numeric:tabular-nums;line-height:1.5">{html.escape(said(event))}'
            f'<span style="opacity:.6;margin-left:1em">{duration(event.seconds)}</span>'
            f'<div style="height:3px;background:{TRACK};margin:2px 0">'
            f'<div style="height:3px;width:{100 * share:.1f}%;background:{BAR}"></div></div></div>'
        )
        if self._shown is None:
            self._shown = display(line, display_id=True)
        else:
            self._shown.update(line)

    def close(self) -> None:
        """The data is ready, or never will be."""
        from IPython.display import HTML

        if self._shown is not None:
            self._shown.update(HTML(""))


class TerminalPreparing:
    """Listens, and prints a line for each kind of work, and one again every ten seconds."""

    def __init__(self) -> None:
        self._what, self._last = "", 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Preparing) and (event.what != self._what or event.seconds - self._last >= AGAIN):
            self._what, self._last = event.what, event.seconds
            print(said(event))  # noqa: T201  it is what it is for

    def close(self) -> None:
        pass
