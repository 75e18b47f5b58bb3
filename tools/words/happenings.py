"""This project's own lines about what happens to people, told mostly without a word of feeling."""

from __future__ import annotations

import csv
from pathlib import Path


def lines(language: str) -> list[dict[str, str]]:
    """Every line: its `text`, its `labels`, joined by "|", and whether it is a `danger` (yes, unsure or "")."""
    with (Path(__file__).parent / f"happenings.{language}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
