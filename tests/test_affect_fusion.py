"""Voice and words together: who is believed in what, and when nothing is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.affect.fusion import SURE, disagreement, fuse
from companion.affect.words import NOTHING, read
from companion.events import EMOTIONS, AffectReading

FLAT = {"pitch": -1.5, "pitch_range": -2.0, "energy": -1.4, "rate": -1.3}


def reading(emotion: str, confidence: float, valence: float = 0.0, arousal: float = 0.0) -> AffectReading:
    rest = (1 - confidence) / (len(EMOTIONS) - 1)
    return AffectReading(valence, arousal, {n: confidence if n == emotion else rest for n in EMOTIONS}, confidence)


probabilities = st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(lambda p: sum(p) > 0.01)
readings = st.builds(
    lambda valence, arousal, p, confidence: AffectReading(
        valence, arousal, {n: one / sum(p) for n, one in zip(EMOTIONS, p, strict=True)}, confidence
    ),
    st.floats(-1, 1),
    st.floats(-1, 1),
    probabilities,
    st.floats(0, 1),
)


def test_pleasantness_is_believed_from_the_words_and_energy_from_the_voice() -> None:
    both = fuse(reading("angry", 0.6, -0.6, 0.8), reading("happy", 0.6, 0.8, -0.2), {})
    assert both.valence > 0.3
    assert both.arousal > 0.5


def test_voice_and_words_that_agree_are_surer_than_either() -> None:
    voice, words = reading("sad", 0.5, -0.6, -0.4), reading("sad", 0.55, -0.6, -0.3)
    both = fuse(voice, words, {})
    assert both.emotion == "sad"
    assert words.confidence < both.confidence < 0.8


def test_a_voice_cannot_name_a_feeling_alone() -> None:
    shouting = fuse(reading("angry", 0.99, -0.8, 0.9), None, {"energy": 3.0})
    assert shouting.emotion == "neutral"
    assert shouting.confidence < SURE
    assert shouting.arousal == pytest.approx(0.9)


def test_noise_without_words_is_nothing_to_name() -> None:
    noise = fuse(reading("afraid", 0.9, -0.5, 0.7), NOTHING, {"energy": 4.0})
    assert noise.emotion == "neutral"
    assert noise.confidence < SURE


def test_nothing_heard_is_neutral_without_confidence() -> None:
    nothing = fuse(None, None, {})
    assert (nothing.emotion, nothing.confidence, nothing.valence, nothing.arousal) == ("neutral", 0.0, 0.0, 0.0)
    assert nothing.disagreement == 0.0


def test_unsure_words_stay_neutral() -> None:
    assert fuse(None, reading("sad", 0.3, -0.3), {}).emotion == "neutral"


@pytest.mark.parametrize(("words", "language"), [("i'm fine", "en"), ("응 괜찮아", "ko")])
def test_fine_in_a_flat_voice_is_a_finding_and_no_label(words: str, language: str) -> None:
    said = read(words, language)
    flat = fuse(reading("sad", 0.4, -0.4, -0.6), said, FLAT)
    usual = fuse(reading("neutral", 0.4, 0.1, 0.0), said, {"pitch": 0.2, "energy": -0.1})
    assert flat.disagreement > 0.5
    assert usual.disagreement < 0.1
    assert flat.emotion == "neutral"
    assert flat.confidence < usual.confidence


def test_sad_words_in_a_flat_voice_are_no_disagreement() -> None:
    assert disagreement(reading("sad", 0.6, -0.6, -0.6), reading("sad", 0.6, -0.6, -0.3), FLAT) == 0.0


def test_happy_words_in_an_angry_voice_disagree_as_far_as_both_are_sure() -> None:
    sure = disagreement(reading("angry", 0.8, -0.7, 0.8), reading("happy", 0.8, 0.8, 0.3), {})
    unsure = disagreement(reading("angry", 0.2, -0.7, 0.8), reading("happy", 0.8, 0.8, 0.3), {})
    assert sure > 0.7
    assert unsure < 0.3


@given(st.none() | readings, st.none() | readings, st.dictionaries(st.sampled_from([*FLAT]), st.floats(-9, 9)))
def test_whatever_is_heard_the_event_keeps_its_ranges(
    voice: AffectReading | None, words: AffectReading | None, relative: dict[str, float]
) -> None:
    heard = fuse(voice, words, relative)
    assert -1 <= heard.valence <= 1
    assert -1 <= heard.arousal <= 1
    assert 0 <= heard.confidence <= 1
    assert 0 <= heard.disagreement <= 1
    assert sum(heard.scores.values()) == pytest.approx(1)
    assert heard.emotion == "neutral" or heard.confidence >= SURE
    assert (heard.voice, heard.words, heard.relative) == (voice, words, relative)
