"""The days that a question speaks of: "in May 2023", "last week", "어제", "3일 전". Pure, in local time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

EVER = (0, 1 << 62)
"""A period that holds every moment, in milliseconds since 1970."""

_YEARS_BACK = 3  # "in May" without a year may be any of the last ones

_MONTHS = "january february march april may june july august september october november december".split()
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_KO_WEEKDAYS = "월화수목금토일"
_NUMBERS = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten".split())}
_NUMBERS |= {"a": 1, "an": 1, "couple": 2, "few": 3}

_MONTH = "|".join(f"{m}|{m[:3]}" for m in _MONTHS)
_EN_DATE = re.compile(
    rf"\b(?:(?P<day1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? )?(?P<month>{_MONTH})\b\.?"
    r"(?: (?P<day2>\d{1,2})(?:st|nd|rd|th)?\b(?!\d))?,? ?(?P<year>(?:19|20)\d\d)?"
)
_KO_DATE = re.compile(r"(?:(?P<year>(?:19|20)\d\d)년 ?)?(?P<month>1[0-2]|[1-9])월(?: ?(?P<day>\d{1,2})일)?")
_YEAR = re.compile(r"\b(?:in|during|since|of) (?P<en>(?:19|20)\d\d)\b|(?P<ko>(?:19|20)\d\d)년(?! ?\d{1,2}월)")
_AGO = re.compile(
    r"\b(?:about )?(?P<n>\d+|a|an|couple of|few|"
    + "|".join(list(_NUMBERS)[1:11])
    + r") (?P<unit>day|week|month|year)s? ago"
)
_KO_AGO = re.compile(r"(?P<n>\d+|한|두|세|네|일|이|삼) ?(?P<unit>일|주일?|달|개월|년) ?전")
_KO_NUMBERS = {"한": 1, "두": 2, "세": 3, "네": 4, "일": 1, "이": 2, "삼": 3}
_KO_UNITS = {"일": "day", "주": "week", "주일": "week", "달": "month", "개월": "month", "년": "year"}
_UNIT_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


def local(moment: int) -> datetime:
    """A moment (milliseconds since 1970, UTC) on the owner's clock, without a zone."""
    return datetime.fromtimestamp(moment / 1000)


class Period(NamedTuple):
    """From `start` to `end` (exclusive), local time without a zone."""

    start: datetime
    end: datetime


def periods(text: str, now: datetime) -> tuple[Period, ...]:
    """The periods that `text` names, as seen at `now` (local time); none where it names none.

    A month without a year stands for that month in each of the last years.
    """
    low = text.lower()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[Period] = []
    for match in _EN_DATE.finditer(low):
        if match["month"] == "may" and not (match["day1"] or match["day2"] or match["year"] or _may_is_a_month(match)):
            continue
        month = [m[:3] for m in _MONTHS].index(match["month"][:3]) + 1
        found += _dates(today, match["year"], month, match["day1"] or match["day2"])
    for match in _KO_DATE.finditer(low):
        found += _dates(today, match["year"], int(match["month"]), match["day"])
    for match in _YEAR.finditer(low):
        year = int(match["en"] or match["ko"])
        found.append(Period(datetime(year, 1, 1), datetime(year + 1, 1, 1)))
    for match in _AGO.finditer(low):
        number = match["n"].split()[0]
        found.append(_ago(today, int(number) if number.isdigit() else _NUMBERS[number], match["unit"]))
    for match in _KO_AGO.finditer(low):
        number = match["n"]
        found.append(_ago(today, int(number) if number.isdigit() else _KO_NUMBERS[number], _KO_UNITS[match["unit"]]))
    return tuple(found) + _named(low, today)


def _may_is_a_month(match: re.Match[str]) -> bool:
    """ "in May", "last May", but not "may I"."""
    return re.search(r"\b(?:in|during|since|of|last|this|early|late|mid) $", match.string[: match.start()]) is not None


def _dates(today: datetime, year: str | None, month: int, day: str | None) -> list[Period]:
    years = [int(year)] if year else range(today.year - _YEARS_BACK, today.year + 1)
    found = []
    for y in years:
        try:
            start = datetime(y, month, int(day) if day else 1)
        except ValueError:  # 31 June
            continue
        end = start + timedelta(days=1) if day else datetime(y + month // 12, month % 12 + 1, 1)
        if year or start <= today:
            found.append(Period(start, end))
    return found


def _ago(today: datetime, n: int, unit: str) -> Period:
    """People round: the period around the day is as long as the unit."""
    days = _UNIT_DAYS[unit]
    start = today - timedelta(days=min(n * days, 365 * 100) + (days - 1) // 2)
    return Period(start, start + timedelta(days=days))


def _named(low: str, today: datetime) -> tuple[Period, ...]:
    monday = today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    year = today.replace(month=1, day=1)
    day = timedelta(days=1)
    names: dict[str, Period] = {
        r"\byesterday\b|어제": Period(today - day, today),
        r"그저께|그제|엊그제": Period(today - 2 * day, today - day),
        r"\b(?:today|this morning)\b|오늘": Period(today, today + day),
        r"\blast week\b|지난 ?주(?!말)": Period(monday - 7 * day, monday),
        r"\bthis week\b|이번 ?주(?!말)": Period(monday, today + day),
        r"\blast weekend\b|지난 ?주말": Period(monday - 2 * day, monday),
        r"\blast month\b|지난 ?달|저번 ?달": Period(last_month, month),
        r"\blast year\b|작년|지난해": Period(year.replace(year=year.year - 1), year),
    }
    found = [period for pattern, period in names.items() if re.search(pattern, low)]
    for number, name in enumerate(_WEEKDAYS):
        if re.search(rf"\b(?:last|on) {name}\b|{_KO_WEEKDAYS[number]}요일", low):
            start = today - timedelta(days=(today.weekday() - number - 1) % 7 + 1)
            found.append(Period(start, start + day))
    return tuple(found)
