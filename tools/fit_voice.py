"""Makes models/affect/voice.npz: the head that hears the tone of a voice, and what tells speech from other sounds.

    python tools/fit_voice.py [--data ../shared/data] [--cache DIR]

Fitted on RAVDESS, EmoDB and the Korean set, each recording also with noise and in rooms; speakers that are not in
`--data` are never seen. It prints how well the head does on speakers left out, and on corpora left out. About 10
minutes on one core; `--cache` keeps what was measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from companion import catalog, settings
from companion.affect import fitting
from companion.affect.baseline import Baseline
from companion.affect.fitting import Linear
from companion.affect.voice import MEASURES, VoiceMeter
from companion.apps.augment import coloured_noise, in_room, with_noise
from companion.apps.recordings import default_data, read_sets
from companion.apps.voice_corpus import Corpus, measure, prior, relative, tone
from companion.audio.encoder import SpeechEncoder
from companion.events import Samples

Spoil = Callable[[Samples, np.random.Generator], Samples]
EMOTION_SETS = ("emotion-en-ravdess", "emotion-de-emodb", "emotion-ko")
SPEECH_SETS = ("speech-en", "speech-ko", "speech-ko-studio", "speakers-en", "wake", *EMOTION_SETS)
OTHER_SETS = ("nonverbal", "noise")
STRENGTH = 0.002
SPEECH_STRENGTH = 0.01
TARGET = Path(__file__).parents[1] / "models" / "affect" / "voice.npz"
LICENCE = (
    "CC BY-NC-SA 4.0, as the data are that it was fitted on: RAVDESS (Livingstone & Russo 2018, CC BY-NC-SA 4.0), "
    "EmoDB (Burkhardt et al. 2005), emotiontts_open_db (CC BY-NC-SA 4.0); speech against other sounds: LibriSpeech "
    "(CC BY 4.0), kathleen (CC0), Pansori TEDxKR and Deeply Nonverbal Vocalization (CC BY-NC-ND 4.0), ESC-10 (CC BY), "
    "Picovoice wake words (Apache-2.0)"
)


def main() -> None:
    """Measure, fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data())
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    measured = Measured(options.data, options.cache)
    copies = [[measured.corpus(name, how) for how in SPOILS] for name in EMOTION_SETS]
    start = prior([clean for clean, *_ in copies])

    report(copies)
    heat = temperature(copies)
    head = fit(copies, start)
    speech = fit_speech(measured, start)
    print(f"a voice's own deviation: 95 % below {own_deviation(copies, start):.2f}; temperature {heat:.2f}")
    np.savez_compressed(
        TARGET,
        licence=LICENCE,
        tones=np.array(head.classes),
        weights=(head.weights / heat).astype(np.float16),
        bias=(head.bias / heat).astype(np.float32),
        speech=speech.weights[1] - speech.weights[0],  # of two classes, "other" and "speech"
        speech_bias=np.float32(speech.bias[1] - speech.bias[0]),
        prior_mean=start.mean.astype(np.float32),
        prior_variance=start.variance.astype(np.float32),
    )
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


# --- what is measured ------------------------------------------------------------------------------------------------


def _clean(speech: Samples, random: np.random.Generator) -> Samples:
    return speech


def _noisy(speech: Samples, random: np.random.Generator) -> Samples:
    noise = coloured_noise(len(speech), random.uniform(0, 2), random)
    return with_noise(speech, noise, random.uniform(3, 20))


def _room(speech: Samples, random: np.random.Generator) -> Samples:
    return in_room(speech, random)


def _noisy_room(speech: Samples, random: np.random.Generator) -> Samples:
    return _noisy(in_room(speech, random), random)


SPOILS: dict[str, Spoil] = {"clean": _clean, "noise": _noisy, "room": _room, "noise-room": _noisy_room}


class Measured:
    """The sets of `data`, measured once each way and kept in `cache`."""

    def __init__(self, data: Path, cache: Path | None) -> None:
        models = catalog.ModelStore(settings.default_models())
        entry = next(model for model in catalog.load().models if model.role == "turn")
        self._meter = VoiceMeter(SpeechEncoder(models.file(entry)).statistics)
        self._data, self._cache = data, cache

    def corpus(self, name: str, how: str) -> Corpus:
        """A set, measured through the spoiler `how`; one speaker a file where they are not known."""
        recordings = read_sets(self._data / name)
        kept = self._cache / f"{name}.{how}.npy" if self._cache else None
        if kept and kept.exists():
            values = np.load(kept)
        else:
            values = measure(recordings, self._meter, SPOILS[how]).values
            print(f"measured {name}, {how}", flush=True)
            if kept:
                np.save(kept, values)
        return Corpus(
            name,
            recordings[0].language,
            values,
            np.array([tone(r) for r in recordings]),
            np.array([f"{name}/{r.speaker or r.path.name}" for r in recordings]),
        )


# --- tones -----------------------------------------------------------------------------------------------------------


def fit(copies: Sequence[Sequence[Corpus]], start: Baseline) -> Linear:
    """A head on every copy of every corpus, two orders of each speaker's days."""
    every = [(corpus, seed) for corpora in copies for corpus in corpora for seed in (1, 2)]
    return fitting.fit(
        np.vstack([relative(corpus, start, seed) for corpus, seed in every]),
        np.concatenate([corpus.tones for corpus, _ in every]),
        np.concatenate([np.full(len(corpus.tones), corpus.name) for corpus, _ in every]),
        STRENGTH,
    )


