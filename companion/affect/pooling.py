"""An utterance's frames → 192 numbers that say how it was spoken: what mean and deviation over time leave out.

A small network, fitted to acted voices by tools/fit_pooling.py: two convolutions over 0.1 and 0.2 s, then four ways of
weighing the frames (attentive statistics pooling, Okabe et al. 2018, Interspeech, eq. 3 to 6). What a listener would
call the tone is a linear function of how far the 192 lie from the speaker's own usual (`companion.affect.tone`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from companion.affect.words import weights_folder

Floats = NDArray[np.float32]

WIDTH = 192
"""Values that an utterance becomes."""

_KERNEL = 5  # frames of 20 ms that a convolution looks at
_DILATIONS = (1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Pooling:
    """The fitted weights; h = 128 hidden values, a = 4 ways of weighing, d values a frame, k tones.

    `inp` (d + 1, h), the last row its bias; `convolutions`: each (5·h + 1, h); `scale`, `shift` (h,): of the
    normalised hidden values; `attention` (h + 1, a); `out` (2·a·h + 1, 192).
    """

    inp: Floats
    convolutions: tuple[Floats, ...]
    scale: Floats
    shift: Floats
    attention: Floats
    out: Floats

    def __call__(self, frames: Floats) -> Floats:
        """Shape (192,) for `frames` (n, d) of `companion.audio.encoder`, n ≥ 1. About 2 ms for 6 s."""
        hidden = _gelu(_affine(frames, self.inp))
        for dilation, weights in zip(_DILATIONS, self.convolutions, strict=True):
            hidden = hidden + _gelu(_affine(_neighbours(hidden, dilation), weights))
        spread = np.sqrt(hidden.var(axis=1, keepdims=True) + 1e-5)
        hidden = (hidden - hidden.mean(axis=1, keepdims=True)) / spread * self.scale + self.shift
        logits = _affine(hidden, self.attention)
        weighing = np.exp(logits - logits.max(axis=0))
        weighing /= weighing.sum(axis=0)
        mean = weighing.T @ hidden  # (a, h)
        deviation = np.sqrt(np.maximum(weighing.T @ hidden**2 - mean**2, 1e-4))
        pooled = np.concatenate([mean, deviation], axis=1).ravel()
        return np.asarray(_affine(pooled, self.out), dtype=np.float32)


def read(path: Path) -> Pooling:
    """The weights in `path`, as tools/fit_pooling.py writes them."""
    with np.load(path) as file:
        convolutions = tuple(file[f"convolution{number}"].astype(np.float32) for number in range(len(_DILATIONS)))
        inp, scale, shift, attention, out = (
            file[name].astype(np.float32) for name in ("inp", "scale", "shift", "attention", "out")
        )
    return Pooling(inp, convolutions, scale, shift, attention, out)


@cache
def load() -> Pooling:
    """The weights that come with the program."""
    return read(weights_folder() / "pooling.npz")


def _affine(values: Floats, weights: Floats) -> Floats:
    result = values @ weights[:-1]
    result += weights[-1]
    return np.asarray(result)


def _neighbours(frames: Floats, dilation: int) -> Floats:
    """Each of n frames with the two before and behind it, `dilation` apart: (n, h) → (n, 5·h), silence outside."""
    reach = _KERNEL // 2 * dilation
    padded = np.pad(frames, ((reach, reach), (0, 0)))
    return np.concatenate([padded[k * dilation : k * dilation + len(frames)] for k in range(_KERNEL)], axis=1)


def _gelu(x: Floats) -> Floats:
    """Hendrycks & Gimpel 2016, as they approximate it: within 0.0005 of the exact one of the fit."""
    inner = x * x  # in place from here on: of 400 frames, powers and copies take longer than the network
    inner *= np.float32(0.044715 * 0.7978845608)
    inner += np.float32(0.7978845608)
    inner *= x
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner
