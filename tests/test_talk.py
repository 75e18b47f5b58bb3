"""The whole of it: a real recording in, a spoken reply out, through real models in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import soxr

from companion.apps.scoring import word_errors
from companion.events import SAMPLE_RATE
from tests.real import clip, clips, engine, model_file, shared

pytestmark = [pytest.mark.models, pytest.mark.slow]

Record = dict[str, Any]


@pytest.fixture(autouse=True)
def models() -> None:
    for role in ("vad", "turn", "stt", "tts", "llm"):
        model_file(role)


def talk(folder: Path, *inputs: Path, language: str = "en", pace: str = "fast") -> tuple[list[Record], Path]:
    """Run `companion talk` on recordings; the events and the reply file."""
    output, events = folder / "reply.wav", folder / "events.jsonl"
    arguments = [word for path in inputs for word in ("--input", str(path))]
    options = [
        "--output",
        str(output),
        "--events",
        str(events),
        "--pace",
        pace,
        "--profile",
        "tiny",
        "--language",
        language,
    ]
    command = [sys.executable, "-m", "companion", "--home", str(folder / "home"), "talk", *arguments, *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    return [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()], output


def named(events: list[Record], name: str) -> list[Record]:
    return [event for event in events if event["event"] == name]


def write(path: Path, sound: np.ndarray, rate: int, subtype: str = "PCM_16") -> Path:
    sf.write(path, sound, rate, subtype=subtype)
    return path


def test_two_sentences_are_understood_answered_and_spoken(tmp_path: Path) -> None:
    glad, argue = (next(path for path in clips() if path.stem == stem) for stem in ("glad", "argue"))
    events, _ = talk(tmp_path, glad, argue)
    started = named(events, "session.started")[0]
    assert {"llm", "stt", "tts", "vad", "turn"} <= started["models"].keys()
    assert started["network"] in ("network namespace", "seccomp filter", "audit hook")
    heard = [event["text"] for event in named(events, "transcript.final")]
    assert len(heard) == 2
    assert word_errors("Lord, but I'm glad to see you again, Phil.", heard[0], "en").rate <= 0.34
    assert word_errors("I can't argue with you, and you know that.", heard[1], "en").rate <= 0.34
    replies = named(events, "reply.ended")
    assert all(event["text"] and not event["interrupted"] for event in replies)
    assert [event["turn"] for event in replies] == [1, 2]
    assert len(named(events, "turn.latency")) == 2


def test_what_the_speaker_plays_is_the_reply_and_begins_when_it_says(tmp_path: Path) -> None:
    events, reply = talk(tmp_path, clips()[0])
    sound, rate = sf.read(reply, dtype="float32")
    started = named(events, "reply.started")[0]["at"]
    first = int(np.argmax(np.abs(sound) > 1e-3)) / rate
    assert started - 0.02 <= first <= started + 0.1
    assert not np.any(np.abs(sound[: int((started - 0.02) * rate)]) > 1e-3)
    text = named(events, "reply.ended")[0]["text"]
    listener = engine("whisper-base")
    again = listener.transcribe(soxr.resample(sound[int(started * rate) :], rate, SAMPLE_RATE))
    assert word_errors(text, again.text, "en").rate <= 0.34, "a stranger's recogniser must understand what was played"


def test_korean_is_heard_and_answered_in_korean(tmp_path: Path) -> None:
    model_file("llm", language="ko")
    sentence = shared("speech-ko-studio") / "Main_main_lmy_wav_lmy02061.flac"
    events, _ = talk(tmp_path, sentence, language="ko")
    (final,) = named(events, "transcript.final")
    assert final["language"] == "ko"
    (reply,) = named(events, "reply.ended")
    assert any("가" <= letter <= "힣" for letter in reply["text"])


@pytest.mark.parametrize("kind", ["silence", "noise", "cough"])
def test_what_is_no_speech_is_not_answered(tmp_path: Path, kind: str) -> None:
    if kind == "silence":
        path = write(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE * 5, np.float32), SAMPLE_RATE)
    elif kind == "noise":
        path = shared("noise") / "002_Rain_1-17367-A.ogg"
    else:
        path = sorted(shared("nonverbal").glob("coughing*"))[0]
    events, _ = talk(tmp_path, path)
    assert named(events, "transcript.final") == []
    assert named(events, "reply.started") == []
    assert events[-1]["event"] == "session.ended"


@pytest.mark.parametrize("form", ["telephone", "studio"])
def test_any_form_of_recording_is_understood(tmp_path: Path, form: str) -> None:
    sound = clip(clips()[0])
    if form == "telephone":
        path = write(tmp_path / "phone.wav", soxr.resample(sound, SAMPLE_RATE, 8_000), 8_000)
    else:
        high = soxr.resample(sound, SAMPLE_RATE, 48_000)
        path = write(tmp_path / "studio.wav", np.stack((high, high), axis=1), 48_000, "PCM_24")
    events, _ = talk(tmp_path, path)
    (final,) = named(events, "transcript.final")
    assert word_errors("I can't argue with you, and you know that.", final["text"], "en").rate <= 0.34


def test_ctrl_c_ends_a_session_in_order(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    command = [sys.executable, "-m", "companion", "--home", str(tmp_path), "talk", "--input", str(clips()[0])]
    command += ["--output", str(tmp_path / "reply.wav"), "--events", str(events), "--profile", "tiny"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "Listening" in line:
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors
    assert json.loads(events.read_text(encoding="utf-8").splitlines()[-1])["event"] == "session.ended"
    assert sf.info(tmp_path / "reply.wav").samplerate > 0  # whole, though nothing may have been said
    assert not list(tmp_path.glob("*.part"))
