"""What a conversation is given: the models of a session, the owner's memory, and who watches."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from companion.affect.senses import Senses
from companion.audio.smart_turn import SmartTurn
from companion.audio.voice_activity import VoiceActivity
from companion.dialogue.completion import Completion
from companion.dialogue.mind import Dialogue
from companion.events import Affect, Event, MemorySaved
from companion.stt.turn import TurnRecognizer
from companion.tts.rehearsed import Rehearsed
from companion.turns.taking import Phase

VOICE = "voice"
"""The name under which the owner's memory keeps how this owner usually sounds."""

PAUSES = "pauses"
"""The name under which it keeps how long this owner pauses."""

VOICE_OFF = "voice_off"
"""The name under which it keeps that the owner said not to listen to the voice."""


class Observer(Protocol):
    """Watches the loop without touching it: an events file, a screen, a bench."""

    def event(self, event: Event, t: float, turn: int) -> None:
        """`event` happened `t` seconds after the start, in turn `turn`."""

    def level(self, rms: float, phase: Phase) -> None:
        """The microphone's level (root mean square, 0…1) and who has the floor; about ten times a second."""


class Storage(Protocol):
    """Where turns are kept."""

    def save(
        self, said: str, answered: str, ago: float, interrupted: bool, affect: Affect | None = None
    ) -> MemorySaved | None:
        """Keep a turn that began `ago` seconds ago, and what was heard in it; None where it is not to be kept."""

    def learned(self, name: str) -> Any:
        """What was learned of the owner under this name; None: nothing."""

    def learn(self, name: str, value: Any) -> None:
        """Keep what was learned, in the place of what was there."""

    def settle(self) -> None:
        """Work that had time until now."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long stages take here, in seconds, timed at the start. `reading`: three seconds of speech to words.
    `judging`: how complete these sound."""

    reading: float
    judging: float

    def ms(self) -> dict[str, float]:
        """In milliseconds, by the names of the stages."""
        return {name: round(seconds * 1000, 1) for name, seconds in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Parts:
    """The models of a session, open and warm, and the owner's memory, where there is one.

    `senses`: None where nothing is made of how the owner sounds and of the feeling in the words. `completion`: None
    where nothing tells a whole sentence from a part of one. `pace`: how long the stages take on this machine.
    """

    activity: VoiceActivity
    smart_turn: SmartTurn
    recognizer: TurnRecognizer
    replier: Dialogue
    voice: Rehearsed
    storage: Storage | None = None
    senses: Senses | None = None
    completion: Completion | None = None
    pace: Pace | None = None
