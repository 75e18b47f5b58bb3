"""`companion bench stt`: what is measured, by which name, and what the JSON holds."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from typer.testing import CliRunner

from companion.apps.bench_stt import SpeechSet, measure, speech_sets
from companion.apps.cli import app
from companion.apps.recordings import Recording
from companion.errors import CompanionError
from companion.events import Samples, Transcript
from companion.stt.turn import TurnRecognizer
from tests import real

runner = CliRunner()


class Parrot:
    """An engine that hears the same in everything."""

    id, language = "parrot", "en"

    def transcribe(self, samples: Samples, draft: str | None = None, stop: Any = None) -> Transcript:
        return Transcript("one two three", self.id, self.language)


def recordings(folder: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    """A set of one-second clips; rows of file, language, transcript, source."""
    folder.mkdir(parents=True)
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "language", "speaker", "emotion", "transcript", "source"])
        for name, language, transcript, source in rows:
            table.writerow([name, language, "s", "", transcript, source])
            sf.write(folder / name, np.full(44_100, 0.1), 44_100)
    return folder


def test_a_folder_with_several_sources_is_several_sets(tmp_path: Path) -> None:
    recordings(tmp_path / "a", [("1.wav", "en", "one", "x"), ("2.wav", "en", "two", "y"), ("3.wav", "en", "", "x")])
    recordings(tmp_path / "b", [("1.wav", "ko", "하나", "z"), ("2.wav", "de", "eins", "z"), ("3.wav", "ko", "둘", "z")])
    named = {one.name: (one.language, len(one.recordings)) for one in speech_sets(tmp_path, None, 0)}
    assert named == {"a (x)": ("en", 1), "a (y)": ("en", 1), "b": ("ko", 2)}
    assert [one.name for one in speech_sets(tmp_path, "ko", 0)] == ["b"]
    assert [len(one.recordings) for one in speech_sets(tmp_path, "ko", 1)] == [1]


def test_recordings_without_words_are_nothing_to_measure(tmp_path: Path) -> None:
    recordings(tmp_path / "noise", [("1.wav", "none", "", "")])
    with pytest.raises(CompanionError, match="--data"):
        speech_sets(tmp_path, None, 0)


def test_errors_are_pooled_over_the_set(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "a", [("1.wav", "en", "One, two, 3!", ""), ("2.wav", "en", "four", "")])
    heard = []
    (speech,) = speech_sets(folder, None, 0)
    result = measure(TurnRecognizer(Parrot(), None), "parrot", speech, lambda: heard.append(1))
    assert (result.name, result.language, result.engine, result.n) == ("a", "en", "parrot", 2)
    assert result.wer == pytest.approx(3 / 4)
    assert len(heard) == 2


def test_a_file_that_is_no_sound_is_one_clear_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound")
    speech = SpeechSet("a", "en", (Recording(broken, "a", "en", "", "words", "", ""),))
    with pytest.raises(CompanionError, match=r"broken\.wav"):
        measure(TurnRecognizer(Parrot(), None), "parrot", speech)


def test_an_engine_that_is_not_installed_is_one_clear_line(tmp_path: Path) -> None:
    result = runner.invoke(
        app, ["--models", str(tmp_path), "bench", "stt", "--data", str(real.CLIPS), "--engine", "whisper-base"]
    )
    assert isinstance(result.exception, CompanionError)
    assert "whisper-base" in str(result.exception)


@pytest.mark.models
def test_the_shipped_clips_are_read_by_a_real_engine_and_printed_as_json() -> None:
    real.engine("whisper-base")
    result = runner.invoke(app, ["bench", "stt", "--data", str(real.CLIPS), "--engine", "whisper-base", "--json"])
    assert result.exit_code == 0, result.output
    (one,) = json.loads(result.stdout)["sets"]
    assert list(one) == ["name", "language", "engine", "n", "wer", "cer", "rtf"]
    assert (one["name"], one["language"], one["engine"], one["n"]) == ("speech-en", "en", "whisper-base", 4)
    assert one["wer"] <= 0.15
    assert one["cer"] <= one["wer"]
