"""`companion bench affect`: how well voice and words are read, by speakers and texts that nothing was fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from companion.apps import bench_owners, bench_voice, bench_words
from companion.apps.bench_voice import Result, Transfer
from companion.apps.json_output import print_json
from companion.apps.recordings import default_data
from companion.errors import CompanionError

Row = Result | Transfer | bench_words.Result | bench_owners.Result


def run(models: Path, language: str | None, data: Path | None, as_json: bool) -> None:
    """Measure and print. `data` is only tested on; a folder may hold recordings, texts, or both.

    Raises:
        CompanionError: there is nothing in `data` to measure with, or no tone-of-voice model is installed.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    voice: list[Result] = []
    transfer: list[Transfer] = []
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("listening", total=None)
        if _has_recordings(data or default_data()):
            voice, transfer = bench_voice.run(models, data, language, lambda: progress.advance(task))
        words = bench_words.run(data, language)
    owners = bench_owners.run()
    if not voice and not words:
        raise CompanionError(f"nothing to measure with in {data or default_data()}: give recordings or texts by --data")
    if as_json:
        lists: dict[str, Sequence[Row]] = {"voice": voice, "transfer": transfer, "words": words}
        print_json({**{key: [asdict(one) for one in rows] for key, rows in lists.items()}, "owners": asdict(owners)})
        return
    _table("Voice", voice)
    _table("Voice, fitted on other corpora: four tones", transfer)
    _table("Words", words)
    _table("Simulated owners: help missed in a turn", [owners])


def _has_recordings(data: Path) -> bool:
    return any(data.glob("metadata.csv")) or any(data.glob("*/metadata.csv"))


def _table(title: str, rows: Sequence[Row]) -> None:
    """One line a row, one column a field."""
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return
    table = Table(title=title, box=None)
    for number, name in enumerate(asdict(rows[0])):
        table.add_column(name.replace("_", " "), overflow="fold", justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in asdict(row).values()))
    Console().print(table)
