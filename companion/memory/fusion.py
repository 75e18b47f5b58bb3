"""How the signs of relevance make one score: a weighted sum, pure and inspectable.

The weights were fitted (softmax over a question's candidates, the turns that answer it as the target) on five LoCoMo
conversations (Maharana et al., ACL 2024, CC BY-NC 4.0) by `tools/fit_recall.py` and rounded. Fitted on four and tested
on the fifth, the evidence among the first ten is 0.81 (0.79 without vectors); BM25 alone finds 0.62. `recent` and
`moved` have no counterpart in that data: small, set by hand, they order what is otherwise equal.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float32]

WEIGHTS: dict[str, float] = {
    "words": 2.8,  # coverage of the question's words, relative to the best hit
    "words-2": 1.0,  # … of the turn two before
    "words-1": 1.4,
    "words+1": 0.2,
    "words+2": 0.4,
    "words_of_session": 2.7,  # … of the best turn in the same session
    "meaning": 3.9,  # cosine with the question
    "meaning-1": 0.7,
    "meaning+1": 1.4,
    "meaning_of_session": 2.2,
    "speaker": 2.4,  # the question names who spoke
    "length": 1.2,  # logarithm of the number of characters: who says more answers more
    "asks": -0.6,  # ends with a question mark
    "asked": 0.3,  # the turn before does
    "period": 3.9,  # said in the time that the question names, or soon after
    "recent": 0.2,
    "moved": 0.2,  # how strongly it was felt: |valence| times confidence
}
"""Where an embedding model is installed."""

WITHOUT_VECTORS: dict[str, float] = {
    "words": 3.5,
    "words-2": 1.0,
    "words-1": 1.7,
    "words+1": 0.6,
    "words+2": 0.7,
    "words_of_session": 3.3,
    "speaker": 2.5,
    "length": 1.0,
    "asks": -0.6,
    "asked": 0.4,
    "period": 4.1,
    "recent": 0.2,
    "moved": 0.2,
}


def fuse(signs: Mapping[str, Column], weights: Mapping[str, float]) -> Column:
    """The score of every candidate: the weighted sum of its signs, each of shape (n,). A missing one counts nothing."""
    n = len(next(iter(signs.values())))
    total = np.zeros(n, np.float32)
    for name, weight in weights.items():
        if name in signs:
            total += np.float32(weight) * signs[name]
    return total
