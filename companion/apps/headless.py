"""`companion headless`: the loop with no screen and no keyboard; what systemd starts.

Two signals are its keys: SIGUSR1 wakes it, or makes it listen instead of speak; SIGUSR2 mutes it, and ends that.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final, Literal

import numpy as np

from companion.apps import notices
from companion.apps.assemble import assemble, open_hands_free, open_taking, open_talk_memory
from companion.apps.events_file import EventsFile
from companion.apps.notices import Announcer, Need
from companion.apps.notify import managed, notify, watchdog_s
from companion.apps.options import effective
from companion.apps.service import CREDENTIAL
from companion.apps.talk import open_device
from companion.apps.unlock import Unlock, exists
from companion.audio.device import AudioDevice, AudioError
from companion.audio.portaudio import look_again
from companion.audio.wake_word import needs_no_recogniser
from companion.conversation import Conversation
from companion.errors import CompanionError
from companion.events import (
    Announcement,
    AttentionChanged,
    Event,
    Key,
    KeyPressed,
    Message,
    PlaybackEnded,
    SessionEnded,
    SessionStarted,
    Trouble,
)
from companion.parts import Observer
from companion.settings import Settings
from companion.tts.espeak import EspeakVoice
from companion.turns.taking import Phase

KEYS: Final[dict[int, Key]] = {signal.SIGUSR1: "talk", signal.SIGUSR2: "mute"}

LOOKS_EVERY_S: Final = 5.0
"""Between two looks for a sound device."""

SPOKEN_WITHIN_S: Final = 30.0
"""Longest wait for a notice to be spoken; a device that hangs must not keep the service from falling."""


def run(
    home: Path,
    models: Path,
    inputs: Sequence[Path],
    output: Path | None,
    events: Path | None,
    pace: Literal["real", "fast"],
    language: str | None,
    profile: str | None,
    network: str,
    unlock: Unlock,
    incognito: bool,
) -> None:
    """Open the memory and the models without a question, and talk until the service is stopped.

    Raises:
        CompanionError: something is missing; it is also said aloud, where there is a speaker.
    """

    def announce(announcement: Announcement) -> None:
        conversation.post(announcement)

    settings = effective(home, language=language, profile=profile)
    signal.signal(signal.SIGTERM, _stop)
    for number in KEYS:
        signal.signal(number, signal.SIG_IGN)  # until there is somebody to wake
    device = when_there(lambda: open_device(settings, inputs, output, pace), waits=not inputs and managed())
    announcer = Announcer(settings.language, announce)
    with ExitStack() as opened:
        opened.callback(announcer.close)
        writer = EventsFile(events) if events else None
        if writer is not None:
            opened.callback(writer.close)
        trouble: Need = "locked"
        try:
            memory = None if incognito else open_talk_memory(home, models, settings, way_in(home, settings, unlock))
            if memory is not None:
                opened.callback(memory.close)
            trouble = "start"
            assembled = assemble(models, settings, memory, captions=captions_wanted(settings))
            hands_free = open_hands_free(settings, assembled.parts)
        except CompanionError:
            say_aloud(device, settings.language, notices.text(trouble, settings.language))
            raise
        started = SessionStarted(settings.profile, assembled.models, settings.language, network, assembled.pace_ms)
        observers: list[Observer] = [Status(), announcer, *([writer] if writer else [])]
        taking = open_taking(settings, assembled.parts)
        conversation = Conversation(device, assembled.parts, started, observers, taking, hands_free)
        for number, key in KEYS.items():
            signal.signal(number, lambda *_, key=key: conversation.post(KeyPressed(key)))
        conversation.run()


def when_there(
    opened: Callable[[], AudioDevice], *, waits: bool, rest: Callable[[float], object] = time.sleep
) -> AudioDevice:
    """The device; where it `waits`, as a service does, however long it takes until there is one.

    A microphone is plugged in, or a sound server starts, after the service: five starts that fail would be its end.

    Raises:
        AudioError: there is none, and nobody waits.
    """
    told = False
    while True:
        try:
            return opened()
        except AudioError as error:
            if not waits:
                raise
            if not told:
                sys.stderr.write(f"companion: {error}; waiting for it\n")
                told = True
        notify(f"STATUS=waiting for a sound device\nEXTEND_TIMEOUT_USEC={round(4e6 * LOOKS_EVERY_S)}")
        rest(LOOKS_EVERY_S)
        with suppress(AudioError):
            look_again()


def captions_wanted(settings: Settings) -> bool:
    """Whether words are to be had while they are spoken, though no screen shows them.

    They stop the voice a little sooner, and read ahead. On a small machine memory is worth more, unless the wake word
    is a name, which the same model hears.
    """
    word = settings.hands_free.wake_word
    return settings.profile != "tiny" or (bool(word) and not needs_no_recogniser(word))


def way_in(home: Path, settings: Settings, unlock: Unlock) -> Unlock:
    """How the memory opens where nobody can be asked: the command line, the settings' key file, a credential.

    Raises:
        CompanionError: there is a memory and none of them.
    """
    if unlock.given:
        return unlock
    handed = Path(os.environ.get("CREDENTIALS_DIRECTORY", "")) / CREDENTIAL
    if settings.hands_free.key_file is not None:
        return replace(unlock, key_file=settings.hands_free.key_file)
    if "CREDENTIALS_DIRECTORY" in os.environ and handed.exists():
        return replace(unlock, key_file=handed)
    if exists(home):
        raise CompanionError(
            "nobody can be asked for the passphrase here: give --key-file, set hands_free.key_file in the settings, "
            f"or hand the service a credential named {CREDENTIAL}"
        )
    return unlock


class Status:
    """Watches the loop for systemd and the journal: ready, alive, in trouble. Nothing that was said."""

    def __init__(self) -> None:
        self._every = watchdog_s()
        self._beat = 0

    def event(self, event: Event, t: float, turn: int) -> None:
        """Tell the service manager."""
        match event:
            case SessionStarted():
                notify("READY=1\nSTATUS=awake")
            case AttentionChanged():
                notify(f"STATUS={event.state}")
            case Trouble():
                sys.stderr.write(f"companion: {event.detail}\n")
                notify(f"STATUS={event.detail}")
            case SessionEnded():
                notify("STOPPING=1")

    def level(self, rms: float, phase: Phase) -> None:
        """Ten times a second while sound comes in and the loop takes it: the sign of life that the watchdog wants."""
        self._beat += 1
        if self._every is not None and self._beat >= self._every * 10:
            self._beat = 0
            notify("WATCHDOG=1")


def say_aloud(device: AudioDevice, language: str, text: str) -> None:
    """Speak `text` over a device that no loop uses yet, by the voice that needs no model; silent where that fails."""
    spoken = threading.Event()

    def listen(message: Message) -> None:
        if isinstance(message, PlaybackEnded):
            spoken.set()

    try:
        voice = EspeakVoice(language)
        device.start(listen)
        for piece in voice.synthesize(text):
            device.play(0, piece, voice.rate, last=False)
        device.play(0, np.empty(0, np.float32), voice.rate, last=True)
        if device.waits:
            while not spoken.is_set():
                device.tick()
        else:
            _wait(device, spoken)
        device.close()
    except CompanionError:
        return  # the line on stderr says more than this would have


def _wait(device: AudioDevice, spoken: threading.Event) -> None:
    """Until it is spoken; a device without a clock of its own is driven meanwhile."""
    waited = 0.0
    while waited < SPOKEN_WITHIN_S:
        step = device.tick() or 0.02
        waited += step
        if spoken.wait(step):
            return


def _stop(number: int, frame: FrameType | None) -> None:
    """`systemctl stop` ends the conversation in order, as Ctrl-C does."""
    raise KeyboardInterrupt
