"""The slider along a front: the page draws and walks it without the kernel, which makes a run of the stop that is kept.

Kernel to page, traits: `state`, all that is shown (see `state_of`), and once `{"do": "kept", "said": …, "wrong": …}` to each
Page to kernel: `at`, the stop at which the slider stands; `{"do": "keep", "name": …, "at": …}`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import traitlets

from mtl_magic.dashboard.paged import Paged
from mtl_magic.decide.show_front import headline, said

if TYPE_CHECKING:
    from mtl_magic.decide.front import Front
    from mtl_magic.runs.run import Run


class FrontBoard(Paged):
    """A slider along the stops, their picture and metrics, and a button that keeps the stop at which it stands.

    Args:
        found: the front.
        keep: called with a name and a run; what it says, or the error that it raises, is shown. None: no button.

    Attributes:
        at: number of that stop.
    """

    page = "front"

    state = traitlets.Dict().tag(sync=True)
    at = traitlets.Int().tag(sync=True)

    def __init__(self, found: Front, keep: Callable[[str, Run], str] | None = None) -> None:
        super().__init__(state=state_of(found, keeps=keep is not None), at=len(found) // 2)
        self._found, self._keep = found, keep
        self.on_msg(lambda _, content, buffers: self.do(content))

    def do(self, content: Any) -> None:
        """What a message of the page asks for; whatever else comes is not for us."""
        match content:
            case {"do": "keep", "name": str(name), "at": int(at)} if self._keep and 0 <= at < len(self._found):
                try:
                    answer, wrong = self._keep(name.strip(), self._found[at]), False
                except Exception as error:  # noqa: BLE001  a callback's exception would be seen by nobody
                    answer, wrong = str(error) or type(error).__name__, True
                self.send({"do": "kept", "said": answer, "wrong": wrong})

    def __repr__(self) -> str:
        return f"Slider along {self.state['name']} {self.state['about']}"


def state_of(found: Front, *, keeps: bool) -> dict[str, Any]:
    """All that the page draws, of JSON: as `labextension/widgets/front/state.ts` has it."""
    return {
        "name": found.name,
        "about": headline(found).removeprefix(f"{found.name} "),
        "tasks": list(found.tasks),
        "metrics": list(found.metrics),
        "higher": list(found.higher),
        "stops": [
            {"said": said(found, k), "share": stop.share, "values": list(stop.values), "best": stop.best}
            for k, stop in enumerate(found.stops)
        ],
        "keeps": keeps,
    }
