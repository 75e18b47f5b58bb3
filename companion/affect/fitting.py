"""Fits a linear head: multinomial logistic regression in NumPy, the same for the shipped weights and for the bench.

And what several fits share: how sure a head is, how right, and how its weights are kept in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Names = NDArray[np.str_]

_STEPS = 500
"""Of accelerated gradient descent; on the corpora no probability is then more than 0.05 from where it would end."""


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """`classes` (k), `weights` (k, d), `bias` (k,)."""

    classes: tuple[str, ...]
    weights: Floats
    bias: Floats

    def logits(self, values: Floats) -> Floats:
        """(n, d) → (n, k)."""
        return values @ self.weights.T + self.bias


def fit(values: Floats, labels: Names, groups: Names, strength: float) -> Linear:
    """The head that makes `labels` (n) likeliest given `values` (n, d).

    Every class of every group (a corpus) weighs the same, all together n. `strength`: how much data may move the
    weights, the C of scikit-learn's LogisticRegression; the values are brought to one spread first.
    """
    classes, truth = np.unique(labels, return_inverse=True)
    spread = values.std(axis=0) + 1e-3
    weight = balanced(labels, groups)
    data = np.hstack([values / spread, np.ones((len(values), 1), np.float32)])
    target = np.eye(len(classes), dtype=np.float32)[truth]
    ridge = np.full(data.shape[1], 1 / strength, np.float32)
    ridge[-1] = 0  # the bias is free
    step = 1 / (0.5 * np.linalg.norm((data * weight[:, None]).T @ data, 2) + 1 / strength)  # 1 / Lipschitz constant
    now = ahead = np.zeros((len(classes), data.shape[1]), np.float32)
    momentum = 0
    for _ in range(_STEPS):  # Nesterov 1983, with the restarts of O'Donoghue & Candès 2015
        slope = ((softmax(data @ ahead.T) - target) * weight[:, None]).T @ data + ridge * ahead
        before, now = now, (ahead - step * slope).astype(np.float32)
        momentum = 0 if np.vdot(slope, now - before) > 0 else momentum + 1
        ahead = now + np.float32(momentum / (momentum + 3)) * (now - before)
    return Linear(tuple(classes.tolist()), now[:, :-1] / spread, now[:, -1])


def balanced(labels: Names, groups: Names) -> Floats:
    """Weights (n), together n, that give every class of every group the same."""
    _, pair, counts = np.unique(np.stack([labels, groups]), axis=1, return_inverse=True, return_counts=True)
    return np.asarray(len(labels) / len(counts) / counts[pair], dtype=np.float32)


def in_bytes(weights: NDArray[Any], axis: int | None = None) -> tuple[NDArray[np.int8], NDArray[Any]]:
    """`weights` in half the room of 16 bits: whole numbers, and what one of them is worth.

    The worth is one number for all of them, or one for each line along `axis`; it keeps the dimensions and the type.
    """
    worth = np.maximum(np.abs(weights).max(axis=axis, keepdims=True) / 127, 1e-9)
    return np.round(weights / worth).astype(np.int8), worth


def softmax(logits: Floats) -> Floats:
    """(…, k) → probabilities over the last axis."""
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True))


def temperature(logits: Floats, truth: NDArray[np.int64]) -> float:
    """What to divide logits (…, n, k) by, so that their probabilities are as good as they sound (Guo et al. 2017).

    `logits` must come from speakers that the head was not fitted on.
    """
    candidates = np.geomspace(0.3, 10, 60)
    rows = np.arange(len(truth))
    losses = [-np.log(softmax(logits / t)[..., rows, truth] + 1e-9).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def calibration_error(confidence: Floats, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: how far, on average, the share that is right lies from the confidence; 0…1."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(
        sum(
            (which == b).mean() * abs(right[which == b].mean() - confidence[which == b].mean())
            for b in np.unique(which)
        )
    )


def recall(truth: Names, named: Names) -> float:
    """Unweighted average recall, 0…1: of each class in `truth` the share that was named so, averaged over classes."""
    return float(np.mean([(named[truth == name] == name).mean() for name in np.unique(truth)]))


def auc(score: Floats, high: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve: how often a `high` one has the larger `score`, None if only one kind is there."""
    above, below = score[high], score[~high]
    if not len(above) or not len(below):
        return None
    difference = above[:, None] - below[None, :]
    return round(float((difference > 0).mean() + (difference == 0).mean() / 2), 4)
