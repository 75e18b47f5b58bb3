"""Hangul: which form of a particle follows a word, and how verbs end when something is stated. Pure."""

from __future__ import annotations

import re

_FIRST, _LAST = ord("가"), ord("힣")
_RIEUL, _BIEUP, _NIEUN, _SSANG_SIOT = 8, 17, 4, 20  # numbers of final consonants, ㄱ = 1
_DIGITS_WITH_FINAL = "013678"  # 영 일 삼 육 칠 팔
_LATIN_WITH_FINAL = "lmnbpktg"  # the letters whose usual Korean reading closes the syllable

_PARTICLES = {
    "을": "를",
    "이": "가",
    "은": "는",
    "과": "와",
    "이랑": "랑",
    "이라는": "라는",
    "이라고": "라고",
    "이라": "라",
    "으로": "로",
    "이에요": "예요",
}
"""The form after a consonant → the form after a vowel."""

_MARK = re.compile(r"(\S)\[(" + "|".join(_PARTICLES) + r")\]")


def final(text: str) -> int:
    """The number of the final consonant of the last syllable, 0 where it has none (or none is known)."""
    last = text[-1:]
    if last and _FIRST <= ord(last) <= _LAST:
        return (ord(last) - _FIRST) % 28
    if last.isdigit():
        return _RIEUL if last in "178" else int(last in _DIGITS_WITH_FINAL)
    return int(last.lower() in _LATIN_WITH_FINAL) if last else 0


def with_final(text: str, consonant: int) -> str:
    """`text` with the final consonant of its last syllable set to `consonant` (0: none)."""
    code = ord(text[-1]) - _FIRST
    return text[:-1] + chr(_FIRST + code - code % 28 + consonant)


def particles(text: str) -> str:
    """Every `[을]`, `[이]`, `[은]`… in the form its word asks for: `커피[을]` → `커피를`, `밥[을]` → `밥을`."""
    return _MARK.sub(lambda m: m[1] + _form(m[1], m[2]), text)


def _form(syllable: str, particle: str) -> str:
    number = final(syllable)
    closed = number != 0 and not (particle == "으로" and number == _RIEUL)
    return particle if closed else _PARTICLES[particle]


# --- endings, as regular expressions ---------------------------------------------------------------------------------

_OPEN = "".join(chr(code) for code in range(_FIRST, _LAST + 1, 28))  # the syllables that end in a vowel
_NOUN_ENDINGS = r"(?:거든요?|라서요?|라|지만요?|니까요?|고요?(?!\s*있)|구요|죠|지|야|네요?)"
NOUN_IS = (
    rf"(?:(?<=[{_OPEN}a-z0-9])(?:예요|여요|{_NOUN_ENDINGS})|(?<![{_OPEN}])이(?:에요|어요|{_NOUN_ENDINGS})"
    r"|에요|입니다|임|이?다|인데요?|이?(?:세요|신데요?|시고요?|십니다|셔요?))"
)
"""What makes a noun a statement: "간호사예요", "간호사인데"."""

_STEM_ENDINGS = r"(?:거든요?|지만요?|고요?|구요|지요?|죠|잖아요?|더라고요?|더라구요?|음|며|면서)"


def present(stem: str, infinitive: str, *, adjective: bool = False) -> str:
    """The ways to state a verb in the present, as a pattern: `present("살", "살아")` matches 살아요, 산다, 사는데.

    `infinitive` is the form before 요 ("해", "살아", "마셔"). Questions, conditions and hearsay (살까, 살면, 산대) do
    not match. An ㅂ-irregular or 르-irregular stem is given as it stands before consonants ("무섭", "다르").
    """
    number = final(stem)
    open_stem = with_final(stem, 0) if number == _RIEUL else stem  # ㄹ falls before ㄴ, ㅂ, ㅅ
    closed = number not in (0, _RIEUL)
    formal = f"{stem}습니다" if closed else f"{with_final(open_stem, _BIEUP)}니다"
    if adjective:
        stated, joining = f"{stem}다", (f"{stem}은데" if closed else f"{with_final(open_stem, _NIEUN)}데")
    else:
        stated, joining = plain(stem), f"{open_stem}는데"
    reason = f"{stem}으니까" if closed else f"{open_stem}니까"
    forms = [
        rf"{infinitive}(?:요|용|서요?| ?가지고)?",
        formal,
        rf"{stated}(?:고요)?",
        rf"{joining}요?",
        rf"{reason}요?",
        rf"{open_stem}(?:네요?|는 ?편{NOUN_IS})",
        rf"{stem}고 ?있{_EXISTS}",
        stem + _STEM_ENDINGS,
    ]
    return f"(?:{'|'.join(forms)})"


def plain(stem: str) -> str:
    """The plain form of a verb: 살 → 산다, 먹 → 먹는다."""
    number = final(stem)
    return f"{stem}는다" if number not in (0, _RIEUL) else f"{with_final(stem, _NIEUN)}다"


def past(infinitive: str) -> str:
    """The ways to state a verb in the past: `past("이사해")` matches 이사했어요, 이사했는데, 이사했거든…."""
    stem = infinitive + "었" if final(infinitive) else with_final(infinitive, _SSANG_SIOT)
    return rf"{stem}(?:어요?|었어요?|었는데요?|습니다|었습니다|다|는데요?|으니까요?|네요?|{_STEM_ENDINGS})"


_EXISTS = rf"(?:어요?|어서요?|습니다|다|는데요?|으니까요?|네요?|으세요|으신데요?|{_STEM_ENDINGS})"
THERE_IS = rf"있{_EXISTS}"
THERE_IS_NOT = rf"없{_EXISTS}"
"""있어요, 있는데, 있거든… and 없어요…"""


def honorific(stem: str) -> str:
    """The ways to state a verb of someone respected: `honorific("살")` matches 사세요, 사셔, 사시는데, 살고 계세요…."""
    number = final(stem)
    base = with_final(stem, 0) if number == _RIEUL else stem + ("으" if number else "")
    return (
        rf"(?:{base}(?:세요|셔요?|십니다|시는데요?|신데요?|시고요?|시거든요?|신다|시지만|셔서|시죠|시네요?)"
        rf"|{stem}고 ?(?:계세요|계셔요?|계십니다|계시는데요?|계신데요?|계시고|계시거든요?))"
    )
