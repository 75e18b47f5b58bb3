"""What a voice is given to say holds words, and nothing that it would spell out."""

from __future__ import annotations

import pytest

from companion.tts.text import speakable


@pytest.mark.parametrize("text", ["", "   ", "…", "?!", "🙂", "👍🏽 ❤️", "~~", "—", "[[", "\n\t", "\x00", "\ud83d"])
def test_what_has_no_word_is_nothing(text: str) -> None:
    assert speakable(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Well done 🎉!", "Well done !"),
        ("A family 👨‍👩‍👧 dinner", "A family dinner"),
        ("좋아요~ 그래요~", "좋아요 그래요"),
        ("보통 3~5일 걸려요.", "보통 3~5일 걸려요."),
        ("It is 20 °C & sunny, isn't it?", "It is 20 °C & sunny, isn't it?"),
        ("see [[hello]] there", "see hello there"),
        ("two\nlines\tand\x00more", "two lines and more"),
        ("Café, naïve, 서울, 東京", "Café, naïve, 서울, 東京"),
    ],
)
def test_words_and_punctuation_stay(text: str, said: str) -> None:
    assert speakable(text) == said
