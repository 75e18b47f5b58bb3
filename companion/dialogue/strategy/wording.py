"""What the strategies say in words of their own, and the owner's words they listen for: a file in each language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from companion.dialogue.strategy.planner import HARD, Strategy, Tone
from companion.settings import Language

Lines = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Wording:
    """`strategies.<language>.toml`, ready for use. `voice_off`: said where the voice is no longer listened to."""

    lines: Lines
    voice_off: str
    advice: re.Pattern[str]
    helped: re.Pattern[str]
    not_helped: re.Pattern[str]
    no_voice: re.Pattern[str]

    def line(self, strategy: Strategy, moment: str, turn: int) -> str:
        """What `strategy` says in such a moment; empty where it leaves the words to the model."""
        lines = self.lines.get(strategy, {})
        kind = "hard" if moment in HARD else "plain"
        fitting = lines.get(moment, lines.get(kind, lines.get("any", ())))
        return fitting[turn % len(fitting)] if fitting else ""

    def tone(self, tone: Tone, turn: int) -> str:
        """What is said of a voice."""
        lines = self.lines["tone"][tone]
        return lines[turn % len(lines)]

    def wants_advice(self, words: str) -> bool:
        """Whether the owner asks what to do."""
        return bool(self.advice.search(words))

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
    signs = {name: re.compile("|".join(several), re.IGNORECASE) for name, several in data.pop("signs").items()}
    return Wording(data, data.pop("voice")["off"], *(signs[n] for n in ("advice", "helped", "not_helped", "voice_off")))
