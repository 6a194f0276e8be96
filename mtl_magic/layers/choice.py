"""From a gate's logits to its weights. In a step's own network numbers of these layers may be `Assigned`."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from mtl_magic.assigned import Assigned, number


@keras.saving.register_keras_serializable("mtl_magic")
class GateWeights(keras.layers.Layer):
    """Softmax of a gate's logits, over the few greatest of them where `active` says so.

    Args:
        active: int or None. Experts that a row uses: the others' logits count as −∞ (Shazeer et al. 2017, Outrageously
            Large Neural Networks, eq. 3 and 5, without noise). None: all.
        temperature: float. The logits are divided by it: below 1 the choice is sharper, above 1 more even.
        dropout: float. With this probability an expert is out for a row while it trains, and the others' weights are
            scaled to sum to 1 again (Zhao et al. 2019, Recommending What Video to Watch Next, §4.2).
        importance: float. λ of λ CV²(Σ_b g_b), the squared coefficient of variation of how much each expert is used by
            the rows of a batch, which is added to the loss (Shazeer et al. 2017, eq. 6-7).
        entropy: float. λ of λ mean_b H(g_b), which is added to the loss: gates become decisive (Hazimeh et al. 2021, §3.2).
        **kwargs: of `keras.layers.Layer`.

    Input: (B, E) logits. Output: (B, E), rows that sum to 1.

    Example:
        >>> import numpy as np
        >>> GateWeights(active=2)(np.array([[0.0, 1.0, 1.0]], "float32")).numpy().tolist()
        [[0.0, 0.5, 0.5]]
    """

    def __init__(
        self,
        active: int | None = None,
        temperature: float = 1.0,
        dropout: float = 0.0,
        importance: float = 0.0,
        entropy: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.active, self.temperature, self.dropout = active, float(temperature), float(dropout)
        self.importance, self.entropy = float(importance), float(entropy)
        self.drop = keras.layers.Dropout(dropout, dtype="float32") if dropout else None

    def call(self, logits: Any, training: bool | None = None) -> Any:
        experts = logits.shape[-1]
        logits = ops.cast(logits, "float32") / number(self.temperature, "float32")  # e^x of float16 overflows at 12
        if self.active is not None and self.active < experts:
            chosen = ops.top_k(logits, self.active)[1]
            logits = ops.where(ops.any(ops.one_hot(chosen, experts, dtype="bool"), axis=-2), logits, -1e9)
        weights = ops.softmax(logits, axis=-1)
        if self.drop is not None and training:
            kept = weights * ops.cast(self.drop(ops.ones_like(weights), training=True) > 0, "float32")
            total = ops.sum(kept, axis=-1, keepdims=True)
            # A row whose every expert is out keeps all of them.
            weights = ops.where(total > 1e-6, kept / ops.maximum(total, 1e-6), weights)
        if training:
            add_losses(self, weights, self.importance, self.entropy)
        return ops.cast(weights, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        own = {"active": self.active, "temperature": self.temperature, "dropout": self.dropout}
        return {**super().get_config(), **own, "importance": self.importance, "entropy": self.entropy}


@keras.saving.register_keras_serializable("mtl_magic")
class SelectWeights(keras.layers.Layer):
    """The weights of a DSelect-k gate: k selectors of one expert each, mixed.

    Selector i has a bit of the expert's number for each of log₂E logits; `smooth_step` of a logit is how much it is 1, so
    that rₑ(z) = Π over bits, and q = Σᵢ softmax(α)ᵢ r(zᵢ): at most k experts once the bits are settled (Hazimeh et al.
    2021, DSelect-k, eq. 4-6). Bit j of expert e, counted from 0, is that of the binary number e.

    Args:
        experts: int. Number of experts E, a power of 2.
        active: int. Number of selectors k.
        gamma: float. Width γ of the smooth step.
        importance: float. As of `GateWeights`.
        entropy: float. λ of λ mean_b Σᵢ H(r(zᵢ)), which is added to the loss.
        **kwargs: of `keras.layers.Layer`.

    Input: (B, k (log₂E + 1)): the bits of each selector, then α. Output: (B, E), rows that sum to 1.

    Example:
        >>> import numpy as np
        >>> SelectWeights(4, 1)(np.array([[-1.0, 1.0, 0.0]], "float32")).numpy().tolist()  # bits 0 and 1: expert 2
        [[0.0, 0.0, 1.0, 0.0]]
    """

    def __init__(
        self,
        experts: int,
        active: int,
        gamma: float = 1.0,
        importance: float = 0.0,
        entropy: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.experts, self.active, self.gamma = int(experts), int(active), float(gamma)
        self.importance, self.entropy = float(importance), float(entropy)
        self.bits = (self.experts - 1).bit_length()
        if 2**self.bits != self.experts:
            raise ValueError(f"experts is a power of 2, not {experts}")

    def call(self, logits: Any, training: bool | None = None) -> Any:
        logits = ops.cast(logits, "float32")
        z = ops.reshape(logits[:, : self.active * self.bits], (-1, self.active, self.bits))
        mixed = ops.softmax(logits[:, self.active * self.bits :], axis=-1)
        steps = smooth_step(z, self.gamma)
        chosen = ops.ones_like(mixed)[:, :, None]
        for j in range(self.bits):  # the low half of the numbers has bit j 0
            step = steps[:, :, j : j + 1]
            chosen = ops.concatenate([chosen * (1 - step), chosen * step], axis=-1)
        weights = ops.einsum("bk,bke->be", mixed, chosen)
        if training:
            add_losses(self, weights, self.importance, 0.0)
            add_losses(self, ops.reshape(chosen, (-1, self.experts)), 0.0, self.entropy, self.active)
        return ops.cast(weights, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.experts)

    def get_config(self) -> dict[str, Any]:
        own = {"experts": self.experts, "active": self.active, "gamma": self.gamma}
        return {**super().get_config(), **own, "importance": self.importance, "entropy": self.entropy}


def smooth_step(t: Any, gamma: float | Assigned = 1.0) -> Any:
    """0 up to −γ/2, 1 from γ/2 on, and −2t³/γ³ + 3t/(2γ) + ½ in between (Hazimeh et al. 2021, eq. 3).

    Example:
        >>> smooth_step(ops.convert_to_tensor([-1.0, 0.0, 0.25])).numpy().tolist()
        [0.0, 0.5, 0.84375]
    """
    width = number(gamma, "float64")
    cubed, once, end = (ops.cast(factor, t.dtype) for factor in (-2 / width**3, 3 / (2 * width), width / 2))
    inside = cubed * t**3 + once * t + 0.5
    return ops.where(t <= -end, 0.0, ops.where(t >= end, 1.0, inside))


def add_losses(
    layer: Any, weights: Any, importance: float | Assigned, entropy: float | Assigned, times: int = 1
) -> None:
    """What gates (B, E) add to the loss: λ CV² of the experts' use, λ mean entropy of so many gates together."""
    if importance:
        used = ops.mean(weights, axis=0)
        layer.add_loss(number(importance, weights.dtype) * ops.var(used) / ops.square(ops.mean(used)))
    if entropy:
        logs = ops.log(ops.maximum(weights, 1e-9))
        scale = ops.cast(-number(entropy, "float64") * times, weights.dtype)
        layer.add_loss(scale * ops.mean(ops.sum(weights * logs, axis=-1)))
