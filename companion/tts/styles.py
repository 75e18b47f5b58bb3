"""The styles of the voice, by name: what a listener calls warm or calm, as rate, level, pauses and pitch.

Directions after the vocal expression of emotion (Juslin & Laukka 2003, Psychological Bulletin 129:770: joy is faster,
higher, livelier and louder; sadness and tenderness are slower, lower, flatter and softer), sizes as far as a synthetic
voice still sounds like one person: pitch within two semitones, its range from 0.65 to 1.35, rate within 15 %, level
within 4 dB.
"""

from __future__ import annotations

from dataclasses import replace

from companion.events import Style

STYLES: dict[str, Style] = {
    "neutral": Style(),
    "warm": Style(rate=0.95, energy=0.5, pause=0.1, pitch=-1.0, pitch_range=1.15),
    "bright": Style(rate=1.1, energy=2.0, pitch=2.0, pitch_range=1.35),
    "calm": Style(rate=0.92, energy=-1.5, pause=0.15, pitch=-1.5, pitch_range=0.8),
    "gentle": Style(rate=0.86, energy=-3.5, pause=0.25, pitch=-1.0, pitch_range=0.65),
    "firm": Style(rate=0.98, energy=2.5, pause=0.05, pitch=-2.0, pitch_range=0.75),
}


def style(name: str, pace: float = 1.0) -> Style:
    """The style of this name at `pace`: its rate, times so much."""
    return replace(STYLES[name], rate=STYLES[name].rate * pace)
