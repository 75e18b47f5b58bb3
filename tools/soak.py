"""Many turns in one session: does memory grow? Prints the resident size as the turns go by.

    .venv/bin/python tools/soak.py --turns 200 --profile tiny RECORDING…

The recordings are answered one after the other, as fast as it goes, and again from the first until there were enough.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import psutil

from companion import settings
from companion.apps.assemble import assemble
from companion.audio.files import FileDevice
from companion.conversation import Conversation
from companion.events import Event, ReplyEnded, SessionStarted
from companion.settings import Settings
from companion.turns.taking import Phase


class Scale:
    """An observer that weighs the process after every reply."""

    def __init__(self) -> None:
        self.megabytes: list[float] = []

    def event(self, event: Event, t: float, turn: int) -> None:
        """Weigh after a reply."""
        if isinstance(event, ReplyEnded):
            self.megabytes.append(psutil.Process().memory_info().rss / 2**20)
            if len(self.megabytes) % 20 == 0:
                print(f"{len(self.megabytes):5d} turns  {self.megabytes[-1]:7.0f} MB  {t:7.0f} s", flush=True)

    def level(self, rms: float, phase: Phase) -> None:
        """Levels are for eyes only."""


def main() -> None:
    """Talk, weigh, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--profile", default="tiny")
    parser.add_argument("--language", default="en")
    given = parser.parse_args()
    chosen = Settings(profile=given.profile, language=given.language)
    assembled = assemble(settings.default_models(), chosen)
    inputs = list(itertools.islice(itertools.cycle(given.recordings), given.turns))
    scale = Scale()
    started = SessionStarted(chosen.profile, assembled.models, chosen.language, network="not locked")
    Conversation(FileDevice(inputs, None, "fast"), assembled.parts, started, [scale]).run()
    settled, last = scale.megabytes[len(scale.megabytes) // 4], scale.megabytes[-1]
    most = max(scale.megabytes)
    print(f"{len(scale.megabytes)} replies; from a quarter on: {settled:.0f} → {last:.0f} MB; most {most:.0f} MB")


if __name__ == "__main__":
    main()
