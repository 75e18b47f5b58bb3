"""The wake word: a few words that a small model knows, or any name, found by a recogniser that knows little else.

Measured on 2 x86 cores with recordings of real people; false: woken by other talk, noise, coughs.

| engine | heard | false | of a core |
|---|---|---|---|
| microWakeWord, "alexa" (`MicroWakeWord`) | 40 of 40 | 1 in 1.2 h joined; 2 in 0.9 h of single clips | 0.24 % |
| openWakeWord, "alexa" | 39 of 40 | 0 in 1.2 h | 6.3 % |
| Vosk grammar, Korean (`NamedWakeWord`) | 28 of 31 | 1 in 1.5 h of talk | 3.7 %, 0.36 % in silence |

The Korean names are three words cut out of spoken sentences; with up to two words allowed before the name they are
heard 29 times, and 7 times wrongly. Silero VAD costs 0.35 %: asked only on voice, `MicroWakeWord` would cost more than
it does, and be woken as often; so only `NamedWakeWord` is `OnVoice`.
"""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from companion.audio.voice_activity import WINDOW
from companion.errors import CompanionError
from companion.events import FRAME, SAMPLE_RATE, Samples, samples

WORDS: Final = {"alexa": "alexa", "hey jarvis": "hey_jarvis", "hey mycroft": "hey_mycroft", "okay nabu": "okay_nabu"}
"""What needs no recogniser: the word as it is said → its model in the `pymicro-wakeword` package (Apache-2.0)."""


def needs_no_recogniser(word: str) -> bool:
    """Whether a small model of its own hears `word`."""
    return _plain(word) in WORDS


def _plain(word: str) -> str:
    """As `WORDS` has them: small letters, one space between words."""
    return " ".join(word.lower().split())


class WakeWordError(CompanionError):
    """A wake word cannot be listened for; the message says which can."""


class WakeWord(Protocol):
    """Listens for one wake word, frame by frame."""

    def heard(self, frame: Samples) -> bool:
        """Whether the wake word ends in this frame (`FRAME` samples) or ended just before it. True once a word."""
        ...

    def reset(self) -> None:
        """Begin afresh, before the first frame after a time without listening."""
        ...


class MicroWakeWord:
    """A model of microWakeWord, with the threshold its author set for it."""

    def __init__(self, word: str) -> None:
        """Raises WakeWordError where there is no model of `word`."""
        if word not in WORDS:
            raise WakeWordError(f"there is no model of “{word}”; there are: {', '.join(WORDS)}")
        from pymicro_wakeword import MicroWakeWord as Engine
        from pymicro_wakeword import MicroWakeWordFeatures, Model

        self._engine: Any = Engine.from_builtin(Model(WORDS[word]))
        self._features: Any = MicroWakeWordFeatures()

    def heard(self, frame: Samples) -> bool:
        """See `WakeWord`."""
        detected = False
        for features in self._features.process_streaming(pcm(frame)):
            detected |= bool(self._engine.process_streaming(features))
        if detected:
            self.reset()
        return detected

    def reset(self) -> None:
        """See `WakeWord`."""
        self._engine.reset()
        self._features.reset()


LOOK_EVERY: Final = samples(0.1) // FRAME
"""Frames between two looks at the words so far."""

STANDS: Final = 2
"""Looks in which the name must stand: what a recogniser guesses within a word changes with the next sound."""


class NamedWakeWord:
    """Any name, by a Vosk model whose grammar holds the name and, against it, the syllables of the language.

    The name must stand at the beginning of what is said, as in calling somebody: in the middle of a sentence it is
    only spoken of.
    """

    def __init__(self, model: Any, name: str, language: str) -> None:
        """`model`: an open `vosk.Model`, which a recogniser may share; its graph must be a dynamic one.

        Raises:
            WakeWordError: a part of the name is not among the words that the model knows.
        """
        import vosk

        def known(word: str) -> bool:
            return bool(model.vosk_model_find_word(word) >= 0)

        spelled = [spell(word, known) for word in name.lower().split()]
        if not spelled or None in spelled:
            raise WakeWordError(
                f"the recogniser does not know the name “{name}”; choose one of common words or syllables"
            )
        self._name = " ".join(part for word in spelled if word for part in word)
        against = [word for word in (*fillers(language), *_UNKNOWN) if known(word) and word not in self._name.split()]
        grammar = json.dumps([self._name, *against], ensure_ascii=False)
        self._recognizer: Any = vosk.KaldiRecognizer(model, SAMPLE_RATE, grammar)
        self._frames = self._stood = 0

    def heard(self, frame: Samples) -> bool:
        """See `WakeWord`."""
        self._recognizer.AcceptWaveform(pcm(frame))
        self._frames += 1
        if self._frames % LOOK_EVERY:
            return False
        words = json.loads(self._recognizer.PartialResult()).get("partial", "")
        self._stood = self._stood + 1 if f"{words} ".startswith(f"{self._name} ") else 0
        return self._stood == STANDS

    def reset(self) -> None:
        """See `WakeWord`."""
        self._recognizer.Reset()
        self._frames = self._stood = 0


