"""Real recordings and real models for tests; what is missing skips the test, and says so."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import pytest
import soundfile as sf
import soxr

from companion import catalog, settings
from companion.events import SAMPLE_RATE, Samples
from companion.settings import Language, Profile

HERE = Path(__file__).parent
CLIPS = HERE / "data" / "speech-en"
Role = Literal["vad", "turn", "stt", "stt-stream", "tts", "llm"]


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
    store = catalog.ModelStore(settings.default_models())
    selected = catalog.load().installed(store, profile, language)
    if role not in selected:
        pytest.skip(f"no model for {role} ({profile}, {language}): run `make models`")
    return store.file(selected[role])
