"""What n-grams cannot see in a phrase: that it asks about someone else, that it only says "fine", how strong it is.

Each is a small pure function of the words as `companion.affect.ngrams.words` gives them; without punctuation, since
speech has none. A question is about its speaker as soon as the speaker is in it: "do you know how sad I am".
"""

from __future__ import annotations

import re

_FILLERS = {
    "en": frozenset("so and hey well but oh yeah yes no honestly really okay companion i said thanks".split()),
    "ko": frozenset("그럼 근데 그런데 혹시 응 어 네 뭐 그냥 나 난 나는 아니 아니야 정말 진짜".split()),
}
_SPEAKER = {
    "en": frozenset("i im ive me my mine we us our".split()),
    "ko": frozenset("나 난 나는 나도 나를 나한테 내 내가 저 제가 저는 우리".split()),
}
_ASKING = frozenset("are do did were have can could will would dont arent didnt does is".split())
_WHAT = frozenset("what whats why how when who where".split())
_YOU_KO = frozenset("너 넌 너는 너도 당신은 당신도 네가 니가 컴패니언은".split())
_TO_YOU_KO = re.compile(r"미워|싫|짜증|고마|사랑|다행|덕분|때문|있어서|보고 싶")  # what is felt towards the listener
_ASKING_KO = re.compile(r"(?:니|나요|까요|뭐야|뜻이야|어때)$")

_FINE = {
    "en": frozenset(
        "fine|ok|okay|alright|all right|nothing|whatever|im fine|im ok|im okay|im alright|i am fine|i am okay|its fine|"
        "its okay|its alright|its nothing|im all right|everythings fine|everything is fine|all good|doing fine|"
        "im doing fine|im doing okay|nothings wrong|nothing is wrong|im good i guess|fine i guess|okay i guess".split(
            "|"
        )
    ),
    "ko": frozenset(
        "괜찮아|괜찮아요|괜찮습니다|괜찮은데|그래|그래요|그저 그래|별일 없어|별일 없어요|아무것도 아니야|"
        "아무 일도 없어|별일 아니야|그렇지|잘 지내".split("|")
    ),
}
_FINE_TAIL = frozenset("thanks thank you really today honestly dont worry 걱정 마 진짜 정말".split())

_STRONGER = {
    "en": re.compile(r"\b(?:so|very|really|extremely|totally|absolutely|incredibly|completely)\b"),
    "ko": re.compile(r"너무|정말|진짜|완전|엄청|매우|아주|되게"),
}
_WEAKER = {
    "en": re.compile(r"\b(?:a bit|a little|kind of|kinda|slightly|somewhat|sort of)\b"),
    "ko": re.compile(r"\b(?:조금|약간|좀|살짝)\b"),
}


def asks_of_another(spoken: list[str], language: str) -> bool:
    """Whether the words ask how the listener, or anybody, is: "are you sad", "너 슬퍼"."""
    if set(spoken) & _SPEAKER[language]:
        return False
    left = _without_fillers(spoken, language)
    if language == "ko":
        if not left or _TO_YOU_KO.search(" ".join(left)):
            return False
        return left[0] in _YOU_KO or bool(_ASKING_KO.search(left[-1]))
    if left and left[0] in _WHAT:
        return True
    return len(left) > 1 and left[0] in _ASKING and left[1] == "you"


def without_address(spoken: list[str], language: str) -> list[str]:
    """Without "do you know" in front of what is told of the speaker: a question asks so too, and is no feeling."""
    for opening in (["do", "you", "know"], ["you", "know"]) if language == "en" else ():
        left = spoken[len(opening) :]
        if spoken[: len(opening)] == opening and set(left) & _SPEAKER[language]:
            return left
    return spoken


def only_says_fine(spoken: list[str], language: str) -> bool:
    """Whether that is all: "I'm fine", "괜찮아", which people say whatever they feel."""
    left = list(spoken)
    while len(left) > 1 and left[-1] in _FINE_TAIL:
        left.pop()
    whole, short = " ".join(left), " ".join(_without_fillers(left, language))
    return whole in _FINE[language] or short in _FINE[language]


def strength(spoken: list[str], language: str) -> float:
    """Of the feeling against the bare word: 1.25 for "so tired", 0.7 for "a bit tired"."""
    said = " ".join(spoken)
    stronger = 1.25 if _STRONGER[language].search(said) else 1.0
    return stronger * (0.7 if _WEAKER[language].search(said) else 1.0)


def _without_fillers(spoken: list[str], language: str) -> list[str]:
    at = next((at for at, word in enumerate(spoken) if word not in _FILLERS[language]), len(spoken))
    return spoken[at:]
