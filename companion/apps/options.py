"""The settings of one run: the owner's, with what the command line says on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from companion import settings
from companion.settings import Settings


def effective(home: Path, **given: Any) -> Settings:
    """The settings of `home`; a given value that is not None takes the place of the owner's, for this run."""
    chosen = {name: value for name, value in given.items() if value is not None}
    return settings.load(home).model_copy(update=chosen)
