"""A virtual sound card: PulseAudio in a folder of its own, seen by PortAudio as its default device.

What is played into the card's `cable` is what its microphone hears; what the program plays can be recorded at the
speaker. Speaker and cable are channels of one sink (`tools.soundcard.card`).
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from companion.audio import portaudio
from companion.audio.device import AudioError
from companion.events import Samples
from tools.soundcard import card
from tools.soundcard.card import RATE


class VirtualCard(card.VirtualCard):
    """A running card of the bench's make, and an ear at its speaker."""

    def speak(self, samples: Samples) -> None:
        """Play `samples` (mono at `RATE`) to the microphone, to their end."""
        self.play(samples).wait()

    @contextmanager
    def listening(self) -> Iterator[Recorder]:
        """Record the speaker; sound before the first reading is not lost."""
        process = subprocess.Popen(
            ["parec", "--device=speaker.monitor", "--latency-msec=20", *_RAW],
            env=self.environment,
            stdout=subprocess.PIPE,
        )
        try:
            yield Recorder(process)
        finally:
            process.terminate()
            process.communicate(timeout=10)


_RAW = (f"--rate={RATE}", "--format=float32le", "--channels=1", "--raw")


class Recorder:
    """What the speaker gives."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._pipe = process.stdout

    def read(self, seconds: float) -> Samples:
        """The next `seconds` of sound; waits for them."""
        return np.frombuffer(self._pipe.read(4 * round(seconds * RATE)), "<f4")


@contextmanager
def virtual_card() -> Iterator[VirtualCard]:
    """A card that PortAudio takes for the default device of this process; the test is skipped where that cannot be."""
    if lack := card.missing():
        pytest.skip(f"no virtual sound card: {lack}")
    with tempfile.TemporaryDirectory(prefix="companion-pulse-") as name, pytest.MonkeyPatch.context() as patch:
        virtual = VirtualCard(Path(name))
        patch.setenv("PULSE_SERVER", virtual.environment["PULSE_SERVER"])
        patch.setenv("PULSE_COOKIE", virtual.environment["PULSE_COOKIE"])
        virtual.plug_in()
        try:
            try:
                portaudio.look_again()
            except AudioError as error:
                pytest.skip(f"no virtual sound card: {error}")
            if not any(device.name == "pulse" for device in portaudio.list_devices()):
                pytest.skip("no virtual sound card: ALSA has no PulseAudio plugin (Debian: libasound2-plugins)")
            yield virtual
        finally:
            virtual.unplug()
