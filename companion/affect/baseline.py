"""How this person usually sounds: a running mean and variance of every measured value, shrunk towards a prior."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from companion.affect.voice import MEASURED, MEASURES, STATISTICS, VALUES

Values = NDArray[np.float32]

PRIOR_WORTH = 3
"""Utterances that the prior counts as. From corpus to corpus 2 to 3 do best, 10 loses 0.03 of recall; without a prior
the first utterances would be all the owner is known by (models/affect/README.md)."""

_FARTHEST = 6.0
"""Standard deviations; beyond them something was measured wrongly, such as the slope of half a syllable."""

_MEMORY = 300
"""Utterances after which older ones fade: voices and microphones change."""

_KNOWN_AFTER = 10
"""Utterances from which a stranger can be told."""

_STRANGE = 2.5
"""`strangeness` from which a voice is taken for another's. Of actors' own utterances, shouted and whispered ones among
them, 0 to 5 % lie above it, of strangers' 19 to 47 % in the same studio, of those by another microphone 92 %
(models/affect/README.md)."""

_PITCH_TELLS = 0.3
"""How much the squared deviation of the pitch counts; of 0.1 to 1 the best."""

_BEFORE = {775: len(MEASURES), 967: len(MEASURES), 1223: MEASURED, 1415: MEASURED}
"""Values of the baselines that were kept before, and how many at their front mean the same: until another encoder
listened, the measures; until another network did, all but what the network makes."""

_NETWORK = 4.0
"""Which network made the learned values that are kept: its number stands in front of them since there were two of one
size. To be counted on with every new models/affect/pooling.npz."""

_NEW_MICROPHONE = 20
"""Strange utterances in a row after which it is the owner after all, heard in another way."""


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """The usual of one person after `count` utterances: mean and variance of `VoiceFeatures.values`, each of its shape.

    `strange`: how many utterances in a row were taken for a guest's. A value: it never changes, `hear` gives the next
    one. To reset it, begin again with the prior, `ToneHead.prior`.
    """

    count: int
    mean: Values
    variance: Values
    strange: int = 0

    def relative(self, values: Values) -> Values:
        """`values` (…, 1415) in standard deviations above the usual, -6…6; 0 for what was not measured (NaN)."""
        deviations = np.nan_to_num((values - self.mean) / np.sqrt(self.variance + 1e-6))
        return np.asarray(np.clip(deviations, -_FARTHEST, _FARTHEST), dtype=np.float32)

    def after(self, values: Values) -> Baseline:
        """The baseline with one more utterance in it, whoever spoke. What was not measured leaves its part as it is."""
        weight = 1 / (PRIOR_WORTH + min(self.count, _MEMORY) + 1)
        deviation = np.nan_to_num(values - self.mean)
        squared = np.where(np.isfinite(values), deviation**2, self.variance)
        return Baseline(
            self.count + 1,
            self.mean + weight * deviation,
            self.variance + weight * (squared - self.variance),
        )

    def hear(self, values: Values) -> Baseline:
        """The baseline after an utterance of the owner's, or a guest's: what is strange does not move it.

        After `_NEW_MICROPHONE` strange ones in a row it is learned anew, with what was the usual as the prior.
        """
        if not self.is_strange(values):
            return self.after(values)
        if self.strange < _NEW_MICROPHONE:
            return replace(self, strange=self.strange + 1)
        return replace(self, count=0).after(values)

    def is_strange(self, values: Values) -> bool:
        """Whether this is rather someone else's voice; never before the tenth utterance."""
        return self.count >= _KNOWN_AFTER and float(strangeness(self.relative(values))) > _STRANGE

    def to_bytes(self) -> bytes:
        """For the store: little-endian float32, the network, the two counts, the means, the variances; 11 kB."""
        counts = [_NETWORK, self.count, self.strange]
        return np.concatenate([counts, self.mean, self.variance]).astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, content: bytes, prior: Baseline) -> Baseline:
        """What `to_bytes` wrote.

        Of one that was written when another encoder or network listened, the front is kept. The rest begins with
        `prior`, and it counts anew, so that this is learned as fast as a new owner's.

        Raises:
            ValueError: it is no baseline.
        """
        if len(content) not in (4 * (3 + 2 * VALUES), *(4 * (2 + 2 * values) for values in _BEFORE)):
            raise ValueError("this is no baseline of a voice")
        values = np.frombuffer(content, dtype="<f4").astype(np.float32)
        numbered = len(values) % 2
        network = values[0] if numbered else 0.0
        count, strange, *_ = values[numbered:]
        mean, variance = np.split(values[numbered + 2 :], 2)
        if not np.isfinite(values).all() or (variance < 0).any():
            raise ValueError("this is no baseline of a voice")
        if network == _NETWORK:
            return cls(int(count), mean, variance, int(strange))
        kept = _BEFORE[len(mean)]
        return cls(
            0,
            np.concatenate([mean[:kept], prior.mean[kept:]]),
            np.concatenate([variance[:kept], prior.variance[kept:]]),
        )


def strangeness(relative: Values) -> Values:
    """How far utterances lie from a usual, shape (…) for values relative to it, (…, 1415).

    The mean squared deviation of what the encoder puts out on average, and some of the pitch's.
    """
    sound = relative[..., len(MEASURES) : len(MEASURES) + STATISTICS // 2]
    return np.asarray((sound**2).mean(axis=-1) + _PITCH_TELLS * relative[..., MEASURES.index("pitch")] ** 2)
