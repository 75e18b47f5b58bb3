"""Fit the classifier behind the crisis patterns: models/safety/crisis.<language>.npz.

    .venv/bin/python tools/fit_crisis.py

Logistic regression by stochastic gradient (AdaGrad) over hashed n-grams of models/safety/train.csv, as the detector
sees them: without figures of speech. There every line that is no crisis is a near twin of one; the everyday lines of
tests/data/facts stand for talk of other things. The threshold is the score that 1.5 % of the lines that are no
crisis reach in five-fold cross-validation. The lists under tests/data/safety are never read here. Prints what the
classifier alone finds at false alarm rates of 2, 5 and 10 %.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from companion.dialogue.safety.classifier import BUCKETS, hashed
from companion.dialogue.safety.crisis import CrisisDetector
from companion.settings import Language

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "models" / "safety"
EPOCHS, RATE, DECAY, FOLDS = 20, 0.5, 1e-3, 5
FALSE_ALARMS = 0.015
Vector = NDArray[np.float64]


def fit(lines: list[NDArray[np.int64]], crisis: Vector) -> tuple[Vector, float]:
    """Weights (BUCKETS,) and bias; both classes weigh the same."""
    random = np.random.default_rng(0)
    weights, bias = np.zeros(BUCKETS), 0.0
    squares, bias_squares = np.full(BUCKETS, 1e-2), 1e-2
    balance = np.where(crisis == 1, 0.5 / crisis.mean(), 0.5 / (1 - crisis.mean()))
    for _ in range(EPOCHS):
        for number in random.permutation(len(lines)):
            buckets = lines[number]
            scale = 1 / np.sqrt(len(buckets))
            error = balance[number] * (1 / (1 + np.exp(-weights[buckets].sum() * scale - bias)) - crisis[number])
            gradient = error * scale + DECAY * weights[buckets]
            squares[buckets] += gradient**2
            weights[buckets] -= RATE * gradient / np.sqrt(squares[buckets])
            bias_squares += error**2
            bias -= 0.3 * RATE * error / np.sqrt(bias_squares)
    return weights, bias


def score(lines: list[NDArray[np.int64]], weights: Vector, bias: float) -> Vector:
    """Log-odds of each line."""
    return np.array([weights[buckets].sum() / np.sqrt(len(buckets)) + bias for buckets in lines])


def main() -> None:
    """Fit both languages."""
    with (FOLDER / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for language in ("en", "ko"):
        pairs = [(row["text"], float(row["crisis"])) for row in rows if row["language"] == language]
        fit_language(language, pairs + [(line, 0.0) for line in everyday(language)])


def everyday(language: str) -> list[str]:
    """Lines about other things."""
    texts = [(ROOT / f"tests/data/facts/{language}{end}").read_text(encoding="utf-8") for end in (".tsv", "-none.txt")]
    lines = [line.partition("\t")[0] for text in texts for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def fit_language(language: Language, rows: list[tuple[str, float]]) -> None:
    """Fit, cross-validate and save one language."""
    detector = CrisisDetector(language, None)
    pairs = [(hashed(detector.meant(text), language), label) for text, label in rows]
    lines = [np.array(buckets) for buckets, _ in pairs if buckets]
    crisis = np.array([label for buckets, label in pairs if buckets])
    unseen = np.zeros(len(lines))
    folds = np.random.default_rng(1).permutation(len(lines)) % FOLDS
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        weights, bias = fit([lines[n] for n in inside], crisis[inside])
        unseen[outside] = score([lines[n] for n in outside], weights, bias)
    others = np.sort(unseen[crisis == 0])[::-1]
    for rate in (0.02, 0.05, 0.1):
        found = (unseen[crisis == 1] > others[int(rate * len(others))]).mean()
        print(f"{language}: alone, at {rate:.0%} false alarms, recall {found:.3f}")
    weights, bias = fit(lines, crisis)
    threshold = others[int(FALSE_ALARMS * len(others))]
    np.savez_compressed(
        FOLDER / f"crisis.{language}.npz", weights=weights.astype(np.float16), bias=bias, threshold=threshold
    )


if __name__ == "__main__":
    main()
