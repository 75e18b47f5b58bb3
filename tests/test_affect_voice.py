"""What is measured in a voice, and what is made of it: real recordings where there are some, made sounds elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from companion.affect import pooling, tone
from companion.affect.prosody import measure
from companion.affect.voice import MEASURES, STATISTICS, VoiceFeatures, encoding, trimmed
from companion.apps.affect_command import in_words, sense
from companion.apps.augment import coloured_noise, with_noise
from companion.audio.encoder import FRAME_WIDTH, SpeechEncoder
from companion.events import EMOTIONS, FRAME, SAMPLE_RATE, AffectReading, Samples
from tests import real


def heard(path: Path) -> VoiceFeatures:
    features = real.voice_meter().measure(real.clip(path))
    assert features is not None
    return features


def ravdess(actor: str, emotion: str) -> list[Path]:
    """The recordings of an actor in an emotion (01 neutral, 04 sad, 05 angry), by RAVDESS's file names."""
    return sorted(real.shared("emotion-en-ravdess").glob(f"Actor_{actor}_03-01-{emotion}-*.flac"))


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * SAMPLE_RATE), np.float32)


# --- measuring -------------------------------------------------------------------------------------------------------


def track(level: list[float], hz: float = 200.0, rise: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A voiced track that rises by `rise` semitones a second."""
    seconds = np.arange(len(level)) * 0.016
    return hz * 2 ** (rise * seconds / 12), np.ones(len(level)), np.array(level)


def test_an_octave_over_100_hz_is_twelve_semitones() -> None:
    assert measure(*track([-20.0] * 50)).pitch == pytest.approx(12.0)


def test_a_rising_voice_has_its_slope() -> None:
    assert measure(*track([-20.0] * 50, rise=5)).pitch_slope == pytest.approx(5.0, abs=0.01)


def test_every_hill_of_loudness_is_a_syllable() -> None:
    hill = [-30.0, -24.0, -20.0, -24.0, -30.0]
    assert measure(*track(hill * 4)).rate == pytest.approx(4 / (20 * 0.016))


def test_a_ripple_is_no_syllable() -> None:
    assert measure(*track([-20.0, -21.0] * 20)).rate == pytest.approx(1 / (40 * 0.016))


def test_a_whisper_has_no_pitch_but_energy() -> None:
    pitch, _, level = track([-30.0] * 40)
    whisper = measure(pitch, np.zeros(40), level)
    assert np.isnan(whisper.pitch)
    assert whisper.energy == pytest.approx(-30.0)


def test_half_the_time_silent_is_half_pauses() -> None:
    assert measure(*track([-20.0] * 30 + [-70.0] * 30)).pauses == pytest.approx(0.5)


def test_silence_around_speech_is_cut_off() -> None:
    voice = np.sin(np.arange(SAMPLE_RATE) * 0.1).astype(np.float32)
    assert len(trimmed(np.concatenate([silence(1), voice, silence(2)]))) == SAMPLE_RATE


@pytest.mark.models
@pytest.mark.parametrize("length", [0.0, 0.01, 0.1, 5.0])
def test_silence_and_almost_nothing_give_no_features(length: float) -> None:
    assert real.voice_meter().measure(silence(length)) is None
    assert real.voice_meter().measure(np.full(int(0.1 * SAMPLE_RATE), 0.1, np.float32)) is None


@pytest.mark.models
def test_silence_before_and_after_changes_nothing() -> None:
    sound = trimmed(real.clip(real.clips()[0]))
    around = np.concatenate([silence(0.4), sound, silence(1)])
    plain, padded = real.voice_meter().measure(sound), real.voice_meter().measure(around)
    assert plain is not None
    assert padded is not None
    np.testing.assert_allclose(plain.values(), padded.values(), atol=1e-3)


@pytest.mark.models
def test_the_encoding_does_not_depend_on_the_level() -> None:
    encoder = SpeechEncoder(real.model_file("tone"))
    sound = real.clip(real.clips()[0])
    loud, quiet = encoder.frames(sound), encoder.frames(sound * np.float32(0.1))
    assert loud.shape == (len(sound) // FRAME, FRAME_WIDTH)
    one, other = (encoding(frames, pooling.load()) for frames in (loud, quiet))
    np.testing.assert_allclose(one[:STATISTICS], other[:STATISTICS], atol=0.05)
    apart = (one - other) / np.sqrt(tone.load().prior.variance[len(MEASURES) :])
    assert np.abs(apart).mean() < 0.1  # of a deviation between two utterances of one speaker


@pytest.mark.models
def test_ten_minutes_are_measured_like_their_last_six_seconds() -> None:
    sound = np.tile(real.clip(real.clips()[0]), 60)
    long, end = real.voice_meter().measure(sound), real.voice_meter().measure(sound[-6 * SAMPLE_RATE :])
    assert long is not None
    assert end is not None
    np.testing.assert_array_equal(long.values(), end.values())


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.models
def test_an_angry_sentence_has_more_arousal_than_a_sad_one_of_the_same_actor() -> None:
    """All 16 actors were fitted on; this is about the whole way from sound to reading."""
    head = tone.load()
    for actor in ("02", "11", "20"):
        angry, sad = (
            [head.read(heard(path), head.prior).arousal for path in ravdess(actor, emotion)] for emotion in ("05", "04")
        )
        assert np.mean(angry) > np.mean(sad) + 0.2


@pytest.mark.models
def test_scores_are_probabilities_of_all_emotions() -> None:
    head = tone.load()
    reading = head.read(heard(real.clips()[0]), head.prior)
    assert tuple(reading.scores) == EMOTIONS
    assert sum(reading.scores.values()) == pytest.approx(1, abs=1e-5)
    assert reading.confidence <= max(reading.scores.values())


@pytest.mark.models
def test_speech_is_told_from_coughs_and_dogs() -> None:
    head = tone.load()
    spoken = [head.speechlike(heard(path)) for path in real.clips()]
    sounds = sorted(real.shared("nonverbal").glob("*.wav")) + sorted(real.shared("noise").glob("*.ogg"))
    other = [head.speechlike(heard(path)) for path in sounds[::4]]
    assert min(spoken) > 0.5
    assert np.mean(np.array(other) < 0.5) >= 0.9


@pytest.mark.models
@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_noise_is_no_feeling(exponent: float) -> None:
    noise = 0.1 * coloured_noise(4 * SAMPLE_RATE, exponent, np.random.default_rng(1))
    features = real.voice_meter().measure(noise / np.float32(np.abs(noise).max()))
    assert features is not None
    head = tone.load()
    assert head.read(features, head.prior).confidence < 0.3


@pytest.mark.models
def test_noise_at_10_db_leaves_the_pitch() -> None:
    sound = real.clip(real.clips()[0])
    noise = coloured_noise(len(sound), 0, np.random.default_rng(1))
    clean, noisy = real.voice_meter().measure(sound), real.voice_meter().measure(with_noise(sound, noise, 10))
    assert clean is not None
    assert noisy is not None
    assert noisy.prosody.pitch == pytest.approx(clean.prosody.pitch, abs=0.5)


# --- saying ----------------------------------------------------------------------------------------------------------

NO_TONE = AffectReading(0, 0, {name: 1 / len(EMOTIONS) for name in EMOTIONS}, 0.1)
USUAL = dict.fromkeys(MEASURES, 0.0)


def test_what_is_said_is_what_was_heard() -> None:
    assert in_words({**USUAL, "energy": 1.5, "rate": 2.0}, 1.0, NO_TONE, known=True).startswith(
        "with more energy, faster than usual"
    )


def test_an_unclear_tone_gets_no_name() -> None:
    said = in_words(USUAL, 1.0, NO_TONE, known=True)
    assert not any(name in said for name in EMOTIONS)


def test_a_clear_tone_is_what_a_listener_might_call_it_and_never_you_are() -> None:
    sad = AffectReading(-0.7, -0.5, {**NO_TONE.scores, "sad": 0.9}, 0.9)
    said = in_words(USUAL, 1.0, sad, known=True)
    assert "might call it sad" in said
    assert "you are" not in said


def test_someone_not_heard_before_is_not_compared_with_their_usual() -> None:
    assert "usual" not in in_words({**USUAL, "pitch": 3.0}, 1.0, NO_TONE, known=False)


def test_a_cough_is_called_a_sound() -> None:
    assert "rather a sound" in in_words(USUAL, 0.1, NO_TONE, known=True)


def test_silence_between_files_is_said_and_stops_nothing() -> None:
    assert [one.reading for one in sense(["a.wav", "b.wav"], [None, None], tone.load())] == [None, None]
