"""From voice-activity probabilities to "someone is speaking": hysteresis, counted in samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

from companion.events import samples, seconds


@dataclass(frozen=True, slots=True)
class SpeechThresholds:
    """When a voice begins and when it has paused.

    Opening needs `onset` samples of windows at or above `open_at`; a click or a cough's edge has fewer. Once open, a
    window counts as voiced from `keep_at`: the ends of words are quiet. 0.5 and 0.35 are Silero's own pair. From
    `sure_at` on it is surely a voice: most of what is said is, little of a cough.

    Silero hears a voice for some 70 ms longer than its level says. Where it is not sure of one that is `faint` dB below
    the loudest window, which is forgotten at `forgets` dB a second, the voice is fading: one window before the
    silence (p50 of 180 sentences), in speech 0.57 times a second where there is a pause 0.49 times.
    """

    open_at: float = 0.5
    keep_at: float = 0.35
    sure_at: float = 0.9
    faint: float = 25.0
    forgets: float = 1.3
    onset: int = samples(0.096)  # three windows of 32 ms


@dataclass(frozen=True, slots=True)
class Voicing:
    """What is known after a window: is a voice there, since when, and until when was it heard last (sample numbers)."""

    speaking: bool
    began: int
    last_voiced: int
    voiced: int  # samples of voice since it began
    sure: int  # of these, samples that surely were a voice
    fading: bool = False  # the window is voiced, and the voice fades


class SpeechDetector:
    """Follows the windows of a voice-activity detector. Not aware of turns: `reset` when one is over."""

    def __init__(self, thresholds: SpeechThresholds | None = None) -> None:
        self._limits = thresholds or SpeechThresholds()
        self.reset()

    def reset(self) -> None:
        """Nobody is speaking."""
        self._speaking = False
        self._began = 0
        self._last_voiced = 0
        self._voiced = 0
        self._sure = 0
        self._loudest = -math.inf  # dBFS

    def push(self, start: int, end: int, probability: float, level: float = 0.0) -> Voicing:
        """Take the window of samples `start`…`end` with its probability of voice, 0…1, and its level in dBFS."""
        limits, fading = self._limits, False
        if probability >= (limits.keep_at if self._speaking else limits.open_at):
            self._loudest = max(level, self._loudest - limits.forgets * seconds(end - start))
            fading = self._speaking and probability < limits.sure_at and level < self._loudest - limits.faint
            if self._voiced == 0:
                self._began = start
            self._voiced += end - start
            self._sure += end - start if probability >= limits.sure_at else 0
            self._last_voiced = end
            if self._voiced >= limits.onset:
                self._speaking = True
        elif not self._speaking:
            self._voiced = self._sure = 0
            self._loudest = -math.inf
        return Voicing(self._speaking, self._began, self._last_voiced, self._voiced, self._sure, fading)
