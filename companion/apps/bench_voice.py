"""The voice part of `companion bench affect`: how well tones of voice are told apart, by speakers not fitted on.

On the shared recordings, which the shipped weights were fitted on, a network of `voice_apart` that has not heard the
speaker and a head fitted on the other speakers stand in for them: the same kind, a quarter of the speakers poorer. The
same for a whole corpus that was left out. What is given under `--data` meets the shipped weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from companion.affect import fitting, tone
from companion.affect.baseline import Baseline
from companion.affect.fitting import Floats, Linear
from companion.affect.pooling import Pooling
from companion.affect.voice import MEASURED, MEASURES, VoiceMeter
from companion.apps import voice_apart, voice_corpus
from companion.apps.assemble import installed_meter
from companion.apps.augment import coloured_noise, with_noise
from companion.apps.recordings import Recording, default_data, read_sets
from companion.apps.voice_apart import Learned
from companion.apps.voice_corpus import Corpus, relative
from companion.events import Samples

STRENGTH = 0.002
"""Best of 0.0003 to 0.03 on speakers apart, for all corpora together; the shipped head has it too."""

Mask = NDArray[np.bool_]

_FOUR = ("angry", "happy", "neutral", "sad")
_NOISE = 10.0  # dB
_ORDERS = 10
"""Of a speaker's utterances, each another course of days and another baseline. One alone moves the recall of 278
utterances by 0.02, that of 60 by 0.07."""


@dataclass(frozen=True, slots=True)
class Result:
    """One set. UAR: unweighted average recall of the tones that the set knows, 0…1.

    `uar`: each utterance by itself; `uar_causal`: against the speaker's own running baseline, the mean of ten orders
    of their utterances; `uar_causal_10db`: the same with white noise 10 dB below the speech. `arousal_auc`: high
    against low arousal by pitch alone, not fitted. `calibration_error`: of the confidence, with the baseline. `head`:
    "shipped", or "speakers apart" where the other speakers, of all sets or of this one, were fitted on.
    """

    name: str
    language: str
    n: int
    speakers: int
    classes: int
    uar: float
    uar_causal: float
    uar_causal_10db: float
    arousal_auc: float | None
    calibration_error: float
    head: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Four tones of `name` by a head that was fitted on other corpora alone, against the running baseline."""

    name: str
    n: int
    uar: float


@dataclass(frozen=True, slots=True, eq=False)
class _Takes:
    """One set as recorded, with white noise at 10 dB, and with noise of many kinds to fit on.

    `foreign`: as recorded, by the network that has not heard the set; the same as `clean` where there is none. `plain`:
    which utterances (n,) have the same words in every tone, so that the voice alone tells.
    """

    clean: Corpus
    white: Corpus
    spoiled: Corpus
    foreign: Corpus
    plain: Mask

    def select(self, wanted: Mask) -> _Takes:
        clean, white, spoiled, foreign = (
            corpus.select(wanted) for corpus in (self.clean, self.white, self.spoiled, self.foreign)
        )
        return _Takes(clean, white, spoiled, foreign, self.plain[wanted])


def run(
    models: Path, data: Path | None = None, language: str | None = None, done: Callable[[], object] = lambda: None
) -> tuple[list[Result], list[Transfer]]:
    """Measure every set with tones of voice in its column `emotion`; `done` is called after each.

    Raises:
        CompanionError: `data` holds no sets, a recording cannot be read, or no tone-of-voice model is installed.
    """
    meter = installed_meter(models)
    takes = []
    for recordings in _sets(data or default_data(), language):
        takes.append(_measure(recordings, meter, fits=data is None))
        done()
    if data is not None:
        return [result for one in takes for result in _shipped(one)], []
    apart = _speakers_apart(takes, "speakers apart")
    if len(takes) > 1:
        alone = "speakers apart, linear head of this set"
        apart += [result for one in takes for result in _speakers_apart([one], alone)]
    return apart, list(_transfer(takes))


