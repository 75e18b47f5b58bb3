"""The events file: one JSON object a line, flushed as it happens."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from companion.errors import CompanionError
from companion.events import Event, to_record
from companion.turns.taking import Phase


class EventsFile:
    """An observer of the loop that writes every event down. Close it when the session is over."""

    def __init__(self, path: Path) -> None:
        """Raises CompanionError where the file cannot be written."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise CompanionError(f"cannot write the events to {path}: {error.strerror}") from error

    def event(self, event: Event, t: float, turn: int) -> None:
        """Write one line."""
        try:
            self._file.write(json.dumps(to_record(event, t, turn), ensure_ascii=False) + "\n")
        except OSError as error:
            raise CompanionError(f"cannot write the events to {self._path}: {error.strerror}") from error

    def level(self, rms: float, phase: Phase) -> None:
        """Levels are for eyes only."""

    def close(self) -> None:
        """No more events. What could not be written was told when it was."""
        with suppress(OSError):
            self._file.close()
