"""The training of a cell: who listens to it, where it is shown, and whether the cell waits for it."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mtl_magic.magic.background import Training
from mtl_magic.magic.keeping import MINE, Troubles
from mtl_magic.problems import MtlError
from mtl_magic.train.control import Control

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mtl_magic.dashboard.watched import Watched
    from mtl_magic.dashboard.wheel import Wheel
    from mtl_magic.data.schema import Prepared
    from mtl_magic.magic.flags import Flags
    from mtl_magic.program import Program
    from mtl_magic.runs.project.recorder import Keep
    from mtl_magic.runs.run import Run

UNNAMED = "_mtl"


@dataclasses.dataclass
class Work:
    """What is to be trained.

    Attributes:
        shell: of the notebook.
        flags: of the cell's line.
        program, prepared: what, on what.
        keep: where its run is kept.
        text: the whole cell, for places of errors.
    """

    shell: InteractiveShell
    flags: Flags
    program: Program
    prepared: Prepared
    keep_in: Keep | None
    text: str

    @property
    def name(self) -> str:
        return self.flags.name or UNNAMED

    def train(self) -> Run:
        """Until it is over."""
        control = Control()
        with self._shown(control) as shown:
            return self._train(control, shown)

    def _train(self, control: Control, listeners: list[Any]) -> Run:
        from mtl_magic.runs.fitting import train
        from mtl_magic.runs.tracking import tracked

        with tracked(self.name, self.program, keep=self.keep_in, wanted=self.flags.mlflow) as trackers:
            heard = [*listeners, *trackers]
            run = train(
                self.program, self.prepared, name=self.name, control=control, listeners=heard, keep=self.keep_in
            )
            for tracker in trackers:
                tracker.finish(run, run.folder)
        return run

    @contextlib.contextmanager
    def _shown(self, control: Control) -> Iterator[list[Any]]:
        """Listeners that show the training: dashboard and panel in a notebook, a line an epoch in a terminal."""
        if getattr(self.shell, "kernel", None) is None:
            from mtl_magic.magic.progress import TerminalProgress

            yield [] if self.flags.quiet else [Troubles(), TerminalProgress(self.name)]
            return
        with contextlib.ExitStack() as closing:
            shown: list[Any] = []
            before = self._before()
            if self.flags.quiet:
                wheel = closing.enter_context(self._wheel(control))
            else:
                from IPython.display import display

                from mtl_magic.dashboard.board import Board

                board = Board(
                    self.name,
                    self.program,
                    self.prepared.schema,
                    control,
                    before=before,
                    shell=self.shell,
                    background=self.flags.background,
                )
                display(board.charts)
                closing.enter_context(contextlib.closing(board))
                shown, wheel = [Troubles(), board], board.controls
            shown.append(closing.enter_context(contextlib.closing(self._watched(wheel, before))))
            yield shown

    @contextlib.contextmanager
    def _wheel(self, control: Control) -> Iterator[Wheel]:
        """What steers, where no widget does."""
        from mtl_magic.dashboard.wheel import Wheel
        from mtl_magic.runs.quiet import keras_quietly

        keras_quietly()
        from mtl_magic.train.fit import learning_rate
        from mtl_magic.train.methods import method_in

        wheel = Wheel.of(self.program, lr=learning_rate(self.program.train)[1], method=method_in(self.program))
        wheel.connect(control)
        try:
            yield wheel
        finally:
            wheel.finish()

    def _watched(self, wheel: Wheel, before: Run | None) -> Watched:
        """For the panel beside the notebook."""
        from mtl_magic.dashboard.panel import PANEL
        from mtl_magic.dashboard.roads import known
        from mtl_magic.dashboard.watched import Watched
        from mtl_magic.magic.panel import cell_of

        watched = Watched(
            PANEL,
            self.name,
            self.program,
            self.prepared.schema,
            wheel,
            before=before,
            cell=cell_of(self.shell),
            text=self.text,
            road=known(self.shell, background=self.flags.background),
        )
        PANEL.begin(watched)
        return watched

    def _before(self) -> Run | None:
        """The run that has this name now, where its tasks are those of the new one."""
        from mtl_magic.runs.run import Run

        found = self.shell.user_ns.get(self.name)
        same = isinstance(found, Run) and found.tasks == tuple(t.name for t in self.program.tasks)
        return found if same else None

    def begin(self, opened: contextlib.ExitStack) -> None:
        """Train in a thread; `opened` is closed once it is over."""
        control = Control()
        training = Training(self.name, control, tuple(t.name for t in self.program.tasks))
        shown = opened.enter_context(self._shown(control))  # by the cell, while it is there to show it
        self.shell.user_ns[self.name] = training

        def train() -> Run:
            with opened:
                try:
                    return self._train(control, [training, *shown])
                except MtlError as error:
                    raise MtlError(error.problems, self.text) from error

        training.start(train, self._done)

    def _done(self, training: Training) -> None:
        """In the thread, once it is over; what is shown belongs to the cell that began it."""
        if training.run is not None:
            self.keep(training.run)
        if not self.flags.quiet:
            from IPython.display import display

            display(training.run if training.run is not None else Failed(training.error))

    def keep(self, run: Run) -> None:
        """The notebook's variable becomes the run, unless a person has put something else there meanwhile."""
        from mtl_magic.runs.run import Run

        if run.folder:
            MINE.add(pathlib.Path(run.folder).resolve())
        if self.name not in self.shell.user_ns or isinstance(self.shell.user_ns[self.name], (Run, Training)):
            self.shell.user_ns[self.name] = run


class Failed:
    """What a training in the background failed with, as an output: nobody waits for its exception."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error

    def __repr__(self) -> str:
        if isinstance(self.error, MtlError):
            return str(self.error)
        return f"{type(self.error).__name__}: {self.error}"
