"""The real PortAudio on a virtual sound card: what is said arrives, what is played is heard, trouble is survived."""

from __future__ import annotations

import contextlib
import itertools
import queue
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from companion.audio import portaudio
from companion.audio.device import AudioError
from companion.audio.playback import Playback
from companion.audio.portaudio import Block, DeviceInfo, Streams, find
from companion.audio.soundcard import SoundCard, back_off
from companion.events import (
    FRAME,
    SAMPLE_RATE,
    AudioFrame,
    DeviceTrouble,
    Message,
    PlaybackEnded,
    PlaybackStarted,
    Samples,
)
from tests import real
from tests.soundcard import RATE, VirtualCard, virtual_card

PATIENCE_S = 10.0
"""Seconds on the device's own clock within which what is waited for must come; without any message, of real time."""


def sweep(seconds: float, rate: int) -> Samples:
    """From 300 to 3000 Hz, evenly: every moment has a frequency of its own."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.4 * np.sin(2 * np.pi * (300 * t + (2700 / seconds) * t**2 / 2))).astype(np.float32)


ATTEMPTS = 3
"""PulseAudio's virtual devices run on timers without priority: on a busy machine they stumble now and then."""


def found(heard: Samples, expected: Samples, rate: int) -> float:
    """The share (0…1) of the pieces of `expected` that are in `heard`, each at its own time after the others.

    Pieces of 50 ms, so that a stumble costs one of them. At 44.1 instead of 48 kHz every piece is found, but the last
    15 % of the length too early: within 3 % of the middle there are 0.4 of them.
    """
    piece = rate // 20
    size = 1 << (len(heard) + piece).bit_length()
    spectrum = np.fft.rfft(heard, size)
    begins = []
    for start in range(0, len(expected), piece):
        part = expected[start : start + piece]
        at = int(np.fft.irfft(spectrum * np.conj(np.fft.rfft(part, size)), size)[: len(heard) - piece].argmax())
        there = heard[at : at + piece]
        if part @ there > 0.9 * np.linalg.norm(part) * np.linalg.norm(there) > 0:
            begins.append(at - start)
    in_time = np.abs(np.array(begins) - np.median(begins)) < 0.03 * len(expected) if begins else np.zeros(0)
    return float(in_time.sum()) * piece / len(expected)


