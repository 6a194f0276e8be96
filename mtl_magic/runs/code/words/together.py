"""What stands between tasks, as code: dependencies and balancing methods."""

from __future__ import annotations

from typing import Any

from mtl_magic.runs.code.functions import network, training
from mtl_magic.runs.code.source import Functions
from mtl_magic.runs.code.text import Raw, call
from mtl_magic.runs.code.writers import BalanceText, writes


@writes("given", "esmm")
def esmm(method: Any, functions: Functions, child: str, parent: str) -> Any:
    return call(functions.use(network.product), Raw(child), Raw(parent))


@writes("given", "observed")
def observed(method: Any, functions: Functions, child: str, parent: str) -> None:
    """The logits stay; which labels count is written where labels are."""


@writes("balance", "equal")
def equal(method: Any, functions: Functions) -> BalanceText:
    return BalanceText(normalised=True)


@writes("balance", "static")
def static(method: Any, functions: Functions) -> BalanceText:
    return BalanceText(normalised=False)


@writes("balance", "uncertainty")
def uncertainty(method: Any, functions: Functions) -> BalanceText:
    name = functions.use(training.LearntWeights)

    def model(network: str) -> tuple[Any, Any]:
        rate = Raw(f"{method.lr:g} / LEARNING_RATE")
        return call(name, Raw(network), Raw("objective"), Raw("LOSS_WEIGHTS"), Raw("FACTORS"), rate), None

    return BalanceText(normalised=True, model=model)
