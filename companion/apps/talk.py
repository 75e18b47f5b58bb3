"""`companion talk`: the loop over the sound card, or over recordings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from rich.console import Console

from companion.apps.assemble import assemble, open_hands_free, open_taking, open_talk_memory
from companion.apps.events_file import EventsFile
from companion.apps.keys import keys, readable
from companion.apps.options import effective
from companion.apps.screen import screen
from companion.apps.unlock import Unlock
from companion.apps.wording import say
from companion.audio.device import AudioDevice
from companion.audio.files import FileDevice
from companion.conversation import Conversation
from companion.errors import CompanionError, quiet_stderr
from companion.events import KeyPressed, SessionStarted
from companion.parts import Observer
from companion.settings import Settings


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
    """Open the device, the memory and the models, and talk until the owner or the recordings end it.

    `network` says how the offline lock holds. With `incognito` nothing is remembered: the memory is not opened.

    Raises:
        CompanionError: a recording, a model or a device cannot be used.
    """
    settings = effective(home, language=language, profile=profile)
    console = Console(stderr=not sys.stdout.isatty())
    device = open_device(settings, inputs, output, pace)  # first: a bad recording is said at once
    keys_work, sleeps = readable(), settings.hands_free.at_screen
    if settings.sound.listens == "called":
        if inputs:
            settings = _between_replies(settings)  # nobody calls in a recording
        elif not (keys_work or sleeps):
            raise CompanionError(
                "it listens when it is called, and there is neither a key nor a wake word: talk in a terminal, or set "
                "hands_free.at_screen or sound.listens in the settings"
            )
    with ExitStack() as opened:
        memory = None if incognito else open_talk_memory(home, models, settings, unlock)
        if memory is not None:
            opened.callback(memory.close)
        with console.status(say(settings.language, "starting")):
            assembled = assemble(models, settings, memory)
            hands_free = open_hands_free(settings, assembled.parts, sleeps=sleeps) if keys_work or sleeps else None
        started = SessionStarted(settings.profile, assembled.models, settings.language, network, assembled.pace_ms)
        writer = EventsFile(events) if events else None
        if writer is not None:
            opened.callback(writer.close)
        with quiet_stderr(), screen(settings, len(inputs), keys_work) as shown:
            observers: list[Observer] = [shown, *([writer] if writer else [])]
            taking = open_taking(settings, assembled.parts)
            conversation = Conversation(device, assembled.parts, started, observers, taking, hands_free)
            with keys(lambda key: conversation.post(KeyPressed(key))):
                conversation.run()
    if output is not None:
        console.print(say(settings.language, "saved", path=output))


def _between_replies(settings: Settings) -> Settings:
    """The same, but that it listens without being called."""
    return settings.model_copy(update={"sound": settings.sound.model_copy(update={"listens": "between"})})


def open_device(
    settings: Settings, inputs: Sequence[Path], output: Path | None, pace: Literal["real", "fast"]
) -> AudioDevice:
    """The recordings, where there are any; else the sound card."""
    if inputs:
        return FileDevice(inputs, output, pace)
    from companion.audio.soundcard import SoundCard

    return SoundCard(settings.sound.microphone, settings.sound.speaker)
