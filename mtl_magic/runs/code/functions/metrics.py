"""Exact metrics of whole columns; every row has a label."""

from __future__ import annotations

from collections.abc import Callable

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


def pr_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Average precision: precision at each distinct score, by the recall it adds."""
    counts = pd.Series(labels > 0.5).groupby(-scores).agg(["sum", "count"]).cumsum()
    if not labels.any():
        return float("nan")
    recall = np.diff(counts["sum"] / counts["sum"].iloc[-1], prepend=0)
    return float((recall * counts["sum"] / counts["count"]).sum())


def f1(labels: np.ndarray, probabilities: np.ndarray, threshold: float) -> float:
    """2 TP / (2 TP + FP + FN); of several classes, the mean of those that occur."""
    several = probabilities.ndim == 2
    guess = probabilities.argmax(axis=1) if several else probabilities > threshold
    classes = range(probabilities.shape[1]) if several else [1]
    found = []
    for c in classes:
        both = (labels == c).sum() + (guess == c).sum()
        if both:
            found.append(2 * ((labels == c) & (guess == c)).sum() / both)
    return float(np.mean(found)) if found else float("nan")


def ne(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The log loss over that of always predicting the share of positives."""
    rate = labels.mean()
    if not 0 < rate < 1:
        return float("nan")
    constant = -rate * np.log(rate) - (1 - rate) * np.log(1 - rate)
    return float(logloss(labels, probabilities) / constant)


def pcoc(labels: np.ndarray, predictions: np.ndarray) -> float:
    """Predicted over observed: the sum of the predictions over that of the labels."""
    observed = labels.sum()
    predicted = predictions.sum(dtype="float64")
    return float(predicted / observed) if observed > 0 else float("nan")


def ece(labels: np.ndarray, probabilities: np.ndarray, bins: int, width: bool) -> float:
    """Expected calibration error, over bins of equal width or of equally many rows."""
    p = probabilities.astype("float64")
    if p.ndim == 2:
        labels, p = p.argmax(axis=1) == labels, p.max(axis=1)
    at = p if width else (pd.Series(p).rank().to_numpy() - 0.5) / len(p)
    place = np.clip(np.ceil(at * bins) - 1, 0, bins - 1)
    return float(pd.Series(labels - p).groupby(place).sum().abs().sum() / len(p))


def ndcg(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: np.ndarray,
    k: int | None,
    exponential: bool,
) -> float:
    """The mean over groups of DCG over the best DCG; rows that tie share places."""
    gains = 2.0**labels - 1 if exponential else labels
    found = []
    for _, rows in pd.Series(range(len(labels))).groupby(groups, dropna=False):
        discount = 1 / np.log2(np.arange(len(rows)) + 2)
        discount[k or len(rows) :] = 0
        order = rows.to_numpy()[np.argsort(-scores[rows], kind="stable")]
        shared = pd.Series(discount).groupby(scores[order]).transform("mean")
        best = (np.sort(gains[rows])[::-1] * discount).sum()
        if best > 0:
            found.append((gains[order] * shared).sum() / best)
    return float(np.mean(found)) if found else float("nan")


def mrr(
    labels: np.ndarray, scores: np.ndarray, groups: np.ndarray, k: int | None
) -> float:
    """The mean over groups of 1 / the place of the first positive; rows that tie share."""
    found = []
    for _, rows in pd.Series(range(len(labels))).groupby(groups, dropna=False):
        score, hit = scores[rows], labels[rows] > 0.5
        if not hit.any():
            continue
        best = score[hit].max()
        above, tied = (score > best).sum(), (score == best).sum()
        hits = (hit & (score == best)).sum()
        mean, missed = (
            0.0,
            1.0,
        )  # of the tied rows' orders, those whose first are misses
        for i in range(tied - hits + 1):
            place = above + i + 1
            chance = hits / (tied - i)
            mean += missed * chance / place * (k is None or place <= k)
            missed *= 1 - chance
        found.append(mean)
    return float(np.mean(found)) if found else float("nan")


def rmse(labels: np.ndarray, predictions: np.ndarray) -> float:
    """Root mean squared error."""
    return float(((labels - predictions) ** 2).mean() ** 0.5)


def mae(labels: np.ndarray, predictions: np.ndarray) -> float:
    """Mean absolute error."""
    return float(np.abs(labels - predictions).mean())


def spearman(labels: np.ndarray, predictions: np.ndarray) -> float:
    """The correlation of the ranks."""
    return float(pd.Series(labels).rank().corr(pd.Series(predictions).rank()))


def kappa(labels: np.ndarray, guess: np.ndarray, size: int) -> float:
    """Quadratic weighted kappa of two ratings with ranks below `size`."""
    seen = np.bincount(labels.astype(int), minlength=size) / max(len(labels), 1)
    said = np.bincount(guess.astype(int), minlength=size) / max(len(labels), 1)
    apart = np.subtract.outer(np.arange(size), np.arange(size)) ** 2
    chance = (apart * np.outer(seen, said)).sum()
    return float(1 - ((labels - guess) ** 2).mean() / chance) if chance else np.nan


def over_classes(
    metric: Callable[[np.ndarray, np.ndarray], float],
    labels: np.ndarray,
    shares: np.ndarray,
) -> float:
    """The mean of a metric over classes, for those for which it is defined."""
    known = ~np.isnan(labels)
    found = [
        metric(labels[known[:, i], i], shares[known[:, i], i])
        for i in range(labels.shape[1])
    ]
    found = [value for value in found if not np.isnan(value)]
    return float(np.mean(found)) if found else float("nan")
