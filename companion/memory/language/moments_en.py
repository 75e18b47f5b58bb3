"""English phrases for when something is or was: "tomorrow at three", "the 5th of May", "two weeks ago". Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta

from companion.memory.language import moments
from companion.memory.language.moments import Direction, Moment, Wording
from companion.memory.language.numbers import NUMBER_EN, ORDINAL_EN, number, ordinal

MONTHS = "january february march april may june july august september october november december".split()
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_STEP = {"this": 0, "later this": 0, "next": 1, "last": -1}
_DAYS = {
    **dict.fromkeys(("today", "tonight", "later today", "this morning", "this afternoon", "this evening"), 0),
    **dict.fromkeys(("the day after tomorrow", "day after tomorrow"), 2),
    **dict.fromkeys(("yesterday", "last night"), -1),
    **dict.fromkeys(("the day before yesterday", "day before yesterday"), -2),
    **dict.fromkeys(("a week from today", "one week from today", "a week from now", "one week from now"), 7),
    "tomorrow": 1,
}

_MONTH = rf"(?:{'|'.join(MONTHS)})"
_WEEKDAY = rf"(?:{'|'.join(_WEEKDAYS)})"
_SEASON = rf"(?:{'|'.join(_SEASONS)})"
_COUNT = rf"(?:{NUMBER_EN}|an?|a couple(?: of)?|a few)"
_UNIT = r"(?:day|week|month|year)s?"
_PART = r"(?: (?:morning|afternoon|evening|night|noon))?"
_HOUR = r"(?:\d{1,2}(?::\d\d)?|noon|midnight|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_AT = (
    rf"(?:,? (?:at|around) {_HOUR}(?: ?(?:thirty|fifteen))?(?: ?(?:o'?clock|am|pm|a\.m\.?|p\.m\.?))?"
    r"(?: in the (?:morning|afternoon|evening))?)?"
)
_DATE = rf"(?:(?:the )?{ORDINAL_EN}(?: of)? {_MONTH}|{_MONTH}(?: the)? {ORDINAL_EN})"

WHEN = (
    rf"(?:(?:on )?{_DATE}(?:,? (?:19|20)\d\d)?|{'|'.join(sorted(_DAYS, key=len, reverse=True))}"
    rf"|(?:tomorrow|yesterday){_PART}|(?:later )?(?:this|next|last) (?:weekend|week|month|year|{_SEASON})"
    rf"|(?:on |on the |over )?the weekend|(?:on |this |next |last |this coming |next week )?{_WEEKDAY}{_PART}"
    rf"|in {_COUNT} {_UNIT}|{_COUNT} {_UNIT} ago|(?:in |last |next |this )?{_MONTH}(?: (?:19|20)\d\d)?"
    rf"|in (?:19|20)\d\d)(?![\w-]){_AT}"
)
"""The phrases that `moment` reads (small letters)."""

_WORDING = Wording(
    day=lambda d: f"on {_date(d)}",
    yearly=lambda d: f"on {d.day} {MONTHS[d.month - 1].title()}",
    week=lambda d: f"in the week of {_date(d)}",
    weekend=lambda d: f"on the weekend of {_date(d)}",
    month=lambda d: f"in {MONTHS[d.month - 1].title()} {d.year}",
    season=lambda name, year: f"in the {name} of {year}",
    year=lambda year: f"in {year}",
)


def moment(text: str, today: date, direction: Direction = 1) -> Moment | None:
    """The days that a phrase of the shape `WHEN` means, said on `today`; None where there are none (31 June)."""
    low = re.sub(rf"{_AT}$", "", re.sub(r"\s+", " ", text.lower().strip()))
    if low in _DAYS:
        return moments.day(today + timedelta(days=_DAYS[low]), _WORDING)
    low = re.sub(rf"(?<=\w){_PART}$", "", low)
    if low in _DAYS:
        return moments.day(today + timedelta(days=_DAYS[low]), _WORDING)
    return _dated(low, today, direction) or _counted(low, today) or _stepped(low, today, direction)


def _dated(low: str, today: date, direction: Direction) -> Moment | None:
    if match := re.fullmatch(rf"(?:on )?({_DATE})(?:,? ((?:19|20)\d\d))?", low):
        name = re.search(rf"\b{_MONTH}\b", match[1])
        day = ordinal(re.sub(rf"\b(?:{_MONTH}|the|of)\b", " ", match[1]))
        if name is None or day is None:
            return None
        of_year = int(match[2]) if match[2] else None
        return moments.calendar_day(MONTHS.index(name[0]) + 1, day, of_year, today, direction, _WORDING)
    if match := re.fullmatch(rf"(?:(in|last|next|this) )?({_MONTH})(?: ((?:19|20)\d\d))?", low):
        of_year = int(match[3]) if match[3] else None
        towards: Direction = -1 if match[1] == "last" else direction
        return moments.month(today, MONTHS.index(match[2]) + 1, of_year, towards, _WORDING)
    if match := re.fullmatch(r"in ((?:19|20)\d\d)", low):
        return moments.year(int(match[1]), _WORDING)
    return None


def _counted(low: str, today: date) -> Moment | None:
    if match := re.fullmatch(rf"in ({_COUNT}) ({_UNIT})", low):
        return moments.shift(today, _count(match[1]), match[2].rstrip("s"), _WORDING)
    if match := re.fullmatch(rf"({_COUNT}) ({_UNIT}) ago", low):
        return moments.shift(today, -_count(match[1]), match[2].rstrip("s"), _WORDING)
    return None


def _stepped(low: str, today: date, direction: Direction) -> Moment | None:
    if match := re.fullmatch(rf"(?:(on|this|next|last|this coming|next week) )?({_WEEKDAY})", low):
        weeks = {"next week": 1, "next": 1}.get(match[1])  # "next Monday": of the week after this one
        if match[1] in ("this", "this coming"):
            direction = 1
        return moments.weekday(
            today, _WEEKDAYS.index(match[2]), weeks, -1 if match[1] == "last" else direction, _WORDING
        )
    if re.fullmatch(r"(?:on |on the |over )?the weekend", low):
        return moments.span(today, 0, "weekend", _WORDING)
    if match := re.fullmatch(rf"((?:later )?this|next|last) (weekend|week|month|year|{_SEASON})", low):
        step = _STEP[match[1]]
        if match[2] in _SEASONS:
            return moments.season(today.year + step, _SEASONS[match[2]], match[2], _WORDING)
        return moments.span(today, step, match[2], _WORDING)
    return None


def _count(text: str) -> int:
    return {"a": 1, "an": 1, "a couple": 2, "a couple of": 2, "a few": 3}.get(text) or number(text) or 1


def _date(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1].title()} {day.year}"
