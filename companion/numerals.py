"""The words that numbers are made of, for all who read or write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ONES_EN: Final = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
"""English, 0 to 19."""

TENS_EN: Final[Mapping[str, int]] = {
    word: 10 * number for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
"""English, 20 to 90 in order, and their values."""

SINO_KO: Final = "영일이삼사오육칠팔구"
"""Sino-Korean, 0 to 9."""


def sino_ko(number: int) -> str:
    """A number in Sino-Korean words: 123 is 백이십삼, 10,000 is 만. From 0 up to 10**12."""
    if number == 0:
        return SINO_KO[0]
    words = ""
    for scale, name in ((10**8, "억"), (10**4, "만"), (1000, "천"), (100, "백"), (10, "십")):
        if number >= scale:
            count = number // scale
            words += ("" if count == 1 and scale < 10**8 else sino_ko(count)) + name
            number %= scale
    return words + (SINO_KO[number] if number else "")
