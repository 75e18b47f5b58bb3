"""Turns what a language model writes into what can be said aloud, word by word as it is written.

Marks of the written page go: markdown, list markers, code, addresses, emoji, stage directions, the names of the
speakers in front of their lines, and letters of scripts that the session's voice cannot read.
"""

from __future__ import annotations

import re
from typing import Final

from companion.settings import Language

_PUNCTUATION: Final = frozenset(".,!?;:'\"’‘“”()-–—…%&+/°$€£₩@")
_WIDE: Final = str.maketrans("，。！？：；（）「」『』、～", ",.!?:;()“”“”,.")
_WORD: Final = re.compile(r"(\s*)(\S+)(?=(\s+)(\S?))")
_PAUSE: Final = re.compile(r"[.,!?…;:—–-][\"'”’)]*$")
_SENTENCE_END: Final = re.compile(r"[.!?…:][\"'”’)]*$")
_ADDRESS: Final = re.compile(r"(https?://|www\.)\S*?(?=[.,!?;:)]*$)")
_LINK_TARGET: Final = re.compile(r"\]\(\S*?\)")
_BULLET: Final = re.compile(r"[-*•–>#]+$")
_NUMBER: Final = re.compile(r"(\d+)[.)]$")
_DIRECTION: Final = {"*": "*", "_": "_", "(": ")", "[": "]"}
_HIDDEN: Final = {"```": "```", "<think>": "</think>"}
_SPEAKERS: Final = frozenset({"assistant", "ai", "bot", "어시스턴트", "도우미"})
_LISTENERS: Final = frozenset({"user", "human", "owner", "사용자", "주인"})


def speakable(character: str, language: Language) -> bool:
    """Whether the voice of `language` can read this character: its letters, digits, white space, plain punctuation.

    Latin letters are read in every language. Hangul means whole syllables: a lone jamo, as in ㅋㅋ, is no speech.
    """
    if character.isalpha():
        return character < "ɐ" or (language == "ko" and "가" <= character <= "힣")
    return character in _PUNCTUATION or character.isspace() or (character.isdigit() and character.isascii())


class SpokenForm:
    """Takes the text of one reply in pieces and gives the part of it that is to be said.

    How the text was cut into pieces makes no difference: every word is judged when it is whole. `ended` turns true when
    the model begins to write the owner's lines; from there on nothing is taken.
    """

    def __init__(self, language: Language, companion: str = "", owner: str = "") -> None:
        self._language = language
        self._companion = companion
        self._speakers = _SPEAKERS | {companion.lower()}
        self._listeners = (_LISTENERS | {owner.lower()}) - {""}
        self._unread = ""
        self._line_start = True
        self._sentence_start = True
        self._until = ""  # the sign that closes what is being left out
        self._items = 0  # so far in a numbered list
        self.ended = False

    def feed(self, piece: str) -> str:
        """What may be said of the words that `piece` completes, each followed by a space."""
        self._unread += piece
        return self._read(final=False)

    def flush(self) -> str:
        """What is left when the text has ended."""
        self._unread += " "
        return self._read(final=True)

    def _read(self, final: bool) -> str:
        said = ""
        position = 0
        for match in _WORD.finditer(self._unread):
            before, word, after, follows = match.groups()
            pauses = _PAUSE.search(word) and not any(opening in word for opening in _HIDDEN)  # the pause may be hidden
            if not (follows or final or pauses):
                break  # a line may end here, and then it needs a full stop
            said += self._say(word, "\n" in before, "\n" in after)
            position = match.end()
        self._unread = self._unread[position:]
        return said

    def _say(self, word: str, begins_line: bool, ends_line: bool) -> str:
        if begins_line:
            self._line_start = self._sentence_start = True
            if self._until in _DIRECTION.values():
                self._until = ""  # never closed
        word = self._without_hidden(word.translate(_WIDE))
        if self._line_start and word:
            word = self._without_label(word)
            self._line_start = not word
        if not word or self.ended:
            return ""
        word = _ADDRESS.sub("", _LINK_TARGET.sub("", word))
        word = "".join(character for character in word if speakable(character, self._language))
        if not (any(map(str.isalnum, word)) or _PAUSE.search(word)):
            return ""
        if self._language == "ko":
            word = self._with_particle(word)
        self._sentence_start = bool(_SENTENCE_END.search(word))
        return word + ("" if _PAUSE.search(word) or not ends_line else ".") + " "

    def _with_particle(self, word: str) -> str:
        """`word`, with 이라고 behind a name of the companion's that ends in a consonant: small models write 라고."""
        name = self._companion
        if name and word.startswith(f"{name}라고") and _ends_in_consonant(name):
            return f"{name}이{word.removeprefix(name)}"
        return word

    def _without_hidden(self, word: str) -> str:
        """`word` without what belongs to a stage direction, to code or to a model's thoughts."""
        if self._until:
            _, closed, word = word.partition(self._until)
            if not closed:
                return ""
            self._until = ""
        for opening, closing in _HIDDEN.items():
            before, opened, after = word.partition(opening)
            if opened:
                self._until = closing
                return before + self._without_hidden(after)
        if self._sentence_start and _begins_direction(word):
            self._until = _DIRECTION[word[0]]
            return self._without_hidden(word[1:])
        return word

    def _without_label(self, word: str) -> str:
        """`word`, the first of a line, unless it is a list's marker or names who speaks."""
        if _BULLET.match(word):
            return ""
        if (number := _NUMBER.match(word)) and int(number[1]) == self._items + 1:
            self._items += 1
            return ""
        name = word.strip("*_[]").removesuffix(":").lower()
        if word.rstrip("*_]").endswith(":"):
            if name in self._listeners:
                self.ended = True
            if name in self._listeners | self._speakers:
                return ""
        return word


def _ends_in_consonant(name: str) -> bool:
    """Whether `name` ends in a consonant as Koreans say it; of Latin letters those that they do not add a vowel to."""
    last = name[-1].lower()
    return (ord(last) - ord("가")) % 28 != 0 if "가" <= last <= "힣" else last in "lmnkpb"


def _begins_direction(word: str) -> bool:
    """Whether this first word of a sentence opens a stage direction.

    An emphasised first word, as in *Never* do that, begins with a capital; an action does not.
    """
    opening, following = word[:1], word[1:2]
    return opening in _DIRECTION and following != opening and (opening in "([" or not following.isupper())
