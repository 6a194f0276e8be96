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


def classes_each(
    title: str, classes: list[Any], logits: np.ndarray
) -> dict[str, np.ndarray]:
    """Each class's own probability."""
    shares = np.exp(-np.logaddexp(0, -logits))
    return {f"{title}:{name}": shares[:, i] for i, name in enumerate(classes)}


def ranks(title: str, classes: list[Any], logits: np.ndarray) -> dict[str, Any]:
    """The most probable rank, and each one's probability: that of passing every step
    before it, and not its own.
    """
    passed = np.cumsum(-np.logaddexp(0, -logits), axis=1)
    before = np.pad(passed, [(0, 0), (1, 0)])
    stops = np.pad(-np.logaddexp(0, logits), [(0, 0), (0, 1)])
    shares = np.exp(before + stops)
    columns = {f"{title}:{name}": shares[:, i] for i, name in enumerate(classes)}
    return {title: [classes[i] for i in shares.argmax(axis=1)], **columns}


def exponential(logits: np.ndarray, mean: float) -> np.ndarray:
    """A mean above 0, from its log over `mean`."""
    return np.exp(np.minimum(logits[:, 0] + np.log(mean), 80.0))


def from_log(logits: np.ndarray, mean: float, std: float) -> np.ndarray:
    """A number of at least 0, from the log of it and 1 in deviations."""
    return np.expm1(np.clip(logits[:, 0] * std + mean, 0.0, 80.0))


def lognormal_mean(logits: np.ndarray, mean: float, std: float) -> np.ndarray:
    """The mean of a lognormal number that is 0 with some probability."""
    sigma = std * (0.1 + np.logaddexp(0, logits[:, 2] + np.log(np.expm1(0.9))))
    log = mean + std * logits[:, 1] + 0.5 * sigma**2
    return np.exp(np.minimum(log, 80.0) - np.logaddexp(0, -logits[:, 0]))
