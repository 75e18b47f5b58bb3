"""Recordings in, a recording out, on the clock of a sound card."""

from __future__ import annotations

import resource
import signal
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import soundfile

from companion.audio.device import AudioError
from companion.audio.files import OUTPUT_RATE, FileDevice
from companion.events import (
    FRAME,
    SAMPLE_RATE,
    AudioFrame,
    InputEnded,
    Message,
    PlaybackEnded,
    PlaybackHeld,
    PlaybackStarted,
    Samples,
)

VOICE_RATE = 22_050

M = TypeVar("M", bound=Message)


def tone(seconds: float, rate: int = SAMPLE_RATE, frequency: float = 440.0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def recording(folder: Path, samples: Samples, rate: int = SAMPLE_RATE, name: str = "a.wav", **form: str) -> Path:
    path = folder / name
    soundfile.write(path, samples, rate, **form)
    return path


class Loop:
    """Takes what a device posts."""

    def __init__(self, device: FileDevice) -> None:
        self.device = device
        self.messages: list[Message] = []
        device.start(self.messages.append)

    def tick(self, n: int = 1) -> Loop:
        for _ in range(n):
            self.device.tick()
        return self

    def all(self, kind: type[M]) -> list[M]:
        return [message for message in self.messages if isinstance(message, kind)]

    def heard(self) -> Samples:
        return np.concatenate([frame.samples for frame in self.all(AudioFrame)])


def test_a_recording_is_heard_as_it_is_and_then_silence(tmp_path: Path) -> None:
    sound = tone(0.5)
    loop = Loop(FileDevice([recording(tmp_path, sound, subtype="FLOAT")], pace="fast")).tick(40)
    np.testing.assert_array_equal(loop.heard()[: len(sound)], sound)
    assert not loop.heard()[len(sound) :].any()


def test_frames_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    loop = Loop(FileDevice([recording(tmp_path, tone(0.33))], pace="fast")).tick(50)
    assert [frame.position for frame in loop.all(AudioFrame)] == [n * FRAME for n in range(50)]
    assert {frame.samples.shape for frame in loop.all(AudioFrame)} == {(FRAME,)}
    assert {frame.samples.dtype for frame in loop.all(AudioFrame)} == {np.dtype(np.float32)}


def test_the_last_frame_is_filled_up_with_silence(tmp_path: Path) -> None:
    sound = np.full(FRAME + 10, 0.5, np.float32)
    loop = Loop(FileDevice([recording(tmp_path, sound, subtype="FLOAT")], pace="fast")).tick(3)
    np.testing.assert_array_equal(loop.heard(), np.pad(sound, (0, 3 * FRAME - len(sound))))


def test_the_end_of_an_input_is_told_once(tmp_path: Path) -> None:
    loop = Loop(FileDevice([recording(tmp_path, tone(0.1))], pace="fast")).tick(50)
    assert loop.all(InputEnded) == [InputEnded(5 * FRAME)]


def test_the_next_input_comes_when_it_is_asked_for_and_not_before(tmp_path: Path) -> None:
    first, second = recording(tmp_path, tone(0.1)), recording(tmp_path, tone(0.2), name="b.wav")
    loop = Loop(FileDevice([first, second], pace="fast")).tick(20)
    assert not loop.heard()[5 * FRAME :].any()
    assert loop.device.next_input()
    loop.tick(20)
    assert loop.heard()[20 * FRAME : 30 * FRAME].any()
    assert loop.all(InputEnded) == [InputEnded(5 * FRAME), InputEnded(30 * FRAME)]
    assert not loop.device.next_input()


@pytest.mark.parametrize(
    ("rate", "channels", "name", "subtype"),
    [
        (8_000, 1, "telephone.wav", "ULAW"),
        (48_000, 2, "stereo.wav", "PCM_24"),
        (44_100, 2, "music.flac", "PCM_16"),
        (22_050, 1, "voice.ogg", "VORBIS"),
        (48_000, 1, "opus.ogg", "OPUS"),
        (44_100, 1, "song.mp3", "MPEG_LAYER_III"),
        (96_000, 6, "studio.wav", "DOUBLE"),
        (11_025, 1, "old.wav", "PCM_U8"),
        (16_000, 1, "plain.aiff", "PCM_16"),
    ],
)
def test_any_format_is_heard_at_its_own_speed_and_level(
    tmp_path: Path, rate: int, channels: int, name: str, subtype: str
) -> None:
    sound = np.tile(tone(1.0, rate)[:, None], channels)
    loop = Loop(FileDevice([recording(tmp_path, sound, rate, name, subtype=subtype)], pace="fast")).tick(60)
    middle = loop.heard()[4000:12_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert spectrum.argmax() * SAMPLE_RATE / len(middle) == pytest.approx(440, abs=3)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert loop.all(InputEnded)[0].position == pytest.approx(SAMPLE_RATE, abs=0.1 * SAMPLE_RATE)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_the_very_end_of_a_recording_is_heard(tmp_path: Path, rate: int) -> None:
    sound = np.zeros(rate // 2, np.float32)
    sound[-rate // 200 :] = 0.5
    loop = Loop(FileDevice([recording(tmp_path, sound, rate)], pace="fast")).tick(30)
    assert np.abs(loop.heard()[SAMPLE_RATE // 2 - SAMPLE_RATE // 400 : SAMPLE_RATE // 2]).min() > 0.2
    assert loop.all(InputEnded)[0].position == pytest.approx(SAMPLE_RATE // 2, abs=FRAME)


def test_stereo_is_the_mean_of_both_sides(tmp_path: Path) -> None:
    sides = np.stack([np.full(FRAME, 0.5), np.full(FRAME, -0.1)], axis=1)
    loop = Loop(FileDevice([recording(tmp_path, sides, subtype="FLOAT")], pace="fast")).tick(1)
    np.testing.assert_allclose(loop.heard(), 0.2, atol=1e-6)


def test_listeners_never_get_a_sample_that_is_no_number_or_too_loud(tmp_path: Path) -> None:
    sound = np.full(FRAME, 0.5, np.float32)
    sound[:4] = [np.nan, np.inf, -np.inf, 7.0]
    loop = Loop(FileDevice([recording(tmp_path, sound, subtype="FLOAT")], pace="fast")).tick(1)
    np.testing.assert_array_equal(loop.heard()[:5], [0.0, 1.0, -1.0, 1.0, 0.5])


def test_ten_minutes_are_not_loaded_at_once(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 48_000, 2) as file:
        for _ in range(600):
            file.write(np.zeros((48_000, 2), np.float32))
    tracemalloc.start()
    device = FileDevice([path], pace="fast")
    device.start(lambda message: None)
    for _ in range(30_001):
        device.tick()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000, "one second in flight at 48 kHz in stereo is 0.6 MB; the whole is 230"


# --- bad input --------------------------------------------------------------------------------------------------------


def bad_files(folder: Path) -> Iterator[tuple[Path, str]]:
    (folder / "notes.wav").write_text("this is a shopping list, not a sound\n" * 20)
    yield folder / "notes.wav", "no sound file"
    (folder / "empty.wav").touch()
    yield folder / "empty.wav", "the file is empty"
    yield recording(folder, np.zeros(0, np.float32), name="nothing.wav"), "no sound in it"
    yield folder / "missing.wav", "no such file"
    (folder / "folder.wav").mkdir()
    yield folder / "folder.wav", "not a file"
    whole = recording(folder, tone(1.0), name="whole.flac").read_bytes()
    (folder / "cut.flac").write_bytes(whole[:60])
    yield folder / "cut.flac", "cut.flac"


def test_bad_files_are_refused_with_one_clear_line(tmp_path: Path) -> None:
    for path, reason in bad_files(tmp_path):
        with pytest.raises(AudioError) as refused:
            FileDevice([path])
        line = str(refused.value)
        assert path.name in line
        assert reason in line
        assert "\n" not in line


def test_a_bad_file_is_refused_before_the_first_one_is_heard(tmp_path: Path) -> None:
    good = recording(tmp_path, tone(0.1))
    with pytest.raises(AudioError, match=r"missing\.wav"):
        FileDevice([good, tmp_path / "missing.wav"])


def test_a_file_that_is_damaged_midway_ends_there(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 10 * SAMPLE_RATE).astype(np.float32)
    path = recording(tmp_path, noise, name="a.flac")
    path.write_bytes(path.read_bytes()[:150_000])
    loop = Loop(FileDevice([path], pace="fast")).tick(600)
    assert 2 * SAMPLE_RATE < loop.all(InputEnded)[0].position < 10 * SAMPLE_RATE


# --- what the speaker plays -------------------------------------------------------------------------------------------


def test_the_output_holds_what_the_speaker_played_on_the_clock_of_the_input(tmp_path: Path) -> None:
    output = tmp_path / "reply.wav"
    loop = Loop(FileDevice([recording(tmp_path, tone(0.2))], output, pace="fast")).tick(50)
    voice = tone(0.5, VOICE_RATE, 1000)
    loop.device.play(1, voice, VOICE_RATE, last=True)
    loop.tick(50)
    loop.device.close()
    sound, rate = soundfile.read(output, dtype="float32")
    assert (rate, len(sound)) == (OUTPUT_RATE, 2 * OUTPUT_RATE), "20 ms of output for 20 ms of input"
    assert soundfile.info(output).subtype == "PCM_16"
    assert not sound[: OUTPUT_RATE - 1].any()
    expected = tone(0.5, OUTPUT_RATE, 1000)
    np.testing.assert_allclose(sound[OUTPUT_RATE + 500 : OUTPUT_RATE + 11_000], expected[500:11_000], atol=1e-3)
    assert not sound[OUTPUT_RATE * 3 // 2 + 1 :].any()


def test_the_loop_learns_when_its_voice_began_and_ended(tmp_path: Path) -> None:
    loop = Loop(FileDevice([], pace="fast")).tick(50)
    loop.device.play(9, tone(0.5, VOICE_RATE), VOICE_RATE, last=False)
    loop.tick(10)
    loop.device.play(9, np.zeros(0, np.float32), VOICE_RATE, last=True)
    loop.tick(50)
    assert loop.all(PlaybackStarted) == [PlaybackStarted(9, SAMPLE_RATE)]
    (ended,) = loop.all(PlaybackEnded)
    assert ended == PlaybackEnded(9, ended.position, VOICE_RATE // 2)
    assert ended.position == pytest.approx(1.5 * SAMPLE_RATE, abs=1)


def test_stopping_tells_at_once_what_was_heard(tmp_path: Path) -> None:
    loop = Loop(FileDevice([], tmp_path / "reply.wav", pace="fast"))
    loop.device.play(1, tone(5.0, VOICE_RATE), VOICE_RATE, last=True)
    loop.tick(50)
    loop.device.stop()
    (ended,) = loop.all(PlaybackEnded)
    assert ended == PlaybackEnded(1, round(1.005 * SAMPLE_RATE), round(1.005 * VOICE_RATE), stopped=True)
    loop.tick(10)
    loop.device.close()
    sound, _ = soundfile.read(tmp_path / "reply.wav")
    assert not sound[round(1.005 * OUTPUT_RATE) :].any()


def test_the_output_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    output = tmp_path / "reply.wav"
    device = FileDevice([], output, pace="fast")
    assert list(tmp_path.iterdir()) == [], "nothing before the session starts"
    loop = Loop(device).tick(10)
    assert not output.exists()
    loop.device.close()
    loop.device.close()
    assert list(tmp_path.iterdir()) == [output]
    assert soundfile.info(output).frames == 10 * OUTPUT_RATE // 50


def test_an_output_that_cannot_be_is_refused_before_the_session_starts(tmp_path: Path) -> None:
    for output in (tmp_path, tmp_path / "nowhere" / "reply.wav"):
        with pytest.raises(AudioError) as refused:
            FileDevice([], output)
        assert "\n" not in str(refused.value)


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """No file of this process can grow beyond `limit` bytes: writing fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_said_in_one_line_and_leaves_nothing_behind(tmp_path: Path) -> None:
    loop = Loop(FileDevice([], tmp_path / "reply.wav", pace="fast"))
    with full_disk(50_000), pytest.raises(AudioError, match=r"cannot write .*reply\.wav: File too large"):
        loop.tick(100)
    assert list(tmp_path.iterdir()) == []
    loop.device.close()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_at_the_very_end_is_said_too(tmp_path: Path) -> None:
    loop = Loop(FileDevice([], tmp_path / "reply.wav", pace="fast")).tick(5)
    with full_disk(100), pytest.raises(AudioError, match="cannot write"):
        loop.device.close()
    assert list(tmp_path.iterdir()) == []


# --- time -------------------------------------------------------------------------------------------------------------


class Clock:
    """Time that goes by when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_real_pace_gives_a_frame_every_twenty_milliseconds() -> None:
    clock = Clock()
    device = FileDevice([], pace="real", clock=clock)
    loop = Loop(device)
    clock.now += 30.0  # models are loaded between start and the first tick
    for n in range(1, 51):
        wait = device.tick()
        assert len(loop.all(AudioFrame)) == n
        assert wait == pytest.approx(0.02)
        clock.now += wait / 2
        assert device.tick() == pytest.approx(0.01)
        assert len(loop.all(AudioFrame)) == n, "nothing is due yet"
        clock.now += wait / 2 + 1e-9


def test_real_pace_catches_up_when_the_loop_was_late() -> None:
    clock = Clock()
    device = FileDevice([], pace="real", clock=clock)
    loop = Loop(device).tick()
    clock.now += 1.0
    calls = 0
    while device.tick() == 0.0:
        calls += 1
    assert calls == 49
    assert len(loop.all(AudioFrame)) == 51, "one second is fifty frames, and the one that is due now"


def test_fast_pace_never_waits_and_says_so() -> None:
    device = FileDevice([], pace="fast")
    device.start(lambda message: None)
    assert device.waits
    assert {device.tick() for _ in range(100)} == {0.0}
    assert not FileDevice([], pace="real").waits


def test_what_is_held_is_told_on_the_clock_and_goes_on_where_it_was(tmp_path: Path) -> None:
    output = tmp_path / "out.wav"
    loop = Loop(FileDevice([], output, pace="fast"))
    voice = tone(0.5, OUTPUT_RATE)
    loop.device.play(3, voice, OUTPUT_RATE, last=True)
    loop.tick(10)
    loop.device.hold()
    loop.tick(20)
    loop.device.go_on()
    loop.tick(30)
    loop.device.close()
    assert loop.all(PlaybackHeld) == [PlaybackHeld(3, 10 * FRAME + SAMPLE_RATE // 200)]
    ended = 20 * FRAME - SAMPLE_RATE // 200 + SAMPLE_RATE // 2
    assert loop.all(PlaybackEnded) == [PlaybackEnded(3, ended, played=len(voice))]
    written, _ = soundfile.read(output, dtype="float32")
    assert not written[round(0.206 * OUTPUT_RATE) : round(0.6 * OUTPUT_RATE)].any()
    after = written[round(0.61 * OUTPUT_RATE) : round(0.895 * OUTPUT_RATE)]
    np.testing.assert_allclose(after, voice[round(0.215 * OUTPUT_RATE) :][: len(after)], atol=1e-4)
