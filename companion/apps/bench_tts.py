"""`companion bench tts`: is what the speaker plays understood? A voice speaks, a recogniser listens.

The sentences are replies as a conversation has them, in `replies.<language>.txt`, one a line. Each is spoken by the
voice of the profile and heard by the biggest Whisper that is installed. What the recogniser itself gets wrong, or drops
because it is unsure, counts against the voice: people understand more than these figures say.

Every sentence is spoken in every style, and what the style changed is measured in the sound, against the neutral one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from companion import catalog
from companion.apps.json_output import print_json
from companion.apps.options import effective
from companion.apps.scoring import character_errors, pooled, word_errors
from companion.catalog import Model, ModelStore
from companion.errors import CompanionError
from companion.events import SAMPLE_RATE, Samples
from companion.settings import Settings
from companion.tts.styles import STYLES

if TYPE_CHECKING:
    from companion.stt.engine import Engine
    from companion.tts.voice import Voice

LANGUAGES = ("en", "ko")


@dataclass(frozen=True, slots=True)
class Result:
    """One voice in one style. `wer`, `cer`: see `companion.apps.scoring`; `rtf`: time to speak / length of the sound.

    Against the neutral style: `rate` as a factor, `level` in dB, `pitch` (median) in semitones, and `pitch_range` (from
    the 10th to the 90th percentile, in semitones) as a factor.
    """

    language: str
    voice: str
    style: str
    recogniser: str
    n: int
    wer: float
    cer: float
    rtf: float
    rate: float = 1.0
    level: float = 0.0
    pitch: float = 0.0
    pitch_range: float = 1.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """How something sounded: seconds, level in dB, median of pitch and its range in semitones."""

    length: float
    level: float
    pitch: float
    pitch_range: float


def run(home: Path, models: Path, language: str | None, profile: str | None, limit: int, as_json: bool) -> None:
    """Measure and print.

    Raises:
        CompanionError: no Whisper is installed, or a voice cannot be had.
    """
    from rich.console import Console
    from rich.progress import Progress

    store = ModelStore(models)
    spoken = [language] if language else LANGUAGES
    work = [(replies(one)[: limit or None], effective(home, language=one, profile=profile)) for one in spoken]
    results: list[Result] = []
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("speaking", total=len(STYLES) * sum(len(sentences) for sentences, _ in work))
        for sentences, settings in work:
            listener = _listener(store, settings.language)
            results += measure(open_the_voice(store, settings), listener, sentences, lambda: progress.advance(task))
    if as_json:
        print_json({"sets": [asdict(r) for r in results]})
    else:
        _table(results)


def replies(language: str) -> list[str]:
    """The sentences that are spoken."""
    return (Path(__file__).parent / f"replies.{language}.txt").read_text(encoding="utf-8").splitlines()


def measure(
    voice: Voice, listener: Engine, sentences: Sequence[str], heard: Callable[[], object] = lambda: None
) -> list[Result]:
    """Speak and hear every sentence in every style, neutral first; `heard` is called after each."""
    voice.warm_up()
    neutral: Delivery | None = None
    results = []
    for style in STYLES:
        result, delivery = _measure(voice, style, listener, sentences, heard)
        neutral = neutral or delivery
        results.append(
            replace(
                result,
                rate=round(neutral.length / delivery.length, 3),
                level=round(delivery.level - neutral.level, 2),
                pitch=round(delivery.pitch - neutral.pitch, 2),
                pitch_range=round(delivery.pitch_range / neutral.pitch_range, 3),
            )
        )
    return results


def _measure(
    voice: Voice, style: str, listener: Engine, sentences: Sequence[str], heard: Callable[[], object]
) -> tuple[Result, Delivery]:
    import soxr

    how = replace(STYLES[style], pause=0.0)
    words, characters, sounds, took = [], [], [], 0.0
    for sentence in sentences:
        began = time.perf_counter()
        sound = np.concatenate([*voice.synthesize(sentence, how), np.zeros(0, np.float32)])
        took += time.perf_counter() - began
        sounds.append(sound)
        text = listener.transcribe(soxr.resample(sound, voice.rate, SAMPLE_RATE)).text
        words.append(word_errors(sentence, text, voice.language))
        characters.append(character_errors(sentence, text, voice.language))
        heard()
    delivery = delivered(sounds, voice.rate)
    result = Result(
        voice.language,
        voice.id,
        style,
        listener.id,
        len(sentences),
        round(pooled(words).rate, 4),
        round(pooled(characters).rate, 4),
        round(took / max(delivery.length, 1e-9), 3),
    )
    return result, delivery


def delivered(sounds: Sequence[Samples], rate: int) -> Delivery:
    """How `sounds` (mono, `rate` Hz) were spoken, all together; pitch as 0 and its range as 1 where there is none."""
    from companion.tts.pitch import PitchShaper

    shaper = PitchShaper()
    hz = np.concatenate([shaper.contour(sound, rate).hz for sound in sounds])
    semitones = 12 * np.log2(hz[~np.isnan(hz)] / 100)
    low, median, high = np.percentile(semitones, (10, 50, 90)) if len(semitones) else (0.0, 0.0, 1.0)
    power = float(np.mean(np.square(np.concatenate(sounds), dtype=np.float64)))
    return Delivery(sum(map(len, sounds)) / rate, 10 * math.log10(power + 1e-12), float(median), float(high - low))


def open_the_voice(store: ModelStore, settings: Settings) -> Voice:
    """The voice that a conversation with these settings would have."""
    from companion.tts.voice import open_voice

    models = catalog.load()
    model = models.chosen(store, "tts", settings.profile, settings.language, settings.voice)
    if model is None and models.candidates("tts", settings.profile, settings.language):
        raise CompanionError(
            f"no {catalog.describe('tts', settings.language)} is installed: run "
            f"`companion models pull --profile {settings.profile} --language {settings.language}`"
        )
    return open_voice(settings.language, store.path(model) if model else None, model.id if model else None)


def _listener(store: ModelStore, language: str) -> Engine:
    from companion.stt.engine import open_engine

    model = strongest_whisper([m for m in catalog.load().models if store.installed(m)], language)
    if model is None:
        raise CompanionError("no Whisper that could listen is installed: run `companion models pull whisper-base`")
    return open_engine(model.engine, model.id, store.path(model), language)


def strongest_whisper(installed: Sequence[Model], language: str) -> Model | None:
    """The biggest, for among Whispers size is strength; None where there is none."""
    fit = [model for model in installed if model.engine == "whisper" and model.speaks(language)]
    return max(fit, key=lambda model: model.bytes or 0, default=None)


def _table(results: Sequence[Result]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Text to speech: what is understood of it")
    for column in ("language", "voice", "style", "recogniser"):
        table.add_column(column, overflow="fold")
    for column in ("n", "WER", "CER", "× real time", "rate", "level dB", "pitch st", "range"):
        table.add_column(column, justify="right")
    for r in results:
        errors = (f"{r.wer:.3f}", f"{r.cer:.3f}", f"{r.rtf:.2f}")
        changed = (f"{r.rate:.2f}", f"{r.level:+.1f}", f"{r.pitch:+.1f}", f"{r.pitch_range:.2f}")
        table.add_row(r.language, r.voice, r.style, r.recogniser, str(r.n), *errors, *changed)
    Console().print(table)
