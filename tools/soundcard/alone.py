"""The same sentences without a card, and without us: what the recogniser makes of the recordings themselves."""

from __future__ import annotations

from functools import cache

import numpy as np
import soxr

from companion import catalog, settings
from companion.events import FRAME, SAMPLE_RATE, Samples, samples
from companion.settings import Language, Profile
from companion.stt.turn import TurnRecognizer, open_recognizer
from tools.soundcard.card import RATE


def read(sound: Samples, language: Language, profile: Profile) -> str:
    """The words of `sound`, mono at the card's rate, as a session of this profile would read them."""
    recognizer = _recognizer(language, profile)
    silence = np.zeros(samples(0.5), np.float32)
    heard = np.concatenate((silence, soxr.resample(sound, RATE, SAMPLE_RATE), silence))
    recognizer.start()
    for start in range(0, len(heard), FRAME):
        recognizer.accept(heard[start : start + FRAME])
    return recognizer.read(len(heard)).text


@cache
def _recognizer(language: Language, profile: Profile) -> TurnRecognizer:
    store, models = catalog.ModelStore(settings.default_models()), catalog.load()
    opened = {
        model.role: (model.engine, model.id, store.path(model))
        for role in ("stt", "stt-stream")
        if (model := models.chosen(store, role, profile, language)) is not None
    }
    return open_recognizer(language, opened)
