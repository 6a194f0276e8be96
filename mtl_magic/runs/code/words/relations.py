"""Dependencies between tasks, as code."""

from __future__ import annotations

import math
from typing import Any

from mtl_magic.dependencies.escm2_dr import imputed, imputed_start
from mtl_magic.runs.code.functions import network, relations, risks
from mtl_magic.runs.code.text import Raw, call, rounded
from mtl_magic.runs.code.words.blocks import dense, stack
from mtl_magic.runs.code.writers import GivenAt, GivenText, writes


@writes("given", "observed")
def observed(method: Any, at: GivenAt) -> GivenText:
    """The logits stay; which labels count is written where labels are."""
    return GivenText()


@writes("given", "esmm")
def esmm(method: Any, at: GivenAt) -> GivenText:
    return GivenText(logits=_product(at))


def _product(at: GivenAt) -> list[Any]:
    name = at.functions.use(network.product)
    return [call(name, Raw(at.logits), Raw(parent)) for parent in at.above]


@writes("given", "monotone")
def monotone(method: Any, at: GivenAt) -> GivenText:
    return GivenText(logits=[call(at.functions.use(relations.below), Raw(at.logits), *(Raw(p) for p in at.above))])


@writes("given", "aitm")
def aitm(method: Any, at: GivenAt) -> GivenText:
    options = {"dropout": at.dropout} if at.dropout else {}
    key = at.child.key
    made = call(at.functions.use(relations.transfer), Raw(at.tower), at.reads, key, **options)
    passed = tuple(f"{key}_from_{parent}_dense_0" for parent in at.reads)
    term = call("functools.partial", Raw(at.functions.use(risks.calibrator)), alpha=method.alpha)
    return GivenText(made, (*passed, f"{key}_query", f"{key}_key", f"{key}_value"), term=term)


@writes("given", "dbmtl")
def dbmtl(method: Any, at: GivenAt) -> GivenText:
    options = {"dropout": at.dropout} if at.dropout else {}
    made = call(
        at.functions.use(relations.related), Raw(at.tower), at.reads, list(method.units), at.child.key, **options
    )
    return GivenText(made, dense(f"{at.child.key}_relation", method.units))


@writes("given", "escm2_ips")
def escm2_ips(method: Any, at: GivenAt) -> GivenText:
    return GivenText(logits=_product(at), term=_risk(method, at, risks.counterfactual))


@writes("given", "escm2_dr")
def escm2_dr(method: Any, at: GivenAt) -> GivenText:
    name = imputed(at.child.key)
    tower = f"{at.child.key}_imputation"
    read: Any = stack(at.functions, at.source, at.units, tower) if at.units else Raw(at.source)
    start = rounded(imputed_start(at.child, at.parents))
    made = call(at.functions.use(network.head), read, [start], name)
    layers = (*dense(tower, at.units), f"{name}_logits")
    return GivenText(
        layers=layers, logits=_product(at), further={name: made}, term=_risk(method, at, risks.doubly_robust)
    )


def _risk(method: Any, at: GivenAt, function: Any) -> Any:
    least = max(math.prod(p.mean for p in at.parents), 1e-12) / method.clip
    name = Raw(at.functions.use(function))
    return call("functools.partial", name, weight=method.weight, least=rounded(least))
