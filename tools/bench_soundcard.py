"""Measure `companion talk` on a virtual sound card: how fast it answers, how it yields, whether it hears itself.

    make bench-soundcard            # every scene but the hour
    .venv/bin/python -m tools.bench_soundcard --scene gap -n 40 --json

A real session, real PortAudio and real time: a PulseAudio of its own is the sound card, recordings are the owner. What
is measured is measured in one recording of the microphone and the speaker; docs/turn-taking.md says how to read it.
The machine must be quiet meanwhile.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from companion.apps.json_output import print_json
from companion.apps.recordings import default_data
from companion.errors import CompanionError
from companion.settings import Settings
from tools.soundcard import alone, analyse, card, report, scenes, stage
from tools.soundcard.sounds import Library
from tools.soundcard.taken import taken


def main() -> int:
    """Play the scenes and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--scene", action="append", choices=list(scenes.ALL), help="may be repeated; default: all but the hour"
    )
    parser.add_argument("-n", type=int, metavar="N", help="steps of each scene")
    parser.add_argument("--language", choices=("en", "ko"), default="en")
    parser.add_argument("--profile", choices=("tiny", "starter", "desktop"), default="starter")
    parser.add_argument("--tone", action="store_true", help="let it listen to how the owner sounds, too")
    parser.add_argument(
        "--room", type=float, metavar="DB", default=card.ROOM_DB, help="noise of the room, dBFS; the voice has -26"
    )
    parser.add_argument(
        "--taken", type=float, metavar="SHARE", default=0.0, help="of each core, taken away in moments of up to 60 ms"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", default=default_data(), help="recordings to say")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the recordings and events files here")
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")
    given = parser.parse_args()
    try:
        result = run(given)
    except CompanionError as error:
        print(f"bench-soundcard: {error}", file=sys.stderr)
        return 1
    print_json(result) if given.json else report.tables(result)
    return 0


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Every scene on a card of its own."""
    if lack := card.missing("espeak-ng"):  # speaks what nobody recorded
        raise CompanionError(lack)
    library = Library(given.data, given.language)
    chosen = Settings(language=given.language, profile=given.profile, voice_affect=given.tone)
    console = Console(stderr=True)
    figures: dict[str, Any] = {}
    for name in given.scene or scenes.COUNTS:
        scene = scenes.build(name, library, given.n or scenes.ALL[name])
        with tempfile.TemporaryDirectory(prefix="companion-card-") as path, console.status(f"{name}: {scene.about}"):
            folder = Path(path)
            host = taken(given.taken) if given.taken else nullcontext()
            with card.virtual_card(folder, given.room) as running, host:
                played = stage.perform(scene, running, folder, chosen)
            read = partial(alone.read, language=given.language, profile=given.profile)
            figures[name] = report.summary(analyse.analyse(played, given.language, read))
            if given.keep:
                _keep(folder, given.keep / name)
    return {
        "machine": report.machine(),
        "profile": given.profile,
        "language": given.language,
        "tone": given.tone,
        "room_db": given.room,
        "taken": given.taken,
        "scenes": figures,
    }


def _keep(folder: Path, into: Path) -> None:
    """The recording as a WAV file (left: the speaker, right: the microphone), the events, and what was printed."""
    import soundfile as sf

    into.mkdir(parents=True, exist_ok=True)
    both, _ = sf.read(
        folder / "card.raw", channels=2, samplerate=card.RATE, format="RAW", subtype="PCM_16", dtype="int16"
    )
    sf.write(into / "card.wav", both, card.RATE)
    for name in ("events.jsonl", "companion.log"):
        shutil.copy(folder / name, into / name)


if __name__ == "__main__":
    sys.exit(main())
