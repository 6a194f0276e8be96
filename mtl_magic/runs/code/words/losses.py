"""Losses as code."""

from __future__ import annotations

from typing import Any

from mtl_magic.runs.code.functions import lists, losses
from mtl_magic.runs.code.source import Functions
from mtl_magic.runs.code.text import Raw, call
from mtl_magic.runs.code.writers import writes


def _partial(name: str, **options: Any) -> Any:
    return call("functools.partial", Raw(name), **options)


@writes("loss", "bce")
def bce(loss: Any, functions: Functions, task: Any = None) -> Any:
    if loss.label_smoothing:
        return _partial(functions.use(losses.smoothed_bce), smoothing=loss.label_smoothing)
    return Raw(functions.use(losses.bce))


@writes("loss", "focal")
def focal(loss: Any, functions: Functions, task: Any = None) -> Any:
    return _partial(functions.use(losses.focal), gamma=loss.gamma)


@writes("loss", "crossentropy")
def crossentropy(loss: Any, functions: Functions, task: Any = None) -> Any:
    if loss.label_smoothing:
        return _partial(functions.use(losses.smoothed_crossentropy), smoothing=loss.label_smoothing)
    return Raw(functions.use(losses.crossentropy))


@writes("loss", "corn")
def corn(loss: Any, functions: Functions, task: Any = None) -> Raw:
    return Raw(functions.use(losses.corn))


@writes("loss", "mse")
def mse(loss: Any, functions: Functions, task: Any = None) -> Raw:
    return Raw(functions.use(losses.squared_error))


@writes("loss", "mae")
def absolute(loss: Any, functions: Functions, task: Any = None) -> Raw:
    return Raw(functions.use(losses.absolute_error))


@writes("loss", "huber")
def huber(loss: Any, functions: Functions, task: Any = None) -> Any:
    return _partial(functions.use(losses.huber), delta=loss.delta)


@writes("loss", "quantile")
def quantile(loss: Any, functions: Functions, task: Any = None) -> Any:
    return _partial(functions.use(losses.pinball), q=loss.q)


@writes("loss", "log")
def log(loss: Any, functions: Functions, task: Any = None) -> Raw:
    """Of targets that are logs in deviations; without a task, of the label itself."""
    return Raw(functions.use(losses.squared_error if task is not None else losses.squared_log_error))


@writes("loss", "poisson")
def poisson(loss: Any, functions: Functions, task: Any = None) -> Raw:
    return Raw(functions.use(losses.poisson))


@writes("loss", "tweedie")
def tweedie(loss: Any, functions: Functions, task: Any = None) -> Any:
    return _partial(functions.use(losses.tweedie), p=loss.p)


@writes("loss", "ziln")
def ziln(loss: Any, functions: Functions, task: Any = None) -> Any:
    _, mean, std = task.learnt if task is not None else (0.5, 0.0, 1.0)
    return _partial(functions.use(losses.ziln), mean=float(mean), std=float(std))


@writes("loss", "pairwise")
def pairwise(loss: Any, functions: Functions, task: Any = None) -> Any:
    return _partial(functions.use(lists.pairwise), hinge=loss.kind == "hinge", temperature=loss.temperature)


@writes("loss", "listwise")
def listwise(loss: Any, functions: Functions, task: Any = None) -> Any:
    exponential = loss.gain == "exponential"
    return _partial(functions.use(lists.listwise), exponential=exponential, temperature=loss.temperature)
