"""Who the companion is, in each language: a file of text that people can read and mend."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from companion.dialogue.prompt import Message
from companion.dialogue.strategy.planner import MIXED
from companion.events import AffectReading
from companion.settings import Language

FAREWELL: Final = "bye"
"""The moment in which the owner leaves, in every language: what is said then is not left to a model."""

_EMOTIONS: Final = {
    "sad": "sad",
    "lonely": "sad",
    "tired": "sad",
    "angry": "angry",
    "afraid": "afraid",
    "happy": "happy",
    "relieved": "happy",
}
"""What a listener would call the words of such a moment, of `events.EMOTIONS`."""

_LEANS: Final = 0.2
"""The words lean to gladness or against it from this difference between the scores on."""

HARD_FEELINGS: Final = ("sad", "angry", "afraid", "disgusted")
"""Those of `events.EMOTIONS` that are borne, not enjoyed."""

_CLEAR: Final = 0.6
"""Confidence from which the feeling in the words counts: it says what the moment is where the model does not."""


@dataclass(frozen=True, slots=True)
class Persona:
    """What a persona file holds, ready for use.

    `head`: what the model is told before every talk. `moments`: the kinds of moment that its examples name; `unknown`:
    the one in which it does not know what it is asked. `openers`: sentences that may open the reply in such a moment,
    which are all of it where the model has fewer than `alone_below` parameters. `sure`: the probability of a moment
    from which they do; below, the model finds its own words.
    `glad_by_words`: a moment is a glad one only where the words say so too.
    `temperature`: how freely the model writes. `lost`: what is said when the model wrote nothing fit to be said;
    `no_model`: what is said where there is none. `avoided`: words that the model may not write; `cliches`: what no
    sentence of a reply may hold.
    """

    head: tuple[Message, ...]
    moments: tuple[str, ...]
    unknown: str
    openers: Mapping[str, Sequence[str]]
    alone_below: int
    sure: float
    glad_by_words: bool
    temperature: float
    lost: Sequence[str]
    no_model: str
    avoided: frozenset[str]
    cliches: re.Pattern[str]


def load(language: Language, companion: str, owner: str, *, remembers: bool = False) -> Persona:
    """The persona of `persona.<language>.toml` with its names filled in; an empty `owner` stays unnamed.

    `remembers`: with examples of how to use what came to mind.
    """
    text = (Path(__file__).parent / f"persona.{language}.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    system = data["system"].replace("{companion}", companion)
    if owner:
        system += data["owner"].replace("{owner}", owner)
    head = [Message("system", " ".join(system.split()))]
    examples = data["examples"] + (data["remembering"] if remembers else [])
    for said, moment, answered in examples:
        answer = in_moment(moment, answered.replace("{companion}", companion))
        head += [Message("user", said), Message("assistant", answer)]
    return Persona(
        head=tuple(head),
        moments=tuple(dict.fromkeys(moment.partition(",")[0] for _, moment, _ in examples)),
        unknown=data["unknown"],
        openers={moment: _addressed(openers, owner) for moment, openers in data["openers"].items()},
        alone_below=data["alone_below"],
        sure=data["sure"],
        glad_by_words=data["glad_by_words"],
        temperature=data["temperature"],
        lost=data["lost"],
        no_model=data["no_model"],
        avoided=frozenset(data["avoided"]),
        cliches=re.compile("|".join(data["cliches"]), re.IGNORECASE),
    )


def _addressed(openers: Sequence[str], owner: str) -> list[str]:
    """`openers` with the owner's name; without those that hold one where it is not known."""
    return [opener.replace("{owner}", owner) for opener in openers if owner or "{owner}" not in opener]


def moment(named: str, sure: bool, felt: AffectReading | None, *, trusted: bool) -> str:
    """What moment it is, as far as that is clear; empty where it is not.

    `named`: what the language model calls it, and whether it is `sure`. `felt`: the feeling in the words. A model that
    is not `trusted` is believed about a feeling only where the words bear it out, and none where they lean against it:
    to open with the wrong feeling is worse than to open without.
    """
    clear = clear_feeling(felt)
    borne_out = _EMOTIONS.get(named, "") == clear
    if sure and named in _EMOTIONS and felt is not None and felt.confidence > 0 and _against(named, felt):
        return clear if clear in _EMOTIONS else MIXED
    if sure and (trusted or named not in _EMOTIONS or borne_out):
        return named
    if clear in _EMOTIONS:
        return named if borne_out else clear
    return ""


def _against(named: str, felt: AffectReading) -> bool:
    """Whether the words rather lean the other way than a moment of this name does."""
    glad, hard = felt.scores.get("happy", 0.0), sum(felt.scores.get(feeling, 0.0) for feeling in HARD_FEELINGS)
    return (hard - glad if _EMOTIONS[named] == "happy" else glad - hard) > _LEANS


def clear_feeling(felt: AffectReading | None) -> str:
    """The likeliest feeling in the owner's words, of `events.EMOTIONS`; empty where it is not clear."""
    return max(felt.scores, key=felt.scores.__getitem__) if felt and felt.confidence >= _CLEAR else ""


def in_moment(moment: str, answer: str = "") -> str:
    """A reply as the model knows it: the name of the moment, which is not said, and the answer."""
    return f"{moment}: {answer}".rstrip()
