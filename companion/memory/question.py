"""What a question gives a search to hold on to: its words without the small ones, and its dates. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from companion.memory.dates import Period, periods

_STOP = frozenset(
    "a an the is are was were be been being am do does did doing done have has had having i you he she it we they me "
    "him her us them my mine your yours his hers its our ours their theirs this that these those what which who whom "
    "whose when where why how of in on at to for from with by about as into and or but if then than so too very can "
    "could will would should may might must not no nor s t d ll m o re ve any some all each most more other such only "
    "own same just there here up down out over under again once ever kind type sort tell remember know said told say "
    "please yes ok okay oh well like really much many".split()
)
_KO_STOP = frozenset(
    "나 내 너 네 저 제 우리 그 이 뭐 무엇 언제 어디 어디서 누구 왜 어떻게 얼마나 몇 것 거 좀 그리고 그런데 "
    "했어 했지 말했어 있어 없어 있었어 기억나 기억해 알아 뭐야 뭐였지 뭐라고 했더라 언제였지 누구였지 어디였지 어떤 "
    "무슨".split()
)
_PARTICLES = (
    "에게서 한테서 으로부터 이라고 에서는 에서도 까지 부터 에게 한테 에서 으로 이랑 하고 처럼 보다 라고 "
    "이나 이랑 에는 이는 은 는 이 가 을 를 에 의 와 과 도 로 랑 만 나 야 요 님"
).split()
_HANGUL = re.compile("[가-힣]")
_CJK = re.compile(r"[\u3040-ヿ㐀-鿿가-힣]")
_WORD = re.compile(r"[^\W_]+")
_MAX_WORDS = 24  # of a question; what is longer is a story, and its first words say what it is about


@dataclass(frozen=True, slots=True)
class Question:
    """`words`: whole words to look for. `stems`: beginnings of words (Korean, particles cut off). `grams`: pieces of at
    least three letters for the trigram index. `mentioned`: every word, in lower case, to find names among."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    grams: tuple[str, ...]
    mentioned: frozenset[str]
    periods: tuple[Period, ...]


def analyse(text: str, now: datetime) -> Question:
    """Take a question (or what was said so far) apart; `now` is local time."""
    tokens = list(dict.fromkeys(words_of(text)))[:_MAX_WORDS]
    hangul = [token for token in tokens if _HANGUL.search(token) and token not in _KO_STOP]
    stems = [stem for stem in map(_without_particle, hangul) if stem not in _KO_STOP]
    words = [t for t in tokens if not _HANGUL.search(t) and t not in _STOP and (len(t) > 1 or t.isdigit())]
    grams = [piece for piece in (*stems, *words) if len(piece) >= 3 and _CJK.search(piece)]
    return Question(
        words=tuple(words),
        stems=tuple(dict.fromkeys(stems)),
        grams=tuple(dict.fromkeys(grams)),
        mentioned=frozenset(tokens) | frozenset(stems),
        periods=periods(text, now),
    )


def words_of(text: str) -> list[str]:
    """Every word of `text`, in lower case."""
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def _without_particle(word: str) -> str:
    """The word less one particle at its end, if two syllables or more are left."""
    for particle in _PARTICLES:
        if word.endswith(particle) and len(word) - len(particle) >= 2:
            return word[: -len(particle)]
    return word
