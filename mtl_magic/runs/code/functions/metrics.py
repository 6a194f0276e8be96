"""Exact metrics of whole columns; every row has a label."""

from __future__ import annotations

import numpy as np
import pandas as pd


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve, by ranks; NaN where one class is missing."""
    positive = labels > 0.5
    ones, zeros = positive.sum(), (~positive).sum()
    if not ones or not zeros:
        return float("nan")
    rank = pd.Series(scores).rank().to_numpy()
    return float((rank[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def gauc(labels: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> float:
    """The mean AUC of the groups that have both classes, weighted by their rows."""
    total = weight = 0.0
    for rows in pd.Series(range(len(labels))).groupby(groups, dropna=False):
        found = auc(labels[rows[1]], scores[rows[1]])
        if not np.isnan(found):
            total, weight = total + found * len(rows[1]), weight + len(rows[1])
    return total / weight if weight else float("nan")


def logloss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean of minus the log of the true answer's probability."""
    if probabilities.ndim == 1:
        probabilities = np.stack([1 - probabilities, probabilities], axis=1)
    true = probabilities[np.arange(len(labels)), labels.astype(int)]
    return float(-np.log(np.clip(true, 1e-7, 1)).mean())


def accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The share of rows whose most probable answer is the true one."""
    if probabilities.ndim == 1:
        probabilities = np.stack([1 - probabilities, probabilities], axis=1)
    return float((probabilities.argmax(axis=1) == labels).mean())


def rmse(labels: np.ndarray, predictions: np.ndarray) -> float:
    """Root mean squared error."""
    return float(((labels - predictions) ** 2).mean() ** 0.5)


def mae(labels: np.ndarray, predictions: np.ndarray) -> float:
    """Mean absolute error."""
    return float(np.abs(labels - predictions).mean())