def _sets(data: Path, language: str | None) -> Iterator[list[Recording]]:
    """The recordings by set: those with a known tone, of sets with at least two."""
    groups: dict[str, list[Recording]] = {}
    for recording in read_sets(data, language):
        if voice_corpus.tone(recording):
            groups.setdefault(recording.set, []).append(recording)
    for recordings in groups.values():
        if len({voice_corpus.tone(r) for r in recordings}) > 1:
            yield recordings


def _measure(recordings: Sequence[Recording], meter: VoiceMeter, fits: bool) -> _Takes:
    apart, shipped = _networks(), voice_apart.shipped()

    def heard(spoil: voice_corpus.Spoil, *networks: Callable[[str], Pooling]) -> list[Corpus]:
        return voice_corpus.measure(recordings, meter, spoil, *networks)

    def unheard(speaker: str) -> Pooling:
        return voice_apart.unheard(apart, speaker).pooling

    plain = np.array([recording.script == "plain" for recording in recordings])
    if not fits:
        ((clean,), (white,)) = (heard(spoil, lambda _: shipped.pooling) for spoil in (_as_it_is, _white))
        return _Takes(clean, white, clean, clean, plain)
    foreign = voice_apart.without(recordings[0].set)
    clean, strange = heard(_as_it_is, unheard, lambda _: (foreign or shipped).pooling)
    ((white,), (spoiled,)) = (heard(spoil, unheard) for spoil in (_white, _spoiled))
    return _Takes(clean, white, spoiled, strange if foreign else clean, plain)


def _networks() -> list[Learned]:
    """One for every speaker: those of the folds, and the shipped one for whoever is in none of them."""
    return [*voice_apart.by_folds(), voice_apart.shipped()]


def _as_it_is(speech: Samples, random: np.random.Generator) -> Samples:
    return speech


def _white(speech: Samples, random: np.random.Generator) -> Samples:
    return with_noise(speech, coloured_noise(len(speech), 0, random), _NOISE)


def _spoiled(speech: Samples, random: np.random.Generator) -> Samples:
    noise = coloured_noise(len(speech), random.uniform(0, 2), random)
    return with_noise(speech, noise, random.uniform(3, 20))


def _fit(takes: Sequence[_Takes], learned: Learned) -> tuple[Linear, Baseline]:
    """A head for the values of the network `learned`, and the usual to begin with.

    What the network has learned it has a head of its own for; fitted is one on the other values, of the sets as
    recorded and with noise.
    """
    takes = [one for one in takes if len(one.plain)]
    start = voice_corpus.prior([one.clean for one in takes])
    corpora = [corpus for one in takes for corpus in (one.clean, one.spoiled)]
    linear = fitting.fit(
        np.vstack([relative(corpus, start, seed=1)[:, :MEASURED] for corpus in corpora]),
        np.concatenate([corpus.tones for corpus in corpora]),
        np.concatenate([np.full(len(corpus.tones), corpus.name) for corpus in corpora]),
        STRENGTH,
    )
    return learned.join(linear), learned.start(start)


def _shipped(takes: _Takes) -> list[Result]:
    head = tone.load()
    linear = Linear(head.tones, head.weights, head.bias)
    return _results(takes, [linear.logits(values) for values in _heard(takes, head.prior)], linear.classes, "shipped")


