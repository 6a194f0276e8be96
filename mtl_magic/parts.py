"""How a part of the network is trained: the options that every feature kind, block and task has.

A part's weights are the embedding rows of a feature, the layers of a block, the tower, head and gates of a task.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from mtl_magic.parameters import Bool, Choice, Float, OneOf, Python, maybe
from mtl_magic.registry import Declaration, option

OPTIMIZERS = ("adam", "adagrad", "sgd")
# optimizers of embedding tables -> how many numbers each keeps of an entry, and of a row
TABLES = {
    "adam": (2, 1),
    "lazy_adam": (2, 0),
    "dense_adam": (2, 0),
    "adagrad": (1, 0),
    "rowwise_adagrad": (0, 1),
    "sgd": (0, 0),
}


def is_optimizer(value: Any) -> bool:
    return hasattr(value, "apply_gradients") and not isinstance(value, type)


def has_schedule(optimizer: Any) -> bool:
    """Whether a Keras optimizer's learning rate is a schedule of its own; a word has none."""
    return not isinstance(optimizer, str) and isinstance(optimizer.get_config()["learning_rate"], dict)


def refuse_schedule(optimizer: Any) -> None:
    """Of a part's optimizer.

    Raises:
        ValueError: its learning rate is a schedule.
    """
    if optimizer is not None and has_schedule(optimizer):
        raise ValueError(
            "a part's learning rate follows the course of train's: give its optimizer a number, and train a schedule"
        )


OPTIMIZER = OneOf((Choice(OPTIMIZERS), Python("a Keras optimizer", is_optimizer)))


def lr_option(weights: str) -> Any:
    """The `lr` of a part whose weights are called so."""
    return option(Float(above=0), 1.0, f"factor on the learning rate of {weights}", by_name=True)


def optimizer_option(weights: str) -> Any:
    """The `optimizer` of a part with layers."""
    doc = (
        f"optimizer of {weights}; one in braces keeps its own learning rate in place of train's; none: that of `train`"
    )
    return option(maybe(OPTIMIZER), None, doc, by_name=True)


def table_optimizer_option() -> Any:
    """The `optimizer` of a feature."""
    doc = "optimizer of its embedding rows, as in `tables` of `train`; none: that of `train`"
    return option(maybe(Choice(tuple(TABLES))), None, doc, by_name=True)


def l2_option(weights: str) -> Any:
    """The `l2` of a part."""
    return option(Float(minimum=0), 0.0, f"λ: λ Σ w² of {weights} is added to what training minimises", by_name=True)


def dropout_option(entries: str, default: float | None = 0.0, otherwise: str = "") -> Any:
    """The `dropout` of a part; `otherwise` says what a default of none means."""
    rate = Float(minimum=0, below=1)
    kind, doc = maybe(rate) if default is None else rate, f"dropout of {entries}{otherwise}"
    return option(kind, default, doc, by_name=True, assigned=True)


def frozen_option(weights: str) -> Any:
    """The `frozen` of a part."""
    doc = f"{weights} stay as they begin: as they are drawn, or as `warm_start` of `train` has them"
    return option(Bool(), False, doc, by_name=True)


@dataclasses.dataclass(frozen=True)
class Training:
    """How the weights of a part are trained; equal ones can be trained together."""

    lr: float = 1.0  # factor
    optimizer: Any = None  # a word, a Keras optimizer, or None: as everything else
    l2: float = 0.0
    frozen: bool = False

    @classmethod
    def of(cls, part: Any) -> Training:
        """What a declaration says, one of another kind or a Python object nothing; of frozen weights no more matters."""
        if getattr(part, "frozen", False):
            return cls(frozen=True)
        said: Any = {f.name: getattr(part, f.name, f.default) for f in dataclasses.fields(cls)}
        return cls(**said) if isinstance(part, Declaration) else cls()

    @property
    def plain(self) -> bool:
        """Nothing is said."""
        return self == PLAIN


PLAIN = Training()


def said_of(part: Declaration) -> tuple[str, ...]:
    """Names of the options of this page that a part was given, as a person would look for them.

    Example:
        >>> from mtl_magic.vocabulary import vocabulary
        >>> said_of(vocabulary().find("task", "binary")(frozen=True))
        ('frozen',)
    """
    return tuple(p.name for p in part.options() if p.by_name and getattr(part, p.name) != p.default)


def carried(source: Declaration | None, target: Declaration) -> Declaration:
    """`target`, an inferred kind, with what was said of the training of the part that it stands for."""
    if source is None:
        return target
    said: Any = {name: getattr(source, name) for name in said_of(source)}
    return dataclasses.replace(target, **said)
