"""Real voices keep their promises: Piper in English, espeak-ng in Korean."""

from __future__ import annotations

import logging
import os
import shutil
import stat
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from companion.events import Samples, Style
from companion.settings import default_models
from companion.tts.espeak import EspeakVoice
from companion.tts.piper import PiperEngine, length_scale
from companion.tts.voice import Voice, VoiceError, open_voice

PIPER = "en_US-joe-medium"
CLAUSES = {
    "en": ["Oh, that sounds hard.", "I'm glad you told me.", "What happened next?", "Let's keep it simple."],
    "ko": ["오늘 많이 힘들었겠어요.", "이야기해 줘서 고마워요.", "그래서 어떻게 됐어요?", "천천히 해도 괜찮아요."],
}


def piper_folder() -> Path | None:
    return next((path.parent for path in default_models().rglob(f"{PIPER}.onnx")), None)


@cache
def opened(language: str) -> Voice:
    folder = piper_folder() if language == "en" else None
    return open_voice(language, folder, PIPER if folder else None)


@pytest.fixture(
    params=[
        pytest.param("en", marks=pytest.mark.models),
        "ko",
    ]
)
def voice(request: pytest.FixtureRequest) -> Voice:
    if request.param == "en" and piper_folder() is None:
        pytest.skip(f"no {PIPER} in {default_models()} (companion models pull)")
    if request.param == "ko" and shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    return opened(request.param)


def say(voice: Voice, text: str, style: Style | None = None) -> Samples:
    pieces = list(voice.synthesize(text, style or Style()))
    return np.concatenate([np.zeros(0, np.float32), *pieces])


def all_said(voice: Voice, style: Style | None = None) -> list[Samples]:
    return [say(voice, clause, style) for clause in CLAUSES[voice.language]]


