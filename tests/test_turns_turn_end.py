"""The end of a turn from all cues together, and the pauses of one owner; pure, on virtual time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.apps.bench_endpoint import Silence, Utterance, run_policy
from companion.events import samples
from companion.turns import backchannel
from companion.turns.pauses import COUNTED, PRIOR, Pauses
from companion.turns.turn_end import PARSED, Cues, Endpoint, EndpointPolicy, policy_of, probability
from companion.turns.turn_end import turn_end as decided
from companion.turns.words_end import Ending, ending

POLICY = EndpointPolicy()


def turn_end(cues: Cues, pauses: Pauses) -> Endpoint:
    return decided(cues, pauses, POLICY)


@pytest.mark.parametrize(
    ("words", "language", "expected"),
    [
        ("I went home and.", "en", "unfinished"),
        ("said the old man,", "en", "comma"),
        ("I went there and,", "en", "unfinished"),
        ("I went there...", "en", "unfinished"),
        ("힘들었어요,", "ko", "closed"),
        ("What are you waiting for?", "en", "open"),
        ("I think so.", "en", "open"),
        ("I was thinking, um.", "en", "hesitation"),
        ("It is, you know.", "en", "hesitation"),
        ("My number is five five", "en", "number"),
        ("He was born in 1984.", "en", "open"),
        ("No, thank you.", "en", "closed"),
        ("오늘 좀 힘들었어요", "ko", "closed"),
        ("밥은 먹었습니까", "ko", "closed"),
        ("시간이 없으니까", "ko", "unfinished"),
        ("힘들었는데.", "ko", "unfinished"),
        ("엄마가", "ko", "unfinished"),
        ("그래서 어", "ko", "hesitation"),
        ("어", "ko", "closed"),
        ("공 일 공", "ko", "number"),
        ("", "ko", "open"),
        ("Ich habe um", "de", "open"),
    ],
)
def test_the_last_words_say_whether_more_is_coming(words: str, language: str, expected: Ending) -> None:
    assert ending(words, language) == expected


def test_words_that_are_unfinished_are_waited_for_and_closed_ones_answered_sooner() -> None:
    waits = {kind: turn_end(Cues(3.0, 0.6, kind), Pauses()).wait for kind in ("closed", "open", "unfinished", "number")}
    assert waits["closed"] < waits["open"] < waits["unfinished"] == waits["number"]


def test_what_surely_sounds_complete_is_answered_first_unless_the_words_ask_for_more() -> None:
    assert turn_end(Cues(3.0, 0.95, "open"), Pauses()).wait == POLICY.shortest
    assert turn_end(Cues(3.0, 0.95, "unfinished"), Pauses()).wait > 2 * POLICY.shortest


def test_what_sounds_complete_and_is_no_whole_sentence_is_waited_for() -> None:
    perhaps, part = (decided(Cues(3.0, 0.95, "open", ends), Pauses(), PARSED).wait for ends in (-2.0, -5.0))
    assert perhaps == PARSED.shortest
    assert part > 2 * PARSED.shortest


def test_a_whole_sentence_that_sounds_complete_is_answered_soonest_unless_its_owner_needs_more_time() -> None:
    def wait(pauses: Pauses, sound: float = 0.95, end: Ending = "open", ends: float = -1.0) -> int:
        return decided(Cues(3.0, sound, end, ends), pauses, PARSED).wait

    assert wait(Pauses()) == PARSED.soonest < PARSED.shortest
    slower, lingers, cut_in_on = Pauses(), Pauses().observe(0.9), _answered(Pauses(), True, True)
    for _ in range(5):
        slower = slower.observe(0.5).answered(cut_in=False)
    assert (slower.lingering, slower.cut_in_on) == (0.0, 0.0)
    assert all(wait(pauses) >= PARSED.shortest for pauses in (slower, lingers, cut_in_on))
    assert wait(Pauses(), sound=0.85) == wait(Pauses(), ends=-1.5) == PARSED.shortest < wait(Pauses(), end="comma")
    assert wait(Pauses(), sound=0.85, ends=-1.5) > 2 * PARSED.shortest < wait(Pauses(), sound=0.75)


def test_half_a_sentence_that_sounds_unfinished_as_well_is_given_the_longest_time() -> None:
    waits = [decided(Cues(2.0, 0.05, "open", ends), Pauses(), PARSED).wait for ends in (-0.5, -6.0)]
    assert waits[0] <= PARSED.longest < waits[1] <= PARSED.timeout


def test_who_is_given_more_patience_is_waited_for_longer() -> None:
    for parses in (False, True):
        policies = [policy_of(patience, parses=parses) for patience in ("short", "normal", "long")]
        for cues in (
            Cues(3.0, 0.95, "open", -0.5 if parses else None),
            Cues(3.0, 0.3, "open", -3.0 if parses else None),
        ):
            waits = [decided(cues, Pauses(), policy).wait for policy in policies]
            assert waits == sorted(waits)
            assert waits[1] < waits[2]


def test_a_comma_makes_the_answer_a_little_later_and_no_more() -> None:
    """The recogniser sets one behind what is over as well."""
    waits = [turn_end(Cues(3.0, 0.95, kind), Pauses()).wait for kind in ("open", "comma", "unfinished")]
    assert waits == sorted(set(waits))
    assert waits[1] < 2 * POLICY.shortest
    assert turn_end(Cues(3.0, 0.5, "comma"), Pauses()) == turn_end(Cues(3.0, 0.5, "open"), Pauses())


def test_the_reason_is_the_cue_that_said_most() -> None:
    assert turn_end(Cues(3.0, 0.9, "hesitation"), Pauses()).reason == "hesitation"
    assert turn_end(Cues(3.0, 0.9), Pauses()).reason == "sound"
    assert turn_end(Cues(3.0), Pauses()).reason == "silence"


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 900), st.sampled_from(["closed", "open", "unfinished", None]))
def test_the_more_complete_it_sounds_the_sooner_it_is_answered(one: float, other: float, spoken: float, end) -> None:
    low, high = sorted((one, other))
    cues = [Cues(spoken, completeness, end) for completeness in (low, high)]
    assert probability(cues[0]) <= probability(cues[1])
    waits = [turn_end(cue, Pauses()).wait for cue in cues]
    assert POLICY.shortest <= waits[1] <= waits[0] <= POLICY.timeout


@given(st.floats(0, 1), st.floats(-40, 0), st.floats(-40, 0), st.sampled_from(["closed", "open", "unfinished"]))
def test_the_more_of_a_sentence_it_is_the_sooner_it_is_answered(sound: float, one: float, other: float, end) -> None:
    waits = [decided(Cues(3.0, sound, end, ends), Pauses(), PARSED).wait for ends in sorted((one, other))]
    assert PARSED.soonest <= waits[1] <= waits[0] <= PARSED.timeout


@given(st.lists(st.floats(0.01, 60), max_size=100), st.lists(st.booleans(), max_size=100), st.floats(0, 1))
def test_no_owner_is_waited_for_without_end(lengths: list[float], cut_ins: list[bool], completeness: float) -> None:
    pauses = Pauses()
    for length in lengths:
        pauses = pauses.observe(length)
    for cut_in in cut_ins:
        pauses = pauses.answered(cut_in=cut_in)
    assert POLICY.shortest <= turn_end(Cues(4.0, completeness), pauses).wait <= POLICY.timeout
    assert turn_end(Cues(10.0, 0.9), pauses).wait <= POLICY.longest
    assert Pauses.restore(pauses.record()) == replace(pauses, paused=False)


def test_an_owner_who_pauses_long_is_given_more_time_and_one_who_does_not_less() -> None:
    slow, quick = Pauses(), Pauses()
    for _ in range(20):
        slow, quick = slow.observe(0.8), quick.observe(0.25)
    waits = [turn_end(Cues(3.0, 0.3, "open"), pauses).wait for pauses in (quick, Pauses(), slow)]
    assert waits == sorted(set(waits))


def _answered(pauses: Pauses, *cut_ins: bool) -> Pauses:
    for cut_in in cut_ins:
        pauses = pauses.answered(cut_in=cut_in)
    return pauses


@pytest.mark.parametrize(
    "policy", [policy_of("short", parses=True), policy_of("normal", parses=True), EndpointPolicy()]
)
def test_who_is_cut_in_on_again_and_again_is_given_more_time_until_that_is_over(policy: EndpointPolicy) -> None:
    def waits(pauses: Pauses) -> tuple[int, ...]:
        return tuple(decided(Cues(3.0, sound, "open", -1.0), pauses, policy).wait for sound in (0.95, 0.1))

    often = _answered(Pauses(), True, True, False, True)
    assert all(late > soon for late, soon in zip(waits(often), waits(Pauses()), strict=True) if soon < policy.longest)
    assert waits(_answered(often, *[False] * 12)) == waits(Pauses())


def test_who_is_hardly_ever_cut_in_on_is_answered_as_soon_as_ever() -> None:
    pauses = Pauses()
    for _ in range(10):
        pauses = _answered(pauses, True, *[False] * 13)
        assert pauses.cut_in_on == 0.0
    assert _answered(Pauses(), True, False, False).cut_in_on == 0.0


def _paused(pauses: Pauses, *lengths: float) -> Pauses:
    """Turns, each with one pause of so many seconds."""
    for length in lengths:
        pauses = pauses.observe(length).answered(cut_in=False)
    return pauses


def test_who_pauses_for_long_in_many_turns_is_given_more_time_above_all_where_it_is_not_sure() -> None:
    def waits(pauses: Pauses) -> tuple[int, ...]:
        return tuple(decided(Cues(3.0, sound, "open", -1.0), pauses, PARSED).wait for sound in (0.95, 0.5))

    at_once, usual = Pauses().observe(0.9), waits(Pauses())
    for lingering in (at_once, _paused(Pauses(), 0.9, 0.9, 0.3, 0.9), _paused(Pauses(), *[0.3] * 9, *[0.9] * 9)):
        sure, unsure = waits(lingering)
        assert unsure > samples(1.0) > usual[1]
        assert samples(0.8) > sure >= PARSED.lingering > usual[0]
    quick = _paused(Pauses(), *[0.9] * 9, *[0.3] * 9)
    assert waits(quick)[1] <= usual[1]
    assert _paused(Pauses(), *[0.3, 0.3, 0.3, 0.9] * 20).lingering == 0.0


def test_several_long_pauses_in_a_turn_count_once() -> None:
    assert Pauses().observe(0.9).observe(0.9).lingering == Pauses().observe(0.9).lingering
    turn = Pauses().observe(0.9)
    assert turn.answered(cut_in=False).pausing == turn.observe(0.9).answered(cut_in=False).pausing == 1.0


def test_one_pause_hardly_moves_what_is_known_of_people() -> None:
    assert Pauses().observe(1.5).median < PRIOR * 1.3
    assert Pauses().observe(2.4) == Pauses().observe(COUNTED)


@pytest.mark.parametrize(
    "record",
    [
        None,
        7,
        {},
        {"log_sum": "a", "count": 1},
        {"log_sum": 999.0, "count": 2},
        {"log_sum": 0.0, "count": 1, "cut_ins": 3, "turns": 2},
        {"log_sum": 0.0, "count": 1, "turns": 2, "pausing": 3},
    ],
)
def test_a_damaged_record_of_pauses_is_an_unknown_owner(record: object) -> None:
    assert Pauses.restore(record) == Pauses()


def test_the_bench_counts_a_reply_before_the_end_once_and_its_delay_after_the_end() -> None:
    def silence(length: float) -> Silence:
        return Silence(1.0, length, 1.0, 0.9, 0.9, None)

    talk = [Utterance("a", (silence(0.6), silence(0.7), silence(float("inf")))), Utterance("b", (silence(9.0),))]
    figures = run_policy(talk, lambda silence, pauses: 0.5)
    assert figures == {"cut_ins": 0.5, "answers": 0.0, "delay_ms": 500.0, "mean_delay_ms": 500.0}
    assert run_policy(talk, lambda silence, pauses: 0.5, making=0.25)["cut_ins"] == 0.0


def test_a_record_from_before_cut_ins_were_counted_still_tells_the_pauses() -> None:
    pauses = replace(Pauses().observe(0.9), paused=False)
    assert Pauses.restore({"log_sum": pauses.log_sum, "count": pauses.count}) == pauses


def test_a_long_turn_that_goes_on_is_nodded_to_rarely_and_not_where_it_would_be_in_the_way() -> None:
    long = backchannel.AFTER
    assert backchannel.due(long, None, 0.1, "open")
    assert not backchannel.due(long - 1, None, 0.1, "open")
    assert not backchannel.due(2 * long, backchannel.EVERY - 1, 0.1, "open")
    assert not backchannel.due(long, None, 0.8, "open")
    assert not backchannel.due(long, None, None, "open")
    assert not any(backchannel.due(long, None, 0.1, kind) for kind in ("number", "hesitation", "closed"))
