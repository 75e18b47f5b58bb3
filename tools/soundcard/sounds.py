"""What can be said to the microphone: recordings of people, and what nobody recorded, spoken by espeak-ng.

Nobody recorded "stop", "mm-hm" or "응" for this project: stop words and backchannels are synthetic, in several voices.
All sounds come at one level, so that "an echo at -12 dB" means the same in every turn.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from companion.apps.bench_endpoint import TABLE, pauses_in, rows_of_pauses
from companion.apps.recordings import Recording, pick, read_sets
from companion.errors import CompanionError
from companion.events import Samples
from companion.settings import Language
from tools.soundcard.card import RATE
from tools.soundcard.measure import span

T = TypeVar("T")

Kind = Literal["sentence", "word", "stop", "backchannel", "nonverbal", "noise"]

LEVEL_DB = {"noise": -32.0}
VOICE_LEVEL_DB = -26.0
"""dBFS, root mean square from the first to the last sound: speech at arm's length. Noises come from farther off."""

LONGEST_S = {"noise": 2.0, "nonverbal": 1.5}
"""Passing sounds are cut to this, from where they begin."""

SHIPPED = Path(__file__).resolve().parents[2] / "tests" / "data"
"""Four sentences that come with the project: enough for the gap where there are no other recordings."""

HESITATES_S = 0.5
"""Seconds of a pause that a hasty listener takes for the end."""

_OPENINGS: dict[Language, tuple[str, str]] = {"en": ("speech-en", "CC0"), "ko": ("speech-ko-studio", "")}
"""The set and the beginning of its licence: whole sentences, cleanly ended."""

_OTHERS: dict[Language, tuple[str, str]] = {"en": ("speech-en", "CC BY"), "ko": ("speech-ko", "")}
"""Other people's sentences, to interrupt with."""

_QUESTIONS = (
    "How often can I take painkillers?",
    "How many tablets can I take in one day?",
    "How many painkillers can I take?",
    "How many sleeping pills can I take?",
)
"""Answered in code, by the same ten seconds every time: long enough to interrupt, and the same before every sound."""

_SPOKEN: dict[Kind, tuple[str, ...]] = {
    "stop": ("stop", "wait", "hold on", "stop it"),
    # what stands in brackets is phonemes: mm-hm and uh-huh
    "backchannel": ("yeah", "[[m'mh'm]]", "right", "[[Vh'V]]", "okay", "I see", "sure"),
}
"""In English: the recognisers do not understand the Korean of espeak-ng."""

_VOICES = ("en-us+m7", "en-us+m3", "en-us+m1")
"""Moonshine understands these voices of espeak-ng."""

_YES_KO = ("Main_main_lmy_wav_lmy02240", 0.75)
"""A Korean sentence that begins with 네 and a pause, and the seconds until that."""

_NONVERBAL = ("coughing", "throat-clearing", "laughing", "sneezing", "sighing")
_NOISES = ("dog bark", "rain", "clock tick", "fire crackling", "rooster")


@dataclass(frozen=True, slots=True)
class Sound:
    """Something for the microphone: mono at the card's rate; `text` is empty where there are no words."""

    name: str
    kind: Kind
    text: str
    samples: Samples

    @property
    def passing(self) -> bool:
        """Nothing that a speaker would stop for."""
        return self.kind in ("backchannel", "nonverbal", "noise")


