"""Recordings instead of a microphone and a file instead of a speaker, on the same clock as a sound card."""

from __future__ import annotations

import os
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from companion.audio.device import AudioError, Echo, Post
from companion.audio.playback import Ended, Held, Playback, Started
from companion.audio.resample import EMPTY, Framer, Resampler, clean
from companion.events import (
    FRAME,
    SAMPLE_RATE,
    AudioFrame,
    InputEnded,
    PlaybackEnded,
    PlaybackHeld,
    PlaybackStarted,
    Samples,
    seconds,
)

if TYPE_CHECKING:
    import soundfile

OUTPUT_RATE = 24_000
"""Hz of the output file: not below any voice (Piper's have 16 and 22.05 kHz), and 20 ms of it are whole samples."""

OUTPUT_FRAME = FRAME * OUTPUT_RATE // SAMPLE_RATE

Pace = Literal["real", "fast"]


class FileDevice:
    """Plays `inputs` into the loop one after the other, and writes what the speaker would have played to `output`.

    The loop drives it by `tick`: one frame in, 20 ms of sound out. With pace `real` that is due every 20 ms of `clock`
    (seconds; a late caller catches up); with `fast` always. After the end of an input silence follows until the next
    one is asked for.

    Raises:
        AudioError: one of `inputs` cannot be read as sound, or `output` cannot be written there. All of them are
            looked at before the first is heard.
    """

    echo: Echo = "none"  # recordings do not hear us

    def __init__(
        self,
        inputs: Sequence[Path],
        output: Path | None = None,
        pace: Pace = "real",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for path in inputs:
            _open_input(path).close()
        if output is not None:
            _check_output(output)
        self.name = ", ".join(path.name for path in inputs) or "silence"
        self.waits = pace == "fast"
        self._inputs = list(inputs)
        self._frames = _frames(self._inputs.pop(0)) if inputs else iter(())
        self._ended = False
        self._output = output
        self._speaker: _WavFile | None = None
        self._playback = Playback(OUTPUT_RATE)
        self._clock = clock
        self._started_at: float | None = None
        self._ticks = 0

    def start(self, post: Post) -> None:
        """Create the output. Raises `AudioError` where that fails."""
        self._post = post
        if self._output is not None:
            self._speaker = _WavFile(self._output)

    def play(self, tag: int, samples: Samples, rate: int, last: bool) -> None:
        """See `AudioDevice.play`."""
        self._playback.write(tag, samples, rate, last)

    def overlay(self, samples: Samples, rate: int) -> None:
        """See `AudioDevice.overlay`."""
        self._playback.overlay(samples, rate)

    def hold(self) -> None:
        """See `AudioDevice.hold`."""
        self._playback.hold()

    def go_on(self) -> None:
        """See `AudioDevice.go_on`."""
        self._playback.go_on()

    def stop(self) -> None:
        """See `AudioDevice.stop`."""
        self._playback.stop()
        self._report()

    def doze(self, dozing: bool) -> None:
        """A file saves nothing by it."""

    def tick(self) -> float:
        """Post the next frame and write 20 ms of output if that is due; the seconds until the next time.

        Raises:
            AudioError: the output cannot be written, as on a full disk.
        """
        wait = self._until_due()
        if wait > 0:
            return wait
        self._post(AudioFrame(self._position, self._next_frame()))
        played = self._playback.pull(OUTPUT_FRAME)
        self._report()
        self._ticks += 1
        if self._speaker is not None:
            self._speaker.write(played)
        return self._until_due()

    def next_input(self) -> bool:
        """Play the next input from the next tick on; False: all are through."""
        if not self._inputs:
            return False
        self._frames = _frames(self._inputs.pop(0))
        self._ended = False
        return True

    def close(self) -> None:
        """Finish the output, so that it holds all that was played so far. Raises `AudioError` where that fails."""
        if self._speaker is not None:
            self._speaker.close()

    @property
    def _position(self) -> int:
        return self._ticks * FRAME

    def _until_due(self) -> float:
        if self.waits:
            return 0.0
        now = self._clock()
        if self._started_at is None:
            self._started_at = now
        return max(0.0, self._started_at + seconds(self._position) - now)

    def _next_frame(self) -> Samples:
        frame = next(self._frames, None)
        if frame is not None:
            return frame
        if not self._ended:
            self._ended = True
            self._post(InputEnded(self._position))
        return np.zeros(FRAME, np.float32)

    def _report(self) -> None:
        for mark in self._playback.marks():
            position = mark.at * SAMPLE_RATE // OUTPUT_RATE
            match mark:
                case Started():
                    self._post(PlaybackStarted(mark.tag, position))
                case Held():
                    self._post(PlaybackHeld(mark.tag, position))
                case Ended():
                    self._post(PlaybackEnded(mark.tag, position, mark.played, mark.stopped))


def _open_input(path: Path) -> soundfile.SoundFile:
    """The recording at `path`, ready to be read.

    Raises:
        AudioError: there is no such file, it is no sound, or there is no sound in it.
    """
    import soundfile

    if not path.exists():
        raise AudioError(f"{path}: there is no such file")
    if not path.is_file():
        raise AudioError(f"{path}: this is not a file")
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        if not os.access(path, os.R_OK):
            raise AudioError(f"{path}: no permission to read it") from error
        if path.stat().st_size == 0:
            raise AudioError(f"{path}: the file is empty") from error
        raise AudioError(f"{path}: this is no sound file (WAV, FLAC, OGG and MP3 are understood)") from error
    try:
        sound = file.read(1)
        file.seek(0)
    except soundfile.SoundFileError as error:
        file.close()
        raise AudioError(f"{path}: the sound in it is damaged") from error
    if not len(sound):
        file.close()
        raise AudioError(f"{path}: there is no sound in it")
    return file


def _frames(path: Path) -> Iterator[Samples]:
    """The recording as frames at `SAMPLE_RATE`, read a second at a time; the last is filled up with silence.

    Where the file turns out to be damaged midway, it ends there.
    """
    import soundfile

    framer = Framer()
    with _open_input(path) as file:
        resampler = Resampler(file.samplerate, SAMPLE_RATE)
        while True:
            try:
                block = file.read(file.samplerate, dtype="float32", always_2d=True)
            except soundfile.SoundFileError:
                break
            if not len(block):
                break
            yield from framer.feed(resampler.feed(clean(block.mean(axis=1))))
        yield from framer.feed(resampler.feed(EMPTY, last=True))
    yield from framer.flush()


def _check_output(path: Path) -> None:
    """Raises `AudioError` where `path` cannot become a file; nothing is created yet."""
    folder = path.absolute().parent
    if path.is_dir():
        raise AudioError(f"{path}: this is a folder; name a file, such as {path / 'reply.wav'}")
    if not folder.is_dir():
        raise AudioError(f"{path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise AudioError(f"{path}: no permission to write there")


class _WavFile:
    """A WAV file (mono, PCM 16, `OUTPUT_RATE`) that has its name only once it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._open = True
        try:
            self._file = self._part.open("wb")
        except OSError as error:
            raise AudioError(f"cannot write {path}: {error.strerror or error}") from error
        self._wav = wave.Wave_write(self._file)
        self._wav.setnchannels(1)
        self._wav.setsampwidth(2)
        self._wav.setframerate(OUTPUT_RATE)

    def write(self, samples: Samples) -> None:
        try:
            self._wav.writeframesraw(np.round(clean(samples) * 32767).astype("<i2").tobytes())
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        try:
            self._wav.close()
            self._file.close()
            self._part.replace(self._path)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> AudioError:
        """Give the output up: nothing half-written stays behind."""
        self._open = False
        for step in (self._wav.close, self._file.close, self._part.unlink):
            with suppress(OSError):
                step()
        return AudioError(f"cannot write {self._path}: {error.strerror or error}")
