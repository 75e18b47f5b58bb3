"""Recordings to measure with: folders with a `metadata.csv` (file, language, speaker, emotion, transcript, …)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from companion.errors import CompanionError
from companion.events import SAMPLE_RATE, Samples


@dataclass(frozen=True, slots=True)
class Recording:
    """One row of a `metadata.csv`. `set` is its folder's name; what a column lacks is empty."""

    path: Path
    set: str
    language: str
    speaker: str
    transcript: str
    licence: str
    source: str
    emotion: str = ""
    script: str = ""


def default_data() -> Path:
    """The recordings beside a checkout of the project: `../shared/data`."""
    return Path(__file__).resolve().parents[3] / "shared" / "data"


def read_sets(data: Path, language: str | None = None) -> list[Recording]:
    """Every recording under `data`, itself a set or a folder of sets; of one language where given.

    Raises:
        CompanionError: there is no `metadata.csv`, or one lacks the columns `file` and `language`.
    """
    tables = sorted({*data.glob("metadata.csv"), *data.glob("*/metadata.csv")})
    if not tables:
        raise CompanionError(f"no metadata.csv in {data} or in a folder of it: give a folder of recordings with --data")
    return [
        recording
        for table in tables
        for recording in _read(table)
        if language is None or recording.language == language
    ]


def read_sound(path: Path) -> Samples:
    """A recording of any format as the models want it: mono, 16 kHz.

    Raises:
        CompanionError: the file cannot be read as sound.
    """
    import soundfile as sf
    import soxr

    try:
        recorded, rate = sf.read(path, dtype="float32", always_2d=True)
    except (OSError, sf.SoundFileError) as error:
        raise CompanionError(f"cannot read {path} as sound") from error
    mono: Samples = soxr.resample(recorded.mean(axis=1), rate, SAMPLE_RATE)
    return mono


def pick(recordings: Sequence[Recording], limit: int) -> list[Recording]:
    """At most `limit` of the recordings, evenly spaced, so that every speaker has a part; 0: all of them."""
    if not limit or limit >= len(recordings):
        return list(recordings)
    return [recordings[index * len(recordings) // limit] for index in range(limit)]


def _read(table: Path) -> list[Recording]:
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CompanionError(f"cannot read {table}: {error}") from error
    if rows and not {"file", "language"} <= rows[0].keys():
        raise CompanionError(f"{table} lacks the columns file and language")
    return [
        Recording(
            table.parent / row["file"],
            table.parent.name,
            row["language"],
            *(row.get(column) or "" for column in ("speaker", "transcript", "licence", "source", "emotion", "script")),
        )
        for row in rows
    ]
