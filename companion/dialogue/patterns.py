"""Many ways of saying one thing, looked for at once."""

from __future__ import annotations

import re
from collections.abc import Iterable


def any_of(patterns: Iterable[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """One pattern for all of `patterns`; of none, one that never matches."""
    return re.compile("|".join(patterns) or "(?!)", flags)
