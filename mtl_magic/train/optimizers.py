"""The optimizers of a training: that of the train statement, and one for each way in which a part asks to be trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from mtl_magic.train import replicas
from mtl_magic.train.tables import Table

if TYPE_CHECKING:
    from mtl_magic.layers.embedding import FusedEmbedding
    from mtl_magic.model.training import Own
    from mtl_magic.parts import Training

# words of the language -> those of `Table`, where they differ
ROW_SPARSE = {"adam": "deferred_adam", "lazy_adam": "adam"}


def dense_optimizer(asked: Any, lr: float, weight_decay: float = 0.0) -> keras.optimizers.Optimizer:
    """An optimizer of dense variables: by name, or a fresh copy of the user's own."""
    decay = {"weight_decay": weight_decay} if weight_decay else {}
    if not isinstance(asked, str):
        return asked.__class__.from_config({**asked.get_config(), "learning_rate": lr, **decay})
    kinds = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD, "adagrad": keras.optimizers.Adagrad}
    return kinds[asked](learning_rate=lr, **decay)


def decays(variable: Any) -> bool:
    """Kernels do; vectors do not, nor the biases of experts that are stacked to a matrix."""
    return len(variable.shape) > 1 and not variable.name.startswith("bias")


@dataclasses.dataclass(frozen=True)
class _Group:
    """Variables of one optimizer: their places among all, and what its rate is over that of the training."""

    optimizer: Any
    places: tuple[int, ...]
    factor: float = 1.0


class Optimizers:
    """Moves the dense variables.

    Args:
        main: the Keras optimizer of all variables of which nothing is said.
        variables: the trainable Keras variables.
        apart: those that are trained in a way of their own.
        weight_decay: where it is above 0, biases and other vectors are left out of the optimizers' decay.
        base: the training's learning rate to which a part's optimizer of a rate of its own is in proportion.
    """

    def __init__(
        self,
        main: Any,
        variables: Sequence[Any],
        apart: Sequence[Own] = (),
        weight_decay: float = 0.0,
        base: float = 1.0,
    ) -> None:
        self._variables = list(variables)
        place = {id(v): i for i, v in enumerate(self._variables)}
        found: dict[tuple[Any, float], list[int]] = {}
        self._l2: dict[int, float] = {}
        for own in apart:
            places = [place[id(v)] for v in own.variables if id(v) in place]
            if own.training.l2:
                self._l2 |= {i: own.training.l2 for i in places if decays(self._variables[i])}
            if own.training.optimizer is not None or own.training.lr != 1.0:
                found.setdefault((own.training.optimizer, own.training.lr), []).extend(places)
        taken = {i for places in found.values() for i in places}
        rest = tuple(i for i in range(len(self._variables)) if i not in taken)
        self._groups = [_Group(main, rest)] if rest else []
        for (asked, factor), places in found.items():
            if places:
                own_rate = 1.0 if asked is None or isinstance(asked, str) else _rate(asked) / base
                optimizer = dense_optimizer(main if asked is None else asked, base, weight_decay)
                self._groups.append(_Group(optimizer, tuple(places), factor * own_rate))
        for group in self._groups:
            chosen = [self._variables[i] for i in group.places]
            if weight_decay:
                group.optimizer.exclude_from_weight_decay([v for v in chosen if not decays(v)])
            group.optimizer.build(chosen)

    @property
    def variables(self) -> list[Any]:
        """Of all optimizers: moments, counters, rates."""
        return [v for group in self._groups for v in group.optimizer.variables]

    def regularised(self, gradients: list[Any]) -> list[Any]:
        """A replica's share of the gradients of all variables, with its share of that of λ Σ w²."""
        if not self._l2:
            return gradients
        each = 2.0 / replicas.count()
        # The others are copied, for Keras takes gradients of one graph alone, and a step may run within a condition.
        return [
            g + self._l2[i] * each * v.value if i in self._l2 else tf.identity(g)
            for i, (g, v) in enumerate(zip(gradients, self._variables, strict=True))
        ]

    def apply(self, gradients: Sequence[Any], lr: Any) -> None:
        """One step, traced: a replica's share of the gradients of all variables, and the training's rate ()."""
        for group in self._groups:
            group.optimizer.learning_rate.assign(lr if group.factor == 1.0 else lr * group.factor)
            group.optimizer.apply([gradients[i] for i in group.places], [self._variables[i] for i in group.places])


def _rate(optimizer: Any) -> float:
    return float(optimizer.get_config()["learning_rate"])


def tables_of(
    layers: Sequence[FusedEmbedding], ways: Sequence[Training], optimizer: str, weight_decay: float
) -> list[Table]:
    """The tables that are trained, each as its features say; those of frozen features are not among them."""
    return [
        Table(
            layer,
            ROW_SPARSE.get(way.optimizer, way.optimizer) if way.optimizer else optimizer,
            l2=2.0 * way.l2,
            decay=weight_decay,
            factor=way.lr,
        )
        for layer, way in zip(layers, ways, strict=True)
        if not way.frozen
    ]
