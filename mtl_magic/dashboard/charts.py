"""What a training does, drawn while it does it. Only the trainer writes here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets
from ipywidgets import Widget, widget_serialization

from mtl_magic.dashboard.feed import Feed
from mtl_magic.dashboard.heads import Heads
from mtl_magic.dashboard.paged import Paged
from mtl_magic.dashboard.rows import KINDS
from mtl_magic.train.events import Event, Finished

if TYPE_CHECKING:
    from mtl_magic.dashboard.controls import Controls
    from mtl_magic.data.schema import Schema


class Charts(Paged):
    """Progress, a card a head, and charts of what events bring; a listener of `train.events`.

    Args:
        name: of the run.
        tasks: their names.
        metrics: task -> the metric by which it is watched.
        higher: task -> whether more of its metric is better; None: neither is.
        constants: task -> loss of the best constant, over which losses are drawn.
        controls: shown in the rows of the tasks; None: none.
        ghost: what `history` of an earlier run held, drawn behind.
        ghost_name: of that run.

    Example:
        >>> charts = Charts("feed", ["click"], {"click": "auc"})
        >>> charts
        Dashboard of feed
    """

    page = "charts"

    name = traitlets.Unicode().tag(sync=True)
    tasks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    metrics = traitlets.Dict().tag(sync=True)
    higher = traitlets.Dict().tag(sync=True)
    constants = traitlets.Dict().tag(sync=True)
    charts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    keeps = traitlets.Dict().tag(sync=True)  # kind -> rows that are kept: where it is 1 the page keeps no more
    controls = traitlets.Instance(Widget, allow_none=True).tag(sync=True, **widget_serialization)
    ghost = traitlets.Dict().tag(sync=True)
    ghost_name = traitlets.Unicode().tag(sync=True)
    history = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        name: str,
        tasks: list[str],
        metrics: Mapping[str, str],
        *,
        higher: Mapping[str, bool | None] | None = None,
        constants: Mapping[str, float] | None = None,
        controls: Controls | None = None,
        ghost: Mapping[str, Any] | None = None,
        ghost_name: str = "",
        **options: Any,
    ) -> None:
        super().__init__(
            name=name,
            tasks=list(tasks),
            metrics=dict(metrics),
            higher=dict(higher or {}),
            constants={t: c for t, c in (constants or {}).items() if 0 < c < float("inf")},
            charts=list(KINDS),
            keeps={name: kind.keeps for name, kind in KINDS.items()},
            controls=controls,
            ghost=dict(ghost or {}),
            ghost_name=ghost_name,
            **options,
        )
        self.feed = Feed(name, self.tasks, self.metrics, self._post)
        self.on_msg(self._hear)

    @classmethod
    def of(cls, name: str, schema: Schema, **options: Any) -> Charts:
        """Of the tasks of a schema."""
        heads = Heads.of(schema)
        return cls(name, list(heads.tasks), heads.metrics, higher=heads.higher, constants=heads.constants, **options)

    @property
    def watches(self) -> bool:
        """See `train.events.Listener`."""
        return self.feed.watched

    def __call__(self, event: Event) -> None:
        self.feed(event)
        if isinstance(event, Finished):
            self.finish()

    def take(self, feed: Feed) -> None:
        """Show what another feed has heard, to its end."""
        self.feed = feed
        feed.connect(self._post)
        self.finish()

    def finish(self) -> None:
        """What is kept becomes a trait, which a saved notebook holds and a view that comes later reads."""
        self.history = self.feed.history()

    def __repr__(self) -> str:
        return f"Dashboard of {self.name}"

    def _post(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        if self.comm is not None:
            self.send(message, buffers)

    def _hear(self, _: Any, content: Any, buffers: Any) -> None:
        """A page came or went; whatever else comes is not for us."""
        match content:
            case {"do": "hello", "view": str(view)}:
                self.feed.hello(view)
            case {"do": "bye", "view": str(view)}:
                self.feed.bye(view)
