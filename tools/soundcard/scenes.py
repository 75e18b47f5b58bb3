"""What is said when: each scene is a list of steps, and a session of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.soundcard.sounds import Library, Sound

AFTER_S = (0.8, 1.2, 1.6, 2.0)
"""Seconds into our reply at which something else is heard, one after the other."""

ECHOES_DB = (-32.0, -20.0, -12.0, -6.0)
"""How loud the microphone hears the speaker."""


@dataclass(frozen=True, slots=True)
class Step:
    """The owner says `opening`; `after_s` into the reply `interjection` is heard, or the microphone `hangs`."""

    opening: Sound
    interjection: Sound | None = None
    after_s: float = 1.0
    hangs: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """A session: its steps, and the level of the echo relative to the speaker (None: none)."""

    name: str
    about: str
    steps: list[Step] = field(repr=False)
    echo_db: float | None = None


COUNTS = {
    "gap": 8,
    "interruption": 6,
    "passing": 6,
    **{f"echo{level:.0f}": 3 for level in ECHOES_DB},
    "trouble": 2,
}
"""The scenes, and how many steps each has by default: some seven minutes in all."""

ON_REQUEST = {"hesitation": 16, "hour": 260}
"""Scenes that are played only by name."""

ALL = COUNTS | ON_REQUEST


def build(name: str, library: Library, n: int) -> Scene:
    """Scene `name` with `n` steps."""
    openings, questions = library.openings(n), library.questions(n)
    match name:
        case "gap" | "hesitation":
            paused = library.hesitations(n) if name == "hesitation" else None
            about = "a sentence, and its answer" if paused is None else "a sentence with a long pause, and its answer"
            return Scene(name, about, [Step(one) for one in paused or openings])
        case "interruption":
            return Scene(name, "a sentence, a stop word or a name into it", _into(questions, library.interruptions(n)))
        case "passing":
            return Scene(name, "a backchannel, a cough or a noise into it", _into(questions, library.passing(n)))
        case "trouble":
            steps = [Step(questions[i], hangs=True) if i % 2 == 0 else Step(openings[i]) for i in range(n)]
            return Scene(name, "the microphone hangs in a reply, and comes back", steps)
        case "hour":
            steps = _into(questions, _in_turn(library.sentences(n), library.passing(n)))
            steps[1::2] = [Step(one) for one in openings[1::2]]
            return Scene(name, "a long talk: answers, interruptions, coughs, its own echo", steps, echo_db=-12.0)
        case _:
            steps = _into(questions, library.sentences(n))
            steps[1::2] = [Step(one) for one in openings[1::2]]
            level = float(name.removeprefix("echo"))
            return Scene(name, "it hears itself; every other reply is interrupted", steps, level)


def _in_turn(one: list[Sound], other: list[Sound]) -> list[Sound]:
    """As many as there are of `one`: two of it, two of the `other`, and so on."""
    kinds = [other if i // 2 % 2 else one for i in range(len(one))]
    return [kind[i % len(kind)] for i, kind in enumerate(kinds)]


def _into(openings: list[Sound], sounds: list[Sound]) -> list[Step]:
    return [Step(one, sounds[i % len(sounds)], AFTER_S[i % len(AFTER_S)]) for i, one in enumerate(openings) if sounds]
