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
