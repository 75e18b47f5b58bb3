"""Hands-free use, joined: who is listened to, what wakes it, and the sounds that say what a screen would show.

The loop asks it at a few places: with every frame, when a turn begins, is none or is over, when a turn's words are
known, and when a key is pressed. It holds no device and no model of the talk; what to do comes back as `News`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from companion.audio.wake_word import WakeWord
from companion.events import AttentionChanged, Key, Samples, samples
from companion.tts.earcons import Earcon
from companion.turns.attention import Attention, Change, State, Step
from companion.turns.rest import asked_to_rest
from companion.turns.taking import Phase

THINKING_EVERY: Final = samples(1.5)
"""A wait of so long is told by a sound: a silence twice as long is taken for not having been heard."""

_GOODBYES: Final[dict[str, dict[State, str]]] = {
    "en": {
        State.ASLEEP: "All right. Call me when you want me.",
        State.MUTED: "All right. I hear nothing until you wake me.",
    },
    "ko": {
        State.ASLEEP: "알겠어요. 필요하면 불러 주세요.",
        State.MUTED: "알겠어요. 다시 깨우실 때까지 듣지 않을게요.",
    },
}

News = AttentionChanged | Earcon
"""The loop is to listen in another way, or to make a sound."""


class HandsFree:
    """One a session. Without arguments it is always awake and makes no sound: a talk at a screen without keys."""

    def __init__(
        self,
        attention: Attention | None = None,
        wake_word: WakeWord | None = None,
        *,
        language: str | None = None,
        name: str = "",
        sounds: bool = False,
    ) -> None:
        """`language`: of requests to rest, which may name Companion by its `name`; None: there are none."""
        self.can_be_called = attention is not None
        """There is a key, or a wake word."""
        self._attention = attention or Attention(wake_word=False)
        self._wake_word = wake_word
        self._language, self._name = language, name
        self._sounds = sounds
        self._thinking: int | None = None  # since this sample

    @property
    def state(self) -> State:
        """Who is listened to."""
        return self._attention.state

    def begin(self) -> list[News]:
        """The session has begun: say so, and what is needed to be heard."""
        if self.state is State.AWAKE:
            return self._sounded("listening")
        return [AttentionChanged(self.state.value, "start"), *self._sounded(_EARCONS[self.state])]

    def hear(self, frame: Samples, upto: int, phase: Phase) -> list[News]:
        """The next frame, which ends before sample `upto`, while `phase` says who has the floor."""
        steps = self._attention.tick(upto)
        if self.state is State.ASLEEP and self._wake_word is not None and self._wake_word.heard(frame):
            steps += self._attention.woken(upto)
        return self._told(steps) + self._waiting(upto, phase)

    def turn_began(self) -> None:
        """The owner speaks."""
        self._attention.turn_began()

    def nothing_said(self) -> list[News]:
        """What began as a turn was none."""
        return self._told(self._attention.nothing_said())

    def goodbye(self, words: str) -> str | None:
        """What to answer where a turn of these `words` asks to be left alone; None: it does not ask for that."""
        asked = self._language is not None and asked_to_rest(words, self._language, self._name)
        self._attention.asked_to_rest(asked)
        if not asked or self._language is None:
            return None
        return _GOODBYES[self._language][State.MUTED if self._wake_word is None else State.ASLEEP]

    def leave_be(self) -> list[News]:
        """See `Attention.leave_be`."""
        return self._told(self._attention.leave_be())

    def only_when_called(self) -> list[News]:
        """See `Attention.only_when_called`."""
        return self._told(self._attention.only_when_called())

    def turn_over(self, at: int, *, another: bool = False) -> list[News]:
        """See `Attention.turn_over`."""
        return self._told(self._attention.turn_over(at, another=another))

    def pressed(self, key: Key, at: int) -> list[News]:
        """The owner pressed `key` at sample `at`."""
        if key == "talk":
            return self._told(self._attention.call(at))
        return self._told(self._attention.mute(at)) if key == "mute" else []

    def _told(self, steps: Iterable[Step]) -> list[News]:
        news: list[News] = []
        for step in steps:
            if not isinstance(step, Change):
                news += self._sounded("listening")
                continue
            news.append(AttentionChanged(step.state.value, step.why))
            if step.state is State.ASLEEP and self._wake_word is not None:
                self._wake_word.reset()
            if step.why != "wake word":  # after that, the owner may be speaking on
                news += self._sounded(_EARCONS[step.state])
        return news

    def _waiting(self, upto: int, phase: Phase) -> list[News]:
        """A sound now and then while the owner waits for an answer."""
        if phase is not Phase.COMMITTED:
            self._thinking = None
            return []
        self._thinking = upto if self._thinking is None else self._thinking
        if upto - self._thinking < THINKING_EVERY:
            return []
        self._thinking = upto
        return self._sounded("thinking")

    def _sounded(self, earcon: Earcon) -> list[News]:
        return [earcon] if self._sounds else []


_EARCONS: Final[dict[State, Earcon]] = {
    State.ASLEEP: "asleep",
    State.AWAKE: "listening",
    State.MUTED: "muted",
}
