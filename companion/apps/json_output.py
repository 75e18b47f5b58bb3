"""What `--json` prints: for scripts."""

from __future__ import annotations

import json
from typing import Any


def print_json(value: Any) -> None:
    """One JSON value on the standard output, never wrapped."""
    from rich.console import Console

    Console(soft_wrap=True, highlight=False).print_json(json.dumps(value, ensure_ascii=False))
