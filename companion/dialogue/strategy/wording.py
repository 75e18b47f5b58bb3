"""What the strategies say in words of their own, and the owner's words they listen for: a file in each language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from companion.dialogue.patterns import any_of
from companion.dialogue.strategy.planner import GOOD, HARD, MIXED, Plan, Strategy, Tone
from companion.settings import Language

Lines = Mapping[str, Mapping[str, Sequence[str]]]

OFTEN: Final = 3
"""Uses from which a word is one of the owner's own, and is taken up where they do not say it just now."""


@dataclass(frozen=True, slots=True)
class Wording:
    """`strategies.<language>.toml`, ready for use. `own_words`: by moment, words of the owner's and how they are taken
    up. `voice_off`: said where the voice is no longer listened to. `doubt`: said behind a fact. `evasive`: what is no
    advice where it was asked for; `unasked`: advice where it was not.
    """

    lines: Lines
    own_words: Mapping[str, Mapping[str, str]]
    voice_off: str
    doubt: str
    advice: re.Pattern[str]
    quiet: re.Pattern[str]
    good_news: re.Pattern[str]
    bad_news: re.Pattern[str]
    thanks: re.Pattern[str]
    hello: re.Pattern[str]
    turned_out_well: re.Pattern[str]
    others: re.Pattern[str]
    second_person: re.Pattern[str]
    against_self: re.Pattern[str]
    little: re.Pattern[str]
    asks: re.Pattern[str]
    request: re.Pattern[str]
    fact: re.Pattern[str]
    personal: re.Pattern[str]
    burden: re.Pattern[str]
    evasive: re.Pattern[str]
    glad: re.Pattern[str]
    unasked: re.Pattern[str]
    helped: re.Pattern[str]
    not_helped: re.Pattern[str]
    no_voice: re.Pattern[str]

    def line(
        self,
        strategy: Strategy | Literal["going-on"],
        moment: str,
        turn: int,
        fit: Callable[[str], bool] = lambda line: True,
    ) -> str:
        """What `strategy` says in such a moment, of what is `fit`; empty where it leaves the words to the model."""
        lines = self.lines.get(strategy, {})
        kind = "hard" if moment in HARD else "plain"
        fitting = [line for line in lines.get(moment, lines.get(kind, lines.get("any", ()))) if fit(line)]
        return fitting[turn % len(fitting)] if fitting else ""

    def own_words_in(self, words: str) -> list[str]:
        """Which of the words that may be taken up the owner says."""
        own = dict.fromkeys(word for by_word in self.own_words.values() for word in by_word)
        return [word for word in own if re.search(rf"(?<!\w){word}", words, re.IGNORECASE)]

    def taken_up(self, moment: str, words: str, uses: Mapping[str, int], fit: Callable[[str], bool]) -> str:
        """A sentence in the owner's own word for such a moment, one just said or else used often; or nothing."""
        by_word = self.own_words.get(moment, {})
        said = self.own_words_in(words)
        often = sorted((word for word in by_word if uses.get(word, 0) >= OFTEN), key=uses.__getitem__, reverse=True)
        return next((by_word[word] for word in (*said, *often) if word in by_word and fit(by_word[word])), "")

    def tone(self, tone: Tone, turn: int) -> str:
        """What is said of a voice."""
        lines = self.lines["tone"][tone]
        return lines[turn % len(lines)]

    def wants_advice(self, words: str) -> bool:
        """Whether the owner asks what to do."""
        return bool(self.advice.search(words))

    def belies(self, moment: str, words: str) -> bool:
        """Whether `words` tell of what hardly makes such a moment: a child that was hurt is no happy one.

        Neither small language models nor classifiers of feelings know well what happens to people, least of all in
        Korean, and to rejoice at a misfortune is the worst of answers. Nor is "Oh, I see." a thank-you, or a greeting
        what comes in the middle of a talk without one.
        """
        if (sign := {"thanks": self.thanks, "hello": self.hello}.get(moment)) is not None:
            return not sign.search(words)
        bad = bool(self.bad_news.search(words)) and not self.turned_out_well.search(words)
        good = bool(self.good_news.search(words))
        return (moment in GOOD and bad) or (moment in HARD and good and not bad)

    def tells_good_news(self, words: str) -> bool:
        """Whether `words` tell of what makes people glad, or of what turned out well."""
        return bool(self.good_news.search(words) or self.turned_out_well.search(words))

    def is_question(self, words: str) -> bool:
        """Whether the owner seems to ask something; a recogniser leaves out the mark."""
        return bool(self.asks.search(words))

    def asks_for_a_fact(self, words: str) -> bool:
        """Whether the owner asks what is so in the world, of which a small model is wrong as surely as right."""
        return bool(self.fact.search(words)) and not self.personal.search(words)

    def requests(self, words: str) -> bool:
        """Whether the owner asks the companion to do something: a joke, a game, a story."""
        return bool(self.request.search(words))

    def speaks_to(self, line: str, words: str) -> bool:
        """Whether `line` says of the owner what `words` tell of somebody else: "No wonder you're nervous.", to "Alex is
        nervous."
        """
        return bool(self.others.search(words) and self.second_person.search(line))

    def turns_on_self(self, words: str) -> bool:
        """Whether the owner is angry with nobody but themselves: that is no anger to be borne out."""
        return bool(self.against_self.search(words))

    def says_little(self, words: str) -> bool:
        """Whether `words` are a bare "okay" or "no": a model that is to go on from them makes something up."""
        return "?" not in words and bool(self.little.search(words))

    def wants_quiet(self, words: str) -> bool:
        """Whether the owner would rather not talk."""
        return bool(self.quiet.search(words))

    def burdens(self, words: str) -> bool:
        """Whether `words` name something that weighs on people."""
        return bool(self.burden.search(words))

    def unfitting(self, plan: Plan, moment: str) -> Sequence[re.Pattern[str]]:
        """What no sentence of an answer by this `plan`, in such a moment, may hold."""
        glad = [self.glad] if moment in HARD or moment == MIXED else []
        if plan.advises:
            return [*glad, self.evasive]
        return glad if plan.strategy == "information" else [*glad, self.unasked]

    def declines_voice(self, words: str) -> bool:
        """Whether the owner does not want the voice listened to."""
        return bool(self.no_voice.search(words))

    def sign(self, words: str) -> float | None:
        """1.0 where the owner says that the last answer helped, 0.0 that it did not, None neither."""
        if self.not_helped.search(words):
            return 0.0
        return 1.0 if self.helped.search(words) else None


def load(language: Language) -> Wording:
    """The wording of `language`."""
    data = tomllib.loads((Path(__file__).parent / f"strategies.{language}.toml").read_text(encoding="utf-8"))
    signs = {name: any_of(several, re.IGNORECASE) for name, several in data.pop("signs").items()}
    own_words, voice_off, doubt = data.pop("own_words"), data.pop("voice")["off"], data.pop("fact")["doubt"]
    return Wording(data, own_words, voice_off, doubt, no_voice=signs.pop("voice_off"), **signs)
