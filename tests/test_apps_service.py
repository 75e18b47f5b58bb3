"""Headless: the unit that systemd gets, what it is told, and what is said where nobody can read."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import soundfile as sf
import soxr

from companion import settings
from companion.apps import notices
from companion.apps.events_file import EventsFile
from companion.apps.headless import Status, captions_wanted, way_in, when_there
from companion.apps.notices import Announcer, Need, Notices
from companion.apps.notify import notify, watchdog_s
from companion.apps.service import CREDENTIAL, Kind, Service
from companion.apps.unlock import Unlock, create_memory
from companion.audio.device import AudioDevice, AudioError
from companion.errors import CompanionError
from companion.events import SAMPLE_RATE, Announcement, Samples, SessionStarted, SoundTrouble, Trouble
from companion.settings import HandsFreeSettings, Profile, Settings
from companion.tts.earcons import earcon
from companion.tts.espeak import RATE, EspeakVoice
from companion.turns.taking import Phase
from tests.real import clip, clips, model_file, shared

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


@pytest.mark.parametrize(
    "given", [[], ["--profile", "tiny"], ["--profile", "starter", "--language", "ko", "--incognito"]]
)
def test_the_service_talks_as_it_was_told_when_it_was_installed(given: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "companion", "--home", str(tmp_path / "home"), "headless", "--install-service"]
    text = subprocess.run(
        [*command, "--dry-run", *given], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    (start,) = (line for line in text.splitlines() if line.startswith("ExecStart="))
    assert start.endswith(" ".join(["headless", *given]))
    if "tiny" in given:
        assert "MemoryMax=1600M" in text.splitlines()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_started_again_when_it_falls_or_hangs_and_cannot_take_all_memory(kind: Kind, tmp_path: Path) -> None:
    lines = set(service(kind, tmp_path).text().splitlines())
    assert {"Restart=on-failure", "WatchdogSec=60", "MemoryMax=1600M", "MemorySwapMax=0"} <= lines
    assert "SuccessExitStatus=130" in lines, "stopped before it was ready, as by a SIGTERM"


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


def test_a_service_waits_for_a_sound_device_and_a_person_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    plugged_in: Any = object()
    rests: list[float] = []

    def opened() -> AudioDevice:
        if len(rests) < 3:
            raise AudioError("no microphone found; plug one in")
        return plugged_in  # type: ignore[no-any-return]

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        assert when_there(opened, waits=True, rest=rests.append) is plugged_in
        assert manager.recv(1000).startswith(b"STATUS=waiting for a sound device\nEXTEND_TIMEOUT_USEC=")
    assert capsys.readouterr().err.count("no microphone found") == 1
    rests.clear()
    with pytest.raises(AudioError, match="no microphone"):
        when_there(opened, waits=False, rest=rests.append)
    assert rests == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_an_events_file_on_a_full_disk_is_told_once_and_closes() -> None:
    writer = EventsFile(Path("/dev/full"))
    with pytest.raises(CompanionError, match="No space left"):
        writer.event(SessionStarted("tiny", {}, "en", "test"), 0.0, 0)
    writer.close()


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


def test_a_screen_shows_every_trouble_in_the_language_of_the_talk() -> None:
    kinds = [*get_args(SoundTrouble), "echo", "echo over", "echo stays", "others", "clipped", "faint"]
    troubles = [Trouble("sound", "USB says something", kind) for kind in kinds]
    troubles += [Trouble("memory", "a turn was not kept (DiskFull)", "DiskFull"), Trouble("voice", "voice failed")]
    for trouble in troubles:
        assert notices.line(trouble, "en") == trouble.detail
        assert any("가" <= letter <= "힣" for letter in notices.line(trouble, "ko"))


def test_what_needs_its_owner_is_said_once_in_a_while_and_what_mends_itself_never() -> None:
    said = Notices()
    deaf = Trouble("sound", "USB gives nothing but digital silence; is the microphone muted?", "silent")
    assert said.due(deaf, 5.0) == "microphone"
    assert said.due(deaf, 300.0) is None
    assert said.due(deaf, 605.0) == "microphone"
    assert said.due(Trouble("sound", "USB works again", "reopened"), 606.0) is None


@pytest.mark.parametrize("language", ["en", "ko"])
def test_trouble_is_said_aloud_in_the_owners_language(language: str) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not here: sudo apt-get install espeak-ng")
    said: list[Announcement] = []
    announcer = Announcer(language, said.append)
    full = Trouble("memory", "a turn was not kept (DiskFull)", "DiskFull")
    announcer.event(full, 5.0, 1)
    announcer.event(full, 6.0, 2)
    announcer.close()
    (notice,) = said
    words = len(notices.text("disk", language).split())
    assert len(notice.samples) / notice.rate > 0.15 * words
    trouble = earcon("trouble")
    np.testing.assert_array_equal(notice.samples[: len(trouble)], trouble)  # heard by who does not know the voice


def test_where_no_words_are_due_a_turn_without_an_answer_is_still_heard_of() -> None:
    said: list[Announcement] = []
    announcer = Announcer("en", said.append)
    for at in (5.0, 20.0):
        announcer.event(Trouble("voice", "voice failed (OSError); this turn is not answered"), at, 1)
    announcer.close()
    assert [len(each.samples) == len(earcon("trouble")) for each in said].count(True) == 1


WAKE_WORD = HandsFreeSettings(wake_word="alexa", follow_up_s=6)


def prepare(folder: Path, hands_free: HandsFreeSettings = WAKE_WORD) -> None:
    """A home with a memory that a key file opens."""
    for role in ("vad", "turn", "stt", "tts", "llm"):
        model_file(role)
    create_memory(folder / "home", Unlock(key_file=folder / "key")).close()
    settings.save(folder / "home", Settings(profile="tiny", hands_free=hands_free))


def headless(folder: Path, *options: str) -> subprocess.Popen[str]:
    """`companion headless` of that home; it writes reply.wav and events.jsonl."""
    home = folder / "home"
    command = [sys.executable, "-m", "companion", "--home", str(home), "--key-file", str(folder / "key"), "headless"]
    files = ["--output", str(folder / "reply.wav"), "--events", str(folder / "events.jsonl")]
    return subprocess.Popen([*command, *files, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def told(folder: Path) -> list[dict[str, Any]]:
    """The events so far."""
    path = folder / "events.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def states(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["state"], event["why"]) for event in events if event["event"] == "attention"]


def inputs(folder: Path, *sounds: Samples) -> list[str]:
    """Options that play `sounds`, each after a second of silence."""
    options = []
    for number, sound in enumerate(sounds):
        path = folder / f"{number}.wav"
        sf.write(path, np.concatenate((np.zeros(SAMPLE_RATE, np.float32), sound)), SAMPLE_RATE)
        options += ["--input", str(path)]
    return options


@pytest.mark.models
@pytest.mark.slow
def test_headless_answers_a_recording_aloud_and_keeps_it_without_a_question(tmp_path: Path) -> None:
    files = ["--input", str(clips()[0]), "--pace", "fast"]
    prepare(tmp_path, HandsFreeSettings(wake_word=""))
    process = headless(tmp_path, *files)
    output, _ = process.communicate(timeout=300)
    assert (process.returncode, output) == (0, "")
    assert {"reply.ended", "memory.saved"} <= {event["event"] for event in told(tmp_path)}
    assert np.abs(sf.read(tmp_path / "reply.wav")[0]).max() > 0.05


@pytest.mark.models
@pytest.mark.slow
def test_it_sleeps_until_it_is_called_talks_and_sleeps_again_when_asked(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not here: sudo apt-get install espeak-ng")
    wake = clip(shared("wake") / "alexa_102.flac")
    spoken = np.concatenate(list(EspeakVoice("en").synthesize("Please go to sleep now.")))
    rest = soxr.resample(spoken, RATE, SAMPLE_RATE)
    one, two = (clip(path) for path in clips()[:2])
    called = np.concatenate((wake, np.zeros(SAMPLE_RATE // 10, np.float32), two))
    prepare(tmp_path)
    process = headless(tmp_path, *inputs(tmp_path, one, called, one, rest, two), "--pace", "fast")
    assert process.communicate(timeout=300)[0] == ""
    events = told(tmp_path)
    assert states(events) == [("asleep", "start"), ("awake", "wake word"), ("asleep", "asked")]
    heard = [event["text"] for event in events if event["event"] == "transcript.final"]
    assert len(heard) == 3  # the first, before the wake word, and the last, after the goodbye, are nobody's business
    assert "alexa" not in heard[0].lower()
    assert "sleep" in heard[2].lower()
    assert len([event for event in events if event["event"] == "memory.saved"]) == 2  # the request is no talk
    silent = [event for event in events if event["event"] == "attention"][-1]["t"]
    assert all(event["t"] <= silent for event in events if event["event"] == "speech.started")


@pytest.mark.models
@pytest.mark.slow
def test_a_signal_wakes_it_like_a_key_and_another_mutes_it(tmp_path: Path) -> None:
    prepare(tmp_path)
    process = headless(tmp_path, *inputs(tmp_path, *[clip(clips()[0])] * 3))
    for number, state in (
        (signal.SIGUSR1, ("awake", "key")),
        (signal.SIGUSR2, ("muted", "key")),
        (signal.SIGUSR1, ("awake", "key")),
    ):
        until(process, lambda: states(told(tmp_path)) != [])
        before = len(states(told(tmp_path)))
        process.send_signal(number)
        until(process, lambda before=before: len(states(told(tmp_path))) > before)
        assert states(told(tmp_path))[-1] == state
    until(process, lambda: any(event["event"] == "reply.ended" for event in told(tmp_path)))
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[0] == ""
    assert process.returncode == 0


def until(process: subprocess.Popen[str], holds: Callable[[], bool]) -> None:
    """Wait until it `holds`, while the process lives."""
    for _ in range(1500):
        if holds():
            return
        assert process.poll() is None, process.communicate()[0]
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.04)
    raise AssertionError("it did not come to that")


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize("need", ["locked", "start"])
def test_what_keeps_it_from_starting_is_said_aloud_and_in_one_line(tmp_path: Path, need: Need) -> None:
    voice = EspeakVoice("en") if shutil.which("espeak-ng") else pytest.skip("no espeak-ng: sudo apt-get install it")
    prepare(tmp_path, WAKE_WORD if need == "locked" else HandsFreeSettings(wake_word="zxqv"))
    if need == "locked":
        (tmp_path / "key").unlink()
        create_memory(tmp_path / "another", Unlock(key_file=tmp_path / "key")).close()
    process = headless(tmp_path, "--input", str(clips()[0]), "--pace", "fast")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert output.startswith("companion: ")
    assert output.count("\n") == 1
    words = np.concatenate(list(voice.synthesize(notices.text(need, "en"))))
    sound, rate = sf.read(tmp_path / "reply.wav")
    ends = [float(np.flatnonzero(np.abs(said) > 0.01)[-1]) for said in (words, sound)]
    assert ends[0] / voice.rate == pytest.approx(ends[1] / rate, abs=0.1)


@pytest.mark.parametrize(
    ("profile", "wake_word", "wanted"),
    [("tiny", "Hey  Jarvis", False), ("tiny", "", False), ("tiny", "친구야", True), ("starter", "hey jarvis", True)],
)
def test_a_small_machine_keeps_no_model_for_captions_that_nobody_sees(
    profile: Profile, wake_word: str, wanted: bool
) -> None:
    settings = Settings(language="ko", profile=profile, hands_free=HandsFreeSettings(wake_word=wake_word))
    assert captions_wanted(settings) is wanted
