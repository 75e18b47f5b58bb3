"""Real recordings and real models for tests; what is missing skips the test, and says so."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import soundfile as sf
import soxr

from companion import catalog, settings
from companion.affect.voice import VoiceMeter
from companion.audio.encoder import SpeechEncoder
from companion.catalog import Role
from companion.events import SAMPLE_RATE, Samples
from companion.settings import Language, Profile
from companion.stt.engine import Engine, open_engine

HERE = Path(__file__).parent
CLIPS = HERE / "data" / "speech-en"


def clips() -> list[Path]:
    """The CC0 sentences that the repository ships."""
    return sorted(CLIPS.glob("*.flac"))


@cache
def clip(path: Path) -> Samples:
    """A recording as the recognisers want it: mono, 16 kHz, float32."""
    sound, rate = sf.read(path, dtype="float32", always_2d=True)
    return soxr.resample(sound.mean(axis=1), rate, SAMPLE_RATE)


def shared(name: str) -> Path:
    """A folder of the shared recordings beside the checkout."""
    folder = HERE.parent.parent / "shared" / "data" / name
    if not folder.exists():
        pytest.skip(f"no recordings: {name} is not beside this checkout")
    return folder


def model_file(role: Role, profile: Profile = "tiny", language: Language = "en") -> Path:
    """The file of the installed model of a role."""
    store, models = catalog.ModelStore(settings.default_models()), catalog.load()
    for model in models.candidates(role, profile, language):
        if store.installed(model):
            return store.file(model)
    pytest.skip(f"no model for {role} ({profile}, {language}): run `make models`")


@cache
def voice_meter() -> VoiceMeter:
    """What measures voices, on the installed end-of-turn model."""
    return VoiceMeter(SpeechEncoder(model_file("tone")).frames)


def engine(model_id: str) -> Engine:
    """An installed recogniser by its id, opened; used to listen to what was spoken."""
    store = catalog.ModelStore(settings.default_models())
    model = catalog.load().get(model_id)
    if model is None or not store.installed(model):
        pytest.skip(f"{model_id} is not installed: run `make models`")
    return open_engine(model.engine, model.id, store.path(model), "en")
