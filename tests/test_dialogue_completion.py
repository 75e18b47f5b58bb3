"""Whether words are a whole sentence, by the model that ships."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from companion.dialogue import completion
from companion.dialogue.completion import Completion
from companion.dialogue.llm import LanguageModel
from tests.real import model_file

pytestmark = pytest.mark.models


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def opened() -> Iterator[LanguageModel]:
    model = LanguageModel(model_file("grammar"), context=completion.CONTEXT, threads=1)
    yield model
    model.close()


@pytest.fixture(scope="module")
def reads(opened: LanguageModel) -> Completion:
    return Completion(opened)


def ends(reads: Completion, words: str) -> float:
    found = reads.ends(words, never)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("whole", "part"),
    [
        ("I had a really long day at work", "I had a really"),
        ("My sister moved to another town", "When my sister moved"),
        ("I think that he is right", "I think that he"),
        ("We went home after the film was over", "We went home after the"),
        ("He said that he would call me tomorrow", "He said that he would"),
    ],
)
def test_a_whole_sentence_ends_more_probably_than_a_part_of_one(reads: Completion, whole: str, part: str) -> None:
    assert 0 >= ends(reads, whole) > ends(reads, part) + 1


def test_what_the_recogniser_puts_behind_the_words_says_nothing(reads: Completion) -> None:
    found = {ends(reads, f"I had a really long day{mark}") for mark in ("", ".", ",", "...", "?")}
    assert len(found) == 1


def test_words_read_ahead_leave_only_the_last_ones_to_be_read(reads: Completion, opened: LanguageModel) -> None:
    reads.follow("I had a really long day at work and", never)
    reads.ends("I had a really long day at work and then I slept.", never)
    assert 0 < opened.evaluation.evaluated <= 5


def test_a_turn_of_any_length_is_read(reads: Completion) -> None:
    long = "and then we went on along the river with all the others " * 40
    assert ends(reads, f"{long}. It was a good day") > ends(reads, f"{long}. It was a")


def test_it_says_nothing_once_it_is_void(reads: Completion) -> None:
    assert reads.ends("I went there", lambda: True) is None


def test_a_comma_or_a_capital_set_elsewhere_has_nothing_read_again(reads: Completion, opened: LanguageModel) -> None:
    reads.follow("Well, o'Brien took off his coat and bared his", never)
    reads.ends("Well O'brien, took off his coat, and bared his right arm.", never)
    assert 0 < opened.evaluation.evaluated <= 5


@pytest.mark.parametrize(
    ("words", "before", "read"),
    [
        ("Well O'brien, took it", "Well, o'Brien took", "Well, o'Brien took it"),
        ("I took it", "I look, it", "I took it"),  # another word, and those behind it
        ("I did. It was good", "I did, it was", "I did. It was good"),  # another sentence
        ("I took", "I took, it", "I took,"),
        ("", "I", ""),
    ],
)
def test_words_are_spelled_as_before_as_far_as_they_are_the_same(words: str, before: str, read: str) -> None:
    assert completion.spelled_alike(words.split(), before.split()) == read.split()
