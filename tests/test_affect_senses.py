"""What is sensed of a turn: never the voice without a yes, never a label for what is no speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from companion import catalog
from companion.affect import tone
from companion.affect.prosody import Prosody
from companion.affect.senses import Senses
from companion.affect.voice import VoiceFeatures
from companion.apps.assemble import open_senses
from companion.catalog import ModelMissing, ModelStore
from companion.events import Samples
from companion.settings import Settings

HEAD = tone.load()
SOUND: Samples = np.zeros(16_000, np.float32)


def features(pitch: float) -> VoiceFeatures:
    """A voice like the prior's, but for its pitch."""
    _, *others = HEAD.prior.mean[:7]
    return VoiceFeatures(2.0, Prosody(pitch, *map(float, others)), HEAD.prior.mean[7:])


class ScriptedMeter:
    def measure(self, sound: Samples) -> VoiceFeatures:
        return features(0.0)


def test_without_a_yes_the_voice_is_not_listened_to() -> None:
    senses = Senses("en")
    assert senses.listen(SOUND) is None
    affect = senses.sense("I am so happy today")
    assert affect.voice is None
    assert affect.valence > 0.2
    assert senses.record() is None


def test_after_a_no_only_the_words_are_heard() -> None:
    senses = Senses("en", ScriptedMeter(), HEAD)
    assert senses.listen(SOUND) is not None
    senses.stop_listening()
    assert senses.listen(SOUND) is None


@pytest.mark.parametrize("said", ["", "   "])
def test_nothing_said_has_no_label(said: str) -> None:
    affect = Senses("en").sense(said)
    assert affect.emotion == "neutral"
    assert affect.confidence < 0.5


def test_the_same_words_in_a_higher_voice_are_more_excited() -> None:
    senses = Senses("en", ScriptedMeter(), HEAD)
    usual = float(HEAD.prior.mean[0])
    low, high = (senses.sense("it is five o'clock", features(usual + by)) for by in (-6.0, 6.0))
    if low.voice is None or high.voice is None:
        pytest.skip("the head takes the made voice for no speech")
    assert high.arousal > low.arousal


def test_the_usual_is_learned_and_survives_being_written_down() -> None:
    senses = Senses("en", ScriptedMeter(), HEAD)
    before = senses.record()
    for _ in range(5):
        senses.learn(features(20.0))
    later = Senses("en", ScriptedMeter(), HEAD)
    later.remember(senses.record())
    assert later.record() == senses.record()
    if HEAD.speechlike(features(20.0)) >= 0.5:
        assert senses.record() != before


def test_a_damaged_baseline_begins_anew() -> None:
    senses = Senses("en", ScriptedMeter(), HEAD)
    fresh = senses.record()
    senses.remember("AAAA")
    assert senses.record() == fresh


def test_without_a_model_for_tones_only_the_words_are_heard(tmp_path: Path) -> None:
    senses = open_senses(ModelStore(tmp_path), {}, Settings(), voice=True)
    assert not senses.listens
    assert senses.sense("i am so happy today").emotion == "happy"


def test_a_damaged_model_for_tones_is_named_and_how_to_mend_it(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    model = next(one for one in catalog.load().models if one.role == "tone")
    store.path(model).mkdir()
    store.file(model).write_bytes(b"\6\0\0\0 not all of it")
    with pytest.raises(ModelMissing, match="is damaged: run `companion models verify`"):
        open_senses(store, {"tone": model}, Settings(), voice=True)
