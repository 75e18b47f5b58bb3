"""Holds a reply back from what makes poor company: rambling, repeating, hollow phrases, a second question, a lie."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final

SENTENCES: Final = 3
"""Sentences of a spoken reply at most."""

ENOUGH: Final = 160
"""Letters (a Hangul syllable counts two) after which no new sentence begins: about twelve seconds of speech."""

LIMIT: Final = 300
"""Letters after which even an unfinished sentence ends at its next pause."""

ECHO: Final = 0.8
"""Likeness (difflib's ratio, 0…1) from which a sentence that adds no word counts as the owner's own."""

ECHO_LETTERS: Final = 12
"""Letters of the shortest sentence that can be an echo; a greeting is rightly given back."""

NEW_WORD: Final = 5
"""Letters (a Hangul syllable counts two) from which a word counts as added: "your" for "my" adds nothing."""

NEW_SHARE: Final = 0.25
"""Of the words of a Korean sentence that may be new, if short, where it is the owner's with other endings."""

_EMPTY: Final = frozenset("정말 진짜 많이 너무 참 네 아 와 오 그 이 더 좀 조금 그런 이런 것 거 그렇게".split())
"""Korean words that add nothing."""

_INFERS: Final = re.compile("겠|만해|만하|군요|나 봐|다행|축하")
"""In a Korean sentence: more than what was said, understood or wished."""

_PLAIN_QUESTION: Final = re.compile(
    r"^(is|are|was|were|do|does|did|has|have|had|where (is|are|was|were)|who (is|are|was)|how many"
    r"|what (is|are|was|does|do|did) (?!(it|that|this|he|she|they|you)\b))\b",
    re.IGNORECASE,
)
"""Questions for what is so, not for what it is like."""

_WEIGHTLESS: Final = frozenset(
    "is are was were do does did has have had where who what how many much the a an of in on at to for with about from "
    "and or but he she it they you i we him her them his their your my our its this that these those there here also "
    "too still really just even ever any anyone anybody anything some someone something get got go going be been then "
    "now so not no yes by as out up".split()
)
"""English words that ask for nothing by themselves."""

_GOES_ON: Final = re.compile(
    r"^(but|and|so|however|also|then|하지만|그런데|그래도|그리고|그래서|그러니까)\b,?\s+(?=\S)", re.IGNORECASE
)
"""How a sentence begins that goes on from one before it."""

_HANGUL: Final = re.compile("[가-힣]")
_SENTENCE: Final = re.compile(r"[^.!?…]+[.!?…]*")
_SENTENCE_END: Final = re.compile(r"[.!?…][\"'”’)]*$")


class Restraint:
    """Takes the clauses of one reply and gives those that may be said. `done`: nothing more of this reply is wanted;
    `lied`: because it was about to claim what is not true of it.

    A clause is said at once unless it begins like the owner's own words, or like a sentence that was said before; such
    ones wait until the reply goes its own way, and are dropped if the sentence ends without doing so.
    """

    def __init__(
        self,
        words: str,
        hollow: Sequence[re.Pattern[str]],
        before: Iterable[str] = (),
        claims: Callable[[str], bool] = lambda text: False,
        *,
        may_ask: bool = True,
        owes_answer: bool = False,
        told: str = "",
        sentences: int = SENTENCES,
    ) -> None:
        """`words`: the owner's. `hollow`: what no sentence may hold. `before`: replies whose longer sentences are not
        said again. `claims`: whether a sentence, or the beginning of one, claims what is not true. `may_ask`: one
        question, or none; `owes_answer`: none without something that is told. `told`: what the owner said before their
        `words`; no question is for that alone. `sentences`: at most so many; `ENOUGH`
        goes with them.
        """
        self._hollow = hollow
        self._claims = claims
        self._earlier = said_before(before)
        self._words = [_bare(word) for word in words.split()]
        self._told = {word for word in map(_bare, f"{told} {words}".split()) if word not in _WEIGHTLESS}
        self._heard = [
            bare for part in (words, *_SENTENCE.findall(words)) if _letters(bare := _bare(part)) >= ECHO_LETTERS
        ]
        self._most = sentences
        self._enough = ENOUGH * sentences / SENTENCES
        self._sentence: list[str] = []  # clauses since the last sentence end
        self._waiting: list[str] = []  # those of them that are an echo, or a repetition, so far
        self._said: set[str] = set()
        self._sentences = 0
        self._letters = 0
        self._asked = not may_ask
        self._owes_answer = owes_answer
        self._withheld = False  # a sentence of it
        self._leading = ""  # a question, which is said if an answer to it follows, as in a riddle
        self.done = False
        self.lied = False

    def admit(self, clause: str) -> list[str]:
        """The clauses that may be said now that `clause` is written."""
        bare = _bare(clause)
        if self.done or not bare:
            return []
        ends = bool(_SENTENCE_END.search(clause))
        whole = ends and not self._sentence
        if bare in self._said:
            self.done = True  # it turns in circles
            return []
        if whole and self._withholds(clause):
            self._withheld = True
            return []
        if self._withheld and not (self._said or self._sentence):
            clause = _GOES_ON.sub("", clause, count=1)  # what it goes on from was not said
            clause = clause[:1].upper() + clause[1:]
        if self._claims(" ".join((*self._sentence, clause))):
            self.done = self.lied = True
            return []
        self._sentence.append(clause)
        self._waiting.append(clause)
        if self._echoes(whole=ends) or self._repeats(whole=ends):
            if ends:
                self._sentence, self._waiting = [], []
            return []
        said, self._waiting = [*filter(None, [self._leading]), *self._waiting], []
        if self._leading:
            self._leading, self._asked = "", True
            self._sentences += 1
        self._said |= {_bare(part) for part in said}
        self._letters += sum(_letters(part) for part in said)
        if ends:
            self._sentence = []
            self._sentences += 1
            self._asked = self._asked or "?" in clause
            self.done = self._sentences >= self._most or self._letters >= self._enough
        elif self._letters >= LIMIT:
            self.done = True
            said[-1] = said[-1].rstrip(",;:—–- ") + "."
        return said

    def _withholds(self, sentence: str) -> bool:
        """Whether it is not to be said: it is hollow, a question too many, or one that no answer follows yet."""
        if any(pattern.search(sentence) for pattern in self._hollow) or (self._asked and "?" in sentence):
            return True
        if "?" in sentence and self._hands_back(sentence):
            return True
        leads = self._owes_answer and not self._said and "?" in sentence
        if leads and not self._claims(sentence):
            self._leading = self._leading or sentence
        return leads

    def _hands_back(self, question: str) -> bool:
        """Whether an English `question` asks for nothing but what the owner has just told: "Is Ohio far?" may be asked
        of who spoke of Ohio, "Where is Ohio?" may not, nor "Did anyone get hurt?" of who said that nobody was.
        """
        if not _PLAIN_QUESTION.search(question):
            return False
        asked = [word for word in map(_bare, question.split()) if word and word not in _WEIGHTLESS]
        return bool(asked) and all(
            any(heard.startswith(word[: max(3, (len(word) + 1) // 2)]) for heard in self._told) for word in asked
        )

    def flush(self) -> list[str]:
        """The clauses that still waited when the text ended: too short to be called an echo."""
        return self._waiting if not (self._echoes(whole=True) or self._repeats(whole=True)) else []

    def _echoes(self, *, whole: bool) -> bool:
        """Whether the sentence in the making is the owner's so far, or, when `whole`, altogether."""
        text = " ".join(self._sentence)
        written = _bare(text)
        if whole and _letters(written) < ECHO_LETTERS:
            return False
        if _HANGUL.search(text):
            return self._inflects(text)
        if any(map(self._adds, text.split())):
            return False
        return any(
            SequenceMatcher(None, heard if whole else heard[: len(written)], written).ratio() >= ECHO
            for heard in self._heard
        )

    def _repeats(self, *, whole: bool) -> bool:
        """Whether the sentence in the making was said before so far, or, when `whole`, altogether."""
        written = _bare(" ".join(self._sentence))
        return written in self._earlier if whole else any(one.startswith(written) for one in self._earlier)

    def _inflects(self, text: str) -> bool:
        """Whether a Korean `text` is the owner's words with other particles and endings: next to no word is new."""
        words = [word for word in map(_bare, text.split()) if word and word not in _EMPTY]
        new = [word for word in words if not any(_akin(word, heard) for heard in self._words)]
        added = len(new) > NEW_SHARE * len(words) or any(_letters(word) >= NEW_WORD for word in new)
        return not added and not _INFERS.search(text)

    def _adds(self, word: str) -> bool:
        """Whether this is a word of weight that the owner did not say, in this or another form of it."""
        word = _bare(word)
        stem = word[: max(2, len(word) // 2)]
        return _letters(word) >= NEW_WORD and not any(heard.startswith(stem) for heard in self._words)


def said_before(replies: Iterable[str]) -> frozenset[str]:
    """The longer sentences of `replies`, letters and digits only: what is not to be said twice."""
    bare = {_bare(sentence) for reply in replies for sentence in _SENTENCE.findall(reply)}
    return frozenset(sentence for sentence in bare if _letters(sentence) >= ECHO_LETTERS)


def _akin(word: str, heard: str) -> bool:
    """Whether two Korean words are likely of one stem: the half of the shorter one begins both."""
    stem = max(1, min(len(word), len(heard)) // 2)
    return word[:stem] == heard[:stem]


def _bare(text: str) -> str:
    """Letters and digits only, in lower case."""
    return "".join(filter(str.isalnum, text.lower()))


def _letters(text: str) -> int:
    return sum(2 if "가" <= character <= "힣" else 1 for character in text if character.isalnum())
