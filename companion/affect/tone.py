"""From how a voice sounds to what a listener might call it: linear heads on the measured values. Fitted by
tools/fit_voice.py; what on, and how well it does, stands in models/affect/README.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from companion.affect.baseline import Baseline
from companion.affect.voice import MEASURES, VoiceFeatures
from companion.affect.words import weights_folder
from companion.events import EMOTIONS, AffectReading

Floats = NDArray[np.float32]

_AS_EMOTION = {"calm": "neutral", "bored": "neutral"}
"""Tones that the head tells apart and `EMOTIONS` does not."""

_VALENCE = {
    "neutral": 0.0, "happy": 0.8, "surprised": 0.2, "sad": -0.7, "angry": -0.7, "afraid": -0.7, "disgusted": -0.7
}  # fmt: skip
"""Where listeners place the words, roughly (Russell 1980, A circumplex model of affect, JPSP 39:1161)."""

_EVERYDAY = 4.0
"""How much likelier a plain tone is in a day's talk than among recordings that were acted, a third of them neutral,
calm or bored: with it two turns of three are plain. People call 47 % of the turns of a comedy neutral (MELD, Poria et
al. 2019) and 83 % of written small talk (DailyDialog, Li et al. 2017). What it does to read sentences stands in
models/affect/README.md."""

_EXCITED = 1.5
"""Standard deviations of pitch above the usual that make an arousal of 0.76 (tanh 1)."""

_ENOUGH_SPEECH = 1.0
"""Seconds of speech from which the head is as sure as it was fitted to be; of less it is the less sure."""


@dataclass(frozen=True, slots=True, eq=False)
class ToneHead:
    """The fitted weights, k tones by 1,415 values.

    `tones`: names of the k tones, those of `EMOTIONS` and some finer. `weights` (k, 1415), `bias` (k,): logits of the
    values relative to the baseline, divided by the temperature. `speech` (1415,), `speech_bias`: the logit of "this is
    speech" of the values relative to the prior. `prior`: the baseline of someone who has not yet been heard.
    """

    tones: tuple[str, ...]
    weights: Floats
    bias: Floats
    speech: Floats
    speech_bias: float
    prior: Baseline

    def probabilities(self, relative: Floats) -> Floats:
        """Probability of each of `tones`, shape (k,), for `Baseline.relative` values, in everyday talk.

        The head was fitted where every tone is as frequent as any other; here the plain ones are `_EVERYDAY` times as
        frequent (Saerens et al. 2002, Neural Computation 14:21, eq. 4).
        """
        plain = np.array([_AS_EMOTION.get(name, name) == "neutral" for name in self.tones])
        logits = self.weights @ relative + self.bias + np.log(_EVERYDAY) * plain
        exponents = np.exp(logits - logits.max())
        return np.asarray(exponents / exponents.sum(), dtype=np.float32)

    def speechlike(self, features: VoiceFeatures) -> float:
        """Probability, 0…1, that this is someone speaking and not a cough, a laugh, a sigh or a dog."""
        logit = float(self.speech @ self.prior.relative(features.values())) + self.speech_bias
        return float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))

    def read(self, features: VoiceFeatures, baseline: Baseline) -> AffectReading:
        """What a listener who knows this person might call it, by its sound alone."""
        relative = baseline.relative(features.values())
        scores = dict.fromkeys(EMOTIONS, 0.0)
        for tone, probability in zip(self.tones, self.probabilities(relative), strict=True):
            scores[_AS_EMOTION.get(tone, tone)] += float(probability)
        sure = self.speechlike(features) * min(1.0, features.duration / _ENOUGH_SPEECH)
        return AffectReading(
            valence=sum(_VALENCE[name] * score for name, score in scores.items()) * sure,
            arousal=arousal(relative) * sure,
            scores=scores,
            confidence=max(scores.values()) * sure,
        )


def arousal(relative: Floats) -> float:
    """Calm … excited, -1…1, from how far the pitch is above the usual; nothing in this is fitted.

    Median pitch alone, against the speaker's own running baseline, orders utterances of high and low arousal about as
    well as anything that was tried (models/affect/README.md).
    """
    return float(np.tanh(relative[MEASURES.index("pitch")] / _EXCITED))


def load(path: Path | None = None) -> ToneHead:
    """The head that comes with the program, or the one in `path`."""
    path = path or weights_folder() / "voice.npz"
    with np.load(path) as file:
        prior = Baseline(0, file["prior_mean"], file["prior_variance"])
        return ToneHead(
            tuple(file["tones"].tolist()),
            file["weights"].astype(np.float32),
            file["bias"],
            file["speech"],
            float(file["speech_bias"]),
            prior,
        )
