"""A virtual sound card: PulseAudio in a folder of its own, seen by PortAudio as its default device.

What is played into the card's `cable` is what its microphone hears; what the program plays can be recorded at the
speaker. Speaker and cable are channels of one sink (`tools.soundcard.card.modules`).
"""

from __future__ import annotations

import os
import shutil
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
from tools.soundcard.card import RATE, modules

PROGRAMS = ("pulseaudio", "pactl", "pacat", "parec")


class VirtualCard:
    """A running card. Its methods return when what they say is done."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "native"
        self._environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{self._socket}",
        }
        self._daemon: subprocess.Popen[bytes] | None = None

    def plug_in(self) -> None:
        """Start the daemon, and return when it answers."""
        subprocess.run(
            ["pulseaudio", "-n", "-D", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"]
            + [argument for module in modules(self._socket.parent) for argument in ("-L", module)],
            env=self._environment,
            check=True,
            capture_output=True,
            timeout=20,
        )
        self._pactl("set-default-sink", "speaker")
        self._pactl("set-default-source", "microphone")

    def unplug(self) -> None:
        """End the daemon: every stream on the card dies."""
        self._pactl("exit")

    def suspend_microphone(self, suspended: bool) -> None:
        """Stop the microphone without closing it: it gives no samples, and no error."""
        self._pactl("suspend-source", "microphone", "1" if suspended else "0")

    @contextmanager
    def feeding_back(self, level_db: float) -> Iterator[None]:
        """The microphone hears the speaker at `level_db`, some 60 ms late, and no later when the machine is busy.

        Both are channels of one sink, so that nothing need be adjusted; between two sinks the delay wanders.
        """
        module = self._pactl(
            "load-module",
            "module-loopback",
            "source=speaker.monitor",
            "sink=cable",
            "latency_msec=60",
            "adjust_time=0",
            "source_dont_move=1",
            "sink_dont_move=1",
        ).strip()
        # PulseAudio's volume is cubic; 65536 is 0 dB
        echo = next(line for line in self._pactl("list", "short", "sink-inputs").splitlines() if "loopback" in line)
        self._pactl("set-sink-input-volume", echo.split()[0], str(round(65536 * 10 ** (level_db / 60))))
        try:
            yield
        finally:
            self._pactl("unload-module", module)

    def speak(self, samples: Samples) -> None:
        """Play `samples` (mono at `RATE`) to the microphone, to their end."""
        self._run(["pacat", "--device=cable", *_RAW], input=samples.astype("<f4").tobytes())

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        """Record the speaker; sound before the first reading is not lost."""
        process = subprocess.Popen(
            ["parec", "--device=speaker.monitor", "--latency-msec=20", *_RAW],
            env=self._environment,
            stdout=subprocess.PIPE,
        )
        try:
            yield Recorder(process)
        finally:
            process.terminate()
            process.communicate(timeout=10)

    def _pactl(self, *arguments: str) -> str:
        return self._run(["pactl", *arguments]).decode()

    def _run(self, command: list[str], input: bytes | None = None) -> bytes:
        done = subprocess.run(command, env=self._environment, input=input, check=True, capture_output=True, timeout=20)
        return done.stdout


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
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"no virtual sound card: {', '.join(missing)} missing (Debian: pulseaudio, pulseaudio-utils)")
    with tempfile.TemporaryDirectory(prefix="companion-pulse-") as name, pytest.MonkeyPatch.context() as patch:
        card = VirtualCard(Path(name))
        patch.setenv("PULSE_SERVER", f"unix:{name}/native")
        patch.setenv("PULSE_COOKIE", f"{name}/cookie")
        card.plug_in()
        try:
            try:
                portaudio.look_again()
            except AudioError as error:
                pytest.skip(f"no virtual sound card: {error}")
            if not any(device.name == "pulse" for device in portaudio.list_devices()):
                pytest.skip("no virtual sound card: ALSA has no PulseAudio plugin (Debian: libasound2-plugins)")
            yield card
        finally:
            card.unplug()
