"""Logits of probabilities that hang together: a product, and one below others."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("mtl_magic")
class ProductLogit(keras.layers.Layer):
    """Logit of σ(a)·σ(b) from the logits a and b, finite for any pair.

    The odds of the product are 1 / (e⁻ᵃ + e⁻ᵇ + e⁻ᵃ⁻ᵇ), so its logit is −logsumexp(−a, −b, −a−b). Used for P(child) =
    P(child | parent) P(parent) in ESMM (Ma et al. 2018, eq. 1), so that the loss of the product is taken from logits.

    Args:
        **kwargs: of `keras.layers.Layer`.

    Input: a pair of (B, 1). Output: (B, 1), float32.

    Example:
        >>> import numpy as np
        >>> zero = np.zeros((1, 1), "float32")
        >>> f"{float(ProductLogit()([zero, zero])[0, 0]):.4f}"  # σ(0)² = 1/4
        '-1.0986'
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, inputs: list[Any]) -> Any:
        a, b = inputs
        # σ(a)σ(b) = 1 / ((1 + e^-a)(1 + e^-b)), so its odds are 1 / (e^-a + e^-b + e^-(a+b)).
        return -ops.logsumexp(ops.stack([-a, -b, -a - b], axis=-1), axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]


@keras.saving.register_keras_serializable("mtl_magic")
class BelowLogit(keras.layers.Layer):
    """A logit below others: min(b₁, …) − softplus(a) from a and b₁, …, so that σ of it is at most each σ(bᵢ).

    Args:
        **kwargs: of `keras.layers.Layer`.

    Input: a list of two or more (B, 1), a first. Output: (B, 1), float32.

    Example:
        >>> import numpy as np
        >>> a, b, c = (np.array([[x]], "float32") for x in (0.0, 2.0, 1.0))
        >>> f"{float(BelowLogit()([a, b, c])[0, 0]):.4f}"  # 1 - log 2
        '0.3069'
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, inputs: list[Any]) -> Any:
        own, least, *others = inputs
        for other in others:
            least = ops.minimum(least, other)
        return least - ops.softplus(own)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]
