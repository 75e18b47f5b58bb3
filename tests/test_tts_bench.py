"""`companion bench tts`: who listens, how errors are counted, and what the JSON holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from companion import catalog
from companion.apps.bench_tts import LANGUAGES, measure, replies, strongest_whisper
from companion.apps.cli import app
from companion.errors import CompanionError
from companion.events import SAMPLE_RATE, Samples, Style, Transcript
from companion.tts.styles import STYLES
from companion.tts.voice import NEUTRAL
from tests import real

runner = CliRunner()


class OneSecondVoice:
    """Speaks everything in one second, in two pieces at a rate of its own."""

    id, rate, language = "one-second", 22_050, "en"

    def synthesize(self, text: str, style: Style = NEUTRAL) -> Iterator[Samples]:
        yield from np.split(np.full(self.rate, 0.1, np.float32), 2)

    def warm_up(self) -> None:
        pass


class Parrot:
    """Hears the same in everything, and remembers how much it heard."""

    id, language = "parrot", "en"

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def transcribe(self, samples: Samples, draft: str | None = None, stop: Any = None) -> Transcript:
        self.lengths.append(len(samples))
        return Transcript("one two three", self.id, self.language)


def test_errors_are_pooled_and_the_whole_sentence_is_heard_at_the_listeners_rate() -> None:
    parrot, heard = Parrot(), []
    results = measure(OneSecondVoice(), parrot, ["One, two, 3!", "four"], lambda: heard.append(1))
    assert [result.style for result in results] == list(STYLES)
    first = results[0]
    assert (first.language, first.voice, first.recogniser, first.n) == ("en", "one-second", "parrot", 2)
    assert first.wer == pytest.approx(3 / 4)
    assert set(parrot.lengths) == {SAMPLE_RATE}
    assert len(heard) == len(parrot.lengths) == 2 * len(STYLES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_thirty_different_sentences_to_speak(language: str) -> None:
    sentences = replies(language)
    assert len(set(sentences)) == len(sentences) == 30
    assert all(sentence.strip() for sentence in sentences)


def test_the_strongest_whisper_listens() -> None:
    known = catalog.load()
    some = [model for name in ("whisper-tiny.en", "whisper-base", "whisper-tiny") if (model := known.get(name))]
    best = strongest_whisper(some, "en")
    assert best is not None
    assert best.id == "whisper-base"
    assert strongest_whisper(some[:1], "ko") is None, "tiny.en knows no Korean"


def test_without_a_whisper_it_says_what_to_do(tmp_path: Path) -> None:
    result = runner.invoke(app, ["--home", str(tmp_path), "--models", str(tmp_path), "bench", "tts"])
    assert isinstance(result.exception, CompanionError)
    assert "companion models pull whisper-base" in str(result.exception)


@pytest.mark.models
def test_the_english_voice_is_understood_in_every_style_and_each_is_measurably_its_own(tmp_path: Path) -> None:
    real.engine("whisper-base")
    real.model_file("tts")
    command = ["--home", str(tmp_path), "bench", "tts", "--language", "en", "--profile", "tiny"]
    # Piper speaks a sentence another way each time: the median pitch of six strays by 0.25 semitones, that of twelve by
    # less than 0.1.
    result = runner.invoke(app, [*command, "--limit", "12", "--json"])
    assert result.exit_code == 0, result.output
    neutral, *others = json.loads(result.stdout)["sets"]
    keys = ["language", "voice", "style", "recogniser", "n", "wer", "cer", "rtf"]
    assert list(neutral) == [*keys, "rate", "level", "pitch", "pitch_range"]
    assert neutral["n"] == 12
    assert len(others) >= 5
    for style in (neutral, *others):
        assert style["wer"] <= 0.15
    for style in others:
        asked = STYLES[style["style"]]
        assert style["level"] == pytest.approx(asked.energy, abs=1.0)
        assert style["pitch"] == pytest.approx(asked.pitch, abs=0.8)
        assert style["rate"] == pytest.approx(asked.rate, rel=0.08)
