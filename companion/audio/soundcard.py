"""The microphone and the speaker of this machine, kept alive."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from companion.audio.device import AudioError, Echo, Post
from companion.audio.echo import EchoCanceller
from companion.audio.far_line import FarLine
from companion.audio.heartbeat import SPEAKER_STALLED_S, STALLED_S, Hearing, Watchdog
from companion.audio.intake import Intake
from companion.audio.playback import Ended, Held, Playback, Started
from companion.audio.portaudio import Block, DeviceInfo, Streams, find, gathered, list_devices, look_again
from companion.events import (
    SAMPLE_RATE,
    AudioFrame,
    DeviceFailed,
    DeviceTrouble,
    PlaybackEnded,
    PlaybackHeld,
    PlaybackStarted,
    Samples,
    SoundTrouble,
)

__all__ = ["DeviceInfo", "SoundCard", "list_devices"]

STEP_S = 0.02
"""How long the pump waits for a callback before it looks around: a frame."""

DOZE_S = 0.1
"""How long sound may gather while nobody is awaited: who wakes for every block does four times the work for it."""

OVERRUN_EVERY_S = 10.0
"""A machine that is too slow drops sound all the time; saying so once in a while is enough."""


CLOSE_S = 5.0
"""A driver that hangs must not keep the program from ending."""


def back_off() -> Iterator[float]:
    """Seconds to wait before each attempt to open the device again: soon at first, then every five."""
    return itertools.chain((0.1, 0.5, 1.0, 2.0), itertools.repeat(5.0))


class SoundCard:
    """A microphone and a speaker, by part of their names or the system's default.

    The callbacks copy; one thread, the pump, resamples to frames, takes our own voice out and posts them, watches over
    both streams, and opens them again by name when they die. Meanwhile the clock goes on with silence, and what is to
    be played ends as stopped.

    Raises:
        AudioError: PortAudio or a device is missing; the message says what to do.
    """

    waits = False

    def __init__(self, microphone: str | None = None, speaker: str | None = None) -> None:
        self._wanted = (microphone, speaker)
        self._playback = Playback(SAMPLE_RATE)
        self._closing = threading.Event()
        self._reporting = threading.Lock()
        self._pump: threading.Thread | None = None
        self._pulled = 0
        self._returning = self._dozing = self._deaf = False
        self._last_overrun: float | None = None
        self._canceller = EchoCanceller()
        self._choose()

    @property
    def echo(self) -> Echo:
        """Whether our own voice comes back to the microphone; `leaking`: it cannot be told from the owner's."""
        return self._canceller.echo

    def start(self, post: Post) -> None:
        """Open both streams and begin. Raises `AudioError` where they cannot be opened."""
        self._post = post
        self._open()
        self._intake = Intake(self._streams.input_rate, time.monotonic())
        self._hearing = Hearing(self._streams.input_rate)
        self._far = FarLine(self._streams.output_rate)
        self._pump = threading.Thread(target=self._run, name="sound card", daemon=True)
        self._pump.start()

    def play(self, tag: int, samples: Samples, rate: int, last: bool) -> None:
        """See `AudioDevice.play`."""
        self._playback.write(tag, samples, rate, last)

    def overlay(self, samples: Samples, rate: int) -> None:
        """See `AudioDevice.overlay`."""
        self._playback.overlay(samples, rate)

    def hold(self) -> None:
        """See `AudioDevice.hold`. What the driver has taken already, some 45 ms, still sounds."""
        self._playback.hold()

    def go_on(self) -> None:
        """See `AudioDevice.go_on`."""
        self._playback.go_on()

    def stop(self) -> None:
        """See `AudioDevice.stop`. What the driver has taken already, some 45 ms, still sounds."""
        self._playback.stop()
        self._report()

    def doze(self, dozing: bool) -> None:
        """See `AudioDevice.doze`: five frames at once."""
        self._dozing = dozing

    def tick(self) -> None:
        """Nothing is ever due: the pump pushes."""

    def next_input(self) -> bool:
        """A microphone always goes on."""
        return True

    def close(self) -> None:
        """Stop the pump, which closes the streams."""
        self._closing.set()
        if self._pump is not None:
            self._pump.join(CLOSE_S)

    # --- in the pump's thread, from here on ---------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._pump_on()
        except Exception as error:  # the loop waits for this thread, and would wait for ever
            self._post(DeviceFailed(type(error).__name__))
        finally:
            self._streams.close()

    def _pump_on(self) -> None:
        self._watch()
        while not self._closing.is_set():
            looked, step = time.monotonic(), STEP_S
            if self._dozing:
                step += DOZE_S
                self._closing.wait(DOZE_S)
            try:
                block = gathered(self._streams.captured, STEP_S)
            except queue.Empty:
                # Not the time that went by but what we waited: a machine that slept would find everything stalled.
                overdue = self._microphone.wait(step)
                if not self._intake.running:
                    self._send(self._intake.fill(time.monotonic()))
            else:
                overdue = False
                self._take(block)
            self._report()
            if self._speaker_overdue(min(time.monotonic() - looked, step)) or overdue:
                self._trouble("stalled", f"{self.name} does not answer; it is being opened again")
                self._reopen()
            elif not self._streams.alive:
                self._trouble("lost", f"{self.name} is gone; the conversation goes on when it is back")
                self._reopen()

    def _take(self, block: Block) -> None:
        self._microphone.beat()
        if self._returning:
            self._returning = False
            self._trouble("reopened", f"{self.name} works again")
        frames = list(self._intake.feed(block.samples, block.at))
        with suppress(queue.Empty):
            rendered = gathered(self._streams.rendered, 0.0)
            if rendered.stumbled:
                self._canceller.far_stumbled()
            if self._far.feed(rendered.samples, self._intake.position_at(rendered.at)):
                self._canceller.far_moved()
        self._send(frames)
        if block.stumbled and (self._last_overrun is None or block.at - self._last_overrun >= OVERRUN_EVERY_S):
            self._last_overrun = block.at
            self._trouble("overrun", "the machine was too busy to listen; some sound was lost")
        match self._hearing.hear(block.samples):
            case "deaf":
                self._trouble("silent", f"{self.name} gives nothing but digital silence; is the microphone muted?")
                self._deaf = True
            case "hears":
                self._trouble("reopened", f"{self.name} hears again")
                self._deaf = False
        if self._deaf and self._playback.idle:  # what is being said need not be cut off for it
            self._reopen(announce=False)

    def _speaker_overdue(self, waited: float) -> bool:
        if self._playback.pulled == self._pulled:
            return self._speaker.wait(waited)
        self._pulled = self._playback.pulled
        self._speaker.beat()
        return False

    def _reopen(self, announce: bool = True) -> None:
        """Open both streams again; try until it works or the session ends."""
        self._deaf = False
        self._streams.close()
        for pause in back_off():
            self._rest(pause)
            if self._closing.is_set():
                return
            try:
                look_again()
                self._choose()
                self._open()
            except AudioError:
                continue
            break
        self._intake.reopen(self._streams.input_rate)
        self._hearing.reopened(self._streams.input_rate)
        self._far = FarLine(self._streams.output_rate)
        self._canceller = EchoCanceller()  # it may be another speaker, in another place
        self._watch()
        self._returning = self._returning or announce

    def _rest(self, seconds: float) -> None:
        """No device: frames of silence keep the clock, and nothing can be said."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._closing.wait(STEP_S):
            self._playback.restart(SAMPLE_RATE)
            self._report()
            self._send(self._intake.fill(time.monotonic()))

    def _choose(self) -> None:
        devices = list_devices()
        self._devices = (find(devices, "input", self._wanted[0]), find(devices, "output", self._wanted[1]))
        self.name = " / ".join(dict.fromkeys(device.name for device in self._devices))

    def _open(self) -> None:
        self._streams = Streams(*self._devices, self._playback)

    def _watch(self) -> None:
        self._microphone, self._speaker = Watchdog(STALLED_S), Watchdog(SPEAKER_STALLED_S)
        self._pulled = self._playback.pulled

    def _send(self, frames: Iterable[AudioFrame]) -> None:
        for frame in frames:
            far = self._far.frame(frame.position)
            self._post(AudioFrame(frame.position, self._canceller.process(frame.samples, far)))
            if self._canceller.slipped:
                self._far.slipped(self._canceller.slipped)

    def _trouble(self, kind: SoundTrouble, detail: str) -> None:
        self._post(DeviceTrouble(kind, detail))

    def _report(self) -> None:
        """Post what began, was held and ended at the speaker. Also called from the loop's thread, by `stop`."""
        with self._reporting:
            for mark in self._playback.marks():
                position = self._intake.position_at(self._streams.played_at(mark.at))
                match mark:
                    case Started():
                        self._post(PlaybackStarted(mark.tag, position))
                    case Held():
                        self._post(PlaybackHeld(mark.tag, position))
                    case Ended():
                        self._post(PlaybackEnded(mark.tag, position, mark.played, mark.stopped))
