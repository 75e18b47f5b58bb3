"""The voice part of `companion bench affect`: how well tones of voice are told apart, by speakers not fitted on.

On the shared recordings, which the shipped head was fitted on, heads of the same kind are fitted on some speakers and
tested on the others, and on two corpora and tested on the third. What is given under `--data` meets the shipped head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from companion import catalog
from companion.affect import fitting, tone
from companion.affect.baseline import Baseline
from companion.affect.fitting import Floats, Linear
from companion.affect.voice import MEASURES, VoiceMeter
from companion.apps import voice_corpus
from companion.apps.augment import coloured_noise, with_noise
from companion.apps.recordings import Recording, default_data, read_sets
from companion.apps.voice_corpus import Corpus, relative
from companion.audio.encoder import SpeechEncoder
from companion.catalog import ModelMissing, ModelStore
from companion.events import Samples

STRENGTH = 0.003
"""Best of 0.0003 to 0.03 on speakers apart, for these sizes of corpora."""

Mask = NDArray[np.bool_]

_FOLDS = 6
_FOUR = ("angry", "happy", "neutral", "sad")
_NOISE = 10.0  # dB


@dataclass(frozen=True, slots=True)
class Result:
    """One set. UAR: unweighted average recall of the tones that the set knows, 0…1.

    `uar`: each utterance by itself; `uar_causal`: against the speaker's own running baseline; `uar_causal_10db`: the
    same with white noise 10 dB below the speech. `arousal_auc`: high against low arousal by pitch alone, not fitted.
    `calibration_error`: of the confidence, with the baseline. `head`: "shipped", or "speakers apart" where heads were
    fitted on the set's other speakers.
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

    `plain`: which utterances (n,) have the same words in every tone, so that the voice alone tells.
    """

    clean: Corpus
    white: Corpus
    spoiled: Corpus
    plain: Mask

    def select(self, wanted: Mask) -> _Takes:
        return _Takes(
            self.clean.select(wanted), self.white.select(wanted), self.spoiled.select(wanted), self.plain[wanted]
        )


def run(
    models: Path, data: Path | None = None, language: str | None = None, done: Callable[[], object] = lambda: None
) -> tuple[list[Result], list[Transfer]]:
    """Measure every set with tones of voice in its column `emotion`; `done` is called after each.

    Raises:
        CompanionError: `data` holds no sets, a recording cannot be read, or no end-of-turn model is installed.
    """
    meter = open_meter(models)
    takes = []
    for recordings in _sets(data or default_data(), language):
        takes.append(_measure(recordings, meter, fits=data is None))
        done()
    if data is not None:
        return [result for one in takes for result in _shipped(one)], []
    return [result for one in takes for result in _speakers_apart(one)], list(_transfer(takes))


def open_meter(models: Path) -> VoiceMeter:
    """What measures voices, on the installed end-of-turn model.

    Raises:
        ModelMissing: there is none.
    """
    store = ModelStore(models)
    for model in catalog.load().models:
        if model.role == "turn" and store.installed(model):
            return VoiceMeter(SpeechEncoder(store.file(model)).statistics)
    raise ModelMissing("no end-of-turn model is installed: run `companion models pull`")


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
    clean = voice_corpus.measure(recordings, meter, lambda speech, _: speech)
    white = voice_corpus.measure(recordings, meter, _white)
    spoiled = voice_corpus.measure(recordings, meter, _spoiled) if fits else clean
    return _Takes(clean, white, spoiled, np.array([recording.script == "plain" for recording in recordings]))


def _white(speech: Samples, random: np.random.Generator) -> Samples:
    return with_noise(speech, coloured_noise(len(speech), 0, random), _NOISE)


def _spoiled(speech: Samples, random: np.random.Generator) -> Samples:
    noise = coloured_noise(len(speech), random.uniform(0, 2), random)
    return with_noise(speech, noise, random.uniform(3, 20))


def _fit(takes: Sequence[_Takes]) -> Linear:
    """A head on the sets as recorded and with noise."""
    start = voice_corpus.prior([one.clean for one in takes])
    corpora = [corpus for one in takes for corpus in (one.clean, one.spoiled)]
    return fitting.fit(
        np.vstack([relative(corpus, start, seed=1) for corpus in corpora]),
        np.concatenate([corpus.tones for corpus in corpora]),
        np.concatenate([np.full(len(corpus.tones), corpus.name) for corpus in corpora]),
        STRENGTH,
    )


def _shipped(takes: _Takes) -> list[Result]:
    head = tone.load()
    linear = Linear(head.tones, head.weights, head.bias)
    return _results(takes, [linear.logits(values) for values in _heard(takes, head.prior)], linear.classes, "shipped")


def _speakers_apart(takes: _Takes) -> list[Result]:
    """Every utterance by a head, and a temperature, that were fitted without its speaker."""
    speakers = np.unique(takes.clean.speakers)
    folds = [np.isin(takes.clean.speakers, speakers[part::_FOLDS]) for part in range(min(_FOLDS, len(speakers)))]
    classes = tuple(np.unique(takes.clean.tones).tolist())
    ways = [np.zeros((len(takes.clean.tones), len(classes)), np.float32) for _ in range(3)]
    for tested in folds:
        known = takes.select(~tested)
        head, start = _fit([known]), voice_corpus.prior([known.clean])
        for logits, values in zip(ways, _heard(takes.select(tested), start), strict=True):
            logits[tested] = head.logits(values)
    truth = np.array([classes.index(name) for name in takes.clean.tones])
    heats = [fitting.temperature(ways[1][~tested], truth[~tested]) for tested in folds]
    for tested, heat in zip(folds, heats, strict=True):
        for logits in ways:
            logits[tested] /= heat
    return _results(takes, ways, classes, "speakers apart")


def _heard(takes: _Takes, start: Baseline) -> tuple[Floats, Floats, Floats]:
    """Values for the head: each utterance by itself, against the running baseline, and so in white noise."""
    return start.relative(takes.clean.values), relative(takes.clean, start), relative(takes.white, start)


def _results(takes: _Takes, ways: Sequence[Floats], classes: Sequence[str], head: str) -> list[Result]:
    """The set, and its utterances of plain script where it has others too; `ways`: logits (n, k) as in `_heard`."""
    parts = {"": np.ones(len(takes.plain), bool)}
    if 0 < takes.plain.sum() < len(takes.plain):
        parts[" (plain)"] = takes.plain
    return [
        _result(takes.clean, name, part, [logits[part] for logits in ways], classes, head)
        for name, part in parts.items()
    ]


def _result(
    corpus: Corpus, suffix: str, part: Mask, ways: Sequence[Floats], classes: Sequence[str], head: str
) -> Result:
    asked = corpus.select(part)
    known = [classes.index(name) for name in np.unique(asked.tones)]
    uar, causal, in_noise = (
        round(fitting.recall(asked.tones, np.array(classes)[known][logits[:, known].argmax(axis=1)]), 4)
        for logits in ways
    )
    chances = fitting.softmax(ways[1])
    right = np.array(classes)[chances.argmax(axis=1)] == asked.tones
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
        round(fitting.calibration_error(chances.max(axis=1), right), 4),
        head,
    )


def _transfer(takes: Sequence[_Takes]) -> Iterator[Transfer]:
    """Each set by a head that was fitted on the four tones of all the others; nothing where there are no others."""
    four = [one.select(np.isin(one.clean.tones, _FOUR)) for one in takes]
    for tested, asked in zip(takes, four, strict=True):
        others = [one for one in four if one is not asked]
        if not others or set(_FOUR) - set(asked.clean.tones):
            continue
        head, start = _fit(others), voice_corpus.prior([one.clean for one in others])
        values = relative(tested.clean, start)[np.isin(tested.clean.tones, _FOUR)]
        named = np.array(head.classes)[head.logits(values).argmax(axis=1)]
        yield Transfer(tested.clean.name, len(named), round(fitting.recall(asked.clean.tones, named), 4))
