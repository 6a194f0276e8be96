"""`mtl_magic.fit` of a cell with a `tune` line."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlWarning
from mtl_magic.runs import fitting
from mtl_magic.runs.project.store import root_of
from mtl_magic.tune.running import Plan, run_search

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared
    from mtl_magic.language.spec import Spec
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run
    from mtl_magic.train.control import Control
    from mtl_magic.train.events import Listener


def plan_of(
    text_or_spec: str | Spec, namespace: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None
) -> Plan:
    """What a text searches; `options` of `train` win over those in it.

    Raises:
        MtlError: all that is wrong with it.
    """
    whole = fitting.parse(text_or_spec) if isinstance(text_or_spec, str) else text_or_spec
    if options:
        whole, objects = fitting.with_options(whole, options)
        namespace = {**(namespace or {}), **objects} if objects else namespace
    return Plan(whole, fitting.compile_program(whole, namespace), namespace)


def fit_search(
    text_or_spec: str | Spec,
    tables: tuple[Any, Any, Any],
    *,
    namespace: Mapping[str, Any] | None,
    options: Mapping[str, Any],
    stream: bool | None,
    name: str,
    store: str | os.PathLike[str] | None,
    resume: bool,
    checkpoint: float,
    control: Control | None,
    listeners: Sequence[Listener],
) -> Run:
    """See `mtl_magic.fit`, whose arguments these are; the best trial's run."""
    plan = plan_of(text_or_spec, namespace, options)
    listeners = (*listeners, fitting.warn_of_trouble)

    def prepare(program: Program) -> Prepared:
        return fitting.prepare(program, *tables, stream=stream, listeners=listeners)

    prepared = prepare(plan.first)
    for problem in prepared.warnings:
        warnings.warn(MtlWarning(problem, plan.first.text), stacklevel=3)
    try:
        return run_search(
            plan,
            prepared,
            prepare,
            root=None if store is None else root_of(store),
            name=name,
            resume=resume,
            asked={"stream": stream},
            seconds=checkpoint,
            control=control,
            listeners=listeners,
        )
    finally:
        prepared.close()
