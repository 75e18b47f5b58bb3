"""A linear classifier over hashed n-grams: the net behind the patterns, for words that none of them foresaw.

Fitted by `tools/fit_crisis.py` on lines written for it (`models/safety/train.csv`); what it reaches stands in
`models/safety/README.md`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from companion.settings import Language, shipped

BUCKETS: Final = 1 << 15
"""Hash buckets; a few thousand short lines fill about a third of them."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """`weights`: shape (BUCKETS,), log-odds; `threshold`: the score from which words count as a crisis."""

    language: Language
    weights: NDArray[np.float32]
    bias: float
    threshold: float

    @classmethod
    def load(cls, language: Language) -> Classifier:
        """The fitted one of `language`."""
        with np.load(shipped("safety") / f"crisis.{language}.npz") as file:
            weights = file["weights"].astype(np.float32)
            return cls(language, weights, float(file["bias"]), float(file["threshold"]))

    def score(self, text: str) -> float:
        """How far `text`, in its normal form, leans towards a crisis (log-odds, unbounded)."""
        buckets = hashed(text, self.language)
        return float(self.weights[buckets].sum()) / math.sqrt(len(buckets)) + self.bias if buckets else -math.inf

    def alarmed(self, text: str) -> bool:
        """Whether `text` counts as a crisis."""
        return self.score(text) >= self.threshold


def hashed(text: str, language: Language) -> list[int]:
    """The buckets of the n-grams of `text`, each once; none where there are no words."""
    if not any(map(str.isalnum, text)):
        return []
    grams = _syllables(text) if language == "ko" else _words(text.split())
    return sorted({zlib.crc32(gram.encode()) % BUCKETS for gram in grams})


def _words(words: list[str]) -> Iterable[str]:
    """One to four words, and three to five letters within a word."""
    framed = ["^", *words, "$"]
    for size in range(1, 5):
        yield from (" ".join(framed[start : start + size]) for start in range(len(framed) - size + 1))
    for word in words:
        for size in range(3, 6):
            yield from (f"_{f'<{word}>'[start : start + size]}" for start in range(len(word) + 3 - size))


def _syllables(text: str) -> Iterable[str]:
    """One to five syllables; spaces are gone already."""
    framed = f"^{text}$"
    for size in range(1, 6):
        yield from (framed[start : start + size] for start in range(len(framed) - size + 1))
