"""Days on the calendar that a phrase means, in words that stay true: "tomorrow" is kept as its date. Pure.

A fact is read months after it was said. The phrases themselves are read by `moments_en` and `moments_ko`; here is the
calendar, which knows no language but by a `Wording`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Direction = Literal[-1, 1]
"""Where a bare "Monday" or "in May" lies: -1 behind, 1 ahead."""


@dataclass(frozen=True, slots=True)
class Moment:
    """From the day `start` up to and with the day `end`.

    `phrase` says it ("in May 2025"); `yearly` says a single day without its year ("on 5 May"), and is empty for more.
    """

    start: date
    end: date
    phrase: str
    yearly: str = ""


@dataclass(frozen=True, slots=True)
class Wording:
    """How a language says a span of the calendar."""

    day: Callable[[date], str]
    yearly: Callable[[date], str]
    week: Callable[[date], str]
    weekend: Callable[[date], str]
    month: Callable[[date], str]
    season: Callable[[str, int], str]
    year: Callable[[int], str]


def day(of: date, wording: Wording) -> Moment:
    """One day."""
    return Moment(of, of, wording.day(of), wording.yearly(of))


def calendar_day(
    month: int, of_month: int, year: int | None, today: date, direction: Direction, wording: Wording
) -> Moment | None:
    """The 5th of May, of `year` or of the next (or last) one from `today`; None where there is no such day."""
    try:
        if year is None:
            this = date(today.year, month, of_month)
            passed = this < today if direction == 1 else this > today
            year = today.year + (direction if passed else 0)
        return day(date(year, month, of_month), wording)
    except ValueError:
        return None


def weekday(today: date, number: int, weeks: int | None, direction: Direction, wording: Wording) -> Moment:
    """Monday (0) … Sunday (6) of the calendar week `weeks` from this one; None: the next (or last) one."""
    if weeks is not None:
        return day(today - timedelta(days=today.weekday()) + timedelta(days=7 * weeks + number), wording)
    if direction == -1:
        return day(today - timedelta(days=(today.weekday() - number - 1) % 7 + 1), wording)
    return day(today + timedelta(days=(number - today.weekday() - 1) % 7 + 1), wording)


def span(today: date, step: int, unit: str, wording: Wording) -> Moment:
    """The week, weekend, month or year `step` from this one."""
    if unit == "month":
        return _month(_add_months(today, step), wording)
    if unit == "year":
        return year(today.year + step, wording)
    monday = today - timedelta(days=today.weekday()) + timedelta(days=7 * step)
    if unit == "weekend":
        saturday = monday + timedelta(days=5)
        return Moment(saturday, saturday + timedelta(days=1), wording.weekend(saturday))
    return Moment(monday, monday + timedelta(days=6), wording.week(monday))


def shift(today: date, n: int, unit: str, wording: Wording) -> Moment:
    """`n` days, weeks, months or years from today. People round: "two months ago" is a month, "in ten days" a day."""
    if unit == "day":
        return day(today + timedelta(days=n), wording)
    return span(today, n, unit, wording)


def month(today: date, number: int, of_year: int | None, direction: Direction, wording: Wording) -> Moment | None:
    """January (1) … December (12), of a year or the next (or last) one; None where there is no such month."""
    if not 1 <= number <= 12:
        return None
    if of_year is None:
        passed = number < today.month if direction == 1 else number > today.month
        of_year = today.year + (direction if passed else 0)
    return _month(date(of_year, number, 1), wording)


def season(of_year: int, first_month: int, name: str, wording: Wording) -> Moment:
    """Three months from `first_month`."""
    first = date(of_year, first_month, 1)
    return Moment(first, _add_months(first, 3) - timedelta(days=1), wording.season(name, of_year))


def year(number: int, wording: Wording) -> Moment:
    """A whole year."""
    return Moment(date(number, 1, 1), date(number, 12, 31), wording.year(number))


def _month(of: date, wording: Wording) -> Moment:
    first = of.replace(day=1)
    return Moment(first, _add_months(first, 1) - timedelta(days=1), wording.month(first))


def _add_months(of: date, n: int) -> date:
    months = of.year * 12 + of.month - 1 + n
    return date(months // 12, months % 12 + 1, 1)
