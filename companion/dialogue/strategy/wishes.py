"""Hears in the owner's words how they want to be talked with: "shorter, please", "나를 민지라고 불러 줘"."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from companion.dialogue.strategy.preferences import Wish
from companion.settings import Language

_SENTENCE: Final = re.compile(r"[^.!?…]+[.!?…]*")
_MARKS: Final = re.compile(r"[^\w\s'-]+")


@dataclass(frozen=True, slots=True)
class Heard:
    """A wish; `name`: what the owner wants to be called."""

    wish: Wish
    name: str = ""


class Wishes:
    """Reads `requests.<language>.toml`."""

    def __init__(self, language: Language) -> None:
        text = (Path(__file__).parent / f"requests.{language}.toml").read_text(encoding="utf-8")
        data = tomllib.loads(text)
        self._filler = re.compile(rf"(?<!\S)(?:{'|'.join(data['filler'])})(?!\S)", re.IGNORECASE)
        self._patterns = [
            (cast(Wish, wish), re.compile("|".join(patterns).replace("~", data["ending"]), re.IGNORECASE))
            for wish, patterns in data["wishes"].items()
            if patterns
        ]
        self._confirmed: dict[Wish, str] = data["confirmed"]

    def read(self, words: str) -> tuple[Sequence[Heard], bool]:
        """The wishes in `words`, a sentence each, and whether these are all that was said."""
        wishes: list[Heard] = []
        rest = False
        for sentence in _SENTENCE.findall(words):
            plain = _MARKS.sub(" ", sentence.replace("’", "'"))
            plain = " ".join(self._filler.sub(" ", plain).split())
            found = self._heard(plain)
            wishes += [found] if found else []
            rest = rest or bool(plain and not found)
        return wishes, bool(wishes) and not rest

    def confirmed(self, heard: Heard) -> str:
        """What is said to a wish that was all the owner said."""
        return self._confirmed[heard.wish].replace("{name}", heard.name)

    def _heard(self, plain: str) -> Heard | None:
        for wish, pattern in self._patterns:
            if match := pattern.fullmatch(plain):
                return Heard(wish, _name(match["name"]) if "name" in pattern.groupindex else "")
        return None


def _name(said: str) -> str:
    """A name as it is written: "jo" is Jo; in Korean "지훈이" (라고) is 지훈, for a consonant takes that vowel."""
    name = " ".join(part[:1].upper() + part[1:] for part in said.split())
    before = ord(name[-2]) - ord("가") if len(name) > 1 else 0
    return name[:-1] if name.endswith("이") and 0 <= before <= ord("힣") - ord("가") and before % 28 else name
