"""A few words that open an answer while the language model still thinks: "I see.", "Oh.", "그렇군요."

People begin to answer about 200 ms after the other has ended, long before they know what they will say, and open with
such words (Stivers et al. 2009, PNAS 106:10587; Levinson & Torreira 2015, Frontiers in Psychology 6:731). They commit
to nothing: what comes after them is planned as if they were not there.

Before an answer to a question there is none of these, for it would say nothing. Where a question takes thought and the
answer is not there yet, the pause is announced instead, as people announce one ("Let me think."; Clark & Fox Tree 2002,
Cognition 84:73); and so it is before every other answer that is not there after a second.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from companion.dialogue.persona import HARD_FEELINGS, clear_feeling
from companion.events import AffectReading
from companion.settings import Language

Kind = Literal["plain", "hard", "good", "thought"]

IN_A_ROW: Final = 20
"""Answers that may open with an acknowledgement, one after the other: always is a tic. Mostly one comes without before
that, as it was ready in time. The one without costs a second of silence, or is announced: one in 13 would be more than
5 % of the turns."""

LEAST_WORDS: Final = 3
"""Shorter turns are mostly a yes, a no or a name, and want a direct answer."""

_KINDS: Final[Mapping[str, Kind]] = {**dict.fromkeys(HARD_FEELINGS, "hard"), "happy": "good"}
_STYLES: Final[Mapping[Kind, str]] = {"plain": "warm", "hard": "gentle", "good": "bright", "thought": "neutral"}

_INTERJECTION: Final = re.compile(
    r"^((oh|ah|ouch|hm+|mm+|아이고|저런|오|와|아)[,!.]+|((oh|ah),? )?i see\.|okay\."
    r"|(아,? )?(그러셨|그랬|그렇)(군|구나|네)요?\.) +",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Lead:
    """The `text` of such an opening, and the name of the style it is spoken in."""

    text: str
    style: str


@dataclass(frozen=True, slots=True)
class Leads:
    """`leads.<language>.toml`, ready for use. `direct`: words that a direct answer is due to. `asks`: questions whose
    answer takes thought. `nods`: what is said in a pause of a turn that goes on."""

    texts: Mapping[Kind, Sequence[str]]
    direct: re.Pattern[str]
    asks: re.Pattern[str]
    nods: Sequence[str]

    def choose(self, words: str, felt: AffectReading | None, answers: Sequence[str]) -> Lead | None:
        """What opens the answer to `words`, if anything: of those that fit, the one that was used the longest ago.

        `felt`: the feeling in them, where it is known. `answers`: those of this talk, oldest first. Nobody thinks aloud
        twice in a row.
        """
        asked = self.asks.search(words) is not None
        if len(words.split()) < LEAST_WORDS or (self.direct.search(words) and not asked):
            return None
        before = [self._opening(answer) for answer in answers]
        thought = self.texts["thought"]
        if len(before) >= IN_A_ROW and all(text and text not in thought for text in before[-IN_A_ROW:]):
            return None
        if asked and before and before[-1] in thought:
            return None
        return self._rarest("thought" if asked else _KINDS.get(clear_feeling(felt), "plain"), before)

    def hesitation(self, answers: Sequence[str]) -> Lead:
        """What is said before any answer that is not there after a second."""
        return self._rarest("thought", [self._opening(answer) for answer in answers])

    def _rarest(self, kind: Kind, before: Sequence[str]) -> Lead:
        """The one of this kind that was used the longest ago. `before`: what the answers so far opened with."""
        last_used = {text: number for number, text in enumerate(before)}
        text = min(self.texts[kind], key=lambda text: last_used.get(text, -1))
        return Lead(text, _STYLES[kind])

    def all(self) -> list[Lead]:
        """Every one there is."""
        return [Lead(text, _STYLES[kind]) for kind, texts in self.texts.items() for text in texts]

    def without(self, answer: str) -> str:
        """`answer` as the model should remember it: it would soon open every answer with one of its own."""
        return answer.removeprefix(self._opening(answer)).strip() or answer

    def _opening(self, answer: str) -> str:
        """The lead with which `answer` begins; empty: none."""
        begun = [text for texts in self.texts.values() for text in texts if answer.startswith(text)]
        return max(begun, key=len, default="")


def bare(text: str) -> str:
    """`text` as it goes on behind such an opening: without an interjection or acknowledgement of its own."""
    rest = _INTERJECTION.sub("", text, count=1)
    return rest[:1].upper() + rest[1:]


def load(language: Language) -> Leads:
    """The openings of `language`."""
    data = tomllib.loads((Path(__file__).parent / f"leads.{language}.toml").read_text(encoding="utf-8"))
    direct, asks = (re.compile("|".join(data[name]), re.IGNORECASE) for name in ("direct", "asks"))
    return Leads({kind: data[kind] for kind in _STYLES}, direct, asks, data["nods"])
