"""The first clause comes early, nothing is lost, nothing is torn apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.dialogue.clauses import FIRST_WORDS, ClauseSplitter

PROSE = st.text(alphabet=st.sampled_from(list("ab I9가요.,!?;:-—…\"'”“() \n")), max_size=120) | st.text(max_size=60)


def split(*pieces: str) -> list[str]:
    splitter = ClauseSplitter()
    return [clause for piece in pieces for clause in splitter.feed(piece)] + splitter.flush()


def bare(text: str) -> str:
    return "".join(text.split())


@given(PROSE)
def test_the_clauses_are_the_text_but_for_white_space(text: str) -> None:
    assert bare("".join(split(text))) == bare(text)


@given(st.lists(PROSE, max_size=8))
def test_it_makes_no_difference_how_the_text_arrives(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert split(*pieces) == split(text) == split(*text)


@given(PROSE)
def test_no_clause_is_empty_and_every_word_stays_whole(text: str) -> None:
    clauses = split(text)
    assert all(clause == clause.strip() and clause for clause in clauses)
    words = {bare(word) for word in text.split()}
    for clause in clauses:
        assert all(word in words or any(word.startswith(part) for part in words) for word in clause.split())


@given(st.lists(st.sampled_from(["tree", "water", "garden", "and", "하늘"]), min_size=1, max_size=60))
def test_the_first_clause_is_never_long_even_without_any_punctuation(words: list[str]) -> None:
    assert len(split(" ".join(words))[0].split()) <= FIRST_WORDS


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("I'm so sorry to hear that. What was she like?", "I'm so sorry to hear that."),
        ("Ouch, that's humiliating, and no wonder it stings.", "Ouch, that's humiliating,"),
        ("Oh, well done! That took practice.", "Oh, well done!"),
        ("That sounds like a long day and you must be tired.", "That sounds like a long day"),
        ("You could try an omelette — it is quick.", "You could try an omelette —"),
        ("많이 힘드셨겠어요. 무슨 일이에요?", "많이 힘드셨겠어요."),
        ("비가 계속 오는데 우산은 챙기셨어요?", "비가 계속 오는데"),
        ("네, 조심히 들어가세요. 좋은 밤 되세요.", "네, 조심히 들어가세요."),
    ],
)
def test_the_first_clause_ends_where_a_speaker_may_pause(text: str, first: str) -> None:
    assert split(text)[0] == first


def test_the_first_clause_is_ready_before_its_sentence_is_written() -> None:
    assert ClauseSplitter().feed("I can see why that hurt you, ") == ["I can see why that hurt you,"]


@pytest.mark.parametrize(
    ("so_far", "early"),
    [
        ("I'm so sorry to hear that.", ["I'm so sorry to hear that."]),
        ("I can see why that hurt you,", ["I can see why that hurt you,"]),
        ("많이 힘드셨겠어요.", ["많이 힘드셨겠어요."]),
        ("I would ask for about 1,", []),
        ("I would ask for about 1.", []),
        ("I would ask Dr.", []),
        ("I would wait a little...", []),
        ('She said "stop there.', []),
        ("Oh no.", []),
        ("I'm so sorry to hear", []),
    ],
)
def test_the_first_clause_need_not_wait_for_what_follows_its_mark(so_far: str, early: list[str]) -> None:
    splitter = ClauseSplitter()
    assert splitter.feed(so_far) == []
    assert splitter.early() == early
    assert [*early, *splitter.feed(" And so on, and on."), *splitter.flush()] == split(so_far + " And so on, and on.")


def test_marks_behind_an_early_clause_are_left_out() -> None:
    splitter = ClauseSplitter()
    splitter.feed("You really did that?")
    assert splitter.early() == ["You really did that?"]
    assert splitter.feed("!") + splitter.feed('" How was it? ') == ["How was it?"]


@given(st.lists(PROSE, max_size=8))
def test_an_early_clause_loses_no_word(pieces: list[str]) -> None:
    splitter = ClauseSplitter()
    clauses = [clause for piece in pieces for clause in splitter.feed(piece) or splitter.early()] + splitter.flush()
    letters = [sign for clause in clauses for sign in clause if sign.isalnum()]
    assert letters == [sign for piece in pieces for sign in piece if sign.isalnum()]


def test_behind_an_opening_that_is_out_come_whole_sentences() -> None:
    splitter = ClauseSplitter(begun=True)
    assert splitter.feed("You did what you could, and it was a lot. ") == ["You did what you could, and it was a lot."]


def test_after_the_first_clause_come_whole_sentences() -> None:
    text = "That is hard to carry. You did what you could, and it was a lot, I think. Is he better now?"
    assert split(text)[1:] == ["You did what you could, and it was a lot, I think.", "Is he better now?"]


@pytest.mark.parametrize(
    "whole",
    [
        "It is exactly 3.5 miles.",
        "About 1,250 people live there.",
        "I would ask Dr. Miller about it.",
        "That was told by J. R. Smith himself.",
        "It opens at 9 a.m. on every weekday.",
        'He said "Stop there. Go home." to her.',
    ],
)
def test_numbers_abbreviations_and_quotations_stay_whole(whole: str) -> None:
    assert split(whole) == [whole]


def test_a_quotation_that_is_never_closed_does_not_hold_the_reply_back() -> None:
    sentence = "Then the others came down to the river and looked for the boat. "
    assert len(split('She said "yes. ' + sentence * 6)) > 1


def test_a_very_long_sentence_is_cut_at_a_pause() -> None:
    sentence = (
        "Well, that is a long story, " + "and then there was another thing that happened, " * 8 + "and so it ended."
    )
    assert all(len(clause) < 260 for clause in split(sentence))
