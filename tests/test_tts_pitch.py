"""Pitch moves by what was asked; words, length and level stay. On made vowels, whose pitch is known."""

from __future__ import annotations

import numpy as np
import pytest

from companion.events import Samples, Style
from companion.tts.pitch import PitchShaper
from companion.tts.styles import STYLES

RATE = 22_050
SHAPER = PitchShaper()


def vowel(hz: float, seconds: float = 2.0, sway: float = 2.0) -> Samples:
    """A glottal pulse train through one resonance, its pitch swaying by `sway` semitones each way."""
    t = np.arange(round(seconds * RATE)) / RATE
    beat = np.cumsum(hz * 2 ** (sway * np.sin(2 * np.pi * 1.5 * t) / 12)) / RATE % 1
    ring = np.exp(-np.arange(200) / 30) * np.cos(np.arange(200) * 0.2)
    sound = np.convolve((np.diff(beat, prepend=1.0) < 0).astype(float), ring)[: len(t)]
    return (0.4 * sound / np.abs(sound).max()).astype(np.float32)


def semitones(sound: Samples) -> Samples:
    hz = SHAPER.contour(sound, RATE).hz
    return 12 * np.log2(hz[~np.isnan(hz)] / 100)


def spread(sound: Samples) -> float:
    return float(np.subtract(*np.percentile(semitones(sound), (90, 10))))


@pytest.mark.parametrize("hz", [90, 120, 210])
@pytest.mark.parametrize("move", [-3.0, -1.0, 1.0, 3.0])
def test_the_median_moves_by_the_semitones_asked_for(hz: float, move: float) -> None:
    before = vowel(hz)
    after = SHAPER.shaped(before, RATE, Style(pitch=move))
    assert np.median(semitones(after)) - np.median(semitones(before)) == pytest.approx(move, abs=0.25)
    assert spread(after) == pytest.approx(spread(before), rel=0.08)


@pytest.mark.parametrize("factor", [0.6, 0.8, 1.25, 1.5])
def test_the_range_widens_and_narrows_around_a_median_that_stays(factor: float) -> None:
    before = vowel(120)
    after = SHAPER.shaped(before, RATE, Style(pitch_range=factor))
    assert spread(after) == pytest.approx(factor * spread(before), rel=0.1)
    assert np.median(semitones(after)) == pytest.approx(np.median(semitones(before)), abs=0.4)


def test_a_low_voice_is_not_pushed_beneath_where_it_can_be_heard_as_one() -> None:
    before = vowel(72)
    after = SHAPER.shaped(before, RATE, Style(pitch=-2.0, pitch_range=1.5))
    share = [np.mean(~np.isnan(SHAPER.contour(sound, RATE).hz)) for sound in (before, after)]
    assert share[1] >= 0.95 * share[0]


@pytest.mark.parametrize("style", STYLES)
def test_length_and_level_are_left_to_others(style: str) -> None:
    before = vowel(110)
    after = SHAPER.shaped(before, RATE, STYLES[style])
    assert len(after) == len(before)
    assert after.dtype == np.float32
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before), rel=0.01)


def test_neutral_speech_is_the_very_same_sound() -> None:
    sound = vowel(120)
    assert SHAPER.shaped(sound, RATE, STYLES["neutral"]) is sound


@pytest.mark.parametrize("length", [0, 1, 100, 1000, RATE])
def test_silence_and_hiss_have_no_pitch_to_move(length: int) -> None:
    hiss = np.random.default_rng(1).normal(0, 0.01, length).astype(np.float32)
    np.testing.assert_array_equal(SHAPER.shaped(hiss, RATE, Style(pitch=2.0)), hiss)


def test_what_is_not_voiced_stays_where_it_was() -> None:
    """A consonant's burst between two vowels is heard at its own time."""
    gap = np.zeros(RATE // 5, np.float32)
    gap[len(gap) // 2 : len(gap) // 2 + 200] = np.random.default_rng(2).normal(0, 0.3, 200)
    after = SHAPER.shaped(np.concatenate((vowel(120, 0.6), gap, vowel(120, 0.6))), RATE, Style(pitch=2.0))
    middle = after[round(0.65 * RATE) : round(0.75 * RATE)]
    burst = round(0.05 * RATE)
    assert abs(int(np.abs(middle).argmax()) - burst) < 0.012 * RATE
