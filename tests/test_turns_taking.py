"""Who has the floor, on virtual time: no threads, no sleeps, no models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.apps.assemble import open_taking
from companion.events import SAMPLE_RATE, samples, seconds
from companion.parts import Pace
from companion.settings import Patience, Profile, Settings
from companion.turns.pauses import Pauses
from companion.turns.taking import (
    Action,
    Begin,
    Commit,
    Dismiss,
    Hold,
    Phase,
    Probe,
    Read,
    Resume,
    TurnLimits,
    TurnTaking,
)
from companion.turns.turn_end import PARSED, SHORT, EndpointPolicy, fitted, policy_of
from companion.turns.words_end import Ending

WINDOW = 512
EARLY = replace(EndpointPolicy(), fading=True)
"""Asks as soon as a voice fades."""


class Room:
    """A room in which voice and silence are given in seconds; collects what was decided, and when."""

    def __init__(self, *, policy: EndpointPolicy | None = None, parses: bool = False, **limits: int) -> None:
        self.taking = TurnTaking(policy, TurnLimits(**limits), parses=parses)
        self.position = 0
        self.ending: Ending | None = "open"  # of the words that are read in a pause; None: they do not come
        self.log: list[tuple[int, Action]] = []

    def sound(
        self, probability: float, duration: float, completeness: float | None = None, level: float = -20.0
    ) -> list[Action]:
        heard: list[Action] = []
        until = self.position + samples(duration)
        while self.position < until:
            actions = self.taking.hear(self.position, self.position + WINDOW, probability, level)
            self.position += WINDOW
            for action in [*actions]:
                if isinstance(action, Probe) and completeness is not None:
                    actions += self.taking.judge(action.revision, completeness)
                if isinstance(action, Read) and self.ending is not None:
                    actions += self.taking.words(action.revision, self.ending)
            heard += actions
            self.log += [(self.position, action) for action in actions]
        return heard

    def voice(self, duration: float) -> list[Action]:
        return self.sound(0.95, duration)

    def silence(self, duration: float, completeness: float | None = None) -> list[Action]:
        return self.sound(0.02, duration, completeness)


def only(kind: type, actions: Iterable[Action]) -> list[Action]:
    return [action for action in actions if isinstance(action, kind)]


def waited(room: Room) -> int:
    """Samples of silence before the last commit."""
    at, commit = next((at, action) for at, action in reversed(room.log) if isinstance(action, Commit))
    return at - commit.voice_end


def test_a_turn_that_sounds_complete_is_committed_after_a_short_silence() -> None:
    room = Room()
    room.voice(1.0)
    (commit,) = only(Commit, room.silence(2.0, completeness=0.97))
    assert EndpointPolicy().shortest <= waited(room) <= EndpointPolicy().shortest + WINDOW
    assert commit.reason == "sound"


def test_a_turn_whose_words_ask_for_more_is_given_time() -> None:
    room = Room()
    room.ending = "unfinished"
    room.voice(1.0)
    assert not only(Commit, room.silence(1.7, completeness=0.05))
    (commit,) = only(Commit, room.silence(0.3))
    assert commit.reason == "unfinished"


def test_no_turn_is_answered_before_its_words_are_read_unless_they_are_very_late() -> None:
    room = Room()
    room.ending = None
    room.voice(1.0)
    (read,) = only(Read, room.silence(0.9, completeness=1.0))
    (commit,) = only(Commit, room.taking.words(read.revision, "open"))
    assert commit.upto == room.position
    late = Room()
    late.ending = None
    late.voice(1.0)
    assert only(Commit, late.silence(2.0, completeness=1.0))
    assert EndpointPolicy().longest <= waited(late) <= EndpointPolicy().longest + WINDOW


def test_a_turn_that_waits_for_its_last_cue_is_over_the_moment_it_comes() -> None:
    room = Room()
    room.voice(1.0)
    (probe,) = only(Probe, room.silence(0.35))
    (commit,) = only(Commit, room.taking.judge(probe.revision, 0.97))
    assert commit.reason == "sound"
    assert not only(Commit, room.silence(2.0))
    sooner = Room()
    sooner.voice(1.0)
    (probe,) = only(Probe, sooner.silence(0.17))
    assert not sooner.taking.judge(probe.revision, 0.97)  # it is not silent for long enough yet


def test_a_click_is_dismissed_by_the_cue_that_was_waited_for_too() -> None:
    room = Room()
    room.ending = None
    room.voice(0.1)
    (read,) = only(Read, room.silence(0.9, completeness=1.0))
    assert only(Dismiss, room.taking.words(read.revision, "closed"))
    assert room.taking.phase is Phase.LISTENING


def test_an_owner_who_often_pauses_long_is_given_more_time() -> None:
    room = Room()
    room.voice(1.0)
    for _ in range(12):
        room.silence(0.6, completeness=0.3)
        assert only(Resume, room.voice(1.0))
    assert room.taking.pauses.median > Pauses().median
    room.silence(3.0, completeness=0.3)
    slow = waited(room)
    quick = Room()
    quick.voice(12.0)
    quick.silence(3.0, completeness=0.3)
    assert slow > waited(quick)


def test_a_pause_is_asked_about_once_with_the_end_of_the_voice() -> None:
    room = Room()
    room.voice(1.0)
    ended = room.position
    pause = room.silence(0.3)
    (read,), (probe,) = only(Read, pause), only(Probe, pause)
    assert read.voice_end == probe.voice_end == ended
    assert read.upto - ended == 2 * WINDOW
    assert samples(0.16) <= probe.upto - ended <= samples(0.16) + WINDOW


def test_who_cannot_have_an_answer_too_soon_has_everything_asked_at_once() -> None:
    room = Room()
    room.taking = TurnTaking(policy_of("short", parses=True))
    room.voice(1.0)
    pause = room.sound(0.6, 0.03, level=-50.0)
    assert [type(action) for action in pause] == [Read, Probe]


def test_a_voice_that_fades_is_asked_about_before_its_silence_begins() -> None:
    room = Room(policy=EARLY)
    room.voice(1.0)
    loud = room.position
    (read,) = only(Read, room.sound(0.6, 0.07, level=-50.0))
    assert (read.voice_end, read.upto) == (loud, loud + WINDOW)
    ended = room.position
    assert not only(Read, room.silence(0.1))
    (commit,) = only(Commit, room.silence(0.3, completeness=0.97))
    assert commit.voice_end == ended
    assert commit.upto - ended == pytest.approx(EndpointPolicy().shortest, abs=WINDOW)


def test_a_voice_that_seemed_to_fade_goes_on_and_what_was_found_out_is_void() -> None:
    room = Room(policy=EARLY)
    room.voice(1.0)
    (read,) = only(Read, room.sound(0.6, 0.03, level=-50.0))
    (resume,) = only(Resume, room.voice(0.3))
    assert resume.revision > read.revision
    assert not room.taking.judge(read.revision, 0.97)
    assert room.taking.pauses == Pauses()


def test_going_on_after_a_pause_moves_the_revision_and_keeps_the_turn() -> None:
    room = Room()
    room.voice(0.5)
    room.silence(0.25)
    before = room.taking.revision
    (resume,) = only(Resume, room.voice(0.5))
    assert resume.turn == 1
    assert resume.revision == before + 1


def test_an_answer_about_an_older_pause_is_not_taken_for_this_one() -> None:
    room = Room()
    room.voice(0.5)
    (probe,) = only(Probe, room.silence(0.25))
    room.voice(0.5)
    room.silence(0.2)
    room.taking.judge(probe.revision, 1.0)
    assert not only(Commit, room.silence(0.4))


def test_how_complete_an_earlier_pause_sounded_says_nothing_of_this_one() -> None:
    room = Room()
    room.voice(0.5)
    room.silence(0.25, completeness=1.0)
    room.voice(0.5)
    assert not only(Commit, room.silence(0.5))


def test_clicks_apart_do_not_add_up_to_a_voice() -> None:
    room = Room()
    for _ in range(10):
        assert not only(Begin, room.voice(0.032))
        room.silence(0.3)


def test_voice_after_the_commit_but_before_our_first_sample_takes_the_turn_back() -> None:
    room = Room()
    room.voice(0.5)
    assert only(Commit, room.silence(0.5, completeness=1.0))
    assert only(Resume, room.voice(0.3))
    assert room.taking.phase is Phase.HEARING
    assert only(Commit, room.silence(0.5, completeness=1.0))
    assert room.taking.turn == 1


def test_while_we_speak_and_in_the_guard_after_it_nothing_begins() -> None:
    room = Room()
    room.voice(0.5)
    room.silence(0.5, completeness=1.0)
    room.taking.started_playing()
    assert room.voice(3.0) == []
    room.taking.stopped_playing(room.position)
    assert room.voice(0.15) == []
    assert only(Begin, room.voice(0.5))


def test_a_click_is_no_turn_and_takes_no_number() -> None:
    room = Room()
    room.voice(0.12)
    assert only(Dismiss, room.silence(2.0))
    assert room.taking.turn == 0
    room.voice(1.0)
    assert room.taking.turn == 1


def test_a_turn_without_words_is_dismissed() -> None:
    room = Room()
    room.voice(0.5)
    (commit,) = only(Commit, room.silence(1.0))
    assert only(Dismiss, room.taking.nothing_said(commit.revision))
    assert room.taking.phase is Phase.LISTENING


def test_whether_it_is_a_sentence_is_waited_for_but_not_for_long() -> None:
    room = Room(parses=True)
    room.voice(1.0)
    paused = room.silence(PARSED.shortest / SAMPLE_RATE + 0.1, completeness=0.97)
    assert not only(Commit, paused)
    (read,) = only(Read, paused)
    assert isinstance(read, Read)
    assert only(Commit, room.taking.completes(read.revision, -0.5))

    silent = Room(parses=True)
    silent.voice(1.0)
    (_,) = only(Commit, silent.silence(1.0, completeness=0.97))
    assert PARSED.parsed <= waited(silent) <= PARSED.parsed + WINDOW


def test_what_was_found_of_older_words_says_nothing_of_newer_ones() -> None:
    room = Room(parses=True)
    room.voice(1.0)
    (read,) = only(Read, room.silence(0.3, completeness=0.97))
    assert isinstance(read, Read)
    room.voice(0.5)
    room.silence(0.3, completeness=0.97)
    assert not room.taking.completes(read.revision, -0.1)
    assert room.taking.phase is Phase.PAUSED


def test_a_turn_without_end_is_answered_at_the_limit() -> None:
    room = Room(longest=samples(3.0))
    (commit,) = only(Commit, room.voice(4.0))
    assert commit.reason == "longest turn"


@given(st.lists(st.tuples(st.booleans(), st.floats(0.03, 2.0), st.one_of(st.none(), st.floats(0, 1))), max_size=20))
def test_no_order_of_voice_and_silence_breaks_the_turn(events: list[tuple[bool, float, float | None]]) -> None:
    """Whatever happens: a commit follows silence, its turn was begun, and enough silence always ends a turn."""
    room = Room()
    for voiced, duration, completeness in events:
        room.sound(0.9 if voiced else 0.05, duration, None if voiced else completeness)
    room.silence(3.0)
    begun = [action.turn for _, action in room.log if isinstance(action, Begin)]
    for at, action in room.log:
        if isinstance(action, Commit):
            assert action.turn in begun
            assert at - action.voice_end >= EndpointPolicy().shortest
            assert seconds(at - action.upto) == 0
    assert room.taking.phase in (Phase.LISTENING, Phase.COMMITTED)


def speaking(duplex: bool = True, policy: EndpointPolicy | None = None) -> Room:
    """A room in which our reply sounds."""
    room = Room(policy=policy)
    room.taking.duplex = duplex
    room.voice(0.5)
    room.silence(0.5, completeness=1.0)
    room.taking.started_playing()
    return room


def test_a_syllable_over_ours_holds_our_breath_and_begins_a_turn() -> None:
    room = speaking()
    spoke = room.position
    begin, hold = room.voice(0.16)
    assert isinstance(begin, Begin)
    assert isinstance(hold, Hold)
    assert begin.turn == 2
    assert begin.at == spoke
    assert room.taking.held


def test_a_click_over_ours_does_nothing() -> None:
    room = speaking()
    for _ in range(10):
        assert room.voice(0.06) == []
        assert room.silence(0.3) == []
    assert not room.taking.held


def test_a_voice_over_ours_is_read_but_not_answered_until_it_is_decided() -> None:
    room = speaking()
    room.voice(0.5)
    assert only(Read, room.silence(0.2, completeness=1.0))
    assert not only(Commit, room.silence(5.0))
    room.taking.give_way()
    assert only(Commit, room.silence(0.2))


def test_a_soft_syllable_over_ours_is_no_pause_that_decides_what_the_voice_is() -> None:
    room = speaking(policy=EARLY)
    room.voice(0.5)
    assert not only(Read, room.sound(0.6, 0.1, level=-50.0))
    assert only(Read, room.silence(0.2))


def test_a_voice_that_began_over_ours_fades_like_any_other_once_it_has_the_floor() -> None:
    room = speaking(policy=EARLY)
    room.sound(0.95, 0.5, level=-30.0)
    room.taking.give_way()
    assert not only(Read, room.sound(0.6, 0.1, level=-30.0))
    assert only(Read, room.sound(0.6, 0.03, level=-60.0))


def test_a_syllable_holds_nothing_while_it_may_be_our_own_and_a_sentence_does() -> None:
    """The first second of our voice in a session teaches how much of it comes back."""
    room = speaking()
    room.taking.echo_known = False
    assert not only(Hold, room.voice(0.4))
    assert only(Hold, room.voice(0.2))
    known = speaking()
    assert only(Hold, known.voice(0.2))


def test_after_a_backchannel_the_reply_is_valid_and_the_backchannel_void() -> None:
    room = speaking()
    reply = room.taking.revision
    room.voice(0.3)
    backchannel = room.taking.revision
    assert room.taking.valid(reply)
    assert room.taking.valid(backchannel)
    room.taking.keep_floor()
    assert room.taking.phase is Phase.SPEAKING
    assert room.taking.turn == 1
    assert room.taking.valid(reply)
    assert not room.taking.valid(backchannel)


def test_a_voice_that_was_let_pass_does_not_hold_us_again_before_it_is_silent() -> None:
    room = speaking()
    room.voice(0.3)
    room.taking.keep_floor()
    assert room.voice(5.0) == []
    room.silence(0.3)
    assert only(Hold, room.voice(0.3))


def test_a_syllable_that_was_let_pass_is_heard_again_if_its_voice_goes_on() -> None:
    """The gap behind a first syllable is read as a sound without words; the sentence comes after it."""
    room = speaking()
    room.voice(0.13)
    room.silence(0.1)
    assert room.taking.held
    room.taking.keep_floor()
    assert room.voice(0.35) == []
    assert only(Hold, room.voice(0.1))
    room.taking.keep_floor()  # and now it has been heard for long enough
    assert room.voice(5.0) == []


def test_what_gave_way_is_void() -> None:
    room = speaking()
    reply = room.taking.revision
    room.voice(0.5)
    room.taking.give_way()
    assert not room.taking.valid(reply)
    room.taking.stopped_playing(room.position)
    assert room.taking.phase is Phase.HEARING


def test_where_our_voice_leaks_we_are_deaf_while_we_speak() -> None:
    room = speaking(duplex=False)
    assert room.voice(2.0) == []


Step = st.sampled_from("voice faint silence play end give_way keep_floor nothing abandon sentence part".split())


@given(
    st.lists(st.tuples(Step, st.floats(0.03, 1.5)), max_size=40),
    st.booleans(),
    st.sampled_from(
        [
            (EARLY, False),
            (PARSED, True),
            (SHORT, True),
            (fitted(PARSED, 2.0, 0.1), True),
            (fitted(PARSED, 0.3, 0.1), True),
        ]
    ),
)
def test_no_order_of_anything_commits_while_our_reply_is_undecided(
    steps: list[tuple[str, float]], duplex: bool, kind: tuple[EndpointPolicy, bool]
) -> None:
    """Voice, silence, playback and decisions in any order: never a commit over our voice, and silence ends it all."""
    room = Room(policy=kind[0], parses=kind[1])
    taking = room.taking
    taking.duplex = duplex
    for step, duration in steps:
        match step:
            case "voice" | "faint" | "silence":
                undecided = taking.replying is not None
                probability, level = {"voice": (0.95, -20.0), "faint": (0.6, -50.0), "silence": (0.02, -70.0)}[step]
                heard = room.sound(probability, duration, completeness=1.0, level=level)
                assert not (undecided and only(Commit, heard))
                assert not (undecided and only(Hold, heard) and not duplex)
            case "play" if taking.phase is Phase.COMMITTED:
                taking.started_playing()
            case "end" if taking.replying is not None:
                taking.stopped_playing(room.position)
            case "give_way" if taking.held:
                taking.give_way()
            case "keep_floor" if taking.held:
                taking.keep_floor()
            case "nothing":
                taking.nothing_said(taking.revision)
            case "sentence" | "part":
                completed = taking.completes(taking.revision, -0.1 if step == "sentence" else -9.0)
                assert not (taking.replying is not None and only(Commit, completed))
            case "abandon":
                taking.abandon(room.position)
    if taking.held:
        taking.give_way()
    if taking.phase is Phase.SPEAKING:
        taking.stopped_playing(room.position)
    room.silence(4.0)
    assert taking.phase in (Phase.LISTENING, Phase.COMMITTED)


@pytest.mark.parametrize(
    ("profile", "chosen", "patience"),
    [("starter", None, "normal"), ("tiny", None, "short"), ("tiny", "long", "long"), ("starter", "short", "short")],
)
def test_a_talk_is_as_patient_as_its_owner_says_or_else_as_its_models_are(
    profile: Profile, chosen: Patience | None, patience: Patience
) -> None:
    reads_along = SimpleNamespace(completion=object(), pace=None)
    taking = open_taking(Settings(profile=profile, patience=chosen), reads_along)  # type: ignore[arg-type]
    assert taking._policy == policy_of(patience, parses=True)
    deaf = open_taking(Settings(profile=profile, patience=chosen), SimpleNamespace(completion=None, pace=None))  # type: ignore[arg-type]
    assert deaf._policy == policy_of(patience, parses=False)


@pytest.mark.parametrize("patience", get_args(Patience))
def test_the_schedule_is_fitted_to_the_machine(patience: Patience) -> None:
    for parses in (True, False):
        usual = policy_of(patience, parses=parses)
        quick, late, slow = fitted(usual, 0.1, 0.042), fitted(usual, 0.3, 0.1), fitted(usual, 2.0, 0.1)
        assert quick == usual, "two cores of a PC are quick enough"
        assert slow.parsed > slow.read + samples(2.0)
        assert slow.read <= slow.probe <= min(usual.probe, max(slow.read, slow.shortest - samples(0.1)))
        assert replace(slow, parsed=usual.parsed, words=usual.words, probe=usual.probe) == usual, "nothing else"
        assert replace(late, parsed=slow.parsed, words=slow.words, probe=slow.probe, fading=slow.fading) == slow
        assert late.fading == (parses and patience != "long"), "who waits for long anyway need not hurry"
        assert not late.fading or late.probe == late.read + WINDOW, "not with the words: they would wait for each other"
    timed = SimpleNamespace(completion=object(), pace=Pace(2.0, 0.3))
    assert open_taking(Settings(patience=patience), timed)._policy == fitted(policy_of(patience, parses=True), 2.0, 0.3)  # type: ignore[arg-type]


def test_a_slow_machine_takes_no_turn_before_its_words_are_there_but_waits_for_them_not_for_ever() -> None:
    policy = fitted(PARSED, 2.0, 0.3)
    room = Room(policy=policy, parses=True)
    room.ending = None
    room.voice(1.0)
    (read,) = only(Read, room.silence(2.2, completeness=1.0))
    assert isinstance(read, Read)
    assert not only(Commit, room.taking.words(read.revision, "closed"))
    assert only(Commit, room.taking.completes(read.revision, -0.1))
    late = Room(policy=policy, parses=True)
    late.ending = None
    late.voice(1.0)
    assert only(Commit, late.silence(8.0, completeness=1.0))
    assert policy.words <= waited(late) <= policy.words + WINDOW