class Library:
    """The sounds of one language, from `data` (a folder of the shape of ../shared/data), each list in a fixed order."""

    def __init__(self, data: Path, language: Language) -> None:
        """Raises CompanionError where there is not a single sentence."""
        self._language, self._data = language, data
        self._recordings = read_sets(data if data.exists() else SHIPPED)

    def openings(self, n: int) -> list[Sound]:
        """`n` sentences to begin a turn with."""
        return self._sentences(*_OPENINGS[self._language], n, longest=6.0)

    def questions(self, n: int) -> list[Sound]:
        """`n` sentences whose answers are long; in Korean any."""
        if self._language == "ko":
            return self.openings(n)
        return [_speak(_QUESTIONS[i % len(_QUESTIONS)], _VOICES[0], "sentence") for i in range(n)]

    def interruptions(self, n: int) -> list[Sound]:
        """`n` sounds that a reply must stop for: half of them sentences of other people, then stop words and names."""
        if self._language == "ko":
            return self.sentences(n)
        sentences = self.sentences((n + 1) // 2)
        words = [one for one in self._recordings if one.set == "wake"]
        names = [_recorded(one, "word") for one in pick(words, n // 4)]
        return _alternate(sentences, [*_alternate(self._spoken("stop", n // 2), names)])[:n]

    def hesitations(self, n: int) -> list[Sound]:
        """`n` sentences in which somebody pauses for half a second or longer.

        Raises:
            CompanionError: the folder has no table of pauses, or none of these recordings in it.
        """
        folders = {folder for folder, _ in (_OPENINGS[self._language], _OTHERS[self._language])}
        rows = rows_of_pauses(self._data / TABLE)
        paused = {row["file"] for row in rows if any(length >= HESITATES_S for _, length in pauses_in(row))}
        found = [r for r in self._recordings if r.set in folders and f"{r.set}/{r.path.name}" in paused]
        if not found:
            raise CompanionError(f"no pauses are told of in {self._data / TABLE}: give a folder with --data")
        chosen = [_recorded(one, "sentence") for one in pick(found, n)]
        return [chosen[index % len(chosen)] for index in range(n)]

    def sentences(self, n: int) -> list[Sound]:
        """`n` sentences of other people."""
        return self._sentences(*_OTHERS[self._language], n, longest=5.0)

    def passing(self, n: int) -> list[Sound]:
        """`n` sounds that a reply must go on after: backchannels, coughs and their like, noises, in turn."""
        backchannels = self._spoken("backchannel", n) if self._language == "en" else self._yes()
        coughs = [_recorded(one, "nonverbal") for one in self._named("nonverbal", _NONVERBAL, n)]
        noises = [_recorded(one, "noise") for one in self._named("noise", _NOISES, n)]
        return _alternate(backchannels, coughs, noises)[:n]

    def _sentences(self, folder: str, licence: str, n: int, longest: float) -> list[Sound]:
        fit = [r for r in self._recordings if r.set == folder and r.licence.startswith(licence) and r.transcript]
        fit = fit or [r for r in self._recordings if r.language == self._language and r.transcript]
        if not fit:
            raise CompanionError(f"no sentences in {self._language} to say: give a folder of recordings with --data")
        short = [one for one in fit if _seconds(one.path) <= longest] or fit
        chosen = [_recorded(one, "sentence") for one in pick(short, n)]
        return [chosen[index % len(chosen)] for index in range(n)]

    def _named(self, folder: str, names: Sequence[str], n: int) -> list[Recording]:
        """Recordings of `folder`, one of each name in turn."""
        groups = [[r for r in self._recordings if r.set == folder and r.emotion == name] for name in names]
        return _alternate(*groups)[:n]

    def _spoken(self, kind: Kind, n: int) -> list[Sound]:
        words = _SPOKEN[kind]
        return [_speak(words[i % len(words)], _VOICES[i % len(_VOICES)], kind) for i in range(n)]

    def _yes(self) -> list[Sound]:
        name, length = _YES_KO
        found = [_recorded(one, "backchannel", length) for one in self._recordings if one.path.stem == name]
        return [replace(one, text="네") for one in found]


def _alternate(*lists: Iterable[T]) -> list[T]:
    """The first of each list, the second of each, … as long as any lasts."""
    left = [list(one) for one in lists]
    mixed: list[T] = []
    while any(left):
        mixed += [one.pop(0) for one in left if one]
    return mixed


def _seconds(path: Path) -> float:
    import soundfile as sf

    return float(sf.info(path).duration)


def _recorded(recording: Recording, kind: Kind, length: float | None = None) -> Sound:
    """A recording, or its first `length` seconds."""
    import soundfile as sf

    sound, rate = sf.read(recording.path, dtype="float32", always_2d=True)
    sound = sound[: None if length is None else round(length * rate)]
    name = f"{recording.set}/{recording.path.stem}"
    return Sound(name, kind, recording.transcript, _prepared(sound.mean(axis=1), rate, kind))


def _speak(text: str, voice: str, kind: Kind) -> Sound:
    import soundfile as sf

    spoken = subprocess.run(["espeak-ng", "-v", voice, "--stdout", text], check=True, capture_output=True)
    sound, rate = sf.read(io.BytesIO(spoken.stdout), dtype="float32")
    return Sound(f"espeak-ng {voice} {text}", kind, text, _prepared(sound, rate, kind))


def _prepared(sound: Samples, rate: int, kind: Kind) -> Samples:
    """At the card's rate and the kind's level, without what is before and after it."""
    import soxr

    resampled: Samples = soxr.resample(sound, rate, RATE)
    begin, end = span(resampled, RATE)
    end = min(end, begin + LONGEST_S.get(kind, end))
    sounding = resampled[round(begin * RATE) : round(end * RATE)]
    level = float(np.sqrt(np.mean(sounding**2)))
    edge = round(0.01 * RATE)
    part = resampled[max(0, round(begin * RATE) - edge) : round(end * RATE) + edge].copy()
    fade = np.linspace(0, 1, edge, dtype=np.float32)
    part[:edge] *= fade
    part[-edge:] *= fade[::-1]
    part *= 10 ** (LEVEL_DB.get(kind, VOICE_LEVEL_DB) / 20) / max(level, 1e-6)
    return part / max(1.0, float(np.abs(part).max()))
