"""PortAudio, by way of sounddevice: which devices there are, by name, and both directions opened at once."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from companion.audio.device import AudioError
from companion.audio.playback import Playback
from companion.events import Samples

Direction = Literal["input", "output"]

RATES = (48_000, 44_100, 16_000)
"""Hz, tried in this order where a device refuses the rate that it calls its own."""

BLOCK_S = 0.01
"""Left to itself, PortAudio calls 200 times a second on PulseAudio, now and then for a single sample; this way half as
often, and idle listening takes two thirds of the processor."""

OUTPUT_LATENCY_S = 0.045
"""How much the speaker is given ahead. PortAudio's own 35 ms ran dry now and then on two busy cores, this not in 25 s
beside three busy processes. From a click at the microphone to its answer at the speaker 60 ms of it take 76 ms, 40 ms
48 (medians, n = 12). The microphone is read with PortAudio's own: less there saved 5 ms. PulseAudio itself can be asked
for less too (PULSE_LATENCY_MSEC=35: 72 ms become 50); but then its streams stopped five times in 37 minutes of talk, a
second each, until they were opened again."""

_INVALID_RATE, _INVALID_CHANNELS = -9997, -9998  # PaErrorCode in portaudio.h

_KIND = {"input": "microphone", "output": "speaker"}


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A sound device: how many channels it has each way, its own rate in Hz, whether it is the system's default.

    `index` is PortAudio's number, which another device may have once something was plugged in and PortAudio looked
    again.
    """

    index: int
    name: str
    inputs: int
    outputs: int
    rate: int
    default_input: bool
    default_output: bool


@dataclass(frozen=True, slots=True)
class Block:
    """What one callback copied: mono at the device's rate, the first sample captured, or heard, at `at`.

    `at` is in seconds of the monotonic clock. `stumbled`: before it the driver lost some sound, or ran dry.
    """

    samples: Samples
    at: float
    stumbled: bool = False


def gathered(blocks: queue.SimpleQueue[Block], timeout: float) -> Block:
    """The next of `blocks`, and with it, as one, all that wait behind it.

    Raises:
        queue.Empty: none came within `timeout` seconds.
    """
    together = [blocks.get(timeout=timeout)]
    while not blocks.empty():
        together.append(blocks.get())
    samples = np.concatenate([block.samples for block in together])
    return Block(samples, together[0].at, any(block.stumbled for block in together))


def _sounddevice() -> Any:
    """The library. Raises `AudioError` where PortAudio is missing or cannot begin."""
    try:
        import sounddevice
    except OSError as error:
        raise AudioError(
            "the sound library PortAudio is missing; install it: sudo apt-get install libportaudio2"
        ) from error
    except Exception as error:  # sounddevice.PortAudioError, which cannot be named before the import succeeds
        raise AudioError(f"the sound system cannot be opened: {error}") from error
    return sounddevice


def list_devices() -> list[DeviceInfo]:
    """All devices, as PortAudio saw them when it was last initialised.

    Raises:
        AudioError: PortAudio is missing.
    """
    sd = _sounddevice()
    default_input, default_output = (
        next((api[key] for api in sd.query_hostapis() if api[key] >= 0), -1)
        for key in ("default_input_device", "default_output_device")
    )
    return [
        DeviceInfo(
            index=index,
            name=device["name"],
            inputs=device["max_input_channels"],
            outputs=device["max_output_channels"],
            rate=round(device["default_samplerate"]),
            default_input=index == default_input,
            default_output=index == default_output,
        )
        for index, device in enumerate(sd.query_devices())
    ]


def find(devices: Iterable[DeviceInfo], direction: Direction, wanted: str | None) -> DeviceInfo:
    """The device whose name is, or else contains, `wanted` in any case; without it the default.

    Raises:
        AudioError: there is none; the message names those there are.
    """
    fit = [device for device in devices if (device.inputs if direction == "input" else device.outputs)]
    kind = _KIND[direction]
    if not fit:
        raise AudioError(f"no {kind} found; plug one in, or talk by recordings: companion talk --input FILE")
    if wanted is None:
        return next((d for d in fit if (d.default_input if direction == "input" else d.default_output)), fit[0])
    name = wanted.casefold()
    matches = sorted((d for d in fit if name in d.name.casefold()), key=lambda d: d.name.casefold() != name)
    if not matches:
        raise AudioError(f"no {kind} is called “{wanted}”; there are: {', '.join(d.name for d in fit)}")
    return matches[0]


