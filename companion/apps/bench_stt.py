"""`companion bench stt`: every installed recogniser on recordings whose words are known."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from companion import catalog
from companion.apps.json_output import print_json
from companion.apps.recordings import Recording, default_data, pick, read_sets, read_sound
from companion.apps.scoring import character_errors, pooled, word_errors
from companion.catalog import Model, ModelStore
from companion.errors import CompanionError
from companion.events import FRAME, seconds

if TYPE_CHECKING:
    from companion.stt.turn import TurnRecognizer

LANGUAGES = ("en", "ko")


@dataclass(frozen=True, slots=True)
class SpeechSet:
    """Recordings of one kind: one folder, one source, one language."""

    name: str
    language: str
    recordings: tuple[Recording, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One engine on one set. `wer`, `cer`: see `companion.apps.scoring`; `rtf`: processing time / length of sound."""

    name: str
    language: str
    engine: str
    n: int
    wer: float
    cer: float
    rtf: float


def run(
    models: Path, language: str | None, data: Path | None, engines: Sequence[str], limit: int, as_json: bool
) -> None:
    """Measure and print.

    Raises:
        CompanionError: no recordings with transcripts, no recogniser for them, or one of `engines` is not installed.
    """
    from rich.console import Console
    from rich.progress import Progress

    sets = speech_sets(data, language, limit)
    store = ModelStore(models)
    pairs = [(model, spoken) for spoken in LANGUAGES for model in _recognizers(store, engines) if model.speaks(spoken)]
    work = [(model, spoken, s) for model, spoken in pairs if (s := [one for one in sets if one.language == spoken])]
    if not work:
        raise CompanionError("no speech model for these recordings is installed: run `companion models pull`")
    results: list[Result] = []
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        total = sum(len(one.recordings) for *_, some in work for one in some)
        task = progress.add_task("listening", total=total)
        for model, spoken, some in work:
            recognizer = _open(model, spoken, store)
            results += [measure(recognizer, model.id, one, lambda: progress.advance(task)) for one in some]
    if as_json:
        print_json({"sets": [asdict(r) for r in results]})
    else:
        _table(results)


def speech_sets(data: Path | None, language: str | None, limit: int) -> list[SpeechSet]:
    """The recordings with a transcript, by folder, and by source where a folder holds several; `limit` is for each set.

    Without `data`, the folders `speech-*` of the shared recordings.

    Raises:
        CompanionError: there are none.
    """
    spoken = [
        recording
        for recording in read_sets(data or default_data(), language)
        if recording.transcript and recording.language in LANGUAGES and (data or recording.set.startswith("speech-"))
    ]
    if not spoken:
        raise CompanionError(
            f"no recordings with a transcript under {data or default_data()}: give a folder with --data"
        )
    groups: dict[tuple[str, str, str], list[Recording]] = {}
    for recording in spoken:
        groups.setdefault((recording.set, recording.source, recording.language), []).append(recording)
    sources: dict[str, set[str]] = {}
    for folder, source, _ in groups:
        sources.setdefault(folder, set()).add(source)
    return [
        SpeechSet(f"{folder} ({source})" if len(sources[folder]) > 1 else folder, language, tuple(pick(group, limit)))
        for (folder, source, language), group in groups.items()
    ]


def measure(
    recognizer: TurnRecognizer, engine: str, speech: SpeechSet, heard: Callable[[], object] = lambda: None
) -> Result:
    """Read every recording as one turn; `heard` is called after each."""
    words, characters, took, length = [], [], 0.0, 0
    for recording in speech.recordings:
        sound = read_sound(recording.path)
        began = time.perf_counter()
        recognizer.start()
        for at in range(0, len(sound), FRAME):
            recognizer.accept(sound[at : at + FRAME])
        text = recognizer.read(len(sound)).text
        took += time.perf_counter() - began
        length += len(sound)
        words.append(word_errors(recording.transcript, text, speech.language))
        characters.append(character_errors(recording.transcript, text, speech.language))
        heard()
    return Result(
        speech.name,
        speech.language,
        engine,
        len(speech.recordings),
        round(pooled(words).rate, 4),
        round(pooled(characters).rate, 4),
        round(took / max(seconds(length), 1e-9), 3),
    )


def _recognizers(store: ModelStore, wanted: Sequence[str]) -> list[Model]:
    installed = [
        model for model in catalog.load().models if model.role in ("stt", "stt-stream") and store.installed(model)
    ]
    for name in wanted:
        if name not in {model.id for model in installed}:
            raise CompanionError(f"no speech model {name} is installed: see `companion models list`")
    return [model for model in installed if not wanted or model.id in wanted]


def _open(model: Model, language: str, store: ModelStore) -> TurnRecognizer:
    from companion.stt.turn import open_recognizer

    return open_recognizer(language, {model.role: (model.engine, model.id, store.path(model))})


def _table(results: Sequence[Result]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Speech to text")
    for column in ("set", "language", "engine"):
        table.add_column(column, overflow="fold")
    for column in ("n", "WER", "CER", "× real time"):
        table.add_column(column, justify="right")
    for r in results:
        table.add_row(r.name, r.language, r.engine, str(r.n), f"{r.wer:.3f}", f"{r.cer:.3f}", f"{r.rtf:.2f}")
    Console().print(table)
