"""A registry with the textbooks' words, so that the language is tested apart from what the package builds so far."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from mtl_magic import parameters as p
from mtl_magic import registry as r
from mtl_magic.parameters import Choice, Float, Int, Name, OneOf, maybe
from mtl_magic.registry import Registry, option

quiet = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=quiet, derandomize=True)
settings.register_profile("slow", max_examples=20_000, deadline=None, suppress_health_check=quiet)
settings.load_profile(os.environ.get("MTL_MAGIC_HYPOTHESIS", "quick"))

WORDS = Registry()
WIDTHS = p.ListOf(Int(minimum=1))


def word(family: str, *names: str, bases: tuple[type, ...] = (r.Declaration,), **params: Any) -> None:
    """Declares words with the given options: name=(type, default) or name=type where it is required."""
    for name in names:
        body: dict[str, Any] = {
            "__annotations__": dict.fromkeys(params, Any),
            "__doc__": f"The {name}.",
            "__module__": __name__,
        }
        for key, value in params.items():
            body[key] = option(*value) if isinstance(value, tuple) else option(value)
        made = type(name.title().replace("_", ""), bases, body)
        made.__qualname__ = f"{family}.{name}"
        r.declare(family, name, registry=WORDS)(made)


class Given(r.Declaration):
    """A dependency that says which kinds it serves."""

    def serves(self, child: Any, parent: Any) -> bool:
        return parent.word == "binary" and (self.word != "esmm" or child.word == "binary")


class Mmoe(r.Declaration):
    """Multi-gate mixture of experts."""

    experts: int = option(Int(minimum=1), 8, "experts")
    units: Any = option(WIDTHS, (64,), "widths of an expert")
    top: int | None = option(maybe(Int(minimum=1)), None, "experts that a row uses")

    def check(self) -> None:
        if self.top is not None and self.top > self.experts:
            raise ValueError(f"top {self.top} of {self.experts} experts: there are not so many")


r.declare("block", "mmoe", registry=WORDS)(Mmoe)

column = maybe(Name("column"))
word("feature", "auto", "vector", column=(column, None))
word(
    "feature",
    "category",
    dim=(Int(1), 16),
    vocab=(OneOf((Choice(("auto",)), Int(1))), "auto"),
    same=(maybe(Name("feature")), None),
    column=(column, None),
)
word("feature", "number", scale=(Choice(("standard", "log", "quantile", "none")), "standard"), column=(column, None))
word("feature", "bucket", n=Int(2), column=(column, None))
word("feature", "tags", dim=(Int(1), 16), pool=(Choice(("mean", "sum")), "mean"), column=(column, None))
word(
    "feature",
    "sequence",
    of=Name("feature"),
    length=(Int(1), 50),
    encoder=(Choice(("mean", "din", "gru")), "mean"),
    column=(column, None),
)
word("block", "none")
word("block", "mlp", units=(WIDTHS, (64,)), dropout=(Float(minimum=0, below=1), 0.0))
word(
    "block",
    "ple",
    levels=(Int(1), 1),
    shared=(Int(1), 1),
    own=(OneOf((p.PerName(Int(1), "taker"), Int(1))), 1),
    units=(WIDTHS, (64,)),
)
word("block", "cross", depth=Int(1), of=(p.PerName(Float(), "task"), None))
losses, metrics = OneOf((p.CallOf("loss"), p.ListOf(p.CallOf("loss")))), p.ListOf(p.CallOf("metric"), 1)
word(
    "task",
    "binary",
    "regression",
    label=(column, None),
    loss=(maybe(losses), None),
    metrics=(maybe(metrics), None),
    tower=(maybe(WIDTHS), None),
)
word("task", "multiclass", n=Int(2), label=(column, None), loss=(maybe(losses), None))
word("given", "esmm", "observed", "aitm", bases=(Given,))
word("balance", "equal", "static", "famo")
word("balance", "gradnorm", alpha=(Float(above=0), 1.5), over=(Choice(("features", "parameters")), "features"))
word("loss", "bce", "huber")
word("loss", "focal", gamma=(Float(minimum=0), 2.0))
word("loss", "pairwise", group=Name("column"), weight=(Float(0), 1.0))
word("metric", "auc", "logloss", "rmse")
word("metric", "gauc", group=Name("column"))
part = OneOf((Float(minimum=0), Name("text"), p.Nothing()))
word(
    "settings",
    "split",
    valid=(part, None),
    test=(part, None),
    time=(column, None),
    stratify=(maybe(Name("task")), None),
)
optimizer = OneOf((Choice(("adam", "sgd")), p.Python("a Keras optimizer", lambda o: hasattr(o, "apply_gradients"))))
stop = OneOf((p.Bool(), Int(1), Name("metric"), p.Nothing()))
word(
    "settings",
    "train",
    epochs=(Int(1), 10),
    batch=(maybe(Int(1)), None),
    lr=(Float(above=0), 1e-3),
    optimizer=(optimizer, "adam"),
    precision=(Choice(("full", "mixed")), "full"),
    early_stop=(stop, 3),
    mix=(maybe(p.PerName(Float(0), "table")), None),
)
word(
    "settings",
    "tune",
    trials=(Int(1), 20),
    method=(Choice(("random", "bayesian")), "random"),
    objective=(maybe(p.ListOf(Name("metric"))), None),
    time=(maybe(Name("text")), None),
)


@pytest.fixture(scope="session")
def words() -> Registry:
    """The textbooks' words."""
    return WORDS
