"""From logits to predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """The probability of a yes."""
    return np.exp(-np.logaddexp(0, -logits[:, 0]))


def probabilities(title: str, classes: list[Any], logits: np.ndarray) -> dict[str, Any]:
    """The most probable class, and each one's probability."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = odds / odds.sum(axis=1, keepdims=True)
    columns = {f"{title}:{name}": shares[:, i] for i, name in enumerate(classes)}
    return {title: [classes[i] for i in shares.argmax(axis=1)], **columns}


def shares_of(predicted: pd.DataFrame, title: str, classes: list[Any]) -> np.ndarray:
    """The probabilities of a task's classes, (rows, classes)."""
    return predicted[[f"{title}:{name}" for name in classes]].to_numpy()
