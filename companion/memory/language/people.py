"""Whether words name a person: a relation, a name that the store knows, or a common given name. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from companion.memory.language.found import load, words
from companion.memory.language.sentences import lowered

_WITH_TITLE = re.compile(r"[가-힣]{2,4}\s?(?:씨|님|이)?")


def is_person(name: str, language: str, known: Collection[str] = ()) -> bool:
    """Whether `name` is one of `known` (case aside), a relation ("sister") or a given name of the language's list."""
    low = lowered(name).strip()
    if low in {lowered(other) for other in known}:
        return True
    listed = _listed(language)
    if language == "ko" and _WITH_TITLE.fullmatch(low):
        bare = re.sub(r"\s?(?:씨|님|이)$", "", low)
        surname_aside = bare[1:] if len(bare) == 3 else bare
        return low in listed or bare in listed or surname_aside in listed
    return all(word in listed for word in low.split()) if low else False


@cache
def _listed(language: str) -> frozenset[str]:
    table = load(f"{language}-words.toml")
    return (
        frozenset(words(table["given_names"]))
        | frozenset(words(table["relations"]))
        | frozenset(words(table["pet_names"]))
    )
