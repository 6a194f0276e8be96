"""A cell whose words have become declarations and whose `{…}` have been evaluated: what data, model and training read.

Names are the user's own; `safe_names` gives each the name that Keras and TensorFlow accept.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mtl_magic.problems import Span
from mtl_magic.registry import Declaration

INPUTS, NONE = "inputs", "none"  # the two sources that are not names of the user's


@dataclasses.dataclass(frozen=True)
class FeatureRule:
    """A `feature` line's name or pattern with its kind (None: infer it)."""

    pattern: str
    literal: bool  # a quoted '*' is meant as such
    kind: Declaration | None
    span: Span | None = None
    kind_span: Span | None = None

    @property
    def wildcard(self) -> bool:
        return "*" in self.pattern and not self.literal

    def matches(self, name: str) -> bool:
        if not self.wildcard:
            return self.pattern == name
        return re.fullmatch(".*".join(map(re.escape, self.pattern.split("*"))), name, re.DOTALL) is not None


@dataclasses.dataclass(frozen=True)
class BlockPlan:
    """A `share` line. `block` is a declaration, or the Python layer or function that stood in braces."""

    name: str  # '' for the unnamed block
    block: Any
    sources: tuple[str, ...]  # blocks, features (patterns), `inputs`, `none`; never empty
    span: Span | None = None
    source_spans: tuple[Span | None, ...] = ()

    @property
    def title(self) -> str:
        return self.name or getattr(self.block, "word", "") or type(self.block).__name__.lower()


@dataclasses.dataclass(frozen=True)
class GivenPlan:
    parent: str
    method: Any  # a declaration of the family 'given', or None: a kind that the data decides decides it (`language.resolve.default_given`)
    span: Span | None = None


@dataclasses.dataclass(frozen=True)
class TaskPlan:
    """A head. `kind` is None where the data decides; `sources` is never empty."""

    name: str
    kind: Declaration | None
    sources: tuple[str, ...]  # as in BlockPlan; '' is the unnamed block
    givens: tuple[GivenPlan, ...] = ()
    weight: float = 1.0
    span: Span | None = None  # of the name
    kind_span: Span | None = None
    label_span: Span | None = None  # of the column that `label=` names

    @property
    def label(self) -> str:
        """The label's column."""
        return (getattr(self.kind, "label", None) or self.name) if self.kind else self.name


@dataclasses.dataclass(frozen=True)
class Program:
    """Everything a run needs to know that the user wrote (or left to the defaults)."""

    features: tuple[FeatureRule, ...]
    ignores: tuple[FeatureRule, ...]  # `kind` is None
    blocks: tuple[BlockPlan, ...]  # in an order in which each comes after those that it draws from
    tasks: tuple[TaskPlan, ...]  # in the order of the text
    balance: Any  # a declaration of the family 'balance'
    split: Any  # mtl_magic.settings.split.Split
    train: Any  # mtl_magic.settings.train.Train
    split_given: bool = False  # a `split` line was written
    tune: Any = None  # the declaration of the `tune` statement, where one was written
    places: Mapping[str, Span] = dataclasses.field(default_factory=dict)  # of 'split.time', 'balance', '--test'
    allowed: tuple[tuple[Span | None, tuple[str, ...]], ...] = ()  # statements with an `allow`, and its codes
    text: str = ""  # the text that spans point into
    canonical: str = ""  # str(spec)

    def task(self, name: str) -> TaskPlan:
        return next(t for t in self.tasks if t.name == name)


def safe_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A Keras-safe name for each: ASCII letters, digits and `_`, a letter first, unique, stable in the order given.

    Example:
        >>> safe_names(["click", "a b", "价格", "a_b"])
        {'click': 'click', 'a b': 'a_b', '价格': 'n_0f4371', 'a_b': 'a_b_2'}
    """
    import hashlib

    used, result = set(taken), {}
    for name in names:
        safe = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")
        if not safe or (not name.isascii() and len(safe) < len(name) / 2):
            safe = "n_" + hashlib.sha256(name.encode()).hexdigest()[:6]
        elif not safe[0].isalpha():
            safe = "n_" + safe
        unique, n = safe, 1
        while unique in used:
            n += 1
            unique = f"{safe}_{n}"
        used.add(unique)
        result[name] = unique
    return result