class OnVoice:
    """Another wake word, asked only while there is a voice: each time afresh, from a little before the voice."""

    OPEN: Final = 0.5
    """Probability from which a window is voice: Silero's own."""

    BEFORE: Final = samples(0.3)
    """Soft first consonants are late to be called voice."""

    AFTER: Final = samples(0.6)
    """Silence that ends what is said: shorter ones stand between the words of a name."""

    LONGEST: Final = samples(3)
    """Of one voice. A name stands at its beginning, and a recogniser that is not asked for a result keeps all that it
    heard: beside a radio that is hours."""

    GAP: Final = samples(0.2)
    """Silence that ends a voice which is longer."""

    def __init__(self, wake_word: WakeWord, probability: Callable[[Samples], float]) -> None:
        """`probability`: of voice in a window of `WINDOW` samples, 0…1."""
        self._wake_word, self._probability = wake_word, probability
        self._before: deque[Samples] = deque(maxlen=self.BEFORE // FRAME)
        self._window: Samples = np.empty(0, dtype=np.float32)
        self._asked = 0  # samples of the voice that is on
        self.reset()

    def heard(self, frame: Samples) -> bool:
        """See `WakeWord`."""
        self._before.append(frame)
        self._window = np.concatenate((self._window, frame))
        while len(self._window) >= WINDOW:
            window, self._window = self._window[:WINDOW], self._window[WINDOW:]
            if self._probability(window) >= self.OPEN:
                self._left = self.AFTER if self._asked < self.LONGEST else self.GAP
        if self._left <= 0:
            self._asking = False
            return False
        self._left -= len(frame)
        frames = [frame]
        if not self._asking:
            self._asking, self._asked, frames = True, 0, list(self._before)
            self._wake_word.reset()
        self._asked += len(frame)
        if self._asked > self.LONGEST:
            return False
        heard = [self._wake_word.heard(each) for each in frames]  # all of them, whatever the first ones say
        return any(heard)

    def reset(self) -> None:
        """See `WakeWord`."""
        self._before.clear()
        self._window = np.empty(0, dtype=np.float32)
        self._left = 0
        self._asking = False
        self._asked = 0


def open_wake_word(
    word: str, language: str, vosk_model: Any | Path | None, probability: Callable[[Samples], float]
) -> WakeWord:
    """What listens for `word`. `vosk_model`: an open `vosk.Model`, or the folder of one, for names.

    Raises:
        WakeWordError: neither a small model nor the recogniser knows `word`.
    """
    word = _plain(word)
    if word in WORDS:
        return MicroWakeWord(word)
    if vosk_model is None:
        raise WakeWordError(
            f"“{word}” needs a Vosk model of the language, which is not installed; without one there are: "
            + ", ".join(WORDS)
        )
    if isinstance(vosk_model, Path):
        import vosk

        vosk.SetLogLevel(-1)
        vosk_model = vosk.Model(str(vosk_model))
    return OnVoice(NamedWakeWord(vosk_model, word, language), probability)


def pcm(frame: Samples) -> bytes:
    """`frame` as 16-bit little-endian PCM."""
    return (np.clip(frame, -1, 1) * 32767).astype("<i2").tobytes()


def spell(word: str, known: Callable[[str], bool]) -> list[str] | None:
    """`word` in the fewest pieces that are `known` ("친구야" → "친구", "야"); None where there are none."""
    best: list[list[str] | None] = [[]]
    for end in range(1, len(word) + 1):
        ways = (
            [*start, word[begin:end]]
            for begin in range(end)
            if (start := best[begin]) is not None and known(word[begin:end])
        )
        best.append(min(ways, key=len, default=None))
    return best[-1]


_UNKNOWN: Final = ("[unk]", "<UNK>")
"""What Vosk's models call a word they do not know; each has one of them."""

_EN_FILLERS: Final = """
a about all an and are as at back be because been but by can come could day did do down even first for from get give go
good got had has have he her here him his how i if in into is it its just know like look made make man many me more my
new no not now of off oh on one only or other our out over people right said say see she so some take than that the
their them then there these they thing think this time to two up us very want was way we well were what when which who
will with work would year yeah yes you your
"""


def fillers(language: str) -> Iterator[str]:
    """Words that compete with the name, so that it is not heard in whatever is said.

    Korean: syllables of the usual vowels and finals. The more of them, the fewer false alarms: with 126 a word
    was heard wrongly 40-60 times an hour of talk, with 503 6-14 times, with 1,410 3-9 times (anywhere in a sentence).
    """
    if language != "ko":
        yield from _EN_FILLERS.split()
        return
    vowels, finals = (0, 1, 2, 4, 5, 6, 8, 9, 13, 16, 17, 18, 20), (0, 1, 4, 8, 16, 21)  # as Unicode counts them
    for initial, vowel, final in itertools.product(range(19), vowels, finals):
        yield chr(ord("가") + (initial * 21 + vowel) * 28 + final)