def loudness(sound: Samples) -> float:
    """Median of the RMS of pieces of 0.1 s: a stumble, in which far and near lie apart, costs one of them."""
    pieces = sound[: len(sound) // 1600 * 1600].reshape(-1, 1600)
    return float(np.median(np.sqrt(np.mean(pieces**2, axis=1))))


class Session:
    """The loop's side of a sound card: everything that it posted, in order."""

    def __init__(self, device: SoundCard) -> None:
        self.device = device
        self.messages: list[Message] = []
        self.position = 0
        self._queue: queue.SimpleQueue[Message] = queue.SimpleQueue()
        device.start(self._queue.put)

    def until(self, wanted: Callable[[Message], bool]) -> Message:
        last = self.position + round(PATIENCE_S * SAMPLE_RATE)
        while self.position < last:
            message = self._queue.get(timeout=PATIENCE_S)
            self.messages.append(message)
            if isinstance(message, AudioFrame):
                self.position = message.position
            if wanted(message):
                return message
        raise AssertionError("it did not come")

    def listen(self, seconds: float) -> None:
        """Until so much more was heard than by now."""
        while not self._queue.empty():
            self.until(lambda message: True)
        position = self.position + round(seconds * SAMPLE_RATE)
        self.until(lambda m: isinstance(m, AudioFrame) and m.position >= position)

    def trouble(self, kind: str) -> None:
        self.until(lambda m: isinstance(m, DeviceTrouble) and m.kind == kind)

    @property
    def frames(self) -> list[AudioFrame]:
        return [message for message in self.messages if isinstance(message, AudioFrame)]

    def heard(self) -> Samples:
        """All that was heard. The clock has no gap, so that sample numbers are its indices."""
        frames = self.frames
        assert [frame.position for frame in frames] == list(range(0, len(frames) * FRAME, FRAME))
        return np.concatenate([frame.samples for frame in frames])


def hears(card: VirtualCard, session: Session, seconds: float = 1.0) -> bool:
    """What is said to the microphone arrives, whole and at its own speed."""
    for _ in range(ATTEMPTS):
        card.speak(sweep(seconds, RATE))
        session.listen(1.0)
        if found(session.heard(), sweep(seconds, SAMPLE_RATE), SAMPLE_RATE) >= 0.5:
            return True
    return False


def test_a_wrong_rate_would_be_noticed() -> None:
    silence = np.zeros(RATE // 3, np.float32)
    assert found(np.concatenate([silence, sweep(1.0, RATE), silence]), sweep(1.0, RATE), RATE) == 1.0
    assert found(np.concatenate([silence, sweep(1.0, 44_100), silence]), sweep(1.0, RATE), RATE) < 0.45
    assert found(silence, sweep(0.2, RATE), RATE) == 0.0


@pytest.fixture(scope="module")
def card() -> Iterator[VirtualCard]:
    with virtual_card() as card:
        yield card


@pytest.fixture
def session(card: VirtualCard) -> Iterator[Session]:
    device = SoundCard()
    session = Session(device)
    session.listen(0.2)
    try:
        yield session
    finally:
        device.close()


@pytest.mark.soundcard
def test_what_is_said_to_the_microphone_arrives_whole_and_at_its_own_speed(card: VirtualCard, session: Session) -> None:
    assert hears(card, session, seconds=2.0)


@pytest.mark.soundcard
def test_dozing_it_wakes_less_often_and_loses_nothing(card: VirtualCard, session: Session) -> None:
    session.device.doze(True)
    session.listen(0.5)
    arrived = []
    for _ in range(50):
        session.until(lambda m: isinstance(m, AudioFrame))
        arrived.append(time.monotonic())
    assert sum(later - earlier > 0.05 for earlier, later in itertools.pairwise(arrived)) >= 5
    assert hears(card, session, seconds=2.0)
    session.device.doze(False)
    assert hears(card, session, seconds=2.0)


@pytest.mark.soundcard
def test_what_is_played_is_heard_at_the_speaker_and_told_on_the_clock(card: VirtualCard, session: Session) -> None:
    voice_rate = 22_050

    def plays(tag: int) -> bool:
        with card.listening() as recorder:
            recorder.read(0.2)
            for start in range(0, voice_rate, 5000):
                piece = sweep(1.0, voice_rate)[start : start + 5000]
                session.device.play(tag, piece, voice_rate, last=start + 5000 >= voice_rate)
            started = session.until(lambda m: isinstance(m, PlaybackStarted))
            ended = session.until(lambda m: isinstance(m, PlaybackEnded))
            assert isinstance(started, PlaybackStarted)
            assert isinstance(ended, PlaybackEnded)
            assert ended == PlaybackEnded(tag, ended.position, played=voice_rate)
            assert ended.position - started.position == pytest.approx(SAMPLE_RATE, abs=0.1 * SAMPLE_RATE)
            return found(recorder.read(2.0), sweep(1.0, RATE), RATE) >= 0.5

    assert any(plays(tag) for tag in range(ATTEMPTS))


@pytest.mark.soundcard
def test_our_own_voice_is_not_heard_though_the_speaker_is_fed_back(card: VirtualCard, session: Session) -> None:
    voice = real.clip(real.clips()[0])
    fed_back = loudness(voice) * 10 ** (-12 / 20)

    def heard(tag: int) -> float:
        """What was heard while the voice played."""
        session.device.play(tag, voice, SAMPLE_RATE, last=True)
        started = session.until(lambda m: isinstance(m, PlaybackStarted))
        session.until(lambda m: isinstance(m, PlaybackEnded))
        session.listen(0.2)
        assert isinstance(started, PlaybackStarted)
        return loudness(session.heard()[started.position :])

    with card.echo(-12.0):
        session.listen(0.3)
        assert any(heard(tag) < fed_back / 4 for tag in range(ATTEMPTS))


@pytest.mark.soundcard
def test_a_stopped_voice_falls_silent_and_says_what_was_heard(card: VirtualCard, session: Session) -> None:
    with card.listening() as recorder:
        session.device.play(1, np.full(30 * 16_000, 0.5, np.float32), 16_000, last=True)
        session.until(lambda m: isinstance(m, PlaybackStarted))
        session.listen(0.5)
        session.device.stop()
        ended = session.until(lambda m: isinstance(m, PlaybackEnded))
        assert isinstance(ended, PlaybackEnded)
        assert ended.stopped
        assert 0.3 * 16_000 < ended.played < 1.5 * 16_000
        sound = recorder.read(3.0)
    audible = np.count_nonzero(np.abs(sound) > 0.1) / RATE
    assert audible == pytest.approx(ended.played / 16_000, abs=0.1)


@pytest.mark.soundcard
def test_a_card_that_is_unplugged_midway_comes_back_and_the_clock_never_stopped(card: VirtualCard) -> None:
    session = Session(SoundCard())
    try:
        session.listen(0.3)
        session.device.play(1, np.zeros(60 * 16_000, np.float32), 16_000, last=True)
        session.until(lambda m: isinstance(m, PlaybackStarted))
        card.unplug()
        session.trouble("lost")
        ended = session.until(lambda m: isinstance(m, PlaybackEnded))
        assert isinstance(ended, PlaybackEnded)
        assert ended.stopped, "a reply that nobody heard must not count as heard"
        session.listen(0.5)
        session.device.play(2, np.zeros(16_000, np.float32), 16_000, last=True)
        assert session.until(lambda m: isinstance(m, PlaybackEnded)) == PlaybackEnded(
            2,
            session.messages[-1].position,  # type: ignore[union-attr]
            played=0,
            stopped=True,
        )
        card.plug_in()
        session.trouble("reopened")
        assert hears(card, session)
        session.device.play(3, np.zeros(1600, np.float32), 16_000, last=True)
        started = session.until(lambda m: isinstance(m, PlaybackStarted))
        assert isinstance(started, PlaybackStarted)
        assert started.position == pytest.approx(session.position, abs=0.3 * SAMPLE_RATE), "one clock, as before"
        ended = session.until(lambda m: isinstance(m, PlaybackEnded))
        assert isinstance(ended, PlaybackEnded)
        assert (ended.tag, ended.played) == (3, 1600)
    finally:
        session.device.close()


@pytest.mark.soundcard
def test_a_microphone_that_stalls_is_noticed_and_opened_again(card: VirtualCard, session: Session) -> None:
    card.hang_microphone(True)
    session.trouble("stalled")
    session.listen(0.2)
    card.hang_microphone(False)
    session.trouble("reopened")
    assert hears(card, session)


@pytest.mark.soundcard
def test_a_microphone_that_gives_digital_silence_is_told_and_told_again_when_it_hears(
    card: VirtualCard, session: Session
) -> None:
    session.trouble("silent")
    card.speak(sweep(0.5, RATE))
    session.trouble("reopened")
    kinds = [message.kind for message in session.messages if isinstance(message, DeviceTrouble)]
    assert kinds == ["silent", "reopened"]


@pytest.mark.soundcard
def test_a_microphone_that_goes_deaf_while_we_speak_is_opened_again_once_we_do_not(card: VirtualCard) -> None:
    opened_while: list[bool] = []

    class Watched(SoundCard):
        def _reopen(self, announce: bool = True) -> None:
            opened_while.append(self._playback.idle)
            super()._reopen(announce)

    session = Session(Watched())
    try:
        session.listen(0.3)
        session.device.play(1, np.zeros(60 * 16_000, np.float32), 16_000, last=True)
        session.trouble("silent")
        session.listen(0.3)
        assert opened_while == []
        session.device.stop()
        session.listen(1.0)
        assert opened_while == [True], "once"
    finally:
        session.device.close()


@pytest.mark.soundcard
def test_lost_sound_is_told_once_in_a_while_and_the_clock_goes_on(card: VirtualCard, session: Session) -> None:
    """What the driver dropped cannot be made to happen here: its flag is set on blocks of silence."""
    streams = session.device._streams  # type: ignore[attr-defined]
    for _ in range(5):
        streams.captured.put(Block(np.zeros(480, np.float32), time.monotonic(), stumbled=True))
        session.listen(0.1)
    told = [message.kind for message in session.messages if isinstance(message, DeviceTrouble)]
    assert told.count("overrun") == 1
    assert hears(card, session)


@pytest.mark.soundcard
def test_a_card_that_came_later_is_seen_by_looking_again(card: VirtualCard) -> None:
    card.unplug()
    try:
        with contextlib.suppress(AudioError):
            portaudio.look_again()
        with pytest.raises(AudioError, match="no microphone found; plug one in"):
            SoundCard()
    finally:
        card.plug_in()
    portaudio.look_again()
    assert SoundCard().name == "default"


@pytest.mark.soundcard
def test_a_device_is_found_by_part_of_its_name(card: VirtualCard) -> None:
    assert SoundCard("PUL", "uls").name == "pulse"
    with pytest.raises(AudioError, match=r"no microphone is called “Yeti”; there are: .*pulse"):
        SoundCard("Yeti")


# --- without a card ---------------------------------------------------------------------------------------------------


def device(index: int, name: str, inputs: int = 2, outputs: int = 2, default: bool = False) -> DeviceInfo:
    return DeviceInfo(index, name, inputs, outputs, 48_000, default, default)


def test_without_a_name_the_default_is_taken_and_else_the_first() -> None:
    some = [device(0, "HDMI", inputs=0), device(1, "USB headset"), device(2, "Built-in", default=True)]
    assert find(some, "input", None).name == "Built-in"
    assert find(some[:2], "input", None).name == "USB headset"


def test_an_exact_name_wins_over_a_part_of_one() -> None:
    some = [device(0, "Headset Pro"), device(1, "Headset")]
    assert find(some, "output", "headset").index == 1
    assert find(some, "output", "pro").index == 0


def test_a_speaker_is_never_taken_for_a_microphone() -> None:
    with pytest.raises(AudioError, match="no microphone found; plug one in"):
        find([device(0, "HDMI", inputs=0)], "input", None)


def test_a_machine_without_portaudio_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(AudioError, match="apt-get install libportaudio2"):
        SoundCard()


def test_a_machine_without_a_sound_device_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "list_devices", list)
    monkeypatch.setattr("companion.audio.soundcard.list_devices", list)
    with pytest.raises(AudioError, match="no microphone found; plug one in, or talk by recordings"):
        SoundCard()


@pytest.mark.parametrize(
    ("takes", "opened"), [({(44_100, 1)}, (44_100, 1)), ({(48_000, 2), (16_000, 1)}, (48_000, 2)), (set(), None)]
)
def test_a_rate_that_the_device_refuses_is_not_insisted_on(
    monkeypatch: pytest.MonkeyPatch, takes: set[tuple[int, int]], opened: tuple[int, int] | None
) -> None:
    """A device of PulseAudio takes every rate; one of ALSA often takes one."""
    sounddevice = pytest.importorskip("sounddevice")

    class Picky:
        latency = 0.01

        def __init__(self, samplerate: int, channels: int, **_: object) -> None:
            if (samplerate, channels) not in takes:
                refused = -9997 if samplerate not in {rate for rate, _ in takes} else -9998
                raise sounddevice.PortAudioError("Invalid sample rate", refused)
            self.samplerate, self.channels = samplerate, channels

        def start(self) -> None: ...
        def abort(self, **_: object) -> None: ...
        def close(self, **_: object) -> None: ...

    monkeypatch.setattr(sounddevice, "InputStream", Picky)
    monkeypatch.setattr(sounddevice, "OutputStream", Picky)
    if opened is None:
        with pytest.raises(AudioError, match="the sound device cannot be opened"):
            Streams(device(0, "USB"), device(0, "USB"), Playback(SAMPLE_RATE))
        return
    streams = Streams(device(0, "USB"), device(0, "USB"), Playback(SAMPLE_RATE))
    assert (streams.input_rate, streams._input.channels) == opened
    assert streams.output_rate == opened[0]


def test_attempts_to_reopen_begin_soon_and_never_end() -> None:
    pauses = back_off()
    first = [next(pauses) for _ in range(20)]
    assert first[0] <= 0.1
    assert first == sorted(first)
    assert max(first) <= 5.0
