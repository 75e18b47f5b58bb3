"""Fits the coefficients of companion/turns/turn_end.py: is a turn over, by its sound, length, words and grammar?

    OMP_NUM_THREADS=1 python tools/fit_endpoint.py [--data ../shared/data] [--cache FILE]

The silences are those that the product itself would hear: the voice activity detector's, of 0.2 s and more, in read
and talked English and Korean; the one after the last word is the end. Of `emotion-ko` only the recordings that `turn-
pauses.csv` lists are taken, at half weight: its speakers say the same sentences. Smart Turn is asked and the words are
read when the product does so (when the shipped coefficients were fitted, 0.16 s and 0.128 s into a silence). It prints
these fits, and how well each does on speakers left out. Whether the words are a sentence is asked in English alone, and
fitted on top of what the other cues make of it.
"""

from __future__ import annotations

import argparse
import csv
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion import catalog, settings
from companion.apps.assemble import open_completion
from companion.apps.recordings import Recording, default_data, read_sets, read_sound
from companion.audio.smart_turn import SmartTurn
from companion.audio.voice_activity import WINDOW, VoiceActivity
from companion.events import SAMPLE_RATE, Samples, samples
from companion.stt.engine import open_engine
from companion.turns.speech import SpeechDetector
from companion.turns.turn_end import GOES_ON, Cues, grammar_of, length_of, policy_of, probability, sound_of
from companion.turns.words_end import Ending, ending

Numbers = NDArray[np.float64]
READ_SETS = ("speech-en", "speech-ko", "speech-ko-studio", "speakers-en")
TABLED_SET, TABLED_WEIGHT = "emotion-ko", 0.5
SHORTEST = samples(0.2)  # silences that are fitted on
AFTER = samples(3.6)  # silence appended to every recording
SLACK = 0.1  # seconds before the end of speech in which the detector's "pause" is the end itself
STRENGTH = 1.0
SHIPPED = {
    "without the words": {"sound": 0.34, "spoken": 1.06, "intercept": -0.69},
    "with the words": {"sound": 0.25, "spoken": 0.90, "closed": 1.66, "unfinished": -2.02, "intercept": -0.78},
}


@dataclass(frozen=True, slots=True)
class Heard:
    """A silence. `over`: nothing was said after it. `spoken`: seconds since the turn began."""

    set: str
    speaker: str
    over: bool
    spoken: float
    completeness: float
    ending: Ending
    ends: float | None = None


def main() -> None:
    """Listen, fit, and print."""
    options = argparse.ArgumentParser(description="Fit the coefficients of the end of a turn.")
    options.add_argument("--data", type=Path, default=default_data())
    options.add_argument("--cache", type=Path, help="keep here what was heard")
    given = options.parse_args()
    if given.cache and given.cache.exists():
        heard = pickle.loads(given.cache.read_bytes())
    else:
        heard = listen(given.data)
        if given.cache:
            given.cache.write_bytes(pickle.dumps(heard))
    print(f"{len(heard)} silences of {len({(h.set, h.speaker) for h in heard})} speakers")
    for label, shipped in SHIPPED.items():
        report(label, heard, shipped)
    report_grammar([h for h in heard if h.ends is not None])


def listen(data: Path) -> list[Heard]:
    """Every silence that is fitted on."""
    senses = _Senses()
    ends = {row["file"]: float(row["speech_end_s"]) for row in _rows(data / "turn-pauses.csv")}
    guessed = _rows(data / "speech-ko" / "metadata.csv")
    cut = {("speech-ko", Path(row["file"]).name) for row in guessed if row["ends_sentence_guess"] == "0"}
    heard = []
    for recording in read_sets(data):
        end_s = ends.get(f"{recording.set}/{recording.path.name}")
        if recording.set in READ_SETS or (recording.set == TABLED_SET and end_s is not None):
            heard += senses.silences(recording, end_s, (recording.set, recording.path.name) not in cut)
    return heard


