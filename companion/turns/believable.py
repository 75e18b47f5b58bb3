"""Were there words? A recogniser finds some in a sneeze too; how it sounded decides whether they are believed."""

from __future__ import annotations

_FEW_WORDS = 3
"""A sneeze is never read as a sentence."""

_MOSTLY_SURE = 0.6
"""Share of the voiced windows in which Silero is sure of a voice (0.9 or more). Of 120 single words by as many people
(Picovoice) the least had 0.67, with noise at 10 dB 0.62; of the coughs, sneezes and moans in 80 recordings (ESC-10,
Deeply) that a recogniser read as "Okay." or "Thank you." all but one had less than 0.6, most less than 0.3."""

_CONFIDENT = 0.85
"""No such reading of a sneeze had more than 0.73."""

_QUIET_ROOM = 20.0
"""dB from the background to the voice. In noise Silero is unsure of short words as well, so there they are believed: a
word too many is the lesser harm."""

_GUESSED = 0.5
"""Confidence below which few words over our own voice are a guess: "Welcome." for an "mm-hm". In an hour of talk five
of 81 backchannels and noises were read as words, at 0.38 to 0.59; of 83 sentences, stop words and names the short ones
had 0.55 and more, all but a name that the recogniser did not know 0.81. English, Moonshine: others count otherwise."""


def believable(
    words: str, confidence: float | None, sure: float, above_background: float, *, over_ours: bool = False
) -> bool:
    """Whether the owner can be taken to have said `words`, as the recogniser read them.

    `confidence`: the recogniser's, 0…1. `sure`: share of the turn's voiced windows that surely were a voice, 0…1.
    `above_background`: level of the turn over that of the room before it, in dB. `over_ours`: they are English, and
    were said over our voice, where most of what is short asks for nothing.
    """
    if not words:
        return False
    few = len(words.split()) <= _FEW_WORDS
    if over_ours and few and confidence is not None and confidence < _GUESSED:
        return False
    if not few or (confidence is not None and confidence >= _CONFIDENT):
        return True
    return sure >= _MOSTLY_SURE or above_background < _QUIET_ROOM
