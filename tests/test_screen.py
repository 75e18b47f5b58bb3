"""The picture of what was heard: a mark on a line, and never a word for what somebody feels."""

from __future__ import annotations

import pytest

from companion.apps.screen import scale, sensed
from companion.events import EMOTIONS, Affect, AffectReading


@pytest.mark.parametrize(
    ("value", "drawn"), [(-1, "●────┼─────"), (0, "─────●─────"), (1, "─────┼────●"), (9, "─────┼────●")]
)
def test_a_value_is_a_mark_and_the_usual_is_the_middle(value: float, drawn: str) -> None:
    assert scale(value) == drawn


@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_feeling_is_named(language: str) -> None:
    reading = AffectReading(-0.7, -0.3, {"sad": 1.0}, 0.9)
    line = sensed(language, Affect(-0.7, -0.3, "sad", {"sad": 1.0}, 0.9, reading, reading, {}, 0.0))
    assert not any(emotion in line for emotion in EMOTIONS)
    assert "90" in line
