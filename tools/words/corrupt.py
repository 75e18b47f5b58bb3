"""Texts as a recogniser might mishear them, to fit and to test with."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

LOST, DOUBLED, CONFUSED = 0.06, 0.02, 0.5
"""Chances a word; with the slips of letters about one word in eight, as Whisper base on hard recordings."""

SLIP = 0.03
"""Chance a word that one of its letters is another."""

JOINED = 0.1
"""Chance that two Korean words are written as one."""

_SOUND_ALIKE = {
    "en": "their there|to too|your you're|its it's|know no|hear here|right write|than then|were where|whole hole|"
    "weak week|buy by|won one|for four|so sew|im i'm|dont don't|cant can't|passed past|affect effect|made maid|"
    "feel fill|mad made|sad said|hate hey|mom mum|bored board|tired tyred|scared scarred|gonna going|wanna want",
    "ko": "되 돼|안 않|왜 외|낳아 나아|같애 같아|어떻게 어떡해|내가 네가|대 데|게 개|웬 왠|"
    "근데 그런데|그냥 기냥|진짜 진차",
}


def misheard(text: str, language: str, rng: np.random.Generator) -> str:
    """`text` in small letters, some of its words lost, doubled, confused or slipped."""
    alike = _alike(language)
    said: list[str] = []
    for word in re.findall(r"[\w']+", text.lower()):
        if rng.random() < LOST:
            continue
        other = alike[word] if word in alike and rng.random() < CONFUSED else word
        if rng.random() < SLIP:
            at = rng.integers(len(other))
            other = other[:at] + other[rng.integers(len(other))] + other[at + 1 :]
        said += [other] * (2 if rng.random() < DOUBLED else 1)
    if language == "ko":
        return "".join(word if rng.random() < JOINED else f"{word} " for word in said).strip()
    return " ".join(said)


def _alike(language: str) -> dict[str, str]:
    return dict(_both_ways(language))


def _both_ways(language: str) -> Iterator[tuple[str, str]]:
    for pair in _SOUND_ALIKE[language].split("|"):
        one, other = pair.split()
        yield one, other
        yield other, one
