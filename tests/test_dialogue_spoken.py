"""What the voice is given holds words, and nothing of the written page."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from companion.dialogue.spoken import SpokenForm, speakable
from companion.settings import Language

PARTS = [*"ab 가1.:!*_([)]`#-\n<>", "User: ", "```", "<think>", "</think>", "www.a.b", "\n1. ", "\n- "]
WRITTEN = st.text(max_size=40) | st.lists(st.sampled_from(PARTS), max_size=30).map("".join)


def spoken(*pieces: str, language: Language = "en") -> str:
    form = SpokenForm(language, companion="Companion", owner="Minji")
    return (" ".join(form.feed(piece) for piece in pieces) + form.flush()).strip()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("I'm **so** glad, *really* glad.", "I'm so glad, really glad."),
        ("*smiles warmly* Hello there.", "Hello there."),
        ("(laughs) Hello there. [sighs] Well.", "Hello there. Well."),
        ("*Never* do that.", "Never do that."),
        ("A song (from the sixties) played.", "A song (from the sixties) played."),
        ("Some ideas:\n- Rest\n- Drink water.", "Some ideas: Rest. Drink water."),
        ("1. Rest\n2. Drink", "Rest. Drink"),
        ("# Title\nThe text.", "Title. The text."),
        ("Companion: Hello.", "Hello."),
        ("Assistant: Hello.", "Hello."),
        ("Great 😀!", "Great !"),
        ("See https://example.org/a?b=c. Or not.", "See . Or not."),
        ("Run `ls` now.", "Run ls now."),
        ("```python\nprint('x')\n```\nThat is it.", "That is it."),
        ("<think>\nWhat now?\n</think>\n\nHello.", "Hello."),
        ("It costs 3.50 dollars, or 5%.", "It costs 3.50 dollars, or 5%."),
        ("That is 很 good。", "That is good."),
        ("Good morning\nHow are you?", "Good morning. How are you?"),
    ],
)
def test_marks_of_the_written_page_are_not_said(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("정말 高兴 좋네요。", "정말 좋네요."),
        ("ㅋㅋㅋ 재미있네요 ^^", "재미있네요"),
        ("(웃음) 네，맞아요！", "네,맞아요!"),
        ("TV를 보셨어요?", "TV를 보셨어요?"),
    ],
)
def test_korean_is_said_in_hangul(written: str, said: str) -> None:
    assert spoken(written, language="ko") == said


def test_hangul_is_not_said_by_an_english_voice() -> None:
    assert spoken("That is 정말 good.") == "That is good."


@pytest.mark.parametrize("label", ["User:", "Minji:", "Human:"])
def test_the_owners_lines_are_never_written_for_them(label: str) -> None:
    form = SpokenForm("en", companion="Companion", owner="Minji")
    assert form.feed(f"I see.\n{label} And then I left. ").strip() == "I see."
    assert form.ended


def test_a_direction_that_is_never_closed_ends_with_its_line() -> None:
    assert spoken("*smiles warmly\nHello there.") == "Hello there."


@given(st.lists(WRITTEN, max_size=6))
@example(["0```: \n"])  # the pause is code, so that the line needs a full stop
def test_it_makes_no_difference_how_the_text_arrives(pieces: list[str]) -> None:
    def said(parts: list[str]) -> str:
        form = SpokenForm("ko")
        return "".join(map(form.feed, parts)) + form.flush()

    text = "".join(pieces)
    assert said(pieces) == said([text]) == said(list(text))


@given(WRITTEN, st.sampled_from(["en", "ko"]))
def test_only_what_the_voice_can_read_is_said(written: str, language: Language) -> None:
    assert all(speakable(character, language) for character in spoken(written, language=language))


@pytest.mark.parametrize(
    ("name", "said"),
    [("Companion", "저는 Companion이라고 해요."), ("봄", "저는 봄이라고 해요."), ("소리", "저는 소리라고 해요.")],
)
def test_its_own_name_has_the_particle_that_korean_asks_for(name: str, said: str) -> None:
    form = SpokenForm("ko", companion=name)
    assert (form.feed(f"저는 {name}라고 해요.") + form.flush()).strip() == said


@given(st.lists(st.sampled_from(["I", "hear", "you,", "well.", "it's", "3.5", "really?"]), max_size=20))
def test_plain_speech_passes_unchanged(words: list[str]) -> None:
    assert spoken(" ".join(words)) == " ".join(words)
