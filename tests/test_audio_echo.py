"""Our own voice is taken out of what is heard, the owner's is not, and far stays beside near whatever the clocks do."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from companion.audio.echo import DRIFT, JUMP, LEAD, TAIL, DoubleTalk, EchoCanceller, EchoMeter, FarLine
from companion.audio.level import dbfs
from companion.events import FRAME, SAMPLE_RATE, Samples
from tests import real

RATE = 48_000
BLOCK = 960  # 20 ms at RATE


def noise(n: int, level_db: float, seed: int = 0) -> Samples:
    sound = np.random.default_rng(seed).standard_normal(n) * 10 ** (level_db / 20)
    return sound.astype(np.float32)


def heard_in_a_room(far: Samples, delay: float, level_db: float) -> Samples:
    """What a microphone hears of `far`: late, with 0.25 s of reverberation (RT60 0.3 s), and a little noise."""
    t = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE
    response = 0.3 * noise(len(t), 0.0) * np.exp(-6.9 * t / 0.3)
    response[:40] = 0.0
    response[0] = 1.0
    echo = np.convolve(np.concatenate((np.zeros(round(delay * SAMPLE_RATE)), far)), response)[: len(far)]
    echo *= 10 ** (level_db / 20) * np.sqrt(np.mean(far**2) / np.mean(echo**2))
    return (echo + noise(len(far), -65.0, seed=1)).astype(np.float32)


def our_voice() -> Samples:
    return np.concatenate([real.clip(path) for path in real.clips()[:4]])


def cancel(canceller: EchoCanceller, near: Samples, far: Samples) -> Samples:
    whole = len(near) - len(near) % FRAME
    return np.concatenate([canceller.process(near[i : i + FRAME], far[i : i + FRAME]) for i in range(0, whole, FRAME)])


@pytest.mark.parametrize("delay", [0.02, 0.2])
@pytest.mark.parametrize("level_db", [-6.0, -12.0, -20.0])
def test_our_own_voice_is_taken_out_from_the_first_reply_on(delay: float, level_db: float) -> None:
    far = our_voice()
    near = heard_in_a_room(far, delay, level_db)
    canceller = EchoCanceller()
    left = cancel(canceller, near, far)
    assert dbfs(near[: SAMPLE_RATE * 2]) - dbfs(left[: SAMPLE_RATE * 2]) > 12
    assert dbfs(near) - dbfs(left) > 12
    assert canceller.echo == "cancelled" or level_db == -20.0, "so faint that it may count as none"
    assert canceller.echo != "leaking"


def test_what_is_heard_while_we_are_silent_is_untouched() -> None:
    near = our_voice()
    np.testing.assert_array_equal(
        cancel(EchoCanceller(), near, np.zeros_like(near)), near[: len(near) // FRAME * FRAME]
    )


def test_after_our_voice_the_room_is_untouched_again() -> None:
    far = np.concatenate((noise(SAMPLE_RATE, -20.0), np.zeros(SAMPLE_RATE, np.float32)))
    near = noise(len(far), -30.0, seed=3)
    left = cancel(EchoCanceller(), near, far)
    assert (left[SAMPLE_RATE + TAIL :] == near[SAMPLE_RATE + TAIL :]).all()
    assert not (left[:SAMPLE_RATE] == near[:SAMPLE_RATE]).all()


def test_headphones_have_no_echo_and_who_talks_over_us_is_heard_as_they_are() -> None:
    far = our_voice()
    near = noise(len(far), -65.0)
    canceller = EchoCanceller()
    assert canceller.echo == "unknown"
    cancel(canceller, near, far)
    assert canceller.echo == "none"
    owner = np.roll(far, SAMPLE_RATE)
    np.testing.assert_array_equal(cancel(canceller, owner[:SAMPLE_RATE], far[:SAMPLE_RATE]), owner[:SAMPLE_RATE])


def test_half_a_second_without_echo_is_enough_to_hear_who_talks_over_our_first_words() -> None:
    for level, known in ((-65.0, "none"), (-40.0, "unknown")):
        meter = EchoMeter()
        for seed in range(50):
            meter.silent(noise(FRAME, -65.0, seed))
        for seed in range(EchoMeter.SECOND // 2):
            late = seed < EchoMeter.ARRIVED  # an echo that comes late has not come yet
            meter.loud(noise(FRAME, -65.0 if late else level, seed), noise(FRAME, -65.0, seed))
        assert meter.echo == known


def test_a_speaker_that_is_turned_up_is_cancelled_again_after_some_seconds() -> None:
    far = our_voice()
    canceller = EchoCanceller()
    cancel(canceller, noise(len(far), -65.0), far)
    near = heard_in_a_room(far, 0.05, -12.0)
    left = cancel(canceller, near, far)
    assert canceller.echo == "cancelled"
    half = len(left) // 2
    assert dbfs(near[half:]) - dbfs(left[half:]) > 12


def test_an_echo_that_is_not_taken_out_leaks() -> None:
    meter = EchoMeter()
    for seed in range(100):
        meter.silent(noise(FRAME, -65.0, seed))
        meter.loud(noise(FRAME, -30.0, seed), noise(FRAME, -34.0, seed))
    assert meter.echo == "leaking"


def test_an_owner_who_talks_over_us_is_no_leak() -> None:
    meter = EchoMeter()
    for seed in range(100):
        owner = -20.0 if seed % 10 < 4 else -65.0
        meter.silent(noise(FRAME, -65.0, seed))
        meter.loud(noise(FRAME, max(owner, -35.0), seed), noise(FRAME, max(owner, -60.0), seed))
    assert meter.echo == "cancelled"


def taken_for_the_owner(far: Samples, near: Samples) -> list[bool]:
    """Of each frame, whether the owner is taken to talk in it."""
    double_talk = DoubleTalk()
    starts = range(0, len(near) - FRAME, FRAME)
    return [double_talk.heard(dbfs(near[i : i + FRAME]), dbfs(far[i : i + FRAME])) for i in starts]


@pytest.mark.parametrize("delay", [0.02, 0.2])
def test_an_owner_who_talks_over_us_is_heard_as_they_are(delay: float) -> None:
    far = np.tile(our_voice(), 2)
    begin = len(far) // 2
    owner = np.zeros_like(far)
    words = np.roll(our_voice(), SAMPLE_RATE)[: 2 * SAMPLE_RATE]
    owner[begin : begin + len(words)] = words
    near = heard_in_a_room(far, delay, -12.0) + owner
    left = cancel(EchoCanceller(), near, far)[begin : begin + len(words)]
    said = [
        (dbfs(left[i : i + FRAME]) - dbfs(words[i : i + FRAME]))
        for i in range(0, len(words) - FRAME, FRAME)
        if dbfs(words[i : i + FRAME]) > -25.0
    ]
    assert len(said) > 10
    assert float(np.quantile(said, 0.1)) > -1.0, "a loud sound of theirs lost more than 1 dB"


@pytest.mark.parametrize("delay", [0.02, 0.2])
@pytest.mark.parametrize("level_db", [-6.0, -12.0, -20.0])
def test_our_own_voice_is_never_taken_for_the_owners(delay: float, level_db: float) -> None:
    far = np.tile(our_voice(), 3)
    assert not any(taken_for_the_owner(far, heard_in_a_room(far, delay, level_db)))


def test_nobody_is_taken_for_the_owner_before_the_room_is_known() -> None:
    second = noise(SAMPLE_RATE, -20.0)
    near = noise(SAMPLE_RATE, -10.0, seed=3)
    assert not any(taken_for_the_owner(second, near))
    assert any(taken_for_the_owner(np.tile(second, 3), np.concatenate((0.1 * second, 0.1 * second, near))))


@pytest.mark.parametrize("room", [-65.0, -45.0])
def test_an_owner_who_has_spoken_long_does_not_hide_the_echo_of_the_answer(room: float) -> None:
    far = our_voice()
    canceller = EchoCanceller()
    cancel(canceller, heard_in_a_room(far, 0.05, -12.0), far)
    frames = far[: len(far) // FRAME * FRAME].reshape(-1, FRAME)
    owner = np.concatenate([frame for frame in frames if dbfs(frame) > -40.0] * 3)[: 6 * SAMPLE_RATE]  # no pause in it
    owner = owner + noise(len(owner), room)
    cancel(canceller, owner, np.zeros_like(owner))
    far = far[: 3 * SAMPLE_RATE]
    near = heard_in_a_room(far, 0.05, -12.0)
    left = cancel(canceller, near, far)
    assert canceller.echo == "cancelled"
    assert dbfs(near[: len(left)]) - dbfs(left) > 12


def test_words_without_a_pause_are_not_the_noise_of_the_room() -> None:
    meter = EchoMeter()
    for seed in range(500):  # 10 s, of which the owner speaks eight
        meter.silent(noise(FRAME, -65.0 if seed < 100 else -26.0, seed))
    for seed in range(EchoMeter.SECOND):
        meter.loud(noise(FRAME, -38.0, seed), noise(FRAME, -42.0, seed))
    assert meter.echo == "leaking"


# --- far beside near --------------------------------------------------------------------------------------------------


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


def test_one_late_callback_moves_nothing() -> None:
    for at, heard in laid(8, lambda n: 1000 + n / 3, lambda start: 0.16 if start // BLOCK % 40 == 10 else 0.0):
        assert at == pytest.approx(heard - LEAD, abs=DRIFT)


def test_what_is_not_known_of_the_speaker_is_silence() -> None:
    line = FarLine(SAMPLE_RATE)
    assert not line.frame(0).any()
    line.feed(np.ones(FRAME, np.float32), 2 * FRAME + LEAD + 100)
    assert not line.frame(FRAME).any()
    assert np.count_nonzero(line.frame(2 * FRAME)) == FRAME - 100
    assert np.count_nonzero(line.frame(3 * FRAME)) == 100
    assert not line.frame(4 * FRAME).any()
