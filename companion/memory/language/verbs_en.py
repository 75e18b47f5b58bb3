"""English verbs as statements need them: "go running" → "goes running", "has a dog" → "you have a dog". Pure."""

from __future__ import annotations

import re

_THIRD = {"go": "goes", "do": "does", "have": "has"}
_BASE = {"is": "are", "has": "have", "was": "were", "does": "do", "goes": "go"}


def third_person(verb: str) -> str:
    """go → goes, cry → cries, watch → watches, walk → walks."""
    if verb in _THIRD:
        return _THIRD[verb]
    if re.search(r"[^aeiou]y$", verb):
        return f"{verb[:-1]}ies"
    return f"{verb}es" if re.search(r"(?:ss|x|z|ch|sh)$", verb) else f"{verb}s"


def base_form(verb: str) -> str:
    """What follows "you" for the verb that begins a statement: is → are, studies → study; moved and cannot stay."""
    if verb in _BASE:
        return _BASE[verb]
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    if re.search(r"(?:ss|x|zz|ch|sh)es$", verb):
        return verb[:-2]
    return verb[:-1] if verb.endswith("s") else verb
