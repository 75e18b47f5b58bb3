"""`companion bench memory`: what is found again on LoCoMo, how fast in a big memory, how long it takes to open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from companion.apps.assemble import installed_embedder
from companion.apps.json_output import print_json
from companion.apps.recordings import default_data
from companion.catalog import ModelStore
from companion.errors import CompanionError

if TYPE_CHECKING:
    from rich.progress import Progress

    from companion.memory import bench
    from companion.memory.embedding import OnnxEmbedder


def run(home: Path, models: Path, data: Path | None, episodes: Sequence[int], as_json: bool) -> None:
    """Measure and print. The big memories are made on the disk of `home`, and removed again.

    Raises:
        CompanionError: `data` holds no conversations, or the disk has no room.
    """
    from rich.console import Console
    from rich.progress import Progress

    embedder = installed_embedder(ModelStore(models), "en")  # LoCoMo is English
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        result: dict[str, Any] = {
            "models": {"embed": embedder.id} if embedder else {},
            "retrieval": _retrieval(data, embedder, progress),
            **_scale(home, sorted(episodes), embedder, progress),
        }
    if as_json:
        print_json(result)
    else:
        _tables(result)


def _retrieval(data: Path | None, embedder: OnnxEmbedder | None, progress: Progress) -> list[dict[str, Any]]:
    """Recall on the conversations in `data`, else on those beside a checkout; empty where there are none."""
    from companion.memory import bench, locomo

    folder = data or default_data() / "text" / "locomo"
    if not (folder / "qa.csv").is_file():
        if data:
            raise CompanionError(f"no conversations in {data}: --data wants a qa.csv and the JSON files that it names")
        about = f"no conversations in {folder}: give a folder with --data to measure what is found"
        progress.console.print(about, soft_wrap=True)
        return []
    try:
        conversations = locomo.load(folder)
    except (OSError, KeyError, ValueError) as error:
        raise CompanionError(f"cannot read {folder} as LoCoMo conversations: {error}") from error
    return bench.retrieval(conversations, embedder, _shown(progress, "asking about LoCoMo"))


def _scale(home: Path, episodes: Sequence[int], embedder: OnnxEmbedder | None, progress: Progress) -> dict[str, Any]:
    """`scale`, smallest first, and how long the biggest takes to open."""
    from companion.memory import bench

    home.mkdir(parents=True, exist_ok=True)
    entries = []
    opening: tuple[float, float | None] | None = None
    for count in episodes:
        with TemporaryDirectory(prefix="bench-", dir=home) as folder:
            shown = _shown(progress, f"saving {count:,} episodes")
            entries.append(bench.scale(count, Path(folder), embedder, shown))
            opening = bench.opening(Path(folder))
    by_key_file, by_keyring = opening or (None, None)
    return {"scale": entries, "open_ms": by_key_file, "open_keyring_ms": by_keyring}


def _shown(progress: Progress, what: str) -> bench.Progress:
    task = progress.add_task(what, total=1.0)
    return lambda share: progress.update(task, completed=share)


def _tables(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    depths = ("5", "10", "20")
    means = result["models"].get("embed", "by words alone: no embedding model is installed")
    about = "share of the evidence among the first 5, 10, 20; unsure: nothing came, or a doubt"
    found = Table(title=f"Retrieval on LoCoMo ({means})", caption=about, box=None)
    found.add_column("questions", no_wrap=True)
    for column in ("n", *(f"@{depth}" for depth in depths), *(f"BM25@{depth}" for depth in depths), "unsure"):
        found.add_column(column, justify="right")
    for entry in result["retrieval"]:
        shares = [entry[by][depth] for by in ("recall", "bm25") for depth in depths]
        found.add_row(entry["name"], str(entry["n"]), *map(_share, [*shares, entry["unanswerable"]]))
    scale = Table(title="Time and size", box=None)
    for column in ("episodes", "recall p50 ms", "recall p95 ms", "save ms", "file MB"):
        scale.add_column(column, justify="right")
    for entry in result["scale"]:
        times = (*entry["recall_ms"].values(), entry["save_ms"])
        scale.add_row(f"{entry['episodes']:,}", *(f"{ms:.1f}" for ms in times), f"{entry['file_mb']:,.0f}")
    if result["retrieval"]:
        console.print(found)
    console.print(scale)
    by_keyring = result["open_keyring_ms"]
    console.print(
        f"opening: {result['open_ms']:.1f} ms by a key file, "
        + ("there is no keyring here" if by_keyring is None else f"{by_keyring:.1f} ms by the keyring")
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
