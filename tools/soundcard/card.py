"""A virtual sound card: PulseAudio in a folder of its own, with one clock for the microphone and the speaker.

One null sink of two channels is the card: what the program plays goes into the left one, what its microphone hears into
the right one. Both are mixed in the same step, so that one recording of the monitor holds them sample by sample as they
came; a click into both shows it. The echo is a loopback from the left into the right.

    companion ─▶ sink `speaker` ─▶ left  ─┬─▶ monitor ─▶ recording
                                echo │    │
    owner ─▶ sink `cable` ───────────┴▶ right ─▶ source `microphone` ─▶ companion
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from companion.errors import CompanionError
from companion.events import Samples

RATE = 48_000
"""Hz of everything on the card."""

ROOM_DB = -65.0
"""Level of the room's noise in dBFS: a quiet room. Without any the microphone would give digital silence, as one that
is muted does."""

_MONO = (f"--rate={RATE}", "--format=s16le", "--channels=1", "--raw")
_STEREO = (f"--rate={RATE}", "--format=s16le", "--channels=2", "--raw")


def missing(*others: str) -> str | None:
    """One line on what a virtual card and `others` (programs, named as their packages) lack here; None: nothing."""
    absent = [name for name in ("pulseaudio", "pactl", "pacat", "parec", *others) if shutil.which(name) is None]
    if not absent:
        return None
    packages = ("pulseaudio", "pulseaudio-utils", "libasound2-plugins", *others)
    return f"{', '.join(absent)} not found: sudo apt-get install {' '.join(packages)}"


def to_pcm(sound: Samples) -> bytes:
    """`sound` (-1…1) as 16-bit samples."""
    return (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


class VirtualCard:
    """A card whose socket lies in `folder`; the path must be short, as sockets' paths are. See `virtual_card`.

    `environment` is what a program needs to find it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_COOKIE": f"{folder}/cookie",
        }
        self._daemon: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []

    def plug_in(self) -> None:
        """Start PulseAudio, and return when it answers.

        Raises:
            CompanionError: it does not start.
        """
        with (self._folder / "pulseaudio.log").open("wb") as log:
            self._daemon = subprocess.Popen(
                ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"]
                + [argument for module in _modules(self._folder) for argument in ("-L", module)],
                env={**self.environment, "HOME": str(self._folder)},
                stdout=log,
                stderr=log,
            )
        _wait_until(lambda: self.pactl("info", check=False), "PulseAudio does not start")
        self.pactl("set-default-sink", "speaker")
        self.pactl("set-default-source", "microphone")

    def unplug(self) -> None:
        """End PulseAudio: every stream on the card dies."""
        for process in (*self._players, self._daemon):
            if process is not None:
                _end(process)
        self._players, self._daemon = [], None

    def make_room(self, level_db: float = ROOM_DB) -> None:
        """Let the microphone hear the noise of a room, of `level_db` dBFS, until the card is unplugged."""
        room = self._start(["pacat", "--device=cable", "--latency-msec=200", *_MONO], stdin=subprocess.PIPE)
        self._players.append(room)
        threading.Thread(target=_make_noise, args=(room, level_db), daemon=True).start()

    def play(self, sound: Samples, device: str = "cable") -> subprocess.Popen[bytes]:
        """Begin to play `sound` (mono at `RATE`), by default to the microphone; the process ends with it."""
        path = self._folder / "playing.raw"
        path.write_bytes(to_pcm(sound))
        with path.open("rb") as file:
            player = self._start(["pacat", f"--device={device}", "--latency-msec=50", *_MONO], stdin=file)
        path.unlink()  # the player holds it open
        self._players.append(player)
        return player

    @contextmanager
    def echo(self, level_db: float) -> Iterator[None]:
        """Let the microphone hear the speaker, at this level relative to it."""
        module = self.pactl("load-module", "module-loopback", "source=speaker.monitor", "sink=cable", *_LOOPBACK)
        inputs = self.pactl("list", "sink-inputs").split("Sink Input #")[1:]
        number = next(one.split()[0] for one in inputs if f"Owner Module: {module}\n" in one)
        self.pactl("set-sink-input-volume", number, f"{level_db}dB")
        try:
            yield
        finally:
            self.pactl("unload-module", module)

    def hang_microphone(self, hung: bool) -> None:
        """Let the microphone give no samples, and no error; or let it work again.

        One that is unloaded is no trouble: PulseAudio moves its streams to another source.
        """
        self.pactl("suspend-source", "microphone", "1" if hung else "0")

    @contextmanager
    def recording(self, path: Path) -> Iterator[Recording]:
        """Record both channels into `path`."""
        with path.open("wb") as file:
            recorder = self._start(["parec", "--device=card.monitor", "--latency-msec=20", *_STEREO], stdout=file)
            try:
                yield Recording(path)
            finally:
                _end(recorder)

    def pactl(self, *arguments: str, check: bool = True) -> str:
        """What PulseAudio answers to a command."""
        done = subprocess.run(
            ["pactl", *arguments], env=self.environment, check=check, capture_output=True, text=True, timeout=20
        )
        return done.stdout.strip()

    def _start(self, command: list[str], **streams: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL, **streams)  # type: ignore[call-overload,no-any-return]


