"""Networks that have not heard some of the speakers, so that a bench can tell what to expect of voices that are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from companion.affect import pooling
from companion.affect.baseline import Baseline
from companion.affect.fitting import Floats, Linear
from companion.affect.pooling import Pooling
from companion.affect.voice import MEASURED
from companion.affect.words import weights_folder

FOLDER = Path(__file__).resolve().parents[2] / "models" / "voice-apart"
"""They are of use only beside a checkout of the project, as the recordings are; the installed program has none."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A pooling, and the tones by its 384 values alone.

    `head`: on the values relative to the baseline. `mean`, `variance` (384,): the usual of nobody in particular.
    `left_out`: the speakers that it has not heard, "set/speaker".
    """

    pooling: Pooling
    head: Linear
    mean: Floats
    variance: Floats
    left_out: frozenset[str]

    def start(self, measured: Baseline) -> Baseline:
        """A baseline to begin with: the front of `measured`, and the learned values of nobody in particular."""
        return Baseline(
            0,
            np.concatenate([measured.mean[:MEASURED], self.mean]),
            np.concatenate([measured.variance[:MEASURED], self.variance]),
        )

    def join(self, linear: Linear) -> Linear:
        """One head of two: the logits of `linear`, on the values before the learned ones, and of this one, added up."""
        rows = [self.head.classes.index(name) for name in linear.classes]
        return Linear(
            linear.classes,
            np.hstack([linear.weights, self.head.weights[rows]]),
            linear.bias + self.head.bias[rows],
        )


@cache
def read(path: Path) -> Learned:
    """What tools/fit_pooling.py wrote; read once, for a bench asks for each again and again."""
    with np.load(path) as file:
        return Learned(
            pooling.read(path),
            Linear(tuple(file["tones"].tolist()), file["head"], file["head_bias"]),
            file["prior_mean"],
            file["prior_variance"],
            frozenset(file["speakers_left_out"].tolist()),
        )


def shipped() -> Learned:
    """The one that has heard everyone."""
    return read(weights_folder() / "pooling.npz")


def by_folds() -> list[Learned]:
    """Those that have not heard a part of the speakers each."""
    return [read(path) for path in sorted(FOLDER.glob("fold-*.npz"))]


def without(name: str) -> Learned | None:
    """The one that has not heard the set `name`; None where there is none."""
    path = FOLDER / f"without-{name}.npz"
    return read(path) if path.exists() else None


def unheard(networks: Sequence[Learned], speaker: str) -> Learned:
    """Which of the networks has not heard a speaker; the last one, if all have: it is `shipped`, and knows few."""
    return next((one for one in networks if speaker in one.left_out), networks[-1])
