"""Measure how an owner is heard over our voice in simulated rooms: no sound card, and faster than real time.

    .venv/bin/python -m tools.bench_echo
    .venv/bin/python -m tools.bench_echo --room 0.3 --echo -6 --json
    .venv/bin/python -m tools.bench_echo --language ko

The virtual card of `bench_soundcard` has an echo, but no room. Here the loudspeaker's sound comes back through a room's
impulse response: 73 ms late (as on that card), with a reverberation that falls by 60 dB in so many seconds. We speak,
the recordings of `bench_soundcard` are said into it one after the other, and we fall silent 60 ms after the voice could
be noticed in the recording by itself, as a session does. How late is the voice noticed in what the echo canceller
gives, what is read of it, and in how many windows of 32 ms is a voice heard while nobody but us speaks: as it is, and
with a speaker that is turned up, that stumbles, or that is carried elsewhere every 20 seconds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import track
from rich.table import Table

from companion import catalog, settings
from companion.apps.json_output import print_json
from companion.apps.recordings import default_data
from companion.apps.scoring import ErrorRate, errors
from companion.audio.echo import EchoCanceller
from companion.audio.far_line import LEAD
from companion.audio.voice_activity import WINDOW
from companion.errors import CompanionError
from companion.events import FRAME, SAMPLE_RATE, Samples, samples
from companion.settings import Language, Settings
from companion.turns.interruption import Overlap, weigh
from companion.turns.speech import SpeechDetector, SpeechThresholds
from companion.turns.taking import TurnLimits
from tools.soundcard import alone
from tools.soundcard.card import RATE, ROOM_DB
from tools.soundcard.sounds import Library, Sound

ROOMS_S = (0.0, 0.4, 0.8)
"""RT60 in seconds; 0: no room, as on the virtual card."""

DELAY = samples(0.033)
"""From the speaker to the microphone, beside far's lead."""

KNOWN_S, PAUSE_S, YIELDS_S = 30, 2.0, 0.06
"""Seconds that we speak before anybody speaks over us; between two who do; and until we are silent."""

ALONE_S, CHANGE_S = 120, 20
"""Seconds of our voice alone, and how often something changes in them."""

CHANGES = ("none", "louder", "later", "elsewhere")
LOUDER_DB, LATER = 10.0, samples(0.014)

SENTENCES, WORDS, PASSING = 24, 24, 60


@dataclass(frozen=True, slots=True)
class Over:
    """Sounds over our voice. `late_ms`: how much later than in the recording by itself a voice is noticed, p50 and p95,
    of sentences, stop words and names; `missed` of them never. `wrong`, `wrong_alone`: share of the sentences' words,
    or Korean syllables. `stopped_for`: passing sounds that are read as something to stop for."""

    n: int
    late_ms: tuple[float, float]
    missed: int
    wrong: float
    wrong_alone: float
    passing: int
    stopped_for: int


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--room", type=float, action="append", metavar="RT60", help="may be repeated; 0: no room")
    parser.add_argument("--echo", type=float, default=-12.0, metavar="DB", help="level of the echo (default: -12)")
    parser.add_argument("--data", type=Path, metavar="DIR", default=default_data(), help="recordings to say")
    parser.add_argument("--language", choices=("en", "ko"), default="en", help="of our voice, and of who talks over it")
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")
    given = parser.parse_args()
    try:
        ours, library = our_voice(given.language), Library(given.data, given.language)
        rooms = {
            room: {
                "over": asdict(over(ours, library, given.language, room, given.echo)),
                "windows": {change: by_ourselves(ours, room, given.echo, change) for change in CHANGES},
            }
            for room in track(given.room or ROOMS_S, "rooms", console=Console(stderr=True))
        }
    except CompanionError as error:
        print(f"bench-echo: {error}", file=sys.stderr)
        return 1
    if given.json:
        print_json({"echo_db": given.echo, "rooms": rooms})
    else:
        _print(rooms, given.echo)
    return 0


def our_voice(language: Language) -> Samples:
    """Replies as a conversation has them, one after the other, at `SAMPLE_RATE`."""
    from companion.apps import bench_tts
    from companion.tts.voice import open_voice

    store = catalog.ModelStore(settings.default_models())
    model = catalog.load().needed(store, "tts", Settings().profile, language)
    voice = open_voice(language, store.path(model), model.id)
    lines = bench_tts.replies(language)
    pause = np.zeros(samples(0.3), np.float32)
    spoken = [piece for line in lines for piece in (*voice.synthesize(line), pause)]
    return np.asarray(soxr.resample(np.concatenate(spoken), voice.rate, SAMPLE_RATE), np.float32)


def over(ours: Samples, library: Library, language: Language, room: float, echo_db: float) -> Over:
    """Everything there is to say, said over our voice."""
    sounds = [
        *library.sentences(SENTENCES),
        *library.interruptions(2 * WORDS)[1::2],  # every other one is a sentence
        *library.passing(PASSING),
    ]
    placed, length = _placed(sounds)
    clean = _noise(length)
    for at, sound in placed:
        clean[at : at + len(sound)] += sound
    by_itself = [*alone.voices(clean)]
    noticed = [_noticed(by_itself, at, at + len(sound)) for at, sound in placed]
    far = _yielding(ours, length, placed, noticed)
    heard = _heard(far, clean + echo(far, room, echo_db))
    voices = [*alone.voices(heard)]

    late, missed, wrong, wrong_alone, stopped_for = [], 0, ErrorRate(0, 0), ErrorRate(0, 0), 0
    read = partial(alone.understood, language=language, profile="starter")
    for sound, (at, recorded), expected in zip(sounds, placed, noticed, strict=True):
        span = slice(at - samples(0.25), at + len(recorded) + samples(0.25))
        text = read(heard[span])
        if sound.passing:
            stopped_for += weigh(Overlap(text, samples(0.4), paused=True)) == "stop"
            continue
        when = _noticed(voices, at, at + len(recorded))
        if when is None:
            missed += 1
        elif expected is not None:
            late.append((when - expected) / SAMPLE_RATE * 1000)
        if sound.kind == "sentence":
            wrong += errors(sound.text, text, language)
            wrong_alone += errors(sound.text, read(clean[span]), language)
    passing = sum(sound.passing for sound in sounds)
    p50, p95 = np.percentile(late, [50, 95])
    return Over(
        n=len(sounds) - passing,
        late_ms=(round(float(p50)), round(float(p95))),
        missed=missed,
        wrong=round(wrong.rate, 3),
        wrong_alone=round(wrong_alone.rate, 3),
        passing=passing,
        stopped_for=stopped_for,
    )