def _speakers_apart(takes: Sequence[_Takes], name: str) -> list[Result]:
    """Every utterance by a network, a head and a temperature that were fitted without its speaker.

    The network knows the other speakers of all corpora, the linear head those of `takes`.
    """
    apart = _networks()
    folds = [
        [np.array([voice_apart.unheard(apart, name) is one for name in take.clean.speakers]) for take in takes]
        for one in apart
    ]
    parts = [(one, tested) for one, tested in zip(apart, folds, strict=True) if any(mask.any() for mask in tested)]
    classes = tuple(np.unique(np.concatenate([take.clean.tones for take in takes])).tolist())
    ways = [
        [np.zeros((orders, len(take.plain), len(classes)), np.float32) for orders in (1, _ORDERS, _ORDERS)]
        for take in takes
    ]
    for learned, tested in parts:
        head, start = _fit([take.select(~mask) for take, mask in zip(takes, tested, strict=True)], learned)
        for take, mask, logits in zip(takes, tested, ways, strict=True):
            if mask.any():
                for one, values in zip(logits, _heard(take.select(mask), start), strict=True):
                    one[:, mask] = head.logits(values)
    truths = [np.array([classes.index(name) for name in take.clean.tones]) for take in takes]
    heats = []
    for _, tested in parts:
        others = [~mask for mask in tested]
        heats.append(
            fitting.temperature(
                np.concatenate([logits[1][:, mask] for logits, mask in zip(ways, others, strict=True)], axis=1),
                np.concatenate([truth[mask] for truth, mask in zip(truths, others, strict=True)]),
            )
        )
    for (_, tested), heat in zip(parts, heats, strict=True):
        for logits, mask in zip(ways, tested, strict=True):
            for one in logits:
                one[:, mask] /= heat
    return [
        result for take, logits in zip(takes, ways, strict=True) for result in _results(take, logits, classes, name)
    ]


def _heard(takes: _Takes, start: Baseline) -> tuple[Floats, Floats, Floats]:
    """Values for the head, shape (orders, n, d): each utterance by itself, against the running baseline, and so in
    white noise."""

    def orders(corpus: Corpus) -> Floats:
        return np.stack([relative(corpus, start, seed) for seed in range(_ORDERS)])

    return start.relative(takes.clean.values)[None], orders(takes.clean), orders(takes.white)


def _results(takes: _Takes, ways: Sequence[Floats], classes: Sequence[str], head: str) -> list[Result]:
    """The set, and its utterances of plain script where it has others too; `ways`: logits (orders, n, k)."""
    parts = {"": np.ones(len(takes.plain), bool)}
    if 0 < takes.plain.sum() < len(takes.plain):
        parts[" (plain)"] = takes.plain
    return [
        _result(takes.clean, name, part, [logits[:, part] for logits in ways], classes, head)
        for name, part in parts.items()
    ]


def _result(
    corpus: Corpus, suffix: str, part: Mask, ways: Sequence[Floats], classes: Sequence[str], head: str
) -> Result:
    asked = corpus.select(part)
    known = [classes.index(name) for name in np.unique(asked.tones)]
    names = np.array(classes)

    def recall(orders: Floats) -> float:
        named = names[known][orders[..., known].argmax(axis=-1)]
        return round(float(np.mean([fitting.recall(asked.tones, one) for one in named])), 4)

    uar, causal, in_noise = map(recall, ways)
    chances = fitting.softmax(ways[1])
    right = names[chances.argmax(axis=-1)] == asked.tones
    pitch = relative(corpus, tone.load().prior)[part, MEASURES.index("pitch")]
    high, certain = voice_corpus.aroused(asked)
    return Result(
        corpus.name + suffix,
        corpus.language,
        len(asked.tones),
        len(np.unique(asked.speakers)),
        len(known),
        uar,
        causal,
        in_noise,
        fitting.auc(pitch[certain], high[certain]),
        round(fitting.calibration_error(chances.max(axis=-1).ravel(), right.ravel()), 4),
        head,
    )


def _transfer(takes: Sequence[_Takes]) -> Iterator[Transfer]:
    """Each set by weights that were fitted on all the others alone; nothing where there are no others."""
    for tested in takes:
        others = [one.select(np.isin(one.clean.tones, _FOUR)) for one in takes if one is not tested]
        learned = voice_apart.without(tested.clean.name)
        if learned is None or not others or set(_FOUR) - set(tested.clean.tones):
            continue
        head, start = _fit(others, learned)
        asked = np.isin(tested.clean.tones, _FOUR)
        logits = (head.logits(relative(tested.foreign, start, seed)[asked]) for seed in range(_ORDERS))
        named = [np.array(head.classes)[one.argmax(axis=1)] for one in logits]
        uar = float(np.mean([fitting.recall(tested.clean.tones[asked], one) for one in named]))
        yield Transfer(tested.clean.name, int(asked.sum()), round(uar, 4))
