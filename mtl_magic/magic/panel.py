"""The panel beside the notebook: its comms in this kernel, and the trainings that it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.dashboard.panel import CONTROL, FEED, PANEL
from mtl_magic.magic.checking import manager_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

TARGETS = {FEED: PANEL.open_feed, CONTROL: PANEL.open_control}


def register(shell: InteractiveShell) -> None:
    """Answer the panel, where the shell is a kernel's."""
    manager = manager_of(shell)
    if manager is not None:
        for target, opened in TARGETS.items():
            manager.register_target(target, opened)


def unregister(shell: InteractiveShell) -> None:
    """Undo `register`; pages that are there find that out."""
    manager = manager_of(shell)
    if manager is not None:
        for target in TARGETS:
            if target in manager.targets:
                manager.unregister_target(target, manager.targets[target])
        PANEL.close()


def cell_of(shell: Any) -> str:
    """The id of the cell that runs, as JupyterLab says it with the request; '' where no front end does."""
    parent: dict[str, Any] = getattr(getattr(shell, "kernel", None), "get_parent", dict)() or {}
    return str((parent.get("metadata") or {}).get("cellId", ""))
