"""What `companion talk` shows: captions, level, state, and the latency of each turn."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from companion.apps.notices import line
from companion.apps.wording import say
from companion.events import (
    Affect,
    AttentionChanged,
    Event,
    ReplyClause,
    SessionEnded,
    SessionStarted,
    SpeechEnded,
    TranscriptFinal,
    TranscriptPartial,
    Trouble,
    TurnLatency,
)
from companion.parts import Observer
from companion.settings import Settings
from companion.turns.taking import Phase

_COLOURS = {
    Phase.LISTENING: "cyan",
    Phase.HEARING: "green",
    Phase.PAUSED: "green",
    Phase.COMMITTED: "yellow",
    Phase.SPEAKING: "magenta",
    Phase.GUARD: "cyan",
}
_METER = 24
_SCALE = 11
_FLOOR_DB = -60.0


@contextmanager
def screen(settings: Settings, recordings: int, keys: bool = False) -> Iterator[Observer]:
    """Live captions in a terminal; plain lines where the output goes to a file or a pipe.

    `keys`: the owner may press some, so name them.
    """
    console = Console(highlight=False)
    if not sys.stdout.isatty():
        yield Captions(console, settings, recordings)
        return
    with Live(console=console, refresh_per_second=10, transient=True) as live:
        yield LiveCaptions(console, settings, recordings, live, keys)


class Captions:
    """One line for what was said, one for what was answered, one for how long it took."""

    def __init__(self, console: Console, settings: Settings, recordings: int) -> None:
        self._console = console
        self._language = settings.language
        self._companion = settings.companion_name
        self._owner = settings.owner_name or say(settings.language, "you")
        self._recordings = recordings
        self._wake_word = settings.hands_free.wake_word
        self._reply: list[str] = []
        self._latency: TurnLatency | None = None
        self._affect: Affect | None = None

    def event(self, event: Event, t: float, turn: int) -> None:
        """Print what concerns a reader."""
        match event:
            case SessionStarted():
                self._line(say(self._language, "program"), "dim")
                key = "ready_files" if self._recordings else "ready"
                self._line(say(self._language, key, n=self._recordings), "dim")
            case TranscriptFinal():
                self._reply = []
                self._say(self._owner, event.text, "bold cyan")
            case ReplyClause():
                self._reply.append(event.text)
            case Affect():
                self._affect = event
            case TurnLatency():
                self._latency = event
            case Trouble():
                self._line(line(event, self._language), "bold red")
            case AttentionChanged():
                self._attention(event)
            case SessionEnded():
                self._line(say(self._language, "ended"), "dim")
            case _:
                self._other(event)
        if event.name == "reply.ended":
            self._finish()

    def level(self, rms: float, phase: Phase) -> None:
        """Plain captions show no level."""

    def _attention(self, event: AttentionChanged) -> None:
        state = "listening" if event.state == "awake" else event.state
        call = say(self._language, "call", word=self._wake_word) if event.state == "asleep" else ""
        self._line(f"— {say(self._language, state)} — {call}".rstrip(), "dim")

    def _other(self, event: Event) -> None:
        pass

    def _finish(self) -> None:
        if self._reply:
            self._say(self._companion, " ".join(self._reply), "bold magenta")
        if self._affect is not None and self._affect.confidence > 0:
            self._line("  " + sensed(self._language, self._affect), "dim")
        if self._latency is not None:
            stages = self._latency
            self._line(
                "  "
                + say(
                    self._language,
                    "latency",
                    gap=stages.gap_ms,
                    endpoint=stages.endpoint_ms,
                    stt=stages.stt_ms,
                    clause=stages.first_clause_ms or 0.0,
                    audio=stages.first_audio_ms or 0.0,
                ),
                "dim",
            )
        self._reply, self._latency, self._affect = [], None, None

    def _say(self, who: str, what: str, style: str) -> None:
        self._console.print(Text.assemble((f"{who}: ", style), what))

    def _line(self, what: str, style: str) -> None:
        self._console.print(Text(what, style=style))


class LiveCaptions(Captions):
    """Captions with a last line that lives: who has the floor, how loud it is, the words so far; and the keys."""

    def __init__(self, console: Console, settings: Settings, recordings: int, live: Live, keys: bool) -> None:
        super().__init__(console, settings, recordings)
        self._live = live
        self._keys = keys
        self._state = "awake"
        self._partial = ""

    def level(self, rms: float, phase: Phase) -> None:
        """Redraw the living line."""
        colour, state = _COLOURS[phase], phase.value
        if self._state != "awake":
            colour, state = "bright_black", self._state
        share = max(0.0, min(1.0, 1.0 - 20 * math.log10(max(rms, 1e-6)) / _FLOOR_DB))
        filled = round(share * _METER)
        meter = "▮" * filled + "▯" * (_METER - filled)
        words = " ".join(self._reply) if phase is Phase.SPEAKING else self._partial
        line = Text.assemble(
            (meter, colour), "  ", (say(self._language, state), f"bold {colour}"), "  ", (words, "italic")
        )
        line.truncate(self._console.width, overflow="ellipsis")
        offered = say(self._language, "keys_muted" if self._state == "muted" else "keys")
        keys = Text(offered, style="dim", no_wrap=True, overflow="ellipsis")
        self._live.update(Group(line, keys) if self._keys else line)

    def _attention(self, event: AttentionChanged) -> None:
        self._state, self._partial = event.state, ""
        if event.state == "asleep":
            super()._attention(event)

    def _other(self, event: Event) -> None:
        match event:
            case TranscriptPartial():
                self._partial = event.text
            case SpeechEnded():
                self._partial = ""


def sensed(language: str, affect: Affect) -> str:
    """A small picture of what was heard, never of what is felt: energy against the usual, pleasantness, how sure."""
    sources = "voice_and_words" if affect.voice and affect.words else "voice_only" if affect.voice else "words_only"
    return say(
        language,
        "sensed",
        energy=scale(affect.arousal),
        pleasant=scale(affect.valence),
        sure=affect.confidence,
        sources=say(language, sources),
    )


def scale(value: float) -> str:
    """-1…1 as a mark on a line, the middle being the usual."""
    marks = ["─"] * _SCALE
    marks[_SCALE // 2] = "┼"
    marks[round((max(-1.0, min(1.0, value)) + 1) / 2 * (_SCALE - 1))] = "●"
    return "".join(marks)
