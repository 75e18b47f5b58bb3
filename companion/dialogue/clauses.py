"""Cuts a reply into the pieces that the voice speaks, as it is being written.

Piper makes one chunk of sound a sentence, so the length of the first clause is the delay of the whole reply: it ends at
the first place where a speaker may pause. After it come whole sentences, because they sound better.
"""

from __future__ import annotations

import re
from typing import Final

FIRST_WEIGHT: Final = 9
"""Letters of the shortest first clause, a Hangul syllable counting two: about 0.8 s of speech, in which two cores write
and speak the next sentence."""

FIRST_WORDS: Final = 12
"""Words after which the first clause ends even where no speaker would pause."""

LONG: Final = 160
"""Characters after which a later sentence may end at a pause within."""

_SENTENCE_END: Final = re.compile(r"[.!?…]$")
_QUOTED_END: Final = re.compile(r"[.!?…][\"'”’)]+$")
_ABBREVIATION: Final = re.compile(r"^\W*(mr|mrs|ms|dr|prof|st|sr|jr|vs|[a-z]|([a-z]\.)+[a-z])\.$", re.IGNORECASE)
_PAUSE: Final = re.compile(r"[,;:][\"'”’)]*$|[—–]$|^-$")
_MARKS: Final = ".,!?…;:\"'”’)"
_MARKED: Final = re.compile(r"[^\W\d_][.,!?;:]$")
_LOOSE: Final = re.compile(r" +([.,!?…;:])")
_CONNECTIVE: Final = frozenset("and but because so when if which while though although since unless until".split())
_KOREAN_PAUSE: Final = re.compile(r"[가-힣]+(지만|는데|은데|인데|니까|아서|어서|해서|면서|려고|거든|다면|으면|하고)$")


class ClauseSplitter:
    """Takes the text of one reply in pieces and gives its clauses, each as soon as its last word is whole.

    The clauses joined by spaces are the text, but for white space, and how the text was cut into pieces makes no
    difference. A clause ends between words, and not within a quotation or after an abbreviation.
    """

    def __init__(self, *, begun: bool = False) -> None:
        """`begun`: the reply's first clause is out already, so that only whole sentences follow."""
        self._unfinished = ""
        self._words: list[str] = []
        self._first = not begun
        self._marks_follow = False

    def feed(self, piece: str) -> list[str]:
        """The clauses that `piece` completes."""
        if self._marks_follow and piece:
            piece = piece.lstrip(_MARKS)
            self._marks_follow = not piece
        *whole, self._unfinished = re.split(r"\s+", self._unfinished + piece)
        return [clause for word in whole if word for clause in self._add(word)]

    def early(self) -> list[str]:
        """The first clause, where its last word has its mark although nothing behind it is written yet.

        Worth asking where every token takes time. Marks that follow after all ("?!") are left out.
        """
        if not self._first or not _MARKED.search(self._unfinished):
            return []
        if self._words and self._pauses_before(self._unfinished):
            return []
        self._words.append(self._unfinished)
        if not self._pauses_after(self._unfinished):
            self._words.pop()
            return []
        self._unfinished = ""
        self._marks_follow = True
        return [self._take()]

    def flush(self) -> list[str]:
        """What is left when the text has ended."""
        clauses = self.feed(" ")
        return [*clauses, self._take()] if self._words else clauses

    def _add(self, word: str) -> list[str]:
        clauses = []
        if self._words and self._pauses_before(word):
            clauses.append(self._take())
        self._words.append(word)
        if self._pauses_after(word):
            clauses.append(self._take())
        return clauses

    def _take(self) -> str:
        clause = _LOOSE.sub(r"\1", " ".join(self._words))
        self._words = []
        self._first = False
        return clause

    def _pauses_before(self, word: str) -> bool:
        if _QUOTED_END.search(self._words[-1]) and not word[0].islower() and not self._too_short():
            return True  # the sentence ended with the quotation, and does not go on behind it
        if self._first:
            number = len(self._words)
            return number >= FIRST_WORDS or (number >= 4 and word.lower() in _CONNECTIVE and not self._quoting())
        return self._length() > 2 * LONG

    def _pauses_after(self, word: str) -> bool:
        if self._too_short() or self._quoting():
            return False
        if _SENTENCE_END.search(word) and not _ABBREVIATION.match(word):
            return True
        if self._first or self._length() > LONG:
            return bool(_PAUSE.search(word)) or (len(self._words) >= 3 and bool(_KOREAN_PAUSE.match(word)))
        return False

    def _too_short(self) -> bool:
        """Whether this would be a first clause too short to cover the making of the next."""
        weight = sum(2 if "가" <= letter <= "힣" else 1 for word in self._words for letter in word if letter.isalnum())
        return self._first and weight < FIRST_WEIGHT

    def _quoting(self) -> bool:
        """Whether a quotation is open; one as long as this is taken for a stray sign."""
        text = "".join(self._words)
        return (text.count('"') % 2 == 1 or text.count("“") > text.count("”")) and len(text) < LONG

    def _length(self) -> int:
        return sum(map(len, self._words))


def sentences(text: str) -> list[str]:
    """`text`, which stands already, in pieces for the voice."""
    splitter = ClauseSplitter(begun=True)
    return splitter.feed(text) + splitter.flush()
