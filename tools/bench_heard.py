"""How well is it known, to the word, what of a reply was heard? `companion.turns.heard` against Whisper's alignment.

    .venv/bin/python -m tools.bench_heard

Piper speaks the sentences of `companion bench tts`; each is cut in the middle of every word but the first, and behind
the last. Sentences in which Whisper hears another number of words are left out.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import soxr

from companion import catalog, settings
from companion.apps.bench_tts import open_the_voice, replies, strongest_whisper
from companion.catalog import ModelStore
from companion.delivery import sounded
from companion.errors import CompanionError
from companion.events import SAMPLE_RATE, Samples
from companion.settings import Settings
from companion.turns.heard import SpokenClause, heard


def main() -> None:
    """Print how many words too many or too few are told."""
    store = ModelStore(settings.default_models())
    model = strongest_whisper([one for one in catalog.load().models if store.installed(one)], "en")
    if model is None:
        raise CompanionError("no Whisper is installed: run `companion models pull whisper-base`")
    from faster_whisper import WhisperModel

    whisper = WhisperModel(str(store.path(model)), device="cpu", compute_type="int8", local_files_only=True)
    voice = open_the_voice(store, Settings(profile="tiny"))
    off: Counter[int] = Counter()
    sentences = 0
    for text in replies("en"):
        sound = np.concatenate([*voice.synthesize(text)])
        ends = word_ends(whisper, soxr.resample(sound, voice.rate, SAMPLE_RATE))
        if len(ends) != len(text.split()):
            continue
        sentences += 1
        clause = sounded(SpokenClause(text, 0), sound)
        for number, (end, after) in enumerate(zip(ends, [*ends[1:], len(sound) / voice.rate], strict=True), 1):
            told = heard([clause], round((end + after) / 2 * voice.rate))
            off[len(told.split()) - number] += 1
    total = sum(off.values())
    print(f"{sentences} sentences, {total} places; words too many (or too few, negative):")
    for by, count in sorted(off.items()):
        print(f"  {by:+d}: {count / total:.0%}")


def word_ends(whisper: object, sound: Samples) -> list[float]:
    """Where each word ends, in seconds, as Whisper aligns them."""
    segments, _ = whisper.transcribe(sound, language="en", word_timestamps=True, beam_size=1)  # type: ignore[attr-defined]
    return [word.end for segment in segments for word in segment.words]


if __name__ == "__main__":
    main()
