"""Who the companion is, in each language: a file of text that people can read and mend."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from companion.dialogue.prompt import Message
from companion.settings import Language


@dataclass(frozen=True, slots=True)
class Persona:
    """`head`: what the model is told before every talk. `lost`: what is said when it wrote nothing fit to be said.

    `no_model`: what is said where there is no model at all. `avoided`: words that the model may not begin or write;
    `cliches`: what is left out of a reply, by whole sentences.
    """

    head: tuple[Message, ...]
    lost: Sequence[str]
    no_model: str
    avoided: frozenset[str]
    cliches: re.Pattern[str]


def load(language: Language, companion: str, owner: str) -> Persona:
    """The persona of `persona.<language>.toml` with its names filled in; an empty `owner` stays unnamed."""
    text = (Path(__file__).parent / f"persona.{language}.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    system = data["system"].replace("{companion}", companion)
    if owner:
        system += data["owner"].replace("{owner}", owner)
    head = [Message("system", " ".join(system.split()))]
    for said, answered in data["examples"]:
        head += [Message("user", said), Message("assistant", answered)]
    return Persona(
        head=tuple(head),
        lost=data["lost"],
        no_model=data["no_model"],
        avoided=frozenset(data["avoided"]),
        cliches=re.compile("|".join(data["cliches"]), re.IGNORECASE),
    )
