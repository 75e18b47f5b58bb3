"""Who is being listened to: asleep until the wake word, awake for a talk, muted by the key.

It knows no microphone and no clock: time is the sample number of what it is told.

             wake word, call                a turn, its answer, and a follow-up window after it
    ASLEEP ─────────────▶ AWAKE ──┐◀───────────────────────────────────────────────────────────┐
       ▲                    │     └────────────────────────────────────────────────────────────┘
       └── window is over, or asked to rest

    mute: from anywhere to MUTED, and from there to AWAKE

Asleep, the wake word alone is listened for; muted, nothing is. So a mute by the key is lifted by a key alone: whoever
presses it wants no microphone, the wake word's neither. "Stop listening", said aloud, is sleep: there may be no key in
reach. Where there is no wake word it listens all the time, and being asked to rest is a mute. `called_only`: it is
awake for a turn and its answer, and rests then, asleep or, where there is no wake word, muted: push-to-talk.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from companion.events import samples


class State(Enum):
    """What is listened for."""

    ASLEEP = "asleep"
    AWAKE = "awake"
    MUTED = "muted"


Why = Literal["wake word", "key", "window over", "asked", "turn over", "others"]


@dataclass(frozen=True, slots=True)
class Change:
    """From now on, in `state`."""

    state: State
    why: Why


@dataclass(frozen=True, slots=True)
class Invite:
    """Woken, and nobody goes on speaking: let it be heard that we listen."""


Step = Change | Invite


@dataclass(frozen=True, slots=True)
class AttentionLimits:
    """`follow_up`: how long a new turn needs no wake word, after waking and after each reply. `invite`: silence after
    the wake word before a sound says that we listen; who speaks on ("Hey Jarvis, what …") is not spoken into, and a
    pause inside a sentence rarely reaches it. Both in samples.
    """

    follow_up: int = samples(8)
    invite: int = samples(0.4)


class Attention:
    """Decides what is listened for. One instance a session; every method takes the sample number `at` of its cause."""

    def __init__(
        self, limits: AttentionLimits | None = None, *, wake_word: bool = True, called_only: bool = False
    ) -> None:
        """`called_only`: each turn needs the wake word, or the key, anew."""
        self._limits = limits or AttentionLimits()
        self._rests = State.ASLEEP if wake_word else State.MUTED
        self._called_only = called_only
        self._leaves = wake_word or called_only  # it is not awake all the time
        self._until: int | None = None  # the end of the follow-up window
        self._invite_at: int | None = None
        self._busy = False  # a turn or its reply is on: no window runs out
        self._resting = False
        self.state = self._rests if self._leaves else State.AWAKE

    def woken(self, at: int) -> list[Step]:
        """The wake word was heard. In a talk it is part of the talk."""
        if self.state is not State.ASLEEP:
            return []
        self._invite_at = at + self._limits.invite
        return self._wake(at, "wake word")

    def call(self, at: int) -> list[Step]:
        """The key to talk was pressed: listen, whatever was before. A reply that is on is to be given up."""
        if self.state is not State.AWAKE:
            return self._wake(at, "key")
        self._until = self._window(at)
        return []

    def mute(self, at: int) -> list[Step]:
        """The key to mute was pressed: mute, or the end of it. A turn or a reply that is on is to be given up."""
        if self.state is State.MUTED:
            return self._wake(at, "key")
        return self._leave(State.MUTED, "key")

    def leave_be(self) -> list[Step]:
        """Nobody seems to talk with us: rest until the next call. No turn is on."""
        return self._rest("others")

    def only_when_called(self) -> list[Step]:
        """From now on each turn needs the wake word, or the key, anew; there is none on."""
        self._called_only = self._leaves = True
        return self._rest("turn over")

    def turn_began(self) -> None:
        """The owner speaks: no window runs out until the turn is over, or was none."""
        self._busy = True

    def nothing_said(self) -> list[Step]:
        """What began as a turn was none: the window goes on where it was, and who asked for rest has it now."""
        self._busy = False
        return self._rest("asked") if self._resting else []

    def asked_to_rest(self, asked: bool = True) -> None:
        """The turn that is on asks to be left alone, or does not; what it is answered with is still said."""
        self._resting = asked and self.state is State.AWAKE

    def turn_over(self, at: int, *, another: bool = False) -> list[Step]:
        """The reply has ended, or there was nothing to answer. `another`: the owner has begun a new turn over it."""
        if self.state is not State.AWAKE:
            return []
        self._until, self._invite_at, self._busy = self._window(at), None, another
        if another:
            return []
        if self._resting:
            return self._rest("asked")
        return self._rest("turn over") if self._called_only else []

    def tick(self, at: int) -> list[Step]:
        """Time has come to sample `at`."""
        if self._busy:
            return []
        if self._until is not None and at >= self._until:
            return self._rest("window over")
        if self._invite_at is not None and at >= self._invite_at:
            self._invite_at = None
            return [Invite()]
        return []

    def _wake(self, at: int, why: Why) -> list[Step]:
        self.state = State.AWAKE
        self._until = self._window(at)
        return [Change(State.AWAKE, why)]

    def _rest(self, why: Why) -> list[Step]:
        return self._leave(self._rests, why) if self.state is State.AWAKE else []

    def _leave(self, state: State, why: Why) -> list[Step]:
        self.state = state
        self._until = self._invite_at = None
        self._busy = self._resting = False
        return [Change(state, why)]

    def _window(self, at: int) -> int | None:
        return at + self._limits.follow_up if self._leaves else None
