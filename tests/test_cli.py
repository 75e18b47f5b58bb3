"""The command line as a person or a script meets it: real processes, exit codes, one line for an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from companion.apps.cli import hoist

HEAVY = ("numpy", "onnxruntime", "llama_cpp", "vosk", "faster_whisper", "piper", "sounddevice", "psutil", "requests")


def companion(*arguments: str, home: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COMPANION_HOME": str(home), "COMPANION_MODELS": str(home / "no-models")}
    return subprocess.run(
        [sys.executable, "-m", "companion", *arguments],
        input=stdin,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_one_clear_line(result: subprocess.CompletedProcess[str], code: int) -> None:
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    assert len([line for line in result.stderr.splitlines() if line.startswith("companion:")]) == 1


def test_help_names_every_command(tmp_path: Path) -> None:
    result = companion("--help", home=tmp_path)
    assert result.returncode == 0
    for command in ("setup", "talk", "text", "models", "doctor", "bench"):
        assert command in result.stdout


def test_help_loads_nothing_heavy() -> None:
    """`companion --help` must not wait for models."""
    code = f"import sys, companion.apps.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_without_models_talk_says_what_to_do(tmp_path: Path) -> None:
    clip = Path(__file__).parent / "data" / "speech-en" / "glad.flac"
    result = companion("talk", "--input", str(clip), home=tmp_path)
    assert_one_clear_line(result, 1)
    assert "companion models pull" in result.stderr


@pytest.mark.parametrize("content", [b"", b"this is not sound at all"])
def test_a_file_that_is_no_recording_is_named(tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(content)
    result = companion("talk", "--input", str(bad), home=tmp_path)
    assert_one_clear_line(result, 1)
    assert "bad.wav" in result.stderr


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    result = companion("talk", "--input", str(tmp_path / "nowhere.wav"), home=tmp_path)
    assert_one_clear_line(result, 1)
    assert "nowhere.wav" in result.stderr


@pytest.mark.parametrize(
    "arguments", [("talk", "--pace", "slow"), ("nonsense",), ("talk", "--output", "x.wav"), ("bench", "speed")]
)
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert companion(*arguments, home=tmp_path).returncode == 2


def test_a_mistake_in_the_settings_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("langage = 'en'\n")
    result = companion("text", home=tmp_path)
    assert_one_clear_line(result, 1)
    assert "langage" in result.stderr


def test_setup_without_a_terminal_asks_for_yes(tmp_path: Path) -> None:
    result = companion("setup", home=tmp_path)
    assert_one_clear_line(result, 1)
    assert "--yes" in result.stderr
    assert not (tmp_path / "settings.toml").exists()


def test_home_and_models_may_stand_anywhere_on_the_line() -> None:
    assert hoist(["talk", "--home", "a", "--input", "x.wav", "--models=b"]) == [
        "--home", "a", "--models=b", "talk", "--input", "x.wav",
    ]  # fmt: skip
    assert hoist(["talk", "--", "--home"]) == ["talk", "--", "--home"]
