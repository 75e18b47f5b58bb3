"""What is kept of the microphone's sound before it is anybody's turn, and the windows that are searched for a voice."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from companion.audio.level import loudness
from companion.audio.voice_activity import WINDOW
from companion.events import FRAME, SAMPLE_RATE, Samples, samples

PRE_ROLL = samples(0.5)
"""What the recogniser hears from before the first voiced window: soft first syllables are late to be called voice."""

ROOM = samples(3)
"""The quietest tenth of so long a time is the level of the room: what comes before a voice may be the breath, or the
first half of a sneeze."""

AFTER_SOUND = samples(0.3)
"""How long after an earcon or an announcement the speaker, and the room, may still sound of it."""


class Ears:
    """One a session. Positions are sample numbers of the microphone."""

    def __init__(self) -> None:
        self._pre_roll: deque[Samples] = deque(maxlen=(PRE_ROLL + samples(0.1)) // FRAME)
        self._room: deque[float] = deque(maxlen=ROOM // FRAME)  # levels, root mean square
        self._window = np.empty(0, dtype=np.float32)
        self._deaf_until = 0

    @property
    def background(self) -> float:
        """The level of the room, root mean square, 0…1; 0 before anything was heard of it."""
        return float(np.quantile(self._room, 0.1)) if self._room else 0.0

    def before_a_turn(self, frame: Samples, *, quiet: bool) -> None:
        """A frame of nobody's turn. `quiet`: we do not speak either, so that it tells the level of the room."""
        self._pre_roll.append(frame)
        if quiet:
            self._room.append(loudness((frame,)))

    def pre_roll(self) -> list[Samples]:
        """The frames before a turn that begins now, which it takes with it."""
        frames = list(self._pre_roll)
        self._pre_roll.clear()
        return frames

    def give_back(self, frames: Iterable[Samples]) -> None:
        """The `frames` of a turn that was none: what comes next may have begun in them."""
        self._pre_roll.extend(frames)

    def windows(self, frame: Samples, upto: int) -> Iterator[tuple[int, Samples]]:
        """The windows that are whole with `frame`, which ends before sample `upto`, each with its own end."""
        self._window = np.concatenate((self._window, frame))
        while len(self._window) >= WINDOW:
            end = upto - len(self._window) + WINDOW
            window, self._window = self._window[:WINDOW], self._window[WINDOW:]
            yield end, window

    def forget(self) -> None:
        """What was heard so far, the wake word itself, is no part of what is said from now on."""
        self._pre_roll.clear()
        self._window = np.empty(0, dtype=np.float32)

    def forget_pre_roll(self) -> None:
        """It holds our own voice."""
        self._pre_roll.clear()

    def deaf(self, position: int) -> bool:
        """Whether a sound of ours that is no reply is in the room, which nobody is to take for the owner's voice."""
        return position < self._deaf_until

    def deafen(self, position: int, sound: Samples, rate: int) -> None:
        """Such a `sound` begins."""
        self._deaf_until = position + len(sound) * SAMPLE_RATE // rate + AFTER_SOUND

    def sound_stopped(self, position: int) -> None:
        """It was cut off."""
        self._deaf_until = min(self._deaf_until, position + AFTER_SOUND)
