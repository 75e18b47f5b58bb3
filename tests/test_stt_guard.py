"""What is taken for silence, for a sigh, for a loop."""

from __future__ import annotations

import numpy as np
import pytest

from companion.events import SAMPLE_RATE
from companion.stt.guard import compression_ratio, is_silent, is_vocalisation, repeating_tail, starts_again


def test_a_click_in_a_silent_room_is_not_silence() -> None:
    room = np.zeros(SAMPLE_RATE, np.float32)
    assert is_silent(room)
    assert is_silent(room[:5])
    room[8000:8400] = 0.05
    assert not is_silent(room)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ha ha ha!",
        "Ugh...",
        "Ah, ah, ah...",
        "AAAAARGH",
        "으아아아",
        "하하하하",
        "ㅋㅋㅋ",
        "흐흐...",
        "어...",
        "Um…",
    ],
)
def test_a_laugh_or_a_groan_is_no_word(text: str) -> None:
    assert is_vocalisation(text)


@pytest.mark.parametrize(
    "text", ["Uh-huh.", "I", "No.", "Oh no", "home", "응", "어", "어, 그래", "네", "아니", "하하 재밌네", "아이"]
)
def test_short_answers_are_words(text: str) -> None:
    assert not is_vocalisation(text)


@pytest.mark.parametrize(
    "text", ["Jarvis Jarvis", "In a way, he is. In a way, he is. In", "오늘 제가 얘기할 주제는요. 오늘 제가 얘기할"]
)
def test_a_reading_that_begins_anew_is_noticed(text: str) -> None:
    assert starts_again(text)


@pytest.mark.parametrize("text", ["", "Jarvis", "the cat and the dog", "수백 년 혹은 수천 년 동안"])
def test_ordinary_speech_does_not_begin_anew(text: str) -> None:
    assert not starts_again(text)


def test_a_loop_is_cut_to_its_first_round() -> None:
    words = [5, 6, 7, 8]
    assert repeating_tail(words) == 0
    assert repeating_tail([*words, *[9] * 8]) == 7
    assert repeating_tail([*words, *[1, 2] * 8]) == 14
    assert repeating_tail([*words, *[9] * 5]) == 0, "who says no, no, no, no, no has said it"


def test_loops_compress_and_speech_does_not() -> None:
    assert compression_ratio("the same again and " * 20) > 2.4
    assert compression_ratio("He glanced down at her helplessly, and moistened his lips.") < 1.2
    assert compression_ratio("") < 1
