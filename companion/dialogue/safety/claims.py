"""Finds what no reply may hold: a claim to be a person, to live or to feel."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from companion.dialogue.patterns import any_of
from companion.dialogue.safety.words import normal
from companion.settings import Language


def claims(text: str, language: Language) -> bool:
    """Whether a sentence of the companion claims humanity or feeling."""
    return bool(_signs(language).search(normal(text, language)))


@cache
def _signs(language: Language) -> re.Pattern[str]:
    text = (Path(__file__).parent / f"signs.{language}.toml").read_text(encoding="utf-8")
    return any_of(tomllib.loads(text)["claims"]["signs"])
