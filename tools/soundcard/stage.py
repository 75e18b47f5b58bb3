"""Plays a scene: speaks to the session at the times the scene asks for, and keeps what is needed to measure it."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from companion.events import Samples
from companion.settings import Settings
from tools.soundcard.card import RATE, Recording, VirtualCard
from tools.soundcard.scenes import Scene, Step
from tools.soundcard.sounds import Sound
from tools.soundcard.talk import Talk, Told, talking

ANSWER_S = 10.0
"""Seconds within which a turn is answered; else it was missed."""

HUNG_S = 3.0
"""Seconds without a microphone."""

RETURN_S = 15.0
"""Seconds within which it must be told that a microphone works again."""

WARM_S, BUSY = 90, 0.5
"""At most so many seconds, until a new session takes less than this share of a core, it is left to read its prompt:
nobody speaks the moment it says that it listens. Two cores without VNNI read for some 30 s."""

IDLE_S = 3.0
"""Seconds in which it is measured what listening to a quiet room costs."""

CLICK = np.concatenate([np.zeros(RATE // 10), np.full(RATE // 1000, 0.9), np.zeros(RATE // 10)]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Spoken:
    """`sound` was played to the microphone, somewhere in `start`…`until` of the recording."""

    sound: Sound
    start: float
    until: float


@dataclass(slots=True)
class Take:
    """A step as it was played, in seconds of the recording; `cpu_s` is what the program's processes took for it.

    `memory_mb`: what they held in memory once it was over.
    """

    step: Step
    begin: float
    opening: Spoken
    interjection: Spoken | None = None
    hung: float | None = None
    returned: float | None = None
    end: float = 0.0
    cpu_s: float = 0.0
    memory_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Performance:
    """A scene as it was played: both channels (mono at `RATE`), on one clock with the takes and the events.

    `idle`: the share of one core that listening to a quiet room takes.
    """

    scene: Scene
    takes: list[Take]
    idle: float
    events: list[Told]
    speaker: Samples = field(repr=False)
    microphone: Samples = field(repr=False)


def perform(scene: Scene, card: VirtualCard, folder: Path, chosen: Settings) -> Performance:
    """Play `scene` to a new session with these settings, in real time.

    Raises:
        CompanionError: the session does not start.
    """
    with card.recording(folder / "card.raw") as recording:
        card.play(CLICK, "card").wait()
        echo = nullcontext() if scene.echo_db is None else card.echo(scene.echo_db)
        with talking(card, recording, folder, chosen) as talk, echo:
            for _ in range(WARM_S):
                if talk.load(1.0) < BUSY:
                    break
            idle = talk.load(IDLE_S)
            takes = [_take(step, card, talk, recording) for step in scene.steps]
        card.play(CLICK, "card").wait()
        time.sleep(0.2)  # the recorder is some 20 ms behind
        speaker, microphone = recording.channels()
    return Performance(scene, takes, idle, talk.events, speaker, microphone)


def _take(step: Step, card: VirtualCard, talk: Talk, recording: Recording) -> Take:
    talk.settle()
    begin, cpu, told = recording.position, talk.cpu_s, len(talk.events)
    take = Take(step, begin, _say(step.opening, card, talk, recording))
    answered = talk.wait_for("reply.started", told, ANSWER_S)
    if answered and (step.interjection is not None or step.hangs):
        started = next(one.at for one in talk.events[told:] if one.name == "reply.started")
        talk.wait(lambda: recording.position >= started + step.after_s, step.after_s + 1)
        if step.interjection is not None:
            take.interjection = _say(step.interjection, card, talk, recording)
        if step.hangs:
            take.hung = recording.position
            card.hang_microphone(True)
            talk.wait(lambda: False, HUNG_S)
            take.returned, told = recording.position, len(talk.events)
            card.hang_microphone(False)
            talk.wait_for("error", told, RETURN_S)
    talk.settle()
    take.end, take.cpu_s, take.memory_mb = recording.position, talk.cpu_s - cpu, talk.memory_mb
    return take


def _say(sound: Sound, card: VirtualCard, talk: Talk, recording: Recording) -> Spoken:
    """Play `sound` to its end, with the events read meanwhile."""
    start = recording.position
    player = card.play(sound.samples)
    talk.wait(lambda: player.poll() is not None, len(sound.samples) / RATE + 5)
    return Spoken(sound, start, recording.position + 0.1)
