"""The same sounds without a card, and without us: what the models make of the recordings themselves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import soxr

from companion import catalog, settings
from companion.audio.voice_activity import WINDOW, VoiceActivity
from companion.events import FRAME, SAMPLE_RATE, Samples, samples
from companion.settings import Language, Profile
from companion.stt.turn import TurnRecognizer, open_recognizer
from companion.turns.speech import SpeechDetector
from tools.soundcard.card import RATE


def read(sound: Samples, language: Language, profile: Profile) -> str:
    """The words of `sound`, mono at the card's rate, as a session of this profile would read them."""
    silence = np.zeros(samples(0.5), np.float32)
    return understood(np.concatenate((silence, soxr.resample(sound, RATE, SAMPLE_RATE), silence)), language, profile)


def understood(heard: Samples, language: Language, profile: Profile) -> str:
    """The words of what a microphone heard, mono at `SAMPLE_RATE`, as a session of this profile would read them."""
    recognizer = _recognizer(language, profile)
    recognizer.start()
    for start in range(0, len(heard), FRAME):
        recognizer.accept(heard[start : start + FRAME])
    return recognizer.read(len(heard)).text


def voice_at(sound: Samples) -> float | None:
    """Seconds into `sound`, mono at the card's rate, at which Silero hears a voice begin; None: it hears none.

    Many a recording begins with a breath, or a soft consonant, that nobody would stop for.
    """
    detector, quiet = SpeechDetector(), np.zeros(SAMPLE_RATE, np.float32)
    heard = np.concatenate((quiet, soxr.resample(sound, RATE, SAMPLE_RATE)))
    for index, probability in enumerate(voices(heard)):
        view = detector.push(index * WINDOW, (index + 1) * WINDOW, probability)
        if view.speaking:
            return max(0.0, view.began / SAMPLE_RATE - 1)
    return None


def voices(heard: Samples) -> Iterator[float]:
    """The probability of a voice in each window of what a microphone heard, mono at `SAMPLE_RATE`."""
    activity = _activity()
    activity.reset()
    for start in range(0, len(heard) - WINDOW + 1, WINDOW):
        yield activity.probability(heard[start : start + WINDOW])


@cache
def _activity() -> VoiceActivity:
    store = catalog.ModelStore(settings.default_models())
    return VoiceActivity(store.file(catalog.load().needed(store, "vad", "starter", "en")))


@cache
def _recognizer(language: Language, profile: Profile) -> TurnRecognizer:
    store, models = catalog.ModelStore(settings.default_models()), catalog.load()
    opened = {
        model.role: (model.engine, model.id, store.path(model))
        for role in ("stt", "stt-stream")
        if (model := models.chosen(store, role, profile, language)) is not None
    }
    return open_recognizer(language, opened)