_LOOPBACK = ("latency_msec=40", "adjust_time=0", "source_dont_move=true", "sink_dont_move=true")
"""One clock on both sides: nothing to adjust, so that the echo's delay stands still. Between two sinks it wanders."""


class Recording:
    """A recording that grows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def position(self) -> float:
        """Seconds recorded so far; some 20 ms behind what sounds now."""
        return self._path.stat().st_size / (4 * RATE)

    def channels(self) -> tuple[Samples, Samples]:
        """What was played and what the microphone heard so far, each mono at `RATE`."""
        raw = np.fromfile(self._path, "<i2")
        both = raw[: len(raw) // 2 * 2].reshape(-1, 2).T / np.float32(32768)
        return np.ascontiguousarray(both[0]), np.ascontiguousarray(both[1])


def _modules(folder: Path) -> tuple[str, ...]:
    """What PulseAudio loads for a card whose socket lies in `folder`: `speaker`, `cable`, and `microphone` behind it.

    Both are channels of one null sink, so that they share a clock. `norewinds` makes it work in steps of 50 ms; without
    that it takes 2 s of sound at once.
    """
    return (
        f"module-native-protocol-unix socket={folder}/native auth-anonymous=1",
        f"module-null-sink sink_name=card rate={RATE} channels=2 channel_map=front-left,front-right norewinds=1",
        *(
            f"module-remap-sink sink_name={name} master=card channels=1 channel_map=mono remix=no"
            f" master_channel_map={side}"
            for name, side in (("speaker", "front-left"), ("cable", "front-right"))
        ),
        "module-remap-source source_name=microphone master=card.monitor channels=1 channel_map=mono remix=no"
        " master_channel_map=front-right",
    )


@contextmanager
def virtual_card(folder: Path, room_db: float = ROOM_DB) -> Iterator[VirtualCard]:
    """A running card in a room whose noise has `room_db` dBFS, its socket in `folder`.

    Raises:
        CompanionError: PulseAudio does not start.
    """
    card = VirtualCard(folder)
    try:
        card.plug_in()
        card.make_room(room_db)
        yield card
    finally:
        card.unplug()


def _make_noise(room: subprocess.Popen[bytes], level_db: float) -> None:
    """White noise into the pipe of `room`, until that ends."""
    noise = np.random.default_rng(1).standard_normal(10 * RATE).astype(np.float32) * 10 ** (level_db / 20)
    assert room.stdin is not None
    with suppress(OSError):
        while True:
            room.stdin.write(to_pcm(noise))


def _wait_until(holds: Callable[[], object], otherwise: str) -> None:
    for _ in range(50):
        if holds():
            return
        time.sleep(0.1)
    raise CompanionError(otherwise)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
        return
    process.kill()
    process.wait()
