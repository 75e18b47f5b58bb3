"""What of a text a voice can say."""

from __future__ import annotations

import re
import unicodedata

_PHONEMES = re.compile(r"\[\[|\]\]")  # espeak-ng and Piper take what stands between them for phonemes
_TILDE = re.compile(r"(?<!\d)[~～]|[~～](?!\d)")  # "좋아요~" only draws out a vowel; in "3~5" it is a word
_EMOJI_SIGNS = {"\ufe0f", "\u200d", "\u20e3"}  # variation selector, joiner, keycap


def speakable(text: str) -> str:
    """`text` without what a voice would spell out, as espeak-ng does with emoji; empty where no word is left.

    Letters and digits of any script count as words; punctuation stays, since it carries the melody.
    """
    kept = "".join(_said(char) for char in _PHONEMES.sub(" ", _TILDE.sub("", text)))
    return " ".join(kept.split()) if any(char.isalnum() for char in kept) else ""


def _said(char: str) -> str:
    """`char`, unless it is a picture or its skin tone or joiner; "°" and the like stay, for they are read as words."""
    category = unicodedata.category(char)
    if category == "Cc":
        return " "
    pictured = category in ("So", "Sk", "Cn", "Co", "Cs") and ord(char) >= 0x2190  # from the arrows on
    return "" if pictured or char in _EMOJI_SIGNS else char
