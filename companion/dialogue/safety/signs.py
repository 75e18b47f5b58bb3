"""Recognises what else no model answers: farewells, what the companion is, medicines, and the wish that it call."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

from companion.dialogue.patterns import any_of
from companion.dialogue.safety.words import normal
from companion.settings import Language

_IDENTITY: Final = ("pretend", "love", "maker", "listeners", "promise", "reliance", "nature", "feelings")
"""What is asked of the companion about itself; what fits several is the first of them."""

_LEFT: Final = {"en": 1, "ko": 2}
"""Words (Korean: syllables) of a farewell that may be other than a farewell."""

_QUESTION: Final = {
    "en": re.compile(r"^(what|why|who|how|when|where|do|does|did|is|are|can|could|would|should)\b"),
    "ko": re.compile("왜|뭐|어떻게|어디"),
}


class Signs:
    """The patterns of `signs.<language>.toml`. Each question returns the kind that was found, or None."""

    def __init__(self, language: Language) -> None:
        data = tomllib.loads((Path(__file__).parent / f"signs.{language}.toml").read_text(encoding="utf-8"))
        self._language = language
        farewell = data["goodbye"]
        bound = r"\b" if language == "en" else ""
        self._farewells = {
            kind: re.compile("|".join(f"{bound}(?:{sign}){bound}" for sign in farewell[kind]))
            for kind in ("night", "day")
        }
        self._closing = re.compile("|".join(f"{bound}(?:{sign})" for sign in farewell["closing"]))
        self._fillers = re.compile("|".join(f"{bound}(?:{sign}){bound}" for sign in farewell["fillers"]))
        whole = data["identity"]["whole"]
        self._whole = {kind: any_of(signs) for kind, signs in whole.items()}
        self._identity = {kind: any_of([*data["identity"][kind], *whole.get(kind, [])]) for kind in _IDENTITY}
        self._not_identity = any_of(data["identity"]["not"])
        self._medicine, self._not_medicine = any_of(data["medicine"]["ask"]), any_of(data["medicine"]["not"])
        self._stopped, self._more_medicine = any_of(data["medicine"]["stopped"]), any_of(data["medicine"]["more"])
        self._not_stopped = any_of(data["medicine"]["not_stopped"])
        self._call, self._emergency = any_of(data["offer"]["call"]), any_of(data["offer"]["emergency"])
        self._yes, self._who = (re.compile(data["owns-up"][name]) for name in ("yes", "who"))
        self._more = any_of(data["owns-up"]["more"])
        self._denial = any_of(data["owns-up"]["denial"])
        self._help = any_of(data["owns-up"]["help"])

    def goodbye(self, words: str) -> str | None:
        """`night` or `day` where `words` are a farewell and next to nothing else, or end with one."""
        text = normal(words, self._language)
        if _QUESTION[self._language].search(text):
            return None
        kind = next((kind for kind, signs in self._farewells.items() if signs.search(text)), None)
        if self._closing.search(text):
            return kind or "day"
        for signs in (*self._farewells.values(), self._fillers):
            text = signs.sub(" ", text)
        left = text.split() if self._language == "en" else text.replace(" ", "")
        return kind if len(left) <= _LEFT[self._language] else None

    def identity(self, words: str) -> str | None:
        """Which of `_IDENTITY` it is that `words` ask of the companion about itself; None: nothing of it."""
        text = self._not_identity.sub(" ", normal(words, self._language))
        return next((kind for kind, signs in self._identity.items() if signs.search(text)), None)

    def only_about_it(self, words: str) -> bool:
        """Whether that is all that `words` ask: who hears it, or what it promises, in a form without a gap in which
        anything else could stand."""
        text = normal(words, self._language)
        return any(signs.fullmatch(text) for signs in self._whole.values())

    def medicine(self, words: str) -> bool:
        """Whether `words` ask which medicine to take, how much, or whether to stop."""
        text = normal(words, self._language)
        return bool(self._medicine.search(text)) and not self._not_medicine.search(text)

    def stopped_medicine(self, words: str) -> bool:
        """Whether `words` tell of a medicine that was stopped."""
        text = normal(words, self._language)
        return bool(self._stopped.search(text)) and not self._not_stopped.search(text)

    def more_of_medicine(self, words: str) -> bool:
        """Whether `words`, behind an answer on medicines, ask on."""
        return bool(self._more_medicine.search(normal(words, self._language)))

    def says_yes(self, words: str) -> bool:
        """Whether `words` say yes, or maybe, and nothing else."""
        return bool(self._yes.search(normal(words, self._language)))

    def owns_up(self, words: str, *, to_a_question: bool) -> bool:
        """Whether `words`, behind a check-in, say that it is so. `to_a_question`: a bare yes may answer that."""
        text = normal(words, self._language)
        return bool(self._more.search(text) or (not to_a_question and self.says_yes(words)))

    def asks_who(self, words: str) -> bool:
        """Whether `words`, behind a check-in, ask who can help, or what it was about."""
        return bool(self._who.search(normal(words, self._language)))

    def asks_for_help(self, words: str) -> bool:
        """Whether `words`, some time after words of danger, ask whom to turn to."""
        return bool(self._help.search(normal(words, self._language)))

    def without_denial(self, words: str) -> str | None:
        """`words` without that no danger was meant; None where they do not say so."""
        left, said = self._denial.subn(" ", normal(words, self._language))
        return left.strip() if said else None

    def calls_for_help(self, words: str) -> bool:
        """Whether `words` ask it to call an ambulance, the police or a helpline."""
        return bool(self._emergency.search(normal(words, self._language)))

    def call(self, words: str) -> bool:
        """Whether `words` ask it to call someone."""
        return bool(self._call.search(normal(words, self._language)))
