"""Days as an owner names them, and moments as the store keeps them (milliseconds since 1970, UTC)."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from companion.errors import CompanionError
from companion.memory.dates import EVER

DAY = 86_400_000


def now() -> int:
    """This moment."""
    return time.time_ns() // 1_000_000


def period(start: str | None, end: str | None) -> tuple[int, int]:
    """[first moment of the day `start`, first moment after the day `end`) in local time; open where None.

    Raises:
        CompanionError: a date is not one, or they are in the wrong order.
    """
    first = EVER[0] if start is None else _midnight(start)
    after = EVER[1] if end is None else _midnight(end, days=1)
    if after <= first:
        raise CompanionError(f"--from {start} is after --to {end}")
    return first, after


def local(moment: int) -> datetime:
    """The moment on the owner's clock."""
    return datetime.fromtimestamp(moment / 1000).astimezone()


def utc_offset(moment: int) -> int:
    """Local time minus UTC at that moment, in milliseconds."""
    offset = local(moment).utcoffset() or timedelta()
    return round(offset.total_seconds() * 1000)


def _midnight(day: str, days: int = 0) -> int:
    try:
        date = datetime.strptime(day, "%Y-%m-%d") + timedelta(days=days)
    except ValueError as error:
        raise CompanionError(f"{day} is no date: write it as 2026-11-23") from error
    return round(date.astimezone().timestamp() * 1000)
