"""Lines of danger, and of what only sounds like it, from the templates of lines.<language>.txt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from companion.settings import Language

_CHOICE = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"{(\S+?)}")
_PARTICLES = {  # Korean: after a consonant, after a vowel
    form: pair
    for pair in (("을", "를"), ("이", "가"), ("은", "는"), ("과", "와"), ("이랑", "랑"), ("으로", "로"))
    for form in pair
}


@dataclass(frozen=True)
class Template:
    """`text`: with choices (a|b) left to make; `kind`: of a crisis, as the detector names it; else what it is about."""

    text: str
    kind: str
    crisis: bool

    def lines(self, n: int, rng: np.random.Generator) -> list[str]:
        """At most `n` different lines, chosen at random."""
        return sorted({self._line(rng) for _ in range(n)})

    def _line(self, rng: np.random.Generator) -> str:
        text, choices = self.text, 1
        while choices:  # from the left, innermost first
            text, choices = _CHOICE.subn(lambda choice: _chosen(choice, rng), text, count=1)
        return " ".join(text.split()).replace(" '", "'")


def _chosen(choice: re.Match[str], rng: np.random.Generator) -> str:
    """One of the choices, a Korean particle in the form that suits what is before it."""
    chosen = str(rng.choice(choice[1].split("|")))
    before = ord(choice.string[choice.start() - 1 : choice.start()] or " ") - ord("가")
    if (pair := _PARTICLES.get(chosen)) is None or not 0 <= before <= ord("힣") - ord("가"):
        return chosen
    final = before % 28
    return pair[1] if final == 0 or (final == 8 and chosen in ("으로", "로")) else pair[0]


def templates(language: Language) -> Iterator[Template]:
    """The templates of a language, their slots filled in."""
    slots: dict[str, str] = {}
    kind, crisis = "", False
    for line in (Path(__file__).parent / f"lines.{language}.txt").read_text(encoding="utf-8").splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "=":
            name, _, choices = rest.partition(" ")
            slots[name] = f"({choices})"
        elif mark in ("+", "-"):
            kind, crisis = rest, mark == "+"
        elif line and mark != "#":
            text, left = line, 1
            while left:
                text, left = _SLOT.subn(lambda slot: slots[slot[1]], text)
            yield Template(text, kind.partition(":")[0], crisis)
