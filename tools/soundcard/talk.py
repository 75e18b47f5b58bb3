"""The program under test: a real `companion talk`, and what it tells in its events file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from companion import settings
from companion.errors import CompanionError
from companion.settings import Settings, SoundSettings
from tools.soundcard.card import Recording, VirtualCard

START_S = 120.0
"""Seconds within which a session must listen: models are read from a cold disk."""

LOOK_S = 0.01
"""How often the events file is read."""

QUIET_S, THINKING_S = 1.5, 4.0
"""So long after its last event a session has settled: after a reply, and where the owner was heard last, or has cut a
reply off: half a sentence is waited for, and then thought about. Said after 1.5 s, the next sentence became a part of
it twice in ten."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event; `at` is the position of the recording when it was read, in seconds."""

    name: str
    turn: int
    t: float
    at: float
    record: dict[str, Any]


class Talk:
    """A session that runs."""

    def __init__(self, process: subprocess.Popen[bytes], events: Path, recording: Recording) -> None:
        self._process = psutil.Process(process.pid)
        self._running = process
        self._path = events
        self._recording = recording
        self._read = 0
        self.events: list[Told] = []

    def look(self) -> None:
        """Read what was told since."""
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._read)
            lines = file.read().split(b"\n")[:-1]  # the last piece is not whole yet
            for line in lines:
                record = json.loads(line)
                self._read += len(line) + 1
                self.events.append(Told(record["event"], record["turn"], record["t"], self._recording.position, record))

    def wait(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Until `holds`, at most so long; whether it came to hold."""
        until = time.monotonic() + seconds
        while True:
            self.look()
            if holds():
                return True
            if time.monotonic() > until or self._running.poll() is not None:
                return False
            time.sleep(LOOK_S)

    def wait_for(self, name: str, since: int, seconds: float) -> bool:
        """Until an event of this name comes behind the first `since` events."""
        return self.wait(lambda: any(one.name == name for one in self.events[since:]), seconds)

    def settle(self, seconds: float = 30.0) -> bool:
        """Until nobody speaks and nothing is on its way."""
        return self.wait(self._settled, seconds)

    def _settled(self) -> bool:
        talked = [one for one in self.events if one.name.startswith(("speech.", "transcript.", "reply.", "barge_in"))]
        if not talked:
            return True
        replies = [one.name for one in talked if one.name in ("reply.started", "reply.ended")]
        if replies and replies[-1] == "reply.started":
            return False
        quiet = self._recording.position - talked[-1].at
        answered = talked[-1].name == "reply.ended" and not talked[-1].record["interrupted"]
        return quiet > (QUIET_S if answered else THINKING_S)

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time, user and system, that it and its children took so far."""
        times = [self._process.cpu_times()]
        for child in self._process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                times.append(child.cpu_times())
        return float(sum(one.user + one.system + one.children_user + one.children_system for one in times))

    @property
    def memory_mb(self) -> float:
        """Resident memory that it and its children hold."""
        held = self._process.memory_info().rss
        for child in self._process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                held += child.memory_info().rss
        return float(held / 2**20)

    def load(self, seconds: float) -> float:
        """The share of one core that it takes in the next `seconds`."""
        began, cpu = time.monotonic(), self.cpu_s
        time.sleep(seconds)
        return (self.cpu_s - cpu) / (time.monotonic() - began)


@contextmanager
def talking(card: VirtualCard, recording: Recording, folder: Path, chosen: Settings) -> Iterator[Talk]:
    """A session on the card that listens; with an empty memory, as after a setup in which this was `chosen`.

    Raises:
        CompanionError: it does not come to listen; the message is its own last line.
    """
    home, events, log = folder / "home", folder / "events.jsonl", folder / "companion.log"
    settings.save(home, chosen.model_copy(update={"sound": SoundSettings(microphone="pulse", speaker="pulse")}))
    command = [sys.executable, "-m", "companion", "--home", str(home), "--key-file", str(folder / "key"), "talk"]
    command += ["--events", str(events)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=card.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    talk = Talk(process, events, recording)
    try:
        if not talk.wait_for("session.started", 0, START_S):
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise CompanionError(f"companion talk does not start: {lines[-1] if lines else 'it says nothing'}")
        yield talk
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        talk.look()