def by_ourselves(ours: Samples, room: float, echo_db: float, change: str) -> int:
    """Windows in which a voice is heard while nobody but us speaks."""
    far = np.resize(ours, ALONE_S * SAMPLE_RATE)
    before = echo(far, room, echo_db)
    after = {
        "none": lambda: before,
        "louder": lambda: before * 10 ** (LOUDER_DB / 20),
        "later": lambda: np.concatenate((np.zeros(LATER, np.float32), before))[: len(before)],
        "elsewhere": lambda: echo(far, room, echo_db, seed=1),
    }[change]()
    changed = np.arange(len(far)) // (CHANGE_S * SAMPLE_RATE) % 2 == 1
    near = np.where(changed, after, before) + _noise(len(far))
    return sum(voice > SpeechThresholds().open_at for voice in alone.voices(_heard(far, near)))


def echo(far: Samples, room: float, level_db: float, seed: int = 0) -> Samples:
    """`far` as the microphone hears it, at the length of `far`; `seed`: the place in the room."""
    response = np.zeros(max(1, samples(room)), np.float32)
    if room:
        fall = 10 ** (-3 * np.arange(len(response)) / len(response))
        response += np.random.default_rng(seed).standard_normal(len(response)).astype(np.float32) * fall / 8
    response[0] = 1.0
    response /= np.linalg.norm(response)
    size = len(far) + len(response)
    wet = np.fft.irfft(np.fft.rfft(far, size) * np.fft.rfft(response, size), size)
    late = np.concatenate((np.zeros(LEAD + DELAY), wet))[: len(far)]
    return np.asarray(late * 10 ** (level_db / 20), np.float32)


def _heard(far: Samples, near: Samples) -> Samples:
    """What the echo canceller gives."""
    canceller = EchoCanceller()
    starts = range(0, len(near) - FRAME + 1, FRAME)
    return np.concatenate([canceller.process(near[at : at + FRAME], far[at : at + FRAME]) for at in starts])


def _placed(sounds: Sequence[Sound]) -> tuple[list[tuple[int, Samples]], int]:
    """Where each begins, with its samples; and the length of it all."""
    placed, at = [], KNOWN_S * SAMPLE_RATE
    for sound in sounds:
        recorded = np.asarray(soxr.resample(sound.samples, RATE, SAMPLE_RATE), np.float32)
        placed.append((at, recorded))
        at += len(recorded) + samples(PAUSE_S)
    return placed, at


def _yielding(
    ours: Samples, length: int, placed: Sequence[tuple[int, Samples]], noticed: Sequence[int | None]
) -> Samples:
    """Our voice, silent from where each sound is noticed until it is over."""
    far = np.resize(ours, length)
    for (at, sound), when in zip(placed, noticed, strict=True):
        if when is not None:
            far[when + samples(YIELDS_S) : at + len(sound) + samples(0.3)] = 0.0
    return far


def _noise(length: int) -> Samples:
    return np.random.default_rng(2).standard_normal(length).astype(np.float32) * np.float32(10 ** (ROOM_DB / 20))


def _noticed(voices: Sequence[float], begin: int, end: int) -> int | None:
    """The sample at which our voice would be held for a voice in `begin`…`end`."""
    detector, limits = SpeechDetector(), TurnLimits()
    first, last = (begin - samples(0.1)) // WINDOW, (end + samples(0.25)) // WINDOW
    for index, probability in enumerate(voices[first:last], first):
        at = index * WINDOW
        view = detector.push(at, at + WINDOW, probability)
        if view.speaking and view.voiced >= limits.over_ours:
            return at + WINDOW
        if view.speaking and at + WINDOW - view.last_voiced >= limits.quiet:
            detector.reset()
    return None


def _print(rooms: dict[float, dict[str, Any]], echo_db: float) -> None:
    table = Table(
        title=f"over our voice, echo at {echo_db:.0f} dB",
        caption=f"windows of our own voice with a voice in them: in {ALONE_S} s, and where something changes",
        box=SIMPLE,
    )
    for heading in ("RT60", "late, ms", "missed", "wrong", "alone", "stops", "windows", *CHANGES[1:]):
        table.add_column(heading, no_wrap=True)
    for room, found in rooms.items():
        talk = found["over"]
        table.add_row(
            f"{room:.1f} s" if room else "-",
            f"{talk['late_ms'][0]}, {talk['late_ms'][1]}",
            f"{talk['missed']}/{talk['n']}",
            f"{talk['wrong']:.3f}",
            f"{talk['wrong_alone']:.3f}",
            f"{talk['stopped_for']}/{talk['passing']}",
            *(str(found["windows"][change]) for change in CHANGES),
        )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
