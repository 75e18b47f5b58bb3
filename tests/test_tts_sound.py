"""The sound of a clause begins at once, has the level it was asked for, and never clips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.events import Samples, Style
from companion.tts.sound import KNEE, gain, styled, without_lead

RATE = 22_050


def voice(seconds: float, peak: float = 0.3) -> Samples:
    return (peak * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def hiss(seconds: float) -> Samples:
    """What Piper makes before it speaks: -65 dB."""
    return np.random.default_rng(3).normal(0, 0.00056, round(seconds * RATE)).astype(np.float32)


def level(samples: Samples) -> float:
    return 20 * float(np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))))


@pytest.mark.parametrize("lead", [0.0, 0.003, 0.05, 0.3])
def test_the_voice_begins_within_twenty_milliseconds_and_none_of_it_is_cut(lead: float) -> None:
    spoken = voice(0.5)
    trimmed = without_lead(np.concatenate([hiss(lead), spoken]), RATE)
    assert len(spoken) <= len(trimmed) <= len(spoken) + 0.02 * RATE
    np.testing.assert_array_equal(trimmed[-len(spoken) :], spoken)


def test_a_soft_first_consonant_is_kept() -> None:
    trimmed = without_lead(np.concatenate([hiss(0.1), voice(0.5)]), RATE)
    assert len(trimmed) >= (0.5 + 0.005) * RATE


def test_only_the_silence_before_the_first_piece_is_dropped() -> None:
    pieces = [hiss(0.2), np.concatenate([hiss(0.1), voice(0.2)]), np.concatenate([hiss(0.1), voice(0.2)])]
    first, second = styled(pieces, RATE, Style())
    assert len(first) <= 0.22 * RATE
    np.testing.assert_array_equal(second, pieces[2])


def test_a_clause_without_voice_is_nothing_not_even_its_pause() -> None:
    assert list(styled([hiss(0.5)], RATE, Style(pause=1.0))) == []
    assert list(styled([], RATE, Style(pause=1.0))) == []


def test_a_pause_is_silence_after_the_clause() -> None:
    spoken, pause = styled([voice(0.2)], RATE, Style(pause=0.4))
    assert spoken.any()
    assert len(pause) == round(0.4 * RATE)
    assert not pause.any()


def test_neutral_speech_is_not_touched() -> None:
    spoken = voice(0.2, peak=KNEE)
    np.testing.assert_array_equal(gain(spoken, 0.0), spoken)


@pytest.mark.parametrize("db", [-12.0, -3.0, 3.0, 6.0])
def test_the_level_moves_by_the_decibels_asked_for(db: float) -> None:
    spoken = voice(0.2)
    assert level(gain(spoken, db)) - level(spoken) == pytest.approx(db, abs=0.01)


@given(st.floats(0.01, 1.0), st.floats(-40, 40))
def test_no_peak_ever_reaches_full_scale_and_the_shape_is_kept(peak: float, db: float) -> None:
    spoken = voice(0.02, peak)
    louder = gain(spoken, db)
    assert np.abs(louder).max() <= 1.0
    assert louder.dtype == np.float32
    order = np.argsort(spoken, kind="stable")
    assert (np.diff(louder[order]) >= -1e-6).all(), "bent, never folded"
