"""Fit the classifier behind the crisis patterns: models/safety/crisis.<language>.npz.

    .venv/bin/python tools/fit_crisis.py [DATA]

DATA: the folder with goemotions-en.tsv and songys-ko.tsv (default ../shared/data/text). Logistic regression over hashed
n-grams of models/safety/train.csv, as the detector sees them: without figures of speech. There every line that is no
crisis is a near twin of one; tests/data/facts, the farewells of tests/data/safety and everyday text by others stand for
talk of other things. Like lines stand together in train.csv, so cross-validation sets aside blocks of twelve. The
threshold is the score that 5 % of the hard lines that are no crisis reach there. The crisis and held-out lists are
never read here.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from companion.dialogue.safety.classifier import BUCKETS, hashed
from companion.dialogue.safety.crisis import CrisisDetector
from companion.settings import Language

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "models" / "safety"
OTHERS = {"en": "goemotions-en.tsv", "ko": "songys-ko.tsv"}  # Apache-2.0, MIT
N_OTHERS = 4500
INVERSE_PENALTY, FOLDS, BLOCK = 20.0, 5, 12
FALSE_ALARMS = 0.05


def features(lines: list[list[int]]) -> sp.csr_matrix:
    """Shape (lines, BUCKETS); every line has length one, as `Classifier.score` has it."""
    ends = np.cumsum([0, *map(len, lines)])
    values = np.concatenate([np.full(len(line), len(line) ** -0.5) for line in lines])
    return sp.csr_matrix((values, np.concatenate(lines), ends), shape=(len(lines), BUCKETS))


def fit(lines: sp.csr_matrix, crisis: NDArray[np.float64]) -> LogisticRegression:
    """Both classes weigh the same."""
    return LogisticRegression(C=INVERSE_PENALTY, class_weight="balanced", solver="liblinear").fit(lines, crisis)


def main() -> None:
    """Fit both languages."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data" / "text"
    with (FOLDER / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    languages: tuple[Language, ...] = ("en", "ko")
    for language in languages:
        hard = [(row["text"], float(row["crisis"])) for row in rows if row["language"] == language]
        fit_language(language, hard, everyday(language) + by_others(data / OTHERS[language], language))


def everyday(language: str) -> list[str]:
    """Lines about other things, and farewells."""
    names = (f"facts/{language}.tsv", f"facts/{language}-none.txt", f"safety/goodbyes.{language}.txt")
    texts = [(ROOT / "tests/data" / name).read_text(encoding="utf-8") for name in names]
    lines = [line.partition("\t")[0] for text in texts for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def by_others(path: Path, language: Language) -> list[str]:
    """A sample of everyday text, without the lines that patterns alarm at: some of those are cries for help."""
    with path.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    detector = CrisisDetector(language, None)
    chosen = np.random.default_rng(0).choice(len(texts), N_OTHERS, replace=False)
    return [texts[n] for n in chosen if detector.kind(texts[n]) is None]


def fit_language(language: Language, hard: list[tuple[str, float]], other: list[str]) -> None:
    """Fit, cross-validate and save one language."""
    detector = CrisisDetector(language, None)
    rows = [(hashed(detector.meant(text), language), label) for text, label in hard]
    rows = [row for row in rows if row[0]]
    n_hard = len(rows)
    rows += [(buckets, 0.0) for text in other if (buckets := hashed(detector.meant(text), language))]
    lines, crisis = features([buckets for buckets, _ in rows]), np.array([label for _, label in rows])
    blocks = np.arange(len(rows)) // BLOCK
    folds = np.random.default_rng(1).permutation(blocks[-1] + 1)[blocks] % FOLDS
    unseen = np.zeros(len(rows))
    for fold in range(FOLDS):
        unseen[folds == fold] = fit(lines[folds != fold], crisis[folds != fold]).decision_function(lines[folds == fold])
    threshold = float(np.quantile(unseen[:n_hard][crisis[:n_hard] == 0], 1 - FALSE_ALARMS))
    found, alarmed = (unseen[crisis == 1] >= threshold).mean(), (unseen[n_hard:] >= threshold).mean()
    print(
        f"{language}: alone, recall {found:.3f}; false alarms {FALSE_ALARMS:.0%} on hard, {alarmed:.2%} on other lines"
    )
    model = fit(lines, crisis)
    np.savez_compressed(
        FOLDER / f"crisis.{language}.npz",
        weights=model.coef_[0].astype(np.float16),
        bias=model.intercept_[0],
        threshold=threshold,
    )


if __name__ == "__main__":
    main()
