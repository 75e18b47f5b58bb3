"""What is no speech, and what no one said: guards that the recognisers share. Pure functions."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np

from companion.events import FRAME, Samples

_SILENCE = 10 ** (-60 / 20)
"""RMS of the loudest 20 ms (-60 dBFS) below which nothing was said: a quiet room is louder at any usable gain."""

_VOCALISATION = re.compile(
    r"a+h*|o+h*|u+h+|e+h*|h+[aeu]+h*|(?:h[aeiou])+h*|u+g+h+|a+r+g+h+|h*m+|u+m+|e+r+m*|ph?ew+|p*f+t*|(?!i)[a-z]|"
    r"[아으하흐헤히호허후흑흥악]+|으*음+|[ㅋㅎㅠㅜ]+"
)
_HESITATION = re.compile(r"\b(?:어+|그+|저+|uh+|um+)(?:\.{2,}|…)")
_ASSENT = re.compile(r"\b(?:uh|m+)-?h(?:uh|m+)\b")


def is_silent(samples: Samples) -> bool:
    """Whether no 20 ms of `samples` is as loud as -60 dBFS."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    return not frames.size or float(np.sqrt(np.mean(frames**2, axis=1)).max()) < _SILENCE


def is_vocalisation(text: str) -> bool:
    """Whether the text writes down a laugh, a sigh or a groan and no word: "Ha ha ha", "Ugh...", "으아아", "ㅋㅋㅋ".

    True for no text at all. What means yes or no ("uh-huh", "응", "어") is a word; what trails off ("어...") is none.
    """
    words = re.findall(r"\w+", _HESITATION.sub(" ", _ASSENT.sub("yes", text.lower())))
    return all(_VOCALISATION.fullmatch(word) for word in words)


def starts_again(text: str) -> bool:
    """Whether the text begins anew: its first words stand there twice running, or its first two come back later."""
    words = re.findall(r"\w+", text.lower())
    twice_running = any(words[:n] == words[n : 2 * n] for n in range(1, len(words) // 2 + 1))
    return twice_running or any(words[i : i + 2] == words[:2] for i in range(2, len(words) - 1))


def compression_ratio(text: str) -> float:
    """How many times smaller `zlib` makes the text (in UTF-8); speech stays below 2, loops reach 3 to 20."""
    content = text.encode()
    return len(content) / len(zlib.compress(content))


def repeating_tail(tokens: Sequence[int], times: int = 8) -> int:
    """How many tokens at the end say once more what stands before them.

    A decoder that has lost the sound says the same 1 to 8 tokens again and again. Nobody does that `times` times
    over, so all but the first are cut off. 0 where the end does not repeat.
    """
    for period in range(1, 9):
        tail = tokens[-period * times :]
        if len(tail) == period * times and all(tail[i] == tail[i % period] for i in range(len(tail))):
            return period * (times - 1)
    return 0
