"""A memory of any size, made up: for measuring time and room, never quality.

Words follow Zipf's law as a language's do (exponent 1, 30,000 words); a turn is 15 words and its answer 25; a fifth of
the turns is Korean; forty turns make a session, ten sessions a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from companion.memory import episodes
from companion.memory.embedding import DIMENSIONS
from companion.memory.store import Store

END = 1_800_000_000_000
"""Milliseconds since 1970: after the last episode."""

_WORDS = 30_000
_COMMON = 100
_SAID, _ANSWERED = 15, 25
_SESSION = 40
_BATCH = 10_000

_ZIPF = (1 / np.arange(1, _WORDS + 1)) / (1 / np.arange(1, _WORDS + 1)).sum()

_CONSONANTS, _VOWELS = "bcdfghjklmnprstvwz", "aeiou"


def fill(
    store: Store, count: int, model: str | None = None, progress: Callable[[float], object] = lambda share: None
) -> None:
    """Save `count` made-up episodes, with made-up vectors of `model` if it is named.

    `progress` is called with the share that is done, 0…1.
    """
    chance = np.random.default_rng(1)
    for start in range(0, count, _BATCH):
        with store.transaction():
            _fill_batch(store, chance, range(start, min(start + _BATCH, count)), model)
        progress(min(start + _BATCH, count) / count)


def _fill_batch(store: Store, chance: np.random.Generator, numbers: range, model: str | None) -> None:
    session = 0
    rows = []
    size = len(numbers)
    drawn = chance.choice(_WORDS, (size, _SAID + _ANSWERED), p=_ZIPF)
    for number in range(size):
        at = END - 86_400_000 - (10**7 - numbers[number]) * 200_000
        if number % _SESSION == 0:
            session = episodes.begin_session(store, at, "en")
        korean = number % 5 == 0
        words = [_korean(n) if korean else _english(n) for n in drawn[number].tolist()]
        said, answered = " ".join(words[:_SAID]), " ".join(words[_SAID:])
        rows.append((session, number % _SESSION, at, said, answered, "ko" if korean else "en"))
    first = store.query("SELECT coalesce(max(id), 0) + 1 FROM episodes")[0][0]
    store.execute_many(
        "INSERT INTO episodes (session, turn, started, said, answered, language) VALUES (?, ?, ?, ?, ?, ?)", rows
    )
    store.execute_many(
        "INSERT INTO feelings (episode, at, valence, arousal, modality, confidence)"
        " VALUES (?, ?, 0.1, 0.1, 'voice', 0.5)",
        [(first + number, row[2]) for number, row in enumerate(rows)],
    )
    if model is not None:
        vectors = chance.standard_normal((size, DIMENSIONS)) * 127 / DIMENSIONS**0.5
        store.execute_many(
            "INSERT INTO embeddings (episode, model, vector) VALUES (?, ?, ?)",
            [(first + number, model, vector.tobytes()) for number, vector in enumerate(vectors.astype(np.int8))],
        )


def questions(count: int, seed: int = 2) -> Iterator[str]:
    """Questions of six words drawn as the episodes' are, less the commonest: words that a search leaves out."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        drawn = chance.choice(_WORDS - _COMMON, 6, p=_ZIPF[_COMMON:] / _ZIPF[_COMMON:].sum()) + _COMMON
        yield " ".join(_korean(n) if number % 5 == 0 else _english(n) for n in drawn.tolist())


def _english(number: int) -> str:
    word = ""
    for _ in range(3):
        number, consonant = divmod(number, len(_CONSONANTS))
        number, vowel = divmod(number + consonant, len(_VOWELS))
        word += _CONSONANTS[consonant] + _VOWELS[vowel]
    return word


def _korean(number: int) -> str:
    """Two or three syllables and a particle."""
    first, second = divmod(number, 200)
    return chr(0xAC00 + first * 28) + chr(0xAC00 + second * 28) + "이가은는을를에도"[number % 8]
