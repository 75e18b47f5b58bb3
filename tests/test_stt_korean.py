"""What Vosk's small Korean model wrote, from real recordings, and how a person would have written it."""

from __future__ import annotations

import pytest

from companion.stt.korean import repair


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("육 (십) 칠 [쩜] [이] % 반대", "육십칠쩜이퍼센트 반대"),
        ("[32] 점 [8] % 로 투표 하였다", "삼십이점팔퍼센트로 투표하였다"),
        ("(천) 구 (백) 칠 (십) 년대에", "천구백칠십년대에"),
        ("[2] 배 정도 더", "두 배 정도 더"),
        ("배우 [2] 분 중", "배우 두 분 중"),
        ("보름 이고 [1] 달 이고", "보름이고 한 달이고"),
        ("[10] 명중 [1] 명의", "열 명중 한 명의"),
        ("공휴일 은 모두 [5] 일 입니다", "공휴일은 모두 오일입니다"),
        ("한 [50] 대 신사", "한 오십대 신사"),
        ("드디어 내일 이 [1] 달동안", "드디어 내일이 한 달동안"),
        ("음식 도 만 [19]", "음식도만 십구"),
        ("우기 는 [8] ~ [12] 월까지", "우기는 팔에서 십이월까지"),
    ],
)
def test_number_tokens_are_read_as_they_were_spoken(heard: str, written: str) -> None:
    assert repair(heard) == written


def test_a_lone_four_at_the_beginning_is_yes() -> None:
    assert repair("[4] 이 음식 은 아주 맵 습니다") == "네 이 음식은 아주 맵습니다"


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("저 는 그 분들이 도서관을 만들어", "저는 그 분들이 도서관을 만들어"),
        ("아버지 가 아들 의 출감 소식을 듣고 상경 하여", "아버지가 아들의 출감 소식을 듣고 상경하여"),
        ("가정 을 생각 했거든요", "가정을 생각했거든요"),
        ("그립 습니다 같은 마음 이네요", "그립습니다 같은 마음이네요"),
        ("수다 떨 면서", "수다 떨면서"),
        ("돌아가 지 않고", "돌아가지 않고"),
        ("해결책 을 제시 하지 않더라 도", "해결책을 제시하지 않더라도"),
        ("돈을 내기 시작 했습니다", "돈을 내기 시작했습니다"),
        ("현관 으로 뛰어 들어간", "현관으로 뛰어 들어간"),
        ("살고있 다", "살고있다"),
    ],
)
def test_split_stems_and_particles_are_joined(heard: str, written: str) -> None:
    assert repair(heard) == written


@pytest.mark.parametrize(
    "text",
    [
        "이 도시 상영",  # 이 after nothing: this
        "우리 이 영화 보자",  # 이 after a vowel: this
        "다 돈을 내기",  # all
        "생각을 하는 것",
        "그렇게 하면 돼요",
        "왜 하는 거예요",
        "집에 온 지 오래",
        "만 원만 주세요",
        "이사 온 사람",  # 이 and 사 are numerals, but nothing marks them as such
    ],
)
def test_words_that_stand_alone_are_left_alone(text: str) -> None:
    assert repair(text) == text


def test_nothing_marked_is_left_over_and_nothing_breaks() -> None:
    assert repair("") == ""
    assert repair("[8]") == "팔"
    assert repair("A [4] - 나 는") == "A 네 나는"
    assert not set("[]()%~") & set(repair("~ [쩜] % (십) [60] - [2] ~ %"))
