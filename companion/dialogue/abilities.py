"""What the companion is asked to do or to tell as other assistants are: done in code, or owned up to as out of reach.

It can tell the time, do a sum, say its last answer again, and say what it is able to. It cannot call anybody, ring at
seven or look something up; a small language model says "I'll do that for you", and somebody relies on it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from companion.dialogue import sums
from companion.dialogue.patterns import any_of
from companion.dialogue.safety.words import normal
from companion.settings import Language

_AGAIN: Final = "again"
_KEEPS: Final = "keeps"
_SUM: Final = "sum"
_WHOLE: Final = frozenset(
    {_AGAIN, _KEEPS, _SUM, "time", "date", "louder", "state", "state_back", "here", "able", "where", "stay", "company"}
)
"""Kinds whose patterns take in all that was said: there is nothing beside it that could be a cry for help."""

_MIDDAY: Final = 12


class Abilities:
    """`abilities.<language>.toml`, ready for use."""

    def __init__(
        self, language: Language, companion: str, *, remembers: bool, now: Callable[[], datetime] = datetime.now
    ) -> None:
        """`companion`: its name. `remembers`: beyond this talk. `now`: the time on the owner's clock."""
        data = tomllib.loads((Path(__file__).parent / f"abilities.{language}.toml").read_text(encoding="utf-8"))
        name = re.escape(normal(companion, language))
        signs = {
            "{thing}": data.get("thing", ""),
            "~": data["before"],
            "$$": data["after"],
            "%%": data["please"],
            "{companion}": name,
        }

        def whole(pattern: str) -> str:
            for sign, meaning in signs.items():
                pattern = pattern.replace(sign, meaning)
            return pattern

        self._asks = {kind: any_of(map(whole, patterns)) for kind, patterns in data["asks"].items()}
        self._marked = {kind: any_of(map(whole, patterns)) for kind, patterns in data["marked"].items()}
        self._others = re.compile(data["others"])
        self._answers: dict[str, str] = data["answers"]
        self._clock: dict[str, Any] = data["clock"]
        self._language = language
        self._remembers = remembers
        self._now = now
        # As in `CrisisDetector`: a turn asks several times about its own words and those of the turns before.
        self._known = lru_cache(maxsize=32)(self._read)

    def asked(self, words: str) -> str | None:
        """What `words` ask for, a sum or a kind of the file; None: nothing of this."""
        return self._known(words)

    def _read(self, words: str) -> str | None:
        text = normal(words, self._language)
        if sums.answer(words, self._language) is not None:
            return _SUM
        if self._others.search(text):
            return None
        asks = [*self._asks.items(), *(self._marked.items() if "?" in words else ())]
        return next((kind for kind, pattern in asks if pattern.search(text)), None)

    def plainly(self, words: str) -> bool:
        """Whether `words` ask for something of this and say nothing else."""
        return self.asked(words) in _WHOLE

    def answer(self, words: str, last: str = "") -> str | None:
        """What is said to `words`; None where they ask for nothing of this. `last`: the answer before."""
        kind = self.asked(words)
        if kind == _AGAIN:
            return last or None
        if kind is None:
            return None
        if kind == _SUM:
            return sums.answer(words, self._language)
        if kind == _KEEPS and not self._remembers:
            kind = "keeps_not"
        return self._answers[kind].format(time=self._time(), date=self._date())

    def _time(self) -> str:
        clock, now = self._clock, self._now()
        part = next(name for before, name in clock["parts"] if now.hour < before)
        if not now.minute and (name := clock["named"].get(str(now.hour))):
            return str(name)
        form: str = clock["time" if now.minute else "on_the_hour"]
        return form.format(hour=clock["hours"][now.hour % _MIDDAY], minute=now.minute, part=part)

    def _date(self) -> str:
        clock, now = self._clock, self._now()
        form: str = clock["date"]
        return form.format(weekday=clock["weekdays"][now.weekday()], month=clock["months"][now.month - 1], day=now.day)
