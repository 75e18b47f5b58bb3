"""Korean phrases for when something is or was: "다음 주 화요일", "5월 5일", "두 달 전". Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta

from companion.memory.language import moments
from companion.memory.language.moments import Direction, Moment, Wording
from companion.memory.language.numbers import number

_WEEKDAYS = "월화수목금토일"
_SEASONS = {"봄": 3, "여름": 6, "가을": 9, "겨울": 12}
_STEP = {"이번": 0, "다음": 1, "지난": -1, "저번": -1}
_YEAR_STEP = {"올해": 0, "내년": 1, "작년": -1, "재작년": -2}
_DAYS = {"오늘": 0, "내일": 1, "내일모레": 2, "모레": 2, "글피": 3, "어제": -1, "그저께": -2, "그제": -2, "엊그제": -2}
_NAMED_COUNTS = {"사흘": 3, "나흘": 4, "열흘": 10, "보름": 15, "일주일": 7}
_UNITS = {"일": "day", "주": "week", "주일": "week", "달": "month", "개월": "month", "년": "year"}

_PART = r"(?: ?(?:아침|오전|점심|오후|저녁|밤|새벽))?"
_HOUR = r"(?: ?(?:\d{1,2}|한|두|세|네|다섯|여섯|일곱|여덟|아홉|열|열한|열두) ?시(?: ?(?:반|\d{1,2}분))?)?"
_COUNT = r"(?:\d{1,3}|한|두|세|네|다섯|여섯|일|이|삼|사|오|육|십)"

WHEN = (
    rf"(?:(?:{'|'.join(sorted(_DAYS, key=len, reverse=True))}){_PART}{_HOUR}|어젯밤|(?:이번|다음|지난|저번) ?주말|주말"
    rf"|(?:(?:이번|다음|지난|저번) ?주 ?)?[{_WEEKDAYS}]요일{_PART}{_HOUR}|(?:이번|다음|지난|저번) ?(?:주|달)"
    rf"|(?:(?:19|20)\d\d년 ?)?\d{{1,2}}월 ?\d{{1,2}}일{_PART}{_HOUR}"
    r"|(?:올해|내년|작년|재작년)(?: ?(?:봄|여름|가을|겨울|\d{1,2}월))?"
    r"|지난 ?(?:봄|여름|가을|겨울)|(?:19|20)\d\d년|\d{1,2}월(?!\d)|(?:내일|오늘) ?모레"
    rf"|{_COUNT} ?(?:일|주일?|달|개월|년) ?(?:뒤|후|전)|(?:사흘|나흘|열흘|보름|일주일) ?(?:뒤|후|전))(?:쯤)?(?:에)?"
)
"""The phrases that `moment` reads."""

_WORDING = Wording(
    day=lambda d: f"{d.year}년 {d.month}월 {d.day}일에",
    yearly=lambda d: f"{d.month}월 {d.day}일",
    week=lambda d: f"{d.year}년 {d.month}월 {d.day}일 주에",
    weekend=lambda d: f"{d.year}년 {d.month}월 {d.day}일 주말에",
    month=lambda d: f"{d.year}년 {d.month}월에",
    season=lambda name, year: f"{year}년 {name}에",
    year=lambda year: f"{year}년에",
)


def moment(text: str, today: date, direction: Direction = 1) -> Moment | None:
    """The days that a phrase of the shape `WHEN` means, said on `today`; None where there are none (6월 31일)."""
    low = re.sub(r"(?:쯤)?(?:에)?$", "", re.sub(r"\s+", "", text))
    low = re.sub(rf"{_PART}{_HOUR}$".replace(" ?", ""), "", low) or low
    if low in _DAYS:
        return moments.day(today + timedelta(days=_DAYS[low]), _WORDING)
    if low.startswith("어젯"):
        return moments.day(today - timedelta(days=1), _WORDING)
    return _dated(low, today, direction) or _counted(low, today) or _stepped(low, today, direction)


def _dated(low: str, today: date, direction: Direction) -> Moment | None:
    if match := re.fullmatch(r"(?:((?:19|20)\d\d)년)?(\d{1,2})월(\d{1,2})일", low):
        of_year = int(match[1]) if match[1] else None
        return moments.calendar_day(int(match[2]), int(match[3]), of_year, today, direction, _WORDING)
    if match := re.fullmatch(r"((?:19|20)\d\d)년", low):
        return moments.year(int(match[1]), _WORDING)
    if match := re.fullmatch(r"(\d{1,2})월", low):
        return moments.month(today, int(match[1]), None, direction, _WORDING)
    return None


def _counted(low: str, today: date) -> Moment | None:
    if match := re.fullmatch(rf"(사흘|나흘|열흘|보름|일주일|{_COUNT})(일|주일?|달|개월|년)?(뒤|후|전)", low):
        sign = -1 if match[3] == "전" else 1
        if match[1] in _NAMED_COUNTS:
            return moments.shift(today, sign * _NAMED_COUNTS[match[1]], "day", _WORDING)
        if match[2]:
            return moments.shift(today, sign * (number(match[1]) or 1), _UNITS[match[2]], _WORDING)
    return None


def _stepped(low: str, today: date, direction: Direction) -> Moment | None:
    if match := re.fullmatch(rf"(?:(이번|다음|지난|저번)주)?([{_WEEKDAYS}])요일", low):
        weeks = _STEP[match[1]] if match[1] else None
        return moments.weekday(today, _WEEKDAYS.index(match[2]), weeks, direction, _WORDING)
    if match := re.fullmatch(r"(이번|다음|지난|저번)?(주말|주|달)", low):
        unit = {"주말": "weekend", "주": "week", "달": "month"}[match[2]]
        return moments.span(today, _STEP.get(match[1] or "", 0), unit, _WORDING)
    if match := re.fullmatch(r"(올해|내년|작년|재작년)(봄|여름|가을|겨울)?(?:(\d{1,2})월)?", low):
        of_year = today.year + _YEAR_STEP[match[1]]
        if match[2]:
            return moments.season(of_year, _SEASONS[match[2]], match[2], _WORDING)
        return (
            moments.month(today, int(match[3]), of_year, 1, _WORDING) if match[3] else moments.year(of_year, _WORDING)
        )
    if match := re.fullmatch(r"지난(봄|여름|가을|겨울)", low):
        over = today.month > (_SEASONS[match[1]] + 1) % 12 + 1
        return moments.season(today.year - (0 if over else 1), _SEASONS[match[1]], match[1], _WORDING)
    return None
