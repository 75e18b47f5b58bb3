"""The picture of what was heard: a mark on a line, and never a word for what somebody feels."""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.live import Live

from companion.apps.screen import LiveCaptions, scale, sensed
from companion.events import EMOTIONS, Affect, AffectReading, AttentionChanged, TranscriptPartial
from companion.settings import Settings
from companion.turns.taking import Phase


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


@pytest.mark.parametrize("language", ["en", "ko"])
def test_muted_it_says_so_shows_no_words_and_names_the_key_that_ends_it(language: str) -> None:
    console = Console(width=100, record=True, force_terminal=True)
    settings = Settings.model_validate({"language": language})
    with Live(console=console, auto_refresh=False) as live:
        captions = LiveCaptions(console, settings, 0, live, keys=True)
        captions.event(TranscriptPartial("half a sentence"), 1.0, 1)
        captions.event(AttentionChanged("muted", "key"), 1.1, 1)
        captions.level(0.0, Phase.GUARD)
        live.refresh()
    shown = console.export_text()
    assert {"en": "muted", "ko": "음소거"}[language] in shown
    assert {"en": "m hear me again", "ko": "m 다시 듣기"}[language] in shown
    assert "half a sentence" not in shown
