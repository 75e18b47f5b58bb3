"""Vosk on real Korean: captions while someone speaks."""

from __future__ import annotations

import csv
import weakref
from pathlib import Path

import numpy as np
import pytest

from companion import catalog, settings
from companion.apps.scoring import character_errors
from companion.events import FRAME, SAMPLE_RATE, Samples
from companion.stt.engine import SpeechModelError
from companion.stt.turn import TurnRecognizer
from companion.stt.vosk import RENEWED_AFTER, Vosk
from tests import real

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def vosk() -> Vosk:
    store, model = catalog.ModelStore(settings.default_models()), catalog.load().get("vosk-small-ko-0.22")
    if model is None or not store.installed(model):
        pytest.skip("vosk-small-ko-0.22 is not installed: run `make models`")
    return Vosk(model.id, store.path(model), "ko")


@pytest.fixture(scope="module")
def sentence() -> tuple[str, Samples]:
    """A clear sentence of the studio set, and its sound."""
    data = real.shared("speech-ko-studio")
    with (data / "metadata.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if "미세 먼지" in row["transcript"])
    return row["transcript"], real.clip(data / row["file"])


def hear(vosk: Vosk, sound: Samples) -> list[str]:
    """The captions, frame by frame."""
    captions = []
    for at in range(0, len(sound), FRAME):
        vosk.accept(sound[at : at + FRAME])
        captions.append(vosk.partial())
    return captions


def test_words_appear_while_they_are_spoken(vosk: Vosk, sentence: tuple[str, Samples]) -> None:
    words, sound = sentence
    vosk.start()
    captions = hear(vosk, sound)
    assert captions[0] == ""
    middle = captions[len(captions) * 3 // 4]
    assert 0 < len(middle) < len(captions[-1])
    reading = vosk.finish()
    assert character_errors(words, reading.text, "ko").rate < 0.5
    assert reading.confidence is not None and 0 < reading.confidence <= 1


def test_what_it_unfolds_of_its_graph_is_given_back_and_its_words_stay(
    vosk: Vosk, sentence: tuple[str, Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an hour's talk that would be hundreds of megabytes, all in the recogniser."""
    monkeypatch.setattr(vosk, "_started", 0)
    used, heard = weakref.ref(vosk._recognizer), []
    for turn in range(RENEWED_AFTER + 1):
        vosk.start()
        assert (used() is vosk._recognizer) == (turn < RENEWED_AFTER)
        if turn in (0, RENEWED_AFTER):
            hear(vosk, sentence[1])
            heard.append(vosk.finish().text)
    assert used() is None
    assert heard[0] == heard[1]


def test_one_that_cannot_be_renewed_goes_on(
    vosk: Vosk, sentence: tuple[str, Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise RuntimeError

    monkeypatch.setattr(vosk, "_made", fails)
    monkeypatch.setattr(vosk, "_started", RENEWED_AFTER)
    vosk.start()
    hear(vosk, sentence[1])
    assert vosk.finish().text


def test_who_goes_on_after_a_finish_adds_to_it(vosk: Vosk, sentence: tuple[str, Samples]) -> None:
    _, sound = sentence
    vosk.start()
    hear(vosk, sound)
    first = vosk.finish().text
    hear(vosk, sound)
    both = vosk.finish().text
    assert both.startswith(first) and len(both) > 1.5 * len(first)


def test_a_new_turn_forgets_the_last_one(vosk: Vosk, sentence: tuple[str, Samples]) -> None:
    vosk.start()
    hear(vosk, sentence[1])
    vosk.start()
    assert vosk.partial() == ""
    assert vosk.finish() == vosk.finish()
    assert (vosk.finish().text, vosk.finish().confidence) == ("", None)


def test_nobody_sees_a_number_token(vosk: Vosk) -> None:
    data = real.shared("speech-ko-studio")
    with (data / "metadata.csv").open(encoding="utf-8") as file:
        percent = next(row for row in csv.DictReader(file) if "퍼센트" in row["transcript"])
    vosk.start()
    captions = [*hear(vosk, real.clip(data / percent["file"])), vosk.finish().text]
    assert not set("[]()") & set("".join(captions))
    assert "퍼센트" in captions[-1]


def test_silence_holds_no_word(vosk: Vosk) -> None:
    vosk.start()
    assert set(hear(vosk, np.zeros(SAMPLE_RATE, np.float32))) == {""}
    assert vosk.finish().text == ""


def test_it_can_be_the_only_recogniser(vosk: Vosk, sentence: tuple[str, Samples]) -> None:
    words, sound = sentence
    recognizer = TurnRecognizer(None, vosk)
    for at in range(0, len(sound), FRAME):
        recognizer.accept(sound[at : at + FRAME])
    assert recognizer.partial()
    reading = recognizer.read(len(sound))
    assert character_errors(words, reading.text, "ko").rate < 0.5
    assert recognizer.read(len(sound)) == reading


def test_a_damaged_model_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "am").mkdir()
    (tmp_path / "am" / "final.mdl").write_bytes(b"half a file")
    with pytest.raises(SpeechModelError, match="companion models verify") as caught:
        Vosk("vosk-small-ko-0.22", tmp_path, "ko")
    assert "\n" not in str(caught.value)
