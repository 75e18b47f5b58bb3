"""What goes to the speaker: in order, whole, counted, and cut without a click."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.audio.playback import FADE_S, Ended, Held, Playback, Started
from companion.events import Samples

RATE = 24_000


def ramp(n: int, start: int = 0) -> Samples:
    """Samples that name their own place."""
    return (np.arange(start, start + n) / 1e6).astype(np.float32) + np.float32(1e-6)


def sine(n: int, rate: int = RATE, frequency: float = 440.0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(n) / rate)).astype(np.float32)


def test_silence_where_nothing_was_written() -> None:
    playback = Playback(RATE)
    assert not playback.pull(480).any()
    assert playback.marks() == []
    assert playback.idle


def test_pieces_are_played_whole_and_in_order() -> None:
    playback = Playback(RATE)
    for start in range(0, 1000, 100):
        playback.write(1, ramp(100, start), RATE, last=start == 900)
    played = np.concatenate([playback.pull(n) for n in (7, 480, 13, 600)])
    np.testing.assert_array_equal(played[:1000], ramp(1000))
    assert not played[1000:].any()


def test_start_and_end_are_told_once_at_their_sample() -> None:
    playback = Playback(RATE)
    playback.pull(480)
    playback.write(7, ramp(100), RATE, last=False)
    playback.pull(480)
    assert playback.marks() == [Started(7, at=480)]
    playback.write(7, ramp(50), RATE, last=True)
    playback.pull(480)
    assert playback.marks() == [Ended(7, at=1010, played=150, stopped=False)]
    playback.pull(480)
    assert playback.marks() == []
    assert playback.idle


def test_an_utterance_that_runs_dry_waits_in_silence_for_the_rest() -> None:
    playback = Playback(RATE)
    playback.write(1, ramp(10), RATE, last=False)
    assert not playback.pull(100)[10:].any()
    assert not playback.idle
    playback.write(1, ramp(10, 10), RATE, last=True)
    np.testing.assert_array_equal(playback.pull(10), ramp(10, 10))


def test_an_utterance_that_ends_on_a_block_boundary_ends_with_that_block() -> None:
    playback = Playback(RATE)
    playback.write(1, ramp(480), RATE, last=True)
    playback.pull(480)
    assert playback.marks() == [Started(1, at=0), Ended(1, at=480, played=480, stopped=False)]


def test_the_next_utterance_follows_without_a_gap() -> None:
    playback = Playback(RATE)
    playback.write(1, ramp(30), RATE, last=True)
    playback.write(2, ramp(30, 30), RATE, last=True)
    np.testing.assert_array_equal(playback.pull(60), ramp(60))
    assert [(type(mark), mark.tag, mark.at) for mark in playback.marks()] == [
        (Started, 1, 0),
        (Ended, 1, 30),
        (Started, 2, 30),
        (Ended, 2, 60),
    ]


def test_an_utterance_without_sound_ends_and_never_starts() -> None:
    playback = Playback(RATE)
    playback.write(3, np.zeros(0, np.float32), RATE, last=True)
    playback.pull(480)
    assert playback.marks() == [Ended(3, at=0, played=0, stopped=False)]


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=8), st.sampled_from([16_000, 22_050, 24_000, 48_000]))
def test_any_voice_rate_keeps_its_length_and_is_counted_at_its_own_rate(pieces: list[int], rate: int) -> None:
    playback = Playback(RATE)
    for index, n in enumerate(pieces):
        playback.write(1, ramp(n), rate, last=index == len(pieces) - 1)
    total = sum(pieces)
    playback.pull(total * RATE // rate + 100)
    started, ended = playback.marks()
    assert ended == Ended(1, at=ended.at, played=total, stopped=False)
    assert ended.at - started.at == pytest.approx(total * RATE / rate, abs=1)


def test_resampled_pieces_sound_like_one() -> None:
    voice = sine(22_050, rate=22_050)
    whole, pieces = Playback(RATE), Playback(RATE)
    whole.write(1, voice, 22_050, last=True)
    for start in range(0, len(voice), 1000):
        pieces.write(1, voice[start : start + 1000], 22_050, last=start + 1000 >= len(voice))
    np.testing.assert_allclose(whole.pull(RATE), pieces.pull(RATE), atol=1e-4)
    np.testing.assert_allclose(whole.pull(100), 0)


@pytest.mark.parametrize("before", range(1000, 1055, 9))
def test_stop_fades_within_five_milliseconds_and_does_not_click(before: int) -> None:
    playback = Playback(RATE)
    tone = sine(RATE)
    playback.write(1, tone, RATE, last=True)
    played = [playback.pull(before)]
    playback.stop()
    played.append(playback.pull(480))
    sound = np.concatenate(played)
    assert sound[before : before + 100].any()
    assert not sound[before + RATE // 200 :].any()
    assert np.abs(np.diff(sound)).max() <= np.abs(np.diff(tone)).max() * 1.1


def test_stop_tells_how_much_was_heard_before_it_returns() -> None:
    playback = Playback(RATE)
    playback.write(1, sine(22_050, 22_050), 22_050, last=False)
    playback.pull(RATE // 2)
    playback.stop()
    started, ended = playback.marks()
    assert started == Started(1, at=0)
    assert ended == Ended(1, at=RATE // 2 + RATE // 200, played=round(0.505 * 22_050), stopped=True)
    assert playback.idle


def test_stop_ends_those_that_wait_as_never_heard() -> None:
    playback = Playback(RATE)
    playback.write(1, ramp(480), RATE, last=True)
    playback.write(2, ramp(480), RATE, last=True)
    playback.stop()
    assert [(mark.tag, mark.played, mark.stopped) for mark in playback.marks() if isinstance(mark, Ended)] == [
        (1, 0, True),
        (2, 0, True),
    ]
    assert not playback.pull(960).any()


def test_what_arrives_late_for_a_stopped_utterance_is_not_played() -> None:
    playback = Playback(RATE)
    playback.write(4, ramp(480), RATE, last=False)
    playback.pull(10)
    playback.stop()
    playback.marks()
    playback.write(4, ramp(480), RATE, last=True)
    assert not playback.pull(1000)[RATE // 200 :].any()
    assert playback.marks() == []
    playback.write(5, ramp(480), RATE, last=True)
    np.testing.assert_array_equal(playback.pull(480), ramp(480))


def test_a_new_sink_rate_ends_what_was_playing_and_serves_what_comes_next() -> None:
    playback = Playback(RATE)
    playback.write(1, sine(RATE), RATE, last=True)
    playback.pull(480)
    playback.restart(48_000)
    assert playback.marks()[-1] == Ended(1, at=480, played=480, stopped=True)
    playback.write(2, sine(RATE), RATE, last=True)
    playback.pull(50_000)
    started, ended = playback.marks()
    assert ended.at - started.at == 48_000


def test_a_writer_and_a_sink_at_once_lose_nothing() -> None:
    playback = Playback(RATE)
    sound = ramp(100_000)

    def write() -> None:
        for start in range(0, len(sound), 100):
            playback.write(1, sound[start : start + 100], RATE, last=start + 100 == len(sound))

    writer = threading.Thread(target=write)
    writer.start()
    heard = []
    ended: list[object] = []
    while not ended:
        block = playback.pull(77)
        heard.append(block[block != 0])  # silence of an underrun may lie between
        ended = [mark for mark in playback.marks() if isinstance(mark, Ended)]
    writer.join()
    np.testing.assert_array_equal(np.concatenate(heard), sound)


# --- held, and going on -----------------------------------------------------------------------------------------------

FADE = round(FADE_S * RATE)


def test_what_is_held_falls_silent_within_five_milliseconds_and_goes_on_where_it_was() -> None:
    playback = Playback(RATE)
    sound = sine(RATE)
    playback.write(1, sound, RATE, last=True)
    before = playback.pull(1000)
    playback.hold()
    fading, silent = playback.pull(480), playback.pull(4800)
    playback.go_on()
    after = playback.pull(RATE)
    assert not fading[FADE:].any()
    assert not silent.any()
    np.testing.assert_array_equal(before, sound[:1000])
    np.testing.assert_array_equal(after[FADE : RATE - 1000 - FADE], sound[1000 + 2 * FADE :])
    assert np.abs(np.diff(np.concatenate([before, fading, silent, after]))).max() <= np.abs(np.diff(sound)).max() * 1.1
    assert playback.marks() == [
        Started(1, at=0),
        Held(1, at=1000 + FADE),
        Ended(1, at=1480 + 4800 + RATE - 1000 - FADE, played=RATE, stopped=False),
    ]


def test_a_hold_is_told_only_when_the_speaker_is_silent() -> None:
    playback = Playback(RATE)
    playback.write(1, sine(RATE), RATE, last=True)
    playback.pull(100)
    playback.marks()
    playback.hold()
    playback.pull(FADE - 1)
    assert playback.marks() == []
    playback.pull(2)
    assert playback.marks() == [Held(1, at=100 + FADE)]
    playback.hold()
    playback.pull(480)
    assert playback.marks() == [], "once"


def test_what_is_stopped_while_held_counts_only_what_was_heard() -> None:
    playback = Playback(RATE)
    playback.write(1, sine(22_050, 22_050), 22_050, last=True)
    playback.pull(RATE // 2)
    playback.hold()
    playback.pull(RATE)
    playback.marks()
    playback.stop()
    assert playback.marks() == [Ended(1, at=RATE * 3 // 2, played=round(0.505 * 22_050), stopped=True)]
    playback.write(2, ramp(480), RATE, last=True)
    np.testing.assert_array_equal(playback.pull(480), ramp(480), err_msg="what comes next is not held")


def test_what_is_held_does_not_end_and_what_is_written_meanwhile_waits() -> None:
    playback = Playback(RATE)
    playback.write(1, ramp(100), RATE, last=False)
    playback.pull(480)
    playback.hold()
    playback.pull(480)
    assert playback.marks() == [Started(1, at=0), Held(1, at=480)]
    playback.write(1, ramp(0), RATE, last=True)
    playback.write(2, ramp(100), RATE, last=True)
    assert not playback.pull(480).any()
    assert playback.marks() == []
    playback.go_on()
    assert np.count_nonzero(playback.pull(480)) == 100
    assert [(type(mark), mark.tag) for mark in playback.marks()] == [(Ended, 1), (Started, 2), (Ended, 2)]


def test_an_utterance_whose_last_sample_is_in_the_fade_has_ended() -> None:
    playback = Playback(RATE)
    playback.write(1, ramp(500), RATE, last=True)
    playback.write(2, ramp(100), RATE, last=True)
    playback.pull(480)
    playback.hold()
    assert np.count_nonzero(playback.pull(480)) == 20
    assert playback.marks() == [Started(1, at=0), Ended(1, at=500, played=500, stopped=False)]
    playback.go_on()
    assert np.count_nonzero(playback.pull(480)) == 100


def test_an_utterance_that_was_held_before_it_began_begins_when_it_goes_on() -> None:
    playback = Playback(RATE)
    playback.hold()
    playback.write(1, ramp(480), RATE, last=True)
    assert not playback.pull(480).any()
    assert playback.marks() == []
    playback.go_on()
    playback.pull(480)
    assert playback.marks() == [Started(1, at=480), Ended(1, at=960, played=480, stopped=False)]


def test_a_device_that_comes_back_holds_nothing() -> None:
    playback = Playback(RATE)
    playback.write(1, sine(RATE), RATE, last=True)
    playback.pull(480)
    playback.hold()
    playback.restart(RATE)
    playback.write(2, ramp(480), RATE, last=True)
    np.testing.assert_array_equal(playback.pull(480), ramp(480))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pull"), st.integers(1, 700)),
        st.tuples(st.just("write"), st.integers(0, 700)),
        st.tuples(st.sampled_from(["hold", "go_on", "close", "stop"]), st.just(0)),
    ),
    max_size=40,
)


@given(STEPS)
def test_in_any_order_of_events_all_is_heard_once_and_counted_and_only_fades_are_dimmed(
    steps: list[tuple[str, int]],
) -> None:
    playback = Playback(RATE)
    tag, position, holds = 1, 0, 0
    written: dict[int, Samples] = {1: ramp(0)}
    pulled: list[Samples] = []
    for step, n in [*steps, ("go_on", 0), ("close", 0)]:
        if step == "pull":
            pulled.append(playback.pull(n))
        elif step == "write":
            playback.write(tag, ramp(n, position), RATE, last=False)
            written[tag] = np.concatenate([written[tag], ramp(n, position)])
            position += n
        elif step == "close":
            playback.write(tag, ramp(0), RATE, last=True)
        elif step == "stop":
            playback.stop()
        elif step == "hold":
            holds += 1
            playback.hold()
        else:
            playback.go_on()
        if step in ("close", "stop"):
            tag += 1
            written[tag] = ramp(0)
    pulled.append(playback.pull(position + FADE + 1))
    assert playback.idle

    marks = playback.marks()
    ended = [mark for mark in marks if isinstance(mark, Ended)]
    assert len({mark.tag for mark in ended}) == len(ended)
    expected = np.concatenate([ramp(0), *(written[mark.tag][: mark.played] for mark in ended)])
    sound = np.concatenate(pulled)
    heard = sound[sound != 0]
    assert len(heard) == len(expected), "nothing twice, nothing lost, and what was heard is what was counted"
    gains = heard / expected
    assert (gains < 1 + 1e-5).all()
    stops = sum(mark.stopped for mark in ended)
    assert np.count_nonzero(gains < 1 - 1e-5) <= (2 * holds + stops) * FADE
    assert all(mark.played == len(written[mark.tag]) for mark in ended if not mark.stopped)
    for mark in marks:
        if isinstance(mark, Held):
            assert not sound[mark.at]


def test_a_sound_over_an_utterance_is_mixed_in_and_counts_for_nothing() -> None:
    playback, over = Playback(RATE), sine(300)
    playback.pull(480)
    playback.write(1, ramp(1000), RATE, last=True)
    playback.overlay(over, RATE)
    played = np.concatenate([playback.pull(n) for n in (100, 480, 600)])
    np.testing.assert_allclose(played[:300], ramp(300) + over, atol=1e-6)
    np.testing.assert_array_equal(played[300:1000], ramp(700, 300))
    assert playback.marks() == [Started(1, at=480), Ended(1, at=1480, played=1000, stopped=False)]


def test_a_stop_cuts_what_lies_over_an_utterance_without_a_click() -> None:
    playback = Playback(RATE)
    playback.overlay(np.full(RATE, 0.5, np.float32), RATE)
    playback.pull(480)
    playback.stop()
    rest = playback.pull(RATE)
    assert 0 < np.count_nonzero(rest) <= FADE_S * RATE
    assert np.abs(np.diff(rest)).max() < 0.02


def test_a_notice_waits_for_a_speaker_that_comes_back() -> None:
    playback = Playback(RATE)
    playback.overlay(sine(300), RATE)
    playback.restart(RATE)
    np.testing.assert_array_equal(playback.pull(100), sine(300)[:100])
    playback.restart(2 * RATE)
    assert np.count_nonzero(playback.pull(600)) == pytest.approx(400, abs=20)
