"""Far lies beside near, whatever the clocks and the drivers say."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from companion.audio.far_line import DRIFT, JUMP, LEAD, FarLine
from companion.events import FRAME, SAMPLE_RATE, Samples, samples

RATE = 48_000
BLOCK = 960  # 20 ms at RATE


def clicks(n: int) -> Samples:
    """A click a second, at `RATE`."""
    sound = np.zeros(n, np.float32)
    sound[RATE // 2 :: RATE] = 1.0
    return sound


def laid(
    seconds: int, position_of: Callable[[int], float], late: Callable[[int], float] = lambda start: 0.0
) -> list[tuple[int, float]]:
    """Each click: where it lies on the line, and where it was heard. `position_of`: sample at `RATE` → position.

    The block that begins with sample `start` is said to sound `late(start)` seconds later than it does.
    """
    line = FarLine(RATE)
    sound = clicks(seconds * RATE)
    out, position = [], 0
    for start in range(0, len(sound), BLOCK):
        said = position_of(start) + late(start) * SAMPLE_RATE
        line.feed(sound[start : start + BLOCK], round(said))
        while position + FRAME + 2 * LEAD < position_of(start):
            out.append(line.frame(position))
            position += FRAME
    far = np.concatenate(out)
    found = np.flatnonzero((far > 0.1) & (far >= np.roll(far, 1)) & (far > np.roll(far, -1)))
    return [(int(at), position_of(RATE // 2 + k * RATE)) for k, at in enumerate(found)]


def test_far_lies_on_the_microphone_clock_its_lead_early() -> None:
    for at, heard in laid(5, lambda n: 1000 + n / 3):
        assert at == pytest.approx(heard - LEAD, abs=2)


@pytest.mark.parametrize(("ppm", "within"), [(-100, DRIFT), (100, DRIFT), (1000, JUMP)])
def test_far_follows_a_clock_that_drifts(ppm: int, within: int) -> None:
    for at, heard in laid(120, lambda n: 1000 + n / 3 * (1 + ppm * 1e-6)):
        assert at == pytest.approx(heard - LEAD, abs=within + 20)


def test_times_that_wander_while_the_streams_do_not_move_far_by_no_sample() -> None:
    positions = [at for at, _ in laid(60, lambda n: 1000 + n / 3, lambda start: 0.004 * math.sin(start / RATE))]
    assert set(np.diff(positions)) == {SAMPLE_RATE}


def test_far_is_moved_where_a_stream_stumbled() -> None:
    stumbled = 3 * RATE
    pairs = laid(8, lambda n: 1000 + n / 3 + (4 * JUMP if n >= stumbled else 0))
    for at, heard in (pairs[0], pairs[-1]):
        assert at == pytest.approx(heard - LEAD, abs=DRIFT)


def test_a_first_block_that_was_timed_wrongly_is_put_right_within_a_moment() -> None:
    (at, heard), *_ = laid(2, lambda n: 1000 + n / 3, lambda start: 0.16 if start == 0 else 0.0)
    assert at == pytest.approx(heard - LEAD, abs=DRIFT)


def test_before_anything_was_played_it_is_put_where_it_belongs_to_the_sample() -> None:
    line, begin = FarLine(SAMPLE_RATE), 5 * SAMPLE_RATE
    click = np.zeros(FRAME, np.float32)
    click[100] = 1.0
    for index in range(60):
        wrong = samples(0.012) if index < 20 else 0  # as long as a stream that begins is timed wrongly
        line.feed(click if index == 50 else np.zeros(FRAME, np.float32), begin + index * FRAME + wrong)
    far = np.concatenate([line.frame(begin - 3 * FRAME + index * FRAME) for index in range(60)])
    assert int(far.argmax()) == 3 * FRAME + 50 * FRAME + 100 - LEAD


def test_one_late_callback_moves_nothing() -> None:
    for at, heard in laid(8, lambda n: 1000 + n / 3, lambda start: 0.16 if start // BLOCK % 40 == 10 else 0.0):
        assert at == pytest.approx(heard - LEAD, abs=DRIFT)


def test_what_an_echo_told_holds_against_the_drivers_times_and_what_they_tell_later_is_added() -> None:
    line, by, later = FarLine(SAMPLE_RATE), samples(0.015), 4 * JUMP
    out = []
    for index in range(300):
        click = np.zeros(FRAME, np.float32)
        click[0] = index % 50 == 30
        if index == 20:
            line.slipped(by)
        line.feed(click, index * FRAME + (later if index >= 200 else 0))
        out.append(line.frame((index - 8) * FRAME))
    far = np.concatenate(out)
    clicks_at = [int(at) - 8 * FRAME + LEAD for at in np.flatnonzero(far > 0.5)]
    expected = [(30 + 50 * k) * FRAME + by + (later if k >= 4 else 0) for k in range(len(clicks_at))]
    assert clicks_at == pytest.approx(expected, abs=2)
    assert len(clicks_at) == 6


def test_what_is_not_known_of_the_speaker_is_silence() -> None:
    line = FarLine(SAMPLE_RATE)
    assert not line.frame(0).any()
    line.feed(np.ones(FRAME, np.float32), 2 * FRAME + LEAD + 100)
    assert not line.frame(FRAME).any()
    assert np.count_nonzero(line.frame(2 * FRAME)) == FRAME - 100
    assert np.count_nonzero(line.frame(3 * FRAME)) == 100
    assert not line.frame(4 * FRAME).any()
