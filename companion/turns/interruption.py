"""A voice over ours: stop, or go on? Decided on its words, once there are any.

Most of what sounds while somebody speaks asks for nothing: people say "mm-hm" to show that they listen, they cough, a
door falls shut, and a loudspeaker leaks into the microphone. Stopping for these is, after hearing itself, what owners
of voice assistants complain of most.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from companion.events import samples

Verdict = Literal["wait", "stop", "backchannel", "echo"]
"""`wait`: it may become either. `stop`: the owner has the floor. The others: nothing to stop for, we go on."""

LONGEST_HOLD = samples(1.6)
"""Voice without a word in it for so long is none (music, a child, a machine): speech has three words by then."""

_ENOUGH = 3
"""Words of somebody who has not finished that are surely an utterance: what is misheard in a laugh has one or two."""

_LIKE_OURS = 0.7
"""Share of its words, in order, that we are saying ourselves: recognisers mishear some of an echo."""

_STOP = frozenset(
    phrase.strip()
    for phrase in """
    stop | stop it | stop that | stop talking | please stop | stop please | okay stop | ok stop | no stop | pause
    wait | wait a minute | wait a second | hold on | hang on | one moment | one second | just a second | cancel
    quiet | be quiet | hush | shush | shut up | enough | thats enough | never mind
    그만 | 그만해 | 그만해요 | 그만해줘 | 그만 말해 | 이제 그만 | 됐어 | 됐어요 | 잠깐 | 잠깐만 | 잠깐만요
    잠시만 | 잠시만요 | 멈춰 | 멈춰줘 | 멈춰요 | 조용 | 조용히 | 조용히 해 | 조용히 해줘
    기다려 | 기다려봐 | 스톱 | 스탑
    """.replace("\n", "|").split("|")
) - {""}

_BACKCHANNEL = frozenset(
    """
    mm mmm mhm mm-hm mmhm mmhmm mm-hmm hm hmm hmmm uh-huh uhhuh uh huh um ah aha oh ooh ha haha hahaha
    yeah yea yep yup yes okay ok right sure true really wow nice good cool great exactly indeed i see got it
    음 으음 응 으응 어 어어 아 아아 아하 오 오호 네 네네 예 그래 그래요 그렇구나 그렇군요 그렇지 맞아 맞아요 그치 그쵸
    진짜 정말 와 우와 헐 하 하하 하하하 좋네 좋아
    """.split()
)

_READ_FOR_ONE = frozenset({"thank you", "riot", "here", "amen"})
"""What the recogniser makes, now and then, of "mm-hm", "right", "yeah" and "mm" (16 synthetic voices each). Said over
us with nothing else, and where nothing was asked, none of it asks for silence."""

_ANSWER = frozenset(
    """
    yes yeah yea yep yup okay ok sure right true exactly uh-huh
    응 으응 어 네 네네 예 그래 그래요 맞아 맞아요 좋아
    """.split()
)
"""Backchannels that answer a question."""

_LONGEST_BACKCHANNEL = 3

_NOT_IN_A_WORD = re.compile(r"[^\w\s-]")


@dataclass(frozen=True, slots=True)
class Overlap:
    """A voice over ours, as far as it is known.

    `words`: as read so far; None: not read yet. `voice`: samples of voice in it. `paused`: silence follows it, so that
    these may be all its words. `believed`: it sounded as if there were words. `ours`: what we were saying. `asked`: it
    began over the end of what we were about to leave to the owner, a question.
    """

    words: str | None
    voice: int
    paused: bool
    believed: bool = True
    ours: str = ""
    asked: bool = False


def weigh(overlap: Overlap) -> Verdict:
    """What to do about it. Waits only while the voice goes on."""
    words = plain(overlap.words or "")
    if asks_to_stop(overlap.words or ""):
        return "stop"
    if not words or not overlap.believed:
        return "backchannel" if overlap.paused or overlap.voice >= LONGEST_HOLD else "wait"
    if echoes(words, plain(overlap.ours)):
        return "echo" if overlap.paused or overlap.voice >= LONGEST_HOLD else "wait"
    misread = " ".join(words) in _READ_FOR_ONE
    acknowledges = len(words) <= _LONGEST_BACKCHANNEL and all(word in _BACKCHANNEL for word in words)
    answers = overlap.asked and (misread or any(word in _ANSWER for word in words))
    if (acknowledges or misread) and not answers:
        return "backchannel" if overlap.paused else "wait"
    return "stop" if overlap.paused or len(words) >= _ENOUGH else "wait"


def asks_to_stop(words: str) -> bool:
    """Whether `words` ask for silence, and for nothing else: they need no answer."""
    return " ".join(plain(words)).replace("-", " ") in _STOP


def plain(words: str) -> list[str]:
    """Words in lower case without punctuation."""
    return _NOT_IN_A_WORD.sub("", unicodedata.normalize("NFC", words).casefold()).split()


def echoes(words: Sequence[str], ours: Sequence[str]) -> bool:
    """Whether we are saying these `plain` words ourselves, one after the other."""
    if not ours:
        return False
    blocks = SequenceMatcher(None, list(words), list(ours), autojunk=False).get_matching_blocks()
    if len(words) < _ENOUGH:  # an owner takes up a word of ours too; only the whole of it, unbroken, is taken for echo
        return any(block.size == len(words) > 1 for block in blocks)
    return sum(block.size for block in blocks) >= _LIKE_OURS * len(words)
