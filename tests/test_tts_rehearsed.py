"""A voice that keeps what it has said."""

from __future__ import annotations

import numpy as np

from companion.events import Style
from companion.tts.rehearsed import KEPT, LONGEST, Rehearsed
from tests.fakes import ToneVoice


def said(voice: Rehearsed, text: str, style: Style | None = None) -> np.ndarray:  # type: ignore[type-arg]
    return np.concatenate(list(voice.synthesize(text, style or Style())))


def test_what_was_said_before_sounds_the_same_and_is_not_made_again() -> None:
    made = ToneVoice()
    voice = Rehearsed(made)
    first, second = said(voice, "I see."), said(voice, "I see.")
    np.testing.assert_allclose(first, second, atol=1e-4)
    assert made.spoken == ["I see."]


def test_another_style_is_another_sound() -> None:
    made = ToneVoice()
    voice = Rehearsed(made)
    said(voice, "I see.")
    said(voice, "I see.", Style(rate=0.9))
    assert made.spoken == ["I see.", "I see."]


def test_a_sentence_that_was_cut_short_is_made_again_whole() -> None:
    class InPieces(ToneVoice):
        def synthesize(self, text, style=None):  # type: ignore[no-untyped-def]
            yield from super().synthesize(text)
            yield np.zeros(10, dtype=np.float32)

    made = InPieces()
    voice = Rehearsed(made)
    next(voice.synthesize("I see."))
    assert len(said(voice, "I see.")) > 10
    assert made.spoken == ["I see.", "I see."]


def test_little_is_kept_and_nothing_long() -> None:
    made = ToneVoice()
    voice = Rehearsed(made)
    long = "a" * (LONGEST + 1)
    for text in ("first", *map(str, range(KEPT)), "first", long, long):
        said(voice, text)
    assert made.spoken.count("first") == 2
    assert made.spoken.count(long) == 2
