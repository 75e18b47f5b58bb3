"""`companion affect FILE…`: what is sensed in recordings, in measured values and careful words, for anyone to check."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from companion.affect import tone
from companion.affect.senses import SPEECH
from companion.affect.tone import ToneHead
from companion.affect.voice import MEASURES, VoiceFeatures
from companion.apps.assemble import installed_meter
from companion.apps.json_output import print_json
from companion.apps.recordings import read_sound
from companion.events import AffectReading

Usual = Literal["running", "none"]

_WORDS = {
    "pitch": ("higher", "lower"),
    "pitch_range": ("livelier", "flatter"),
    "energy": ("with more energy", "with less energy"),
    "rate": ("faster", "slower"),
    "pauses": ("with more pauses", "with fewer pauses"),
}
"""What a person is told of a measure that is above, or below, the usual. The other two mean little by themselves."""

_NOTICEABLE = 1.0
"""Standard deviations from which a difference is worth a word."""

_SURE = 0.5
"""Confidence from which a tone is named: it is then right about every second time, of seven."""


@dataclass(frozen=True, slots=True)
class Sensed:
    """One recording. `measured`: see `companion.affect.prosody.Prosody`; None where it could not be measured.

    `relative`: the same in standard deviations above the usual. `speech`: probability that someone speaks. All but
    `file` is empty for silence. `said`: the finding in words.
    """

    file: str
    said: str
    duration: float | None = None
    measured: dict[str, float | None] | None = None
    relative: dict[str, float] | None = None
    speech: float | None = None
    reading: AffectReading | None = None


def run(models: Path, files: Sequence[Path], usual: Usual, as_json: bool) -> None:
    """Listen to `files`, recordings of one person, oldest first, and print.

    Raises:
        CompanionError: a file cannot be read as sound, or no tone-of-voice model is installed.
    """
    sounds = [read_sound(file) for file in files]
    meter = installed_meter(models)
    heard = sense([str(file) for file in files], [meter.measure(sound) for sound in sounds], tone.load(), usual)
    if as_json:
        print_json([_plain(asdict(one)) for one in heard])
    else:
        _show(heard)


def sense(
    names: Sequence[str], heard: Sequence[VoiceFeatures | None], head: ToneHead, usual: Usual = "running"
) -> list[Sensed]:
    """What each recording tells, in their order; with `usual` "running" each is then part of the usual."""
    baseline = head.prior
    result = []
    for name, features in zip(names, heard, strict=True):
        if features is None:
            result.append(Sensed(name, "silence, or too little to tell"))
            continue
        values = features.values()
        relative = {key: round(float(z), 2) for key, z in zip(MEASURES, baseline.relative(values), strict=False)}
        measured = {
            key: round(value, 2) if math.isfinite(value) else None for key, value in asdict(features.prosody).items()
        }
        speech, reading = head.speechlike(features), head.read(features, baseline)
        said = in_words(relative, speech, reading, known=baseline.count > 0)
        result.append(Sensed(name, said, features.duration, measured, relative, speech, reading))
        if usual == "running" and speech >= SPEECH:
            baseline = baseline.hear(values)
    return result


def in_words(relative: dict[str, float], speech: float, reading: AffectReading, known: bool) -> str:
    """The finding as a careful listener would put it: what was heard, never what someone feels.

    `known`: this person was heard before; else they are compared with people in general.
    """
    if speech < SPEECH:
        return "rather a sound than speech: a cough, a laugh, noise"
    found = [_WORDS[key][z < 0] for key, z in relative.items() if key in _WORDS and abs(z) >= _NOTICEABLE]
    usual = "usual" if known else "most people"
    said = f"{', '.join(found)} than {usual}" if found else f"much as {usual}"
    if reading.confidence < _SURE:
        return f"{said}; the tone is not clear"
    likeliest = max(reading.scores, key=lambda name: reading.scores[name])
    return f"{said}; a listener might call it {likeliest} ({reading.confidence:.0%} sure)"


def _show(heard: Sequence[Sensed]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for one in heard:
        console.print(f"[bold]{one.file}[/bold]: {one.said}", soft_wrap=True)
        if one.measured is None or one.relative is None or one.reading is None:
            continue  # silence
        table = Table(box=None)
        for column in ("", "measured", "against the usual"):
            table.add_column(column, justify="left" if not column else "right")
        for name, unit in _UNITS.items():
            value = one.measured[name]
            shown = ("–", "–") if value is None else (f"{value:.2f} {unit}", f"{one.relative[name]:+.1f} sd")
            table.add_row(name.replace("_", " "), *shown)
        console.print(table)
        scores = sorted(one.reading.scores.items(), key=lambda item: -item[1])
        console.print(
            f"  excitement {one.reading.arousal:+.2f} · pleasantness {one.reading.valence:+.2f} · "
            + " · ".join(f"{name} {score:.2f}" for name, score in scores[:3]),
            soft_wrap=True,
        )


_UNITS = {
    "pitch": "semitones over 100 Hz",
    "pitch_range": "semitones",
    "pitch_slope": "semitones/s",
    "energy": "dBFS",
    "rate": "syllables/s",
    "pauses": "of the time",
    "voiced": "of the time",
}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value
