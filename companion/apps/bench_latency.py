"""`companion bench latency`: the real loop on recordings at the speed of real time, and where its time went."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from companion.apps.json_output import print_json
from companion.apps.options import effective
from companion.apps.recordings import Recording, default_data, pick, read_sets
from companion.errors import CompanionError
from companion.events import Event, ReplyStarted, SessionStarted, TranscriptFinal, TurnLatency, WorkedAhead
from companion.parts import Parts
from companion.turns.taking import Phase, TurnTaking

STAGES = ("gap_ms", "endpoint_ms", "stt_ms", "first_token_ms", "first_clause_ms", "first_audio_ms")

_SETS = {"en": ("speech-en", "CC0"), "ko": ("speech-ko-studio", "")}
"""The recordings taken by default: whole sentences, cleanly ended; the second value is how their licence begins."""


@dataclass(slots=True)
class Watch:
    """An observer that keeps what the bench counts."""

    latencies: list[TurnLatency]
    ahead: list[WorkedAhead] = field(default_factory=list)
    transcripts: int = 0
    reply_at: float | None = None

    def event(self, event: Event, t: float, turn: int) -> None:
        """Count one event."""
        match event:
            case TurnLatency():
                self.latencies.append(event)
            case WorkedAhead():
                self.ahead.append(event)
            case TranscriptFinal():
                self.transcripts += 1
            case ReplyStarted() if self.reply_at is None:
                self.reply_at = event.at

    def level(self, rms: float, phase: Phase) -> None:
        """Levels are for eyes only."""


@dataclass(slots=True)
class Tally:
    """What a way of talking led to over all recordings. `cpu_s`: processor time of each, in seconds."""

    latencies: list[TurnLatency] = field(default_factory=list)
    ahead: list[WorkedAhead] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    cut_ins: int = 0
    missed: int = 0

    def add(self, watch: Watch, cpu_s: float, recording: Path) -> None:
        """A recording was talked to."""
        self.latencies += watch.latencies
        self.ahead += watch.ahead
        self.cpu_s.append(cpu_s)
        self.missed += watch.reply_at is None
        early = watch.reply_at is not None and watch.reply_at < speech_end(recording)
        self.cut_ins += early or watch.transcripts > 1

    def figures(self) -> dict[str, Any]:
        """As JSON; times in milliseconds, processor time in seconds."""
        return {
            **{stage: percentiles(getattr(latency, stage) for latency in self.latencies) for stage in STAGES},
            "with_lead": spread(latency.gap_ms for latency in self.latencies if latency.led),
            "without_lead": spread(latency.gap_ms for latency in self.latencies if not latency.led),
            "ahead": worked_ahead(self.ahead),
            "cpu_s": percentiles(self.cpu_s, digits=2),
            "cut_ins": self.cut_ins,
            "missed": self.missed,
            "turns": [
                {"led": latency.led, **{stage: _rounded(getattr(latency, stage)) for stage in STAGES}}
                for latency in self.latencies
            ],
        }


def run(
    home: Path,
    models: Path,
    language: str | None,
    profile: str | None,
    data: Path | None,
    limit: int,
    against_plain: bool,
    as_json: bool,
) -> None:
    """Play each recording to a conversation without a history and print the table.

    `against_plain`: each is played a second time, to one that does nothing ahead of time.

    Raises:
        CompanionError: no recordings, or a model is missing.
    """
    from rich.console import Console
    from rich.progress import track

    settings = effective(home, language=language, profile=profile)
    recordings = _choose(data or default_data(), settings.language, limit)
    console = Console(stderr=True)

    from companion.apps import plain
    from companion.apps.assemble import assemble, open_taking
    from companion.audio.files import FileDevice
    from companion.conversation import Conversation

    with console.status("opening the models"):
        assembled = assemble(models, settings)
    started = SessionStarted(settings.profile, assembled.models, settings.language, network="not locked")
    ahead, without = Tally(), Tally()
    ways: list[tuple[Tally, Parts, Callable[[], TurnTaking]]]
    ways = [(ahead, assembled.parts, lambda: open_taking(settings, assembled.parts))]
    if against_plain:
        ways.append((without, plain.parts(assembled.parts), plain.taking))
    for recording in track(recordings, "talking", console=console, disable=not console.is_terminal):
        for tally, parts, taking in ways:
            watch, device = Watch([]), FileDevice([recording.path], None, "real")
            began = time.process_time()
            Conversation(device, parts, started, [watch], taking()).run()
            tally.add(watch, time.process_time() - began, recording.path)
    result: dict[str, Any] = {
        "n": len(recordings),
        "profile": settings.profile,
        "language": settings.language,
        "models": assembled.models,
        "pace_ms": assembled.pace_ms,
        **ahead.figures(),
    }
    if against_plain:
        # Of medians: the first talk of all also reads the head of the prompt, and makes every sound there is to make.
        ratio = float(np.median(ahead.cpu_s) / np.median(without.cpu_s))
        result |= {"plain": without.figures(), "cpu_ratio": round(ratio, 2)}
    if as_json:
        print_json(result)
    else:
        _table(result)


def percentiles(values: Iterable[float | None], digits: int = 1) -> dict[str, float | None]:
    """`{"p50", "p95"}` of the values that are there, in their own unit."""
    known = [value for value in values if value is not None]
    if not known:
        return {"p50": None, "p95": None}
    return {f"p{q}": round(float(np.percentile(known, q)), digits) for q in (50, 95)}


def spread(values: Iterable[float | None]) -> dict[str, float | int | None]:
    """`percentiles` of the values that are there, and how many these are: `n`."""
    known = [value for value in values if value is not None]
    return {"n": len(known), **percentiles(known)}


def worked_ahead(turns: Sequence[WorkedAhead]) -> dict[str, Any]:
    """The work done ahead: replies `begun` in the pauses of a turn and how many of all were `kept`; tokens that the
    model had still to read when it began to answer."""
    return {
        "begun": spread(turn.begun for turn in turns),
        "kept": sum(turn.kept for turn in turns),
        "thrown_away": sum(turn.begun - turn.kept for turn in turns),
        "unread_tokens": spread(turn.unread for turn in turns),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def speech_end(recording: Path) -> float:
    """Seconds at which the speech of a recording ends: its last 20 ms within 30 dB of the loudest."""
    import soundfile as sf

    sound, rate = sf.read(recording, dtype="float32", always_2d=True)
    mono = sound.mean(axis=1)
    step = rate // 50
    levels = np.sqrt(np.mean(mono[: len(mono) // step * step].reshape(-1, step) ** 2, axis=1) + 1e-12)
    loud = np.flatnonzero(levels > levels.max() * 10 ** (-30 / 20))
    return float((loud[-1] + 1) * step / rate)


def _choose(data: Path, language: str, limit: int) -> list[Recording]:
    folder, licence = _SETS[language]
    recordings = read_sets(data, language)
    whole = [r for r in recordings if r.set == folder and r.licence.startswith(licence)] or recordings
    if not whole:
        raise CompanionError(f"no recordings in {language} with a metadata.csv under {data}: give a folder with --data")
    return pick(whole, limit)


def _table(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(title=f"Latency: {result['n']} recordings, {result['profile']}, {result['language']}")
    table.add_column("stage")
    table.add_column("p50 ms", justify="right")
    table.add_column("p95 ms", justify="right")
    for stage in STAGES:
        values = [result[stage][q] for q in ("p50", "p95")]
        table.add_row(stage.removesuffix("_ms"), *("–" if v is None else f"{v:,.0f}" for v in values))
    for label in ("with_lead", "without_lead"):
        values = [result[label][q] for q in ("p50", "p95")]
        name = f"gap {label.replace('_', ' ')} (n = {result[label]['n']})"
        table.add_row(name, *("–" if v is None else f"{v:,.0f}" for v in values))
    console.print(table)
    console.print(f"cut in: {result['cut_ins']}   missed: {result['missed']}   {_work(result)}")
    console.print(done_ahead(result["ahead"]))
    if without := result.get("plain"):
        console.print(
            f"with nothing done ahead: gap {without['gap_ms']['p50']:,.0f} ms (p50), {_work(without)};"
            f" working ahead takes {result['cpu_ratio']:g} times the processor time"
        )


def done_ahead(figures: dict[str, Any]) -> str:
    """`worked_ahead` as a line for a person."""
    left = figures["unread_tokens"]["p50"]
    tokens = "" if left is None else f"; {left:.0f} tokens of the prompt were left to read (p50)"
    return f"replies begun ahead: {figures['kept']} kept, {figures['thrown_away']} thrown away{tokens}"


def _work(figures: dict[str, Any]) -> str:
    return f"processor time of a turn: {figures['cpu_s']['p50']:g} s (p50)"
