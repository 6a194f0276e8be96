"""The dashboard of one training, whole: both widgets, the road between them, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.dashboard.charts import Charts
from mtl_magic.dashboard.controls import Controls
from mtl_magic.dashboard.roads import Road, keep_subshell, known
from mtl_magic.dashboard.stored import ghost_of
from mtl_magic.train.control import Control
from mtl_magic.train.events import Event, Finished

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run


class Board:
    """Listens to a training, shows it, and hands on what a person does.

    Args:
        name: of the run.
        program, schema: what is trained.
        control: its mailbox.
        before: an earlier run of these tasks, drawn behind; None: none.
        shell: of the notebook; its kernel says whether messages arrive while a cell runs.
        background: whether the cell returns at once: then they do in any case.

    Attributes:
        charts: what is to be displayed.
    """

    def __init__(
        self,
        name: str,
        program: Program,
        schema: Schema,
        control: Control,
        *,
        before: Run | None = None,
        shell: Any = None,
        background: bool = False,
    ) -> None:
        from mtl_magic.runs.quiet import keras_quietly

        keras_quietly()
        from mtl_magic.train.fit import learning_rate
        from mtl_magic.train.methods import method_in

        self.controls = Controls.of(program, lr=learning_rate(program.train)[1], method=method_in(program))
        self.controls.connect(control)
        keep_subshell(self.controls)
        ghost, ghost_name = ghost_of(before)
        self.charts = Charts.of(name, schema, controls=self.controls, ghost=ghost, ghost_name=ghost_name)
        keep_subshell(self.charts)
        self._road = Road(self.charts.feed.say)
        self.controls.heard.append(self._road.heard)
        self._known = known(shell, background=background)

    @property
    def watches(self) -> bool:
        """See `train.events.Listener`."""
        return self.charts.watches

    def __call__(self, event: Event) -> None:
        if self._known:
            self.charts.feed.status.road = self._known
        else:
            self._road(event)
        self.charts(event)
        if isinstance(event, Finished):
            self.close()

    def close(self) -> None:
        """Training is over, or has failed: nothing can be moved any more."""
        self.controls.finish()
