"""Whisper on real speech, in English and Korean."""

from __future__ import annotations

import csv
import socket
from pathlib import Path

import numpy as np
import pytest

from companion import catalog, settings
from companion.apps.scoring import character_errors, pooled, word_errors
from companion.events import SAMPLE_RATE, Samples, samples
from companion.stt.engine import SpeechModelError
from companion.stt.turn import TurnRecognizer
from companion.stt.whisper import Whisper, _Reading
from tests import real

pytestmark = pytest.mark.models


def folder(model_id: str) -> Path:
    store, model = catalog.ModelStore(settings.default_models()), catalog.load().get(model_id)
    if model is None or not store.installed(model):
        pytest.skip(f"{model_id} is not installed: run `make models`")
    return store.path(model)


@pytest.fixture(scope="module")
def english() -> Whisper:
    return Whisper("whisper-base", folder("whisper-base"), "en")


@pytest.fixture(scope="module")
def korean() -> Whisper:
    return Whisper("whisper-base", folder("whisper-base"), "ko")


def sentences(data: Path, count: int) -> list[tuple[str, Samples]]:
    """What the first recordings of a set say, and their sound."""
    with (data / "metadata.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:count]
    return [(row["transcript"], real.clip(data / row["file"])) for row in rows]


def test_english_is_heard(english: Whisper) -> None:
    readings = [(words, english.transcribe(sound)) for words, sound in sentences(real.CLIPS, 4)]
    assert pooled(word_errors(words, reading.text, "en") for words, reading in readings).rate <= 0.15
    assert all(reading.confidence is not None and 0.5 < reading.confidence <= 1 for _, reading in readings)


def test_korean_is_heard(korean: Whisper) -> None:
    data = sentences(real.shared("speech-ko-studio"), 6)
    errors = [character_errors(words, korean.transcribe(sound).text, "ko") for words, sound in data]
    assert pooled(errors).rate <= 0.15


def test_silence_and_noise_are_nobody_thanking_anybody(english: Whisper, korean: Whisper) -> None:
    noise = np.random.default_rng(7).standard_normal(3 * SAMPLE_RATE).astype(np.float32)
    for sound in (np.zeros(SAMPLE_RATE, np.float32), noise[:0], noise[:160], noise * 0.003, noise * 0.03):
        for engine in (english, korean):
            reading = engine.transcribe(sound)
            assert (reading.text, reading.confidence) == ("", None)


@pytest.mark.parametrize("name", ["nonverbal", "noise"])
def test_coughs_and_dogs_hold_hardly_a_word(korean: Whisper, name: str) -> None:
    recordings = sorted(path for path in real.shared(name).iterdir() if path.suffix in (".wav", ".ogg", ".flac"))[::4]
    heard = [text for path in recordings if (text := korean.transcribe(real.clip(path)).text)]
    assert len(heard) <= len(recordings) // 5


def test_a_reading_that_begins_anew_is_done_again_with_the_whole_window(
    english: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows: list[float] = []

    def read(sound: Samples, window: float) -> _Reading:
        windows.append(window)
        text = "Good morning to you." if window == 30 else "Good morning to you. Good morning to you."
        return _Reading(text, -0.1, 0.0, cut=False)

    monkeypatch.setattr(english, "_read", read)
    loud = np.full(2 * SAMPLE_RATE, 0.1, np.float32)
    assert english.transcribe(loud).text == "Good morning to you."
    assert windows == [7, 30]


def test_long_speech_is_read_in_pieces_and_loses_no_word(english: Whisper) -> None:
    clips = sentences(real.CLIPS, 4) * 2
    sound = np.concatenate([clip for _, clip in clips])
    recognizer = TurnRecognizer(english, None, longest=samples(8))
    for at in range(0, len(sound), 320):
        recognizer.accept(sound[at : at + 320])
    heard = recognizer.read(len(sound)).text
    assert word_errors(" ".join(words for words, _ in clips), heard, "en").rate <= 0.15


def copy_without(source: Path, target: Path, name: str) -> Path:
    for file in source.iterdir():
        if file.name != name:
            (target / file.name).symlink_to(file)
    return target


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"])
def test_a_missing_file_is_one_clear_line_and_never_a_download(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*args: object) -> None:
        raise AssertionError("reached out")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    incomplete = copy_without(folder("whisper-base"), tmp_path, name)
    with pytest.raises(SpeechModelError, match=name) as caught:
        Whisper("whisper-base", incomplete, "en")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json"])
def test_a_damaged_file_is_one_clear_line(name: str, tmp_path: Path) -> None:
    damaged = copy_without(folder("whisper-base"), tmp_path, name)
    (damaged / name).write_bytes(b"half a file")
    with pytest.raises(SpeechModelError, match="companion models verify") as caught:
        Whisper("whisper-base", damaged, "en")
    assert "\n" not in str(caught.value)