class _Senses:
    """The models of the product, one recogniser a language."""

    def __init__(self) -> None:
        self._store, self._models = catalog.ModelStore(settings.default_models()), catalog.load()
        self._smart_turn = SmartTurn(self._store.file(self._model("turn", "en")))
        self._voice = VoiceActivity(self._store.file(self._model("vad", "en")))
        self._engines: dict[str, Any] = {}
        self._completion = open_completion(self._store, {"grammar": self._model("grammar", "en")}, None)

    def silences(self, recording: Recording, end_s: float | None, with_end: bool) -> list[Heard]:
        """Those of one recording that are fitted on, in order.

        `end_s`: where its speech ends, None: where it was last loud. `with_end`: also the silence after that.
        """
        recorded = read_sound(recording.path)
        last = samples((end_s if end_s is not None else last_loud(recorded)) - SLACK)
        sound = np.concatenate((recorded, np.zeros(AFTER, np.float32)))
        began, pauses = self._pauses(sound)
        start = max(0, began - samples(0.5))
        heard = []
        for at, until in pauses:
            over = until == len(sound)
            if until - at < SHORTEST or (not with_end if over else at > last):
                continue
            completion = self._completion if recording.language == "en" else None
            asked = policy_of("normal", parses=completion is not None)
            words = self._engine(recording.language).transcribe(sound[start : at + asked.read]).text
            completeness = self._smart_turn.completeness(sound[start : at + asked.probe], asked.probe)
            spoken = (at - began) / SAMPLE_RATE
            kind = ending(words, recording.language)
            ends = completion.ends(words, lambda: False) if completion is not None else None
            heard.append(Heard(recording.set, recording.speaker, over, spoken, completeness, kind, ends))
        return heard

    def _pauses(self, sound: Samples) -> tuple[int, list[tuple[int, int]]]:
        """Where the turn began, and each silence in it, the last one to the end of `sound`; in samples."""
        self._voice.reset()
        detector, speaking, began, voiced = SpeechDetector(), False, 0, 0
        pauses = []
        for at in range(0, len(sound) - WINDOW + 1, WINDOW):
            view = detector.push(at, at + WINDOW, self._voice.probability(sound[at : at + WINDOW]))
            if view.speaking and not speaking:
                speaking, began, voiced = True, view.began, view.last_voiced
            elif view.speaking and view.last_voiced > voiced:
                if view.last_voiced - voiced > WINDOW:
                    pauses.append((voiced, view.last_voiced - WINDOW))
                voiced = view.last_voiced
        return began, [*pauses, (voiced, len(sound))]

    def _model(self, role: Any, language: Any) -> Any:
        return self._models.needed(self._store, role, "starter", language)

    def _engine(self, language: str) -> Any:
        if language not in self._engines:
            model = self._model("stt", language)
            self._engines[language] = open_engine(model.engine, model.id, self._store.path(model), language)
        return self._engines[language]


def last_loud(sound: Samples) -> float:
    """Seconds after which `sound` stays 30 dB below its loudest 20 ms."""
    step = samples(0.02)
    level = np.sqrt(np.mean(sound[: len(sound) // step * step].reshape(-1, step) ** 2, axis=1) + 1e-12)
    return float(np.flatnonzero(level > level.max() * 10 ** (-30 / 20))[-1] + 1) * step / SAMPLE_RATE


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def features(heard: Sequence[Heard], names: Sequence[str]) -> Numbers:
    """(silences, names), as `turn_end.probability` makes them."""

    def value(h: Heard, name: str) -> float:
        return {
            "sound": sound_of(h.completeness),
            "spoken": length_of(h.spoken),
            "closed": float(h.ending == "closed"),
            "unfinished": float(h.ending in GOES_ON),
        }[name]

    return np.array([[value(h, name) for name in names] for h in heard])


def fit(x: Numbers, over: NDArray[np.bool_], weights: Numbers) -> Any:
    """A logistic regression, ridge `STRENGTH`, the intercept free."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1 / STRENGTH, tol=1e-8).fit(x, over, sample_weight=weights)


def report(label: str, heard: Sequence[Heard], shipped: dict[str, float]) -> None:
    """Print the coefficients beside the shipped ones, and each set's figures with every speaker left out in turn."""
    from sklearn.metrics import log_loss, roc_auc_score

    names = [name for name in shipped if name != "intercept"]
    x, over = features(heard, names), np.array([h.over for h in heard])
    weights = np.array([TABLED_WEIGHT if h.set == TABLED_SET else 1.0 for h in heard])
    speakers, sets = np.array([h.speaker for h in heard]), np.array([h.set for h in heard])
    whole = fit(x, over, weights)
    fitted = [*whole.coef_[0], whole.intercept_[0]]
    print(
        f"\n{label}: "
        + ", ".join(f"{n} {v:.2f} ({shipped[n]:.2f})" for n, v in zip([*names, "intercept"], fitted, strict=True))
    )
    guessed = np.zeros(len(heard))
    for speaker in sorted(set(speakers)):
        out = speakers == speaker
        guessed[out] = fit(x[~out], over[~out], weights[~out]).predict_proba(x[out])[:, 1]
    for name in sorted(set(sets)):
        own = sets == name
        auc, loss = roc_auc_score(over[own], guessed[own]), log_loss(over[own], guessed[own])
        print(f"  {name:18} n {own.sum():3}  speakers left out: AUC {auc:.3f}, log loss {loss:.3f}")


def report_grammar(heard: Sequence[Heard]) -> None:
    """Print what the grammar weighs beside the other cues, and how far off its zero is; by Newton's method."""
    from sklearn.metrics import roc_auc_score

    others = np.array([probability(Cues(h.spoken, h.completeness, h.ending)) for h in heard])
    x = np.array([[grammar_of(h.ends), 1.0] for h in heard])
    over, weights = np.array([h.over for h in heard], float), np.zeros(2)
    for _ in range(20):
        p = 1 / (1 + np.exp(-(np.log(others / (1 - others)) + x @ weights)))
        weights += np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]), x.T @ (over - p))
    print(f"\ngrammar: {weights[0]:.2f} (0.54), says neither at {-weights[1] / weights[0]:.2f} (0.00)")
    for name in sorted({h.set for h in heard}):
        own = np.array([h.set == name for h in heard])
        auc, alone = (roc_auc_score(over[own], values[own]) for values in (p, x[:, 0]))
        print(f"  {name:18} n {own.sum():3}  AUC {auc:.3f}, of the grammar alone {alone:.3f}")


if __name__ == "__main__":
    main()
