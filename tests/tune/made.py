"""A search folder whose trials were never trained: their objectives are a known function of their values."""

from __future__ import annotations

import dataclasses
import math
import pathlib

import numpy as np

from mtl_magic.runs.fitting import parse
from mtl_magic.tune.folder import FAILED, FINISHED, Folder, Trial
from mtl_magic.tune.objectives import Objective
from mtl_magic.tune.search import Search
from mtl_magic.tune.space import Space
from mtl_magic.vocabulary import vocabulary

CELL = """\
share choose(mlp, mmoe(experts=choose(4, 8, 16)))
task click, like: binary
task watch: regression weight range(0.1, 10.0, log)
balance choose(equal, uncertainty, famo)
train lr=range(1e-4, 1e-2, log)
tune trials=40 objective=click.auc, watch.rmse"""
TWO = (Objective("click", "auc", True), Objective("watch", "rmse", False))


def made(root: pathlib.Path, trials: int = 40, objectives: tuple[Objective, ...] = TWO, name: str = "feed") -> Search:
    """`lr` matters most for click, the weight of watch trades one objective for the other, the rest is noise. Trial 5 failed."""
    whole = parse(CELL)
    space = Space(whole, vocabulary())
    said = [dataclasses.asdict(o) for o in objectives]
    facts = {"text": str(whole), "fixed": "", "data": "", "objectives": said, "seconds": 1.0}
    folder = Folder.claim(root, name, facts)
    draw = np.random.default_rng(0)
    for number in range(trials):
        values = {}
        if number:
            values = {h.name: _drawn(h, draw) for h in space.hypers}
        there = space.there(values)
        lr, weight = math.log10(float(there["lr"])), math.log10(float(there["watch.weight"]))
        noise = draw.normal(0, 0.002, 2)
        found = {
            "click.auc": 0.72 - 0.03 * (lr + 2.6) ** 2 - 0.01 * weight + noise[0],
            "watch.rmse": 12 + 0.5 * (lr + 2.6) ** 2 - 0.8 * weight + noise[1],
        }
        wanted = {o.name: found[o.name] for o in objectives}
        trial = Trial(number, there, str(space.cell(there)), FINISHED, wanted, 4, 2.0, 0.4, folder.run_id(number))
        if number == 5:
            error = {"code": "MTL301", "message": "the loss of 'click' is not a finite number at step 12"}
            trial = dataclasses.replace(trial, status=FAILED, objectives={}, error=error, run="")
        folder.write(trial)
    folder.change(status="finished")
    return Search(folder)


def _drawn(hyper, draw):
    if hyper.options:
        return hyper.options[draw.integers(len(hyper.options))]
    at = draw.random()
    value = hyper.low * (hyper.high / hyper.low) ** at if hyper.log else hyper.low + at * (hyper.high - hyper.low)
    return hyper.tidy(value)
