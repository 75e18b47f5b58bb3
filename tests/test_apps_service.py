"""Headless: the unit that systemd gets, what it is told, and what is said where nobody can read."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import soundfile as sf

from companion.apps import notices
from companion.apps.headless import Status, way_in
from companion.apps.notices import Need, Notices
from companion.apps.notify import notify, watchdog_s
from companion.apps.service import CREDENTIAL, Kind, Service
from companion.apps.unlock import Unlock, create_memory
from companion.errors import CompanionError
from companion.events import SessionStarted, Trouble
from companion.settings import Settings
from companion.turns.taking import Phase
from tests.real import clips, model_file

KINDS: tuple[Kind, ...] = get_args(Kind)


def service(kind: Kind, folder: Path) -> Service:
    return Service(kind, folder / "a home", folder / "models", "tiny", folder / "companion.key")


def analyze(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here: sudo apt-get install systemd")
    command = ["systemd-analyze", *arguments]
    environment = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)


@pytest.mark.parametrize("kind", KINDS)
def test_systemd_takes_the_unit_as_it_is(kind: Kind, tmp_path: Path) -> None:
    unit = tmp_path / "companion.service"
    unit.write_text(service(kind, tmp_path).text(), encoding="utf-8")
    result = analyze("verify", *(["--user"] if kind == "user" else []), str(unit), folder=tmp_path)
    about_it = [line for line in result.stderr.splitlines() if "companion" in line]
    assert about_it == []
    assert result.returncode == 0, result.stderr


def test_the_system_service_is_well_confined(tmp_path: Path) -> None:
    unit = tmp_path / "companion.service"
    unit.write_text(service("system", tmp_path).text(), encoding="utf-8")
    result = analyze("security", "--offline=true", "--threshold=25", str(unit), folder=tmp_path)
    assert result.returncode == 0, result.stdout[-300:]


@pytest.mark.parametrize("kind", KINDS)
def test_it_reaches_no_network_and_writes_only_its_own_folders(kind: Kind, tmp_path: Path) -> None:
    lines = service(kind, tmp_path).text().splitlines()
    assert {"PrivateNetwork=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "Type=notify"} <= set(lines)
    assert f'ReadWritePaths="{tmp_path}/a home" {tmp_path}/models' in lines


def test_a_system_service_is_handed_the_key_and_does_not_name_it_to_the_program(tmp_path: Path) -> None:
    text = service("system", tmp_path).text()
    assert f"LoadCredential={CREDENTIAL}:{tmp_path}/companion.key" in text
    assert "--key-file" not in text
    assert "--key-file" in service("user", tmp_path).text()


def test_a_dry_run_prints_the_unit_and_writes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "companion", "--home", str(tmp_path / "home"), "headless"]
    result = subprocess.run(
        [*command, "--install-service", "--dry-run"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "WatchdogSec=" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_systemd_hears_ready_and_then_a_sign_of_life_as_often_as_it_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "4000000")
        status = Status()
        status.event(SessionStarted("tiny", {}, "en", "seccomp filter"), 0.0, 0)
        assert manager.recv(1000).startswith(b"READY=1\n")
        for _ in range(20):  # two seconds of levels
            status.level(0.0, Phase.LISTENING)
        assert manager.recv(1000) == b"WATCHDOG=1"


def test_without_systemd_nothing_is_sent_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    notify("READY=1")
    assert watchdog_s() is None


def test_the_memory_opens_by_a_credential_and_is_never_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file = tmp_path / "keys" / CREDENTIAL
    key_file.parent.mkdir()
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert way_in(tmp_path, Settings(), Unlock()) == Unlock()  # no memory: nothing to open
    create_memory(tmp_path, Unlock(key_file=key_file)).close()
    with pytest.raises(CompanionError, match="nobody can be asked"):
        way_in(tmp_path, Settings(), Unlock())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(key_file.parent))
    assert way_in(tmp_path, Settings(), Unlock()).key_file == key_file


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_need_has_its_words(language: str) -> None:
    assert all(notices.text(need, language) for need in get_args(Need))


def test_what_needs_its_owner_is_said_once_in_a_while_and_what_mends_itself_never() -> None:
    said = Notices()
    deaf = Trouble("sound", "USB gives nothing but digital silence; is the microphone muted?")
    assert said.due(deaf, 5.0) == "microphone"
    assert said.due(deaf, 300.0) is None
    assert said.due(deaf, 605.0) == "microphone"
    assert said.due(Trouble("sound", "USB works again"), 606.0) is None


@pytest.mark.models
@pytest.mark.slow
def test_headless_answers_a_recording_aloud_and_keeps_it_without_a_question(tmp_path: Path) -> None:
    for role in ("vad", "turn", "stt", "tts", "llm"):
        model_file(role)
    home, reply, events = tmp_path / "home", tmp_path / "reply.wav", tmp_path / "events.jsonl"
    create_memory(home, Unlock(key_file=tmp_path / "key")).close()
    command = [sys.executable, "-m", "companion", "--home", str(home), "--key-file", str(tmp_path / "key"), "headless"]
    files = ["--input", str(clips()[0]), "--output", str(reply), "--events", str(events)]
    options = ["--profile", "tiny", "--pace", "fast"]
    result = subprocess.run([*command, *files, *options], capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout == result.stderr == ""
    assert {"reply.ended", "memory.saved"} <= {json.loads(line)["event"] for line in events.read_text().splitlines()}
    assert np.abs(sf.read(reply)[0]).max() > 0.05
