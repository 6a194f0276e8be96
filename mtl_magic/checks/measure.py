"""How much one feature by itself says of a label, on rows that its scores were not made from. Arrays in, a number out."""

from __future__ import annotations

import numpy as np

LEAST = 20  # held-out rows of either side; fewer say nothing


def auc(codes: np.ndarray, labels: np.ndarray, half: int) -> float:
    """AUC of the label's mean of each value; NaN where too few rows tell.

    Args:
        codes: (n,) int from 0, the feature's values.
        labels: (n,) 0, 1 or NaN.
        half: so many rows make the means, those after them are ranked by them.

    Example:
        >>> values = np.tile([0, 1, 2, 3], 50)
        >>> auc(values, (values > 1) * 1.0, half=100)
        1.0
    """
    fit, held = _halves(labels, half)
    positives, negatives = int((labels[held] == 1).sum()), int((labels[held] == 0).sum())
    if min(positives, negatives) < LEAST or not len(fit):
        return float("nan")
    ranks = np.unique(_means(codes, labels, fit), return_inverse=True)[1][codes[held]]
    ones = np.bincount(ranks, labels[held])
    zeros = np.bincount(ranks) - ones
    below = np.cumsum(zeros) - zeros
    return float((ones * (below + zeros / 2)).sum() / (positives * negatives))


def member(lists: np.ndarray, labels: np.ndarray) -> float:
    """The largest AUC of one item of lists, by being in the list or not.

    Args:
        lists: (n, length) int, no item twice in a row; 0 is no item.
        labels: (n,) 0, 1 or NaN.
    """
    size = int(lists.max(initial=0)) + 1
    rates = []
    for value in (0, 1):
        rows = lists[labels == value]
        if len(rows) < LEAST:
            return float("nan")
        rates.append(np.bincount(rows.ravel(), minlength=size)[1:] / len(rows))
    return float((1 + np.abs(rates[1] - rates[0]).max(initial=0.0)) / 2)


def explained(codes: np.ndarray, labels: np.ndarray, half: int) -> float:
    """Share of the label's variance that its mean of each value explains; NaN where too few rows tell."""
    fit, held = _halves(labels, half)
    spread = float(labels[held].var()) if len(held) else 0.0
    if min(len(fit), len(held)) < LEAST or spread <= 0:
        return float("nan")
    missed = labels[held] - _means(codes, labels, fit)[codes[held]]
    return float(1 - (missed**2).mean() / spread)


def avoided(codes: np.ndarray, labels: np.ndarray, half: int) -> float:
    """Share of the errors of always guessing the commonest class that guessing each value's own avoids."""
    fit, held = _halves(labels, half)
    if min(len(fit), len(held)) < LEAST:
        return float("nan")
    classes = labels.astype("int64", copy=True) if not np.isnan(labels).any() else np.nan_to_num(labels).astype("int64")
    commonest = int(np.bincount(classes[fit]).argmax())
    wrong = int((classes[held] != commonest).sum())
    if wrong < LEAST:
        return float("nan")
    guess = np.full(int(codes.max()) + 1, commonest)
    many = int(classes.max()) + 1
    pairs, counts = np.unique(codes[fit] * many + classes[fit], return_counts=True)
    order = np.argsort(counts, kind="stable")
    guess[pairs[order] // many] = pairs[order] % many  # the last that is written of a value is its commonest
    return 1 - int((guess[codes[held]] != classes[held]).sum()) / wrong


def correlation(vectors: np.ndarray, labels: np.ndarray) -> float:
    """The largest squared correlation of a dimension with the label."""
    known = ~np.isnan(labels)
    if known.sum() < 2 * LEAST:
        return float("nan")
    x, y = vectors[known].astype("float64"), labels[known] - labels[known].mean()
    x -= x.mean(axis=0)
    spread = (x**2).sum(axis=0) * (y**2).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(spread > 0, (x.T @ y) ** 2 / spread, 0.0)
    return float(found.max(initial=0.0))


def ranks(labels: np.ndarray) -> np.ndarray:
    """Ranks from 0 to 1, ties their middle: so that any monotone function of the label is as good as the label."""
    known = ~np.isnan(labels)
    found = np.full(len(labels), np.nan)
    _, places, counts = np.unique(labels[known], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    found[known] = middle[places] / max(int(known.sum()), 1)
    return found


def _halves(labels: np.ndarray, half: int) -> tuple[np.ndarray, np.ndarray]:
    known = ~np.isnan(labels)
    return np.flatnonzero(known[:half]), np.flatnonzero(known[half:]) + half


def _means(codes: np.ndarray, labels: np.ndarray, fit: np.ndarray) -> np.ndarray:
    """The label's mean of each value, drawn to the overall mean by one row."""
    overall = labels[fit].mean()
    size = int(codes.max()) + 1
    summed, rows = np.bincount(codes[fit], labels[fit], size), np.bincount(codes[fit], minlength=size)
    return (summed + overall) / (rows + 1)