def look_again() -> None:
    """Initialise PortAudio anew, for it lists devices only then. Every stream must be closed.

    Raises:
        AudioError: it cannot begin.
    """
    sd = _sounddevice()
    with suppress(sd.PortAudioError):  # an attempt before this one may have ended after the first half
        sd._terminate()
    try:
        sd._initialize()
    except sd.PortAudioError as error:
        raise AudioError(f"the sound system cannot be opened: {error}") from error


class Streams:
    """A microphone and a speaker, open.

    The callbacks only copy: blocks into `captured`, samples out of `playback`, and those again into `rendered`.
    """

    def __init__(self, microphone: DeviceInfo, speaker: DeviceInfo, playback: Playback) -> None:
        """Open and start both.

        Raises:
            AudioError: one of them cannot be opened.
        """
        sd = _sounddevice()
        self.captured: queue.SimpleQueue[Block] = queue.SimpleQueue()
        self.rendered: queue.SimpleQueue[Block] = queue.SimpleQueue()
        self._playback = playback
        self._opened: list[Any] = []
        try:
            self._input = self._open(sd.InputStream, microphone, microphone.inputs, "high", self._capture)
            self._output = self._open(sd.OutputStream, speaker, speaker.outputs, OUTPUT_LATENCY_S, self._render)
            self.input_rate: int = round(self._input.samplerate)
            self.output_rate: int = round(self._output.samplerate)
            self._heard: tuple[int, float] = (playback.pulled, time.monotonic())  # a sample number, and when it sounds
            playback.restart(self.output_rate)
            for stream in self._opened:
                stream.start()
        except sd.PortAudioError as error:
            self.close()
            raise AudioError(f"the sound device cannot be opened: {error}") from error

    @property
    def alive(self) -> bool:
        """Both streams run. A driver that cannot even say so has lost them."""
        try:
            return bool(self._input.active and self._output.active)
        except _sounddevice().PortAudioError:
            return False

    def played_at(self, sample: int) -> float:
        """When the speaker gives, or gave, sample number `sample` of the playback; monotonic seconds."""
        known, heard = self._heard
        return heard + (sample - known) / self.output_rate

    def close(self) -> None:
        """Close both, dead or alive."""
        for stream in self._opened:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)
        self._opened.clear()

    def _open(
        self, stream: Any, device: DeviceInfo, channels: int, latency: float | Literal["high"], callback: Any
    ) -> Any:
        """Mono at the device's own rate, or what comes nearest to it."""
        attempts = [(r, c) for r in dict.fromkeys((device.rate, *RATES)) for c in dict.fromkeys((1, min(2, channels)))]
        for rate, count in attempts:
            try:
                opened = stream(
                    device=device.index,
                    samplerate=rate,
                    channels=count,
                    dtype="float32",
                    latency=latency,
                    blocksize=round(rate * BLOCK_S),
                    callback=callback,
                )
            except _sounddevice().PortAudioError as error:
                if error.args[-1] not in (_INVALID_RATE, _INVALID_CHANNELS) or (rate, count) == attempts[-1]:
                    raise
                continue
            self._opened.append(opened)
            return opened
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _capture(self, indata: NDArray[np.float32], _frames: int, times: Any, status: Any) -> None:
        delay = _plausible(times.currentTime - times.inputBufferAdcTime, self._input.latency)
        mono = indata.mean(axis=1) if indata.shape[1] > 1 else indata[:, 0].copy()
        self.captured.put(Block(mono, time.monotonic() - delay, bool(status.input_overflow)))

    def _render(self, outdata: NDArray[np.float32], frames: int, times: Any, status: Any) -> None:
        delay = _plausible(times.outputBufferDacTime - times.currentTime, self._output.latency)
        self._heard = (self._playback.pulled, time.monotonic() + delay)
        samples = self._playback.pull(frames)
        outdata[:] = samples[:, np.newaxis]
        self.rendered.put(Block(samples, self._heard[1], bool(status.output_underflow)))


def _plausible(delay: float, otherwise: float) -> float:
    """A driver's delay in seconds, unless it is one of the zeros, clock times and negatives that some of them give."""
    return delay if 0.0 <= delay < 1.0 else otherwise
