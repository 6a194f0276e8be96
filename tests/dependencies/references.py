"""The dependencies in NumPy, written from the papers: on weights of a network, by the names of `model.pieces`."""

from __future__ import annotations

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z, "float64")))


def logit(p):
    return np.log(p) - np.log1p(-p)


def relu(x):
    return np.maximum(x, 0)


def dense(x, weights, part, i=0):
    bias = weights.get(f"{part}/{i}/bias", 0)
    return x @ weights[f"{part}/{i}/kernel"] + bias


def esmm(own, *parents):
    """Ma et al. 2018, eq. 1: pCTCVR = pCTR · pCVR, as probabilities."""
    return sigmoid(own) * np.prod([sigmoid(z) for z in parents], axis=0)


def monotone(own, *parents):
    """The odds of the child are those of its least parent times σ(−own), as probabilities."""
    odds = np.min([np.exp(z) for z in parents], axis=0) * sigmoid(-own)
    return odds / (1 + odds)


def aitm(q, parents, weights, child):
    """Xi et al. 2021: z = Σ_u w_u h₁(u), w_u = softmax ⟨h₂(u), h₃(u)⟩ / √k, u ∈ {q} ∪ {p = relu(W z_parent + b)}."""
    vectors = [q, *(relu(dense(z, weights, f"{child}_from_{p}")) for p, z in parents.items())]
    h1, h2, h3 = ([dense(u, weights, f"{child}_{part}") for u in vectors] for part in ("value", "query", "key"))
    scores = np.stack([(a * b).sum(1) / q.shape[1] ** 0.5 for a, b in zip(h2, h3, strict=True)])
    shares = np.exp(scores) / np.exp(scores).sum(0)
    return sum(w[:, None] * v for w, v in zip(shares, h1, strict=True))


def dbmtl(tower, parents, weights, child, layers):
    """Wang et al. 2019, and EasyRec's dbmtl.py: relation_dnn(tower ⊕ relation features of the parents)."""
    h = np.concatenate([tower, *parents.values()], axis=1)
    for i in range(layers):
        h = relu(dense(h, weights, f"{child}_relation", i))
    return h


def calibrator(child, *parents):
    """Xi et al. 2021, the behavioral expectation calibrator: Σ max(ŷ_t − ŷ_{t−1}, 0), of logits."""
    return sum(relu(sigmoid(child) - sigmoid(z)) for z in parents)


def log_loss(y, z):
    p = sigmoid(z)
    return -y * np.log(p) - (1 - y) * np.log1p(-p)


def ips(y, o, own, propensity):
    """Wang et al. 2022: o δ(r, r̂) / ô, each row's share of the risk."""
    return o * log_loss(y, own) / propensity


def doubly_robust(y, o, own, propensity, imputed):
    """Wang et al. 2022, and PaddleRec's escm2: δ̂ + o (δ − δ̂) / ô, and o (δ − δ̂)² / ô."""
    error = log_loss(y, own) - imputed
    return imputed + o * error / propensity + o * error**2 / propensity
