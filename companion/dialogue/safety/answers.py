"""The sentences of `answers.<language>.toml`, with the numbers of the owner's country filled in."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, get_args

from companion.dialogue.safety.crisis import Kind
from companion.dialogue.safety.helplines import Helpline
from companion.settings import Language


class Answers:
    """`line`: None where the country is not known; the answers then say how to find a number."""

    def __init__(self, language: Language, line: Helpline | None, companion: str) -> None:
        text = (Path(__file__).parent / f"answers.{language}.toml").read_text(encoding="utf-8")
        self._texts: dict[str, dict[str, Any]] = tomllib.loads(text)
        self._line = line
        self._companion = companion
        self._half_a_check_in = self.check_in()[: len(self.check_in()) // 2]
        self._help_named = (*map(self._short, get_args(Kind)), *map(self._help, get_args(Kind)))

    def crisis(self, kind: Kind, times: int) -> str:
        """To words of danger, the `times`-th time in this talk, from 0 on."""
        if times == 0:
            text: str = self._texts["crisis"][kind]
        else:
            text = _in_turn(self._texts["again"][kind], times - 1)
        return text.replace("{help}", self._help(kind))

    def offer(self, kind: Kind, *, asked_to_call: bool) -> str:
        """The help for such a danger once more, in one sentence."""
        sentence: str = self._texts["offer"]["call" if asked_to_call else "other"]
        return sentence.replace("{short}", self._short(kind))

    def let_be(self) -> str:
        """To who says that no danger was meant, or wants no more of it."""
        return str(self._texts["let-be"]["other"])

    def check_in(self) -> str:
        """That more may be behind the owner's words, in one sentence."""
        return str(self._texts["check-in"]["other"])

    def checked_in(self, said: str) -> bool:
        """Whether half of that or more was heard in `said`: who interrupts it there has understood it."""
        return self._half_a_check_in in said

    def in_history(self, said: str) -> str:
        """What the model reads in place of `said`, where that named whom to call, or checked in.

        A small model that reads a number in its own words may say it again, turn after turn: once in 30 of the 31
        turns behind an offer. Everything else is read as it was said.
        """
        if any(one in said for one in self._help_named):
            return str(self._texts["history"]["helped"])
        before, checked_in, _ = said.partition(self._half_a_check_in)
        return before.rstrip() if checked_in else said

    def goodbye(self, kind: str, turn: int) -> str:
        """One warm sentence that lets the owner go."""
        return _in_turn(self._texts["goodbye"][kind], turn)

    def identity(self, kind: str) -> str:
        """What the companion is, or who hears it; `claimed`: where the model had said otherwise."""
        text: str = self._texts["identity"][kind]
        return text.replace("{companion}", self._companion)

    def medicine(self) -> str:
        """Whom to ask instead."""
        texts = self._texts["medicine"]
        emergency: str = self._line.emergency if self._line else texts["emergency_unknown"]
        text: str = texts["ask"]
        return text.replace("{emergency}", emergency)

    def stopped_medicine(self) -> str:
        """To who has stopped taking one."""
        return str(self._texts["medicine"]["stopped"])

    def disclosure(self, *, first: bool, voice: bool = False) -> str:
        """That it is a program, and that it listens to the `voice` where it does."""
        texts = self._texts["disclosure"]
        text: str = " ".join([texts["start" if first else "again"], *([texts["voice"]] if first and voice else [])])
        return text.replace("{companion}", self._companion)

    def says_what_it_is(self, said: str) -> bool:
        """Whether `said` holds that it is a program."""
        return str(self._texts["disclosure"]["word"]) in said

    def _short(self, kind: Kind) -> str:
        texts = self._texts["offer"]
        name = {"danger": "short_danger", "harm": "short_danger", "medical": "short_medical"}.get(kind, "short")
        return self._filled(texts[name]) if self._line else str(texts["short_unknown"])

    def _help(self, kind: Kind) -> str:
        texts = self._texts["help"]
        if self._line:
            return self._filled(texts[kind])
        unknown = {"medical": "unknown-medical", "danger": "unknown-now", "harm": "unknown-now"}.get(kind, "unknown")
        return str(texts[unknown])

    def _filled(self, text: str) -> str:
        line = self._line
        assert line is not None
        return text.format(country=line.country, crisis=line.crisis, emergency=line.emergency, police=line.police)


def _in_turn(texts: list[str], turn: int) -> str:
    return texts[turn % len(texts)]
