"""Makes models/affect/voice.npz: the head that hears the tone of a voice, and what tells speech from other sounds.

    python tools/fit_voice.py [--data ../shared/data] [--cache DIR]

Fitted on RAVDESS, EmoDB and the Korean set, each recording also with noise and in rooms; speakers that are not in
`--data` are never seen. The network of models/affect/pooling.npz (tools/fit_pooling.py, to be run before) brings a head
of its own; the two are joined. How well that does on speakers and corpora left out is told by `companion bench affect`.
About 10 minutes on one core; `--cache` keeps what was measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from companion import settings
from companion.affect import fitting
from companion.affect.baseline import Baseline, strangeness
from companion.affect.fitting import Linear
from companion.affect.pooling import WIDTH
from companion.affect.voice import MEASURED
from companion.apps import voice_apart
from companion.apps.assemble import installed_meter
from companion.apps.augment import coloured_noise, in_room, with_noise
from companion.apps.recordings import default_data, read_sets
from companion.apps.voice_corpus import EMOTION_SETS, Corpus, Spoil, measure, prior, relative, tone
from companion.events import Samples

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
    learned = voice_apart.shipped()
    start = learned.start(prior([clean for clean, *_ in copies]))
    heat = temperature(copies, measured)
    head = learned.join(fit(copies, start))
    speech = fit_speech(measured, start)
    print(f"a voice's own deviation: 95 % below {own_deviation(copies, start):.2f}; temperature {heat:.2f}")
    np.savez_compressed(
        TARGET,
        licence=LICENCE,
        tones=np.array(head.classes),
        weights=(head.weights / heat).astype(np.float16),
        bias=(head.bias / heat).astype(np.float32),
        # of two classes, "other" and "speech"; what the network has learned does not count
        speech=np.pad(speech.weights[1] - speech.weights[0], (0, WIDTH)),
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
        self._meter = installed_meter(settings.default_models())
        self._data, self._cache = data, cache
        self._measured: dict[tuple[str, str], NDArray[np.float32]] = {}

    def corpus(self, name: str, how: str, network: int = 0) -> Corpus:
        """A set, measured through the spoiler `how`; one speaker a file where they are not known.

        `network`: 0 for the shipped one; behind it those of the folds, for sets of `EMOTION_SETS` as they are.
        """
        recordings = read_sets(self._data / name)
        kept = self._cache / f"{name}.{how}.npy" if self._cache else None
        if (name, how) not in self._measured:
            self._measured[name, how] = np.load(kept) if kept and kept.exists() else self._values(name, how)
            if kept:
                np.save(kept, self._measured[name, how])
        return Corpus(
            name,
            recordings[0].language,
            self._measured[name, how][network],
            np.array([tone(r) for r in recordings]),
            np.array([f"{name}/{r.speaker or r.path.name}" for r in recordings]),
        )

    def _values(self, name: str, how: str) -> NDArray[np.float32]:
        """Shape (networks, n, 1415)."""
        folds = voice_apart.by_folds() if name in EMOTION_SETS and how == "clean" else []
        networks = [learned.pooling for learned in (voice_apart.shipped(), *folds)]
        by = [lambda _, pooling=pooling: pooling for pooling in networks]
        corpora = measure(read_sets(self._data / name), self._meter, SPOILS[how], *by)
        print(f"measured {name}, {how}", flush=True)
        return np.array([corpus.values for corpus in corpora])


# --- tones -----------------------------------------------------------------------------------------------------------


def fit(copies: Sequence[Sequence[Corpus]], start: Baseline) -> Linear:
    """A head on every copy of every corpus, two orders of each speaker's days; on what no network has learned."""
    every = [(corpus, seed) for corpora in copies for corpus in corpora for seed in (1, 2)]
    return fitting.fit(
        np.vstack([relative(corpus, start, seed)[:, :MEASURED] for corpus, seed in every]),
        np.concatenate([corpus.tones for corpus, _ in every]),
        np.concatenate([np.full(len(corpus.tones), corpus.name) for corpus, _ in every]),
        STRENGTH,
    )


def without(copies: Sequence[Sequence[Corpus]], speakers: Collection[str]) -> list[list[Corpus]]:
    """The copies without some of their speakers."""
    return [[corpus.select(~np.isin(corpus.speakers, list(speakers))) for corpus in corpora] for corpora in copies]


def temperature(copies: Sequence[Sequence[Corpus]], measured: Measured) -> float:
    """What makes the head as sure as it is right with speakers that neither it nor its network has heard."""
    logits, truth = [], []
    for number, learned in enumerate(voice_apart.by_folds()):
        known = without(copies, learned.left_out)
        start = learned.start(prior([clean for clean, *_ in known]))
        head = learned.join(fit(known, start))
        for name in EMOTION_SETS:
            corpus = measured.corpus(name, "clean", 1 + number)
            own = corpus.select(np.isin(corpus.speakers, list(learned.left_out)))
            logits.append(head.logits(relative(own, start)))
            truth.append(np.array([head.classes.index(str(t)) for t in own.tones], dtype=np.int64))
    everything, right = np.vstack(logits), np.concatenate(truth)
    heat = fitting.temperature(everything, right)
    chance = fitting.softmax(everything / heat)
    error = fitting.calibration_error(chance.max(axis=1), chance.argmax(axis=1) == right)
    print(f"calibration error, speakers apart: {error:.3f}")
    return heat


def own_deviation(copies: Sequence[Sequence[Corpus]], start: Baseline) -> float:
    """How strange an utterance is to its own speaker's usual, the 95th percentile."""
    return float(np.percentile(np.concatenate([strangeness(relative(clean, start)) for clean, *_ in copies]), 95))


# --- speech or not ---------------------------------------------------------------------------------------------------


def fit_speech(measured: Measured, start: Baseline) -> Linear:
    """Speech against coughs, laughs, rain and hum; prints how it does on speakers and recordings left out."""
    values, names, groups = [], [], []
    for kind, sets in (("speech", SPEECH_SETS), ("other", OTHER_SETS)):
        for name in sets:
            for how in ("clean", "noise"):
                corpus = measured.corpus(name, how)
                heard = np.isfinite(corpus.values[:, -1])
                values.append(start.relative(corpus.values[heard])[:, :MEASURED])
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
