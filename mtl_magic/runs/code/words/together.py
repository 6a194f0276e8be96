"""Balancing methods as code."""

from __future__ import annotations

from typing import Any

from mtl_magic.balance._own import WORD
from mtl_magic.runs.code.functions import training
from mtl_magic.runs.code.source import Functions
from mtl_magic.runs.code.text import Raw, call
from mtl_magic.runs.code.writers import BalanceText, writes

LEFT_OUT = (
    "The run's tasks were balanced by `{word}`, which is not in this script: here each loss counts over that of the "
    "best constant prediction, as `balance equal` does."
)


@writes("balance", "equal")
def equal(method: Any, functions: Functions) -> BalanceText:
    return BalanceText(normalised=True)


@writes("balance", "static")
def static(method: Any, functions: Functions) -> BalanceText:
    return BalanceText(normalised=False)


@writes("balance", "uncertainty")
def uncertainty(method: Any, functions: Functions) -> BalanceText:
    if method.form != "kendall":
        return BalanceText(normalised=True, notes=(LEFT_OUT.format(word=f"uncertainty(form={method.form})"),))
    name = functions.use(training.LearntWeights)

    def model(network: str) -> tuple[Any, Any]:
        rate = Raw(f"{method.lr:g} / LEARNING_RATE")
        return call(name, Raw(network), Raw("objective"), Raw("LOSS_WEIGHTS"), Raw("FACTORS"), rate), None

    return BalanceText(normalised=True, model=model)


def left_out(method: Any, functions: Functions) -> BalanceText:
    """Of a method that works inside our own step, on gradients or on a state: plain Keras has no place for it."""
    return BalanceText(normalised=True, notes=(LEFT_OUT.format(word=method.word),))


for _word in (
    "aligned_mtl",
    "cagrad",
    "config",
    "db_mtl",
    "dualproj",
    "dwa",
    "excess_mtl",
    "fairgrad",
    "famo",
    "geometric",
    "graddrop",
    "gradnorm",
    "gradvac",
    "imtl_g",
    "imtl_l",
    "metabalance",
    "mgda",
    "nash_mtl",
    "pcgrad",
    "random",
    "stch",
    "upgrad",
    "uw_so",
    WORD,
):
    writes("balance", _word)(left_out)