def without(copies: Sequence[Sequence[Corpus]], speakers: Sequence[str]) -> list[list[Corpus]]:
    """The copies without some of their speakers."""
    return [[corpus.select(~np.isin(corpus.speakers, speakers)) for corpus in corpora] for corpora in copies]


def folds(copies: Sequence[Sequence[Corpus]], parts: int = 4) -> list[list[str]]:
    """The speakers of all corpora in so many parts."""
    speakers = [str(name) for corpora in copies for name in np.unique(corpora[0].speakers)]
    return [speakers[part::parts] for part in range(parts)]


def left_out(copies: Sequence[Sequence[Corpus]]) -> list[tuple[str, Linear, NDArray[np.float32], NDArray[np.str_]]]:
    """Of each corpus and fold: a head that has not heard the fold's speakers, their values and tones."""
    result = []
    for part in folds(copies):
        known = without(copies, part)
        start = prior([clean for clean, *_ in known])
        head = fit(known, start)
        for clean, *_ in copies:
            own = clean.select(np.isin(clean.speakers, part))
            result.append((clean.name, head, relative(own, start), own.tones))
    return result


def temperature(copies: Sequence[Sequence[Corpus]]) -> float:
    """What makes the head as sure as it is right with speakers it has not heard; prints what remains of the error."""
    logits, truth = [], []
    recalls: dict[str, list[tuple[NDArray[np.str_], NDArray[np.str_]]]] = {}
    for name, head, values, tones in left_out(copies):
        if not len(tones):
            continue
        logits.append(head.logits(values))
        truth.append(np.array([head.classes.index(str(t)) for t in tones]))
        possible = [head.classes.index(t) for t in np.unique(next(c.tones for c, *_ in copies if c.name == name))]
        named = np.array(head.classes)[np.array(possible)[logits[-1][:, possible].argmax(axis=1)]]
        recalls.setdefault(name, []).append((tones, named))
    for name, pairs in recalls.items():
        said, heard = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        print(f"pooled head, speakers apart: {name} UAR {fitting.recall(said, heard):.3f} ({len(set(said))} classes)")
    everything, right = np.vstack(logits), np.concatenate(truth)
    heat = fitting.temperature(everything, right)
    chance = fitting.softmax(everything / heat)
    error = fitting.calibration_error(chance.max(axis=1), chance.argmax(axis=1) == right)
    print(f"calibration error, speakers apart: {error:.3f}")
    return heat


def report(copies: Sequence[Sequence[Corpus]]) -> None:
    """Fitted on all corpora but one, tested on that one, four tones: what real use looks like."""
    four = ("angry", "happy", "neutral", "sad")
    results = []
    for clean, *_ in copies:
        others = [
            [corpus.select(np.isin(corpus.tones, four)) for corpus in corpora]
            for corpora in copies
            if corpora[0].name != clean.name
        ]
        start = prior([corpora[0] for corpora in others])
        head = fit(others, start)
        known = np.isin(clean.tones, four)
        named = np.array(head.classes)[head.logits(relative(clean, start)[known]).argmax(axis=1)]
        results.append(fitting.recall(clean.tones[known], named))
        print(f"fitted on the others, tested on {clean.name}: UAR {results[-1]:.3f}")
    print(f"mean {np.mean(results):.3f}")


def own_deviation(copies: Sequence[Sequence[Corpus]], start: Baseline) -> float:
    """Mean squared deviation of an utterance from its own speaker's usual, the 95th percentile."""
    return float(
        np.percentile(
            np.concatenate([(relative(clean, start)[:, len(MEASURES) :] ** 2).mean(axis=1) for clean, *_ in copies]), 95
        )
    )


# --- speech or not ---------------------------------------------------------------------------------------------------


def fit_speech(measured: Measured, start: Baseline) -> Linear:
    """Speech against coughs, laughs, rain and hum; prints how it does on speakers and recordings left out."""
    values, names, groups = [], [], []
    for kind, sets in (("speech", SPEECH_SETS), ("other", OTHER_SETS)):
        for name in sets:
            for how in ("clean", "noise"):
                corpus = measured.corpus(name, how)
                heard = np.isfinite(corpus.values[:, -1])
                values.append(start.relative(corpus.values[heard]))
                names += [(kind, name)] * int(heard.sum())
                groups += list(corpus.speakers[heard])
    data, kinds, sets_ = np.vstack(values), np.array([k for k, _ in names]), np.array([s for _, s in names])
    group = np.array(groups)
    unique = np.unique(group)
    sure = np.zeros(len(data))
    for part in range(5):
        test = np.isin(group, unique[part::5])
        head = fitting.fit(data[~test], kinds[~test], kinds[~test], SPEECH_STRENGTH)
        sure[test] = fitting.softmax(head.logits(data[test]))[:, head.classes.index("speech")]
    for name in np.unique(sets_):
        print(f"called speech, speakers apart: {name} {(sure[sets_ == name] > 0.5).mean():.3f}")
    return fitting.fit(data, kinds, kinds, SPEECH_STRENGTH)


if __name__ == "__main__":
    main()