def envelope(voice: Voice, sound: Samples) -> Samples:
    """Root mean square of every 5 ms."""
    window = voice.rate // 200
    return np.sqrt(np.mean(sound[: len(sound) // window * window].reshape(-1, window) ** 2, axis=1))


def level(voice: Voice, sounds: list[Samples]) -> float:
    """Of what is voice, in dB full scale."""
    loud = np.concatenate([envelope(voice, sound) for sound in sounds])
    loud = loud[loud > loud.max() / 30]
    return 10 * float(np.log10(np.mean(loud**2)))


def test_a_clause_is_speech_at_the_rate_of_the_voice(voice: Voice) -> None:
    for sound in all_said(voice):
        assert sound.dtype == np.float32
        assert 0.5 < len(sound) / voice.rate < 4.0
        assert np.abs(sound).max() > 0.1


def test_a_clause_begins_within_twenty_milliseconds(voice: Voice) -> None:
    for sound in all_said(voice):
        assert np.flatnonzero(envelope(voice, sound) > 0.0025)[0] * 0.005 <= 0.02


def test_neutral_speech_is_loud_enough_and_never_clips(voice: Voice) -> None:
    sounds = all_said(voice)
    assert -27 < level(voice, sounds) < -17
    assert max(np.abs(sound).max() for sound in sounds) < 0.97


@pytest.mark.parametrize("db", [-6.0, 4.0])
def test_a_style_with_more_energy_is_louder_by_so_many_decibels(voice: Voice, db: float) -> None:
    change = level(voice, all_said(voice, Style(energy=db))) - level(voice, all_said(voice))
    assert change == pytest.approx(db, abs=1.0)  # Piper never says a thing twice in the same way


def test_the_loudest_style_does_not_clip_either(voice: Voice) -> None:
    for sound in all_said(voice, Style(energy=6.0)):
        assert np.abs(sound).max() < 1.0


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_a_faster_style_takes_less_time_by_as_much(voice: Voice, rate: float) -> None:
    neutral = sum(map(len, all_said(voice)))
    styled = sum(map(len, all_said(voice, Style(rate=rate))))
    assert neutral / styled == pytest.approx(rate, rel=0.12)


def test_a_pause_follows_the_clause(voice: Voice) -> None:
    *_, pause = voice.synthesize(CLAUSES[voice.language][0], Style(pause=0.5))
    assert len(pause) == round(0.5 * voice.rate)
    assert not pause.any()


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "🙂🎉", "“”", "~", "[[]]", "\x00"])
def test_what_cannot_be_said_is_silence_and_no_error(voice: Voice, text: str) -> None:
    assert list(voice.synthesize(text)) == []


@pytest.mark.parametrize("text", ["3:30", "42", "Wi-Fi 6", "서울 Seoul 2시", "1,234.5 km/h", "a", "응", "-v en --help"])
def test_digits_and_foreign_letters_are_said(voice: Voice, text: str) -> None:
    assert len(say(voice, text)) > 0.1 * voice.rate


def test_emoji_are_not_spelled_out(voice: Voice) -> None:
    clause = CLAUSES[voice.language][0]
    with_emoji = np.mean([len(say(voice, f"{clause} 🎉🎉🎉🙂🙂🙂")) for _ in range(3)])
    without = np.mean([len(say(voice, clause)) for _ in range(3)])
    assert with_emoji == pytest.approx(without, rel=0.2)


@pytest.mark.models
def test_piper_gives_every_sentence_as_soon_as_it_is_made() -> None:
    if piper_folder() is None:
        pytest.skip(f"no {PIPER} in {default_models()} (companion models pull)")
    pieces = opened("en").synthesize("One is done. Two is done. Three is done.")
    assert len([len(piece) for piece in pieces]) == 3


@pytest.mark.models
def test_piper_logs_no_word_of_what_it_says(caplog: pytest.LogCaptureFixture) -> None:
    if piper_folder() is None:
        pytest.skip(f"no {PIPER} in {default_models()} (companion models pull)")
    with caplog.at_level(logging.DEBUG):
        opened("en")
        say(opened("en"), "Pomegranate, said in confidence.")
    assert "omegranate" not in caplog.text


def test_the_text_never_appears_in_the_process_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("espeak-ng")
    if real is None:
        pytest.skip("espeak-ng is not installed")
    log = tmp_path / "arguments"
    spy = tmp_path / "espeak-ng"
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" > "{log}"\nenv >> "{log}"\nexec "{real}" "$@"\n')
    spy.chmod(spy.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    voice = EspeakVoice("ko")
    assert len(say(voice, "아무에게도 말하지 마세요.")) > voice.rate
    assert "--stdin" in log.read_text()
    assert "말하지" not in log.read_text()


# --- what can go wrong ------------------------------------------------------------------------------------------------


def test_without_espeak_a_person_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VoiceError, match="apt-get install espeak-ng"):
        open_voice("ko", None, None)


def test_a_missing_or_damaged_model_is_said_in_one_line(tmp_path: Path) -> None:
    def refused() -> str:
        with pytest.raises(VoiceError) as error:
            PiperEngine(tmp_path, PIPER, "en")
        return str(error.value)

    lines = {refused()}
    (tmp_path / f"{PIPER}.onnx").write_bytes(b"not a model")
    lines.add(refused())
    (tmp_path / f"{PIPER}.onnx.json").write_text("{}")
    lines.add(refused())
    assert lines == {f"the voice {PIPER} is missing or damaged; get it again: companion models pull"}


def test_a_failure_does_not_repeat_what_was_to_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "espeak-ng"
    broken.write_text("#!/bin/sh\ncat >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(VoiceError) as error:
        list(EspeakVoice("ko").synthesize("비밀이에요"))
    assert "비밀" not in str(error.value)
    assert error.value.__cause__ is None


def test_the_scale_for_piper_undoes_its_own_curve() -> None:
    assert length_scale(1.0) == pytest.approx(1.0)
    rates = np.linspace(0.5, 2.0, 31)
    scales = [length_scale(rate) for rate in rates]
    assert scales == sorted(scales, reverse=True)
    assert min(scales) > 0.4
    assert max(scales) < 2.0
