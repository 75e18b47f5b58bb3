"""An utterance's frames → 384 numbers that say how it was spoken: what mean and deviation over time leave out.

Small networks, fitted to acted voices by tools/fit_pooling.py: two convolutions over 0.1 and 0.2 s, then four ways of
weighing the frames (attentive statistics pooling, Okabe et al. 2018, Interspeech, eq. 3 to 6), and 192 numbers of each
network. What a listener would call the tone is a linear function of how far the numbers lie from the speaker's own
usual (`companion.affect.tone`). There are two networks, fitted alike from other random beginnings: they err on other
utterances, and together less often than either (Hansen & Salamon 1990, IEEE PAMI 12:993).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.affect.words import weights_folder

Floats = NDArray[np.float32]

NETWORKS, OUTPUTS = 2, 192

WIDTH = NETWORKS * OUTPUTS
"""Values that an utterance becomes: 384."""

_KERNEL = 5  # frames of 20 ms that a convolution looks at
_DILATIONS = (1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Pooling:
    """The fitted weights of m = 2 networks; h = 128 hidden values, a = 4 ways of weighing, d values a frame.

    `inp` (m, d + 1, h), the last row its bias; `convolutions`: each (m, 5·h + 1, h); `scale`, `shift` (m, 1, h): of
    the normalised hidden values; `attention` (m, h + 1, a); `out` (m, 2·a·h + 1, 192).
    """

    inp: Floats
    convolutions: tuple[Floats, ...]
    scale: Floats
    shift: Floats
    attention: Floats
    out: Floats

    def __call__(self, frames: Floats) -> Floats:
        """Shape (384,) for `frames` (n, d) of `companion.audio.encoder`, n ≥ 1. About 3 ms for 6 s."""
        hidden = _gelu(_affine(frames, self.inp))
        for dilation, weights in zip(_DILATIONS, self.convolutions, strict=True):
            hidden = hidden + _gelu(_affine(_neighbours(hidden, dilation), weights))
        spread = np.sqrt(hidden.var(axis=-1, keepdims=True) + 1e-5)
        hidden = (hidden - hidden.mean(axis=-1, keepdims=True)) / spread * self.scale + self.shift
        logits = _affine(hidden, self.attention).swapaxes(1, 2)  # (m, a, n)
        weighing = np.exp(logits - logits.max(axis=-1, keepdims=True))
        weighing /= weighing.sum(axis=-1, keepdims=True)
        mean = weighing @ hidden  # (m, a, h)
        deviation = np.sqrt(np.maximum(weighing @ hidden**2 - mean**2, 1e-4))
        pooled = np.concatenate([mean, deviation], axis=-1).reshape(len(mean), 1, -1)
        return np.asarray(_affine(pooled, self.out).ravel(), dtype=np.float32)


def read(path: Path) -> Pooling:
    """The weights in `path`, as tools/fit_pooling.py writes them."""
    with np.load(path) as file:
        convolutions = tuple(_matrix(file, f"convolution{number}") for number in range(len(_DILATIONS)))
        inp, attention, out = (_matrix(file, name) for name in ("inp", "attention", "out"))
        scale, shift = file["scale"].astype(np.float32), file["shift"].astype(np.float32)
    return Pooling(inp, convolutions, scale, shift, attention, out)


def _matrix(file: Mapping[str, NDArray[Any]], name: str) -> Floats:
    """What `fitting.in_bytes` made of it, undone."""
    return np.asarray(file[name] * file[f"{name}_worth"])


@cache
def load() -> Pooling:
    """The weights that come with the program."""
    return read(weights_folder() / "pooling.npz")


def _affine(values: Floats, weights: Floats) -> Floats:
    result = values @ weights[..., :-1, :]
    result += weights[..., -1:, :]
    return np.asarray(result)


def _neighbours(frames: Floats, dilation: int) -> Floats:
    """Each of n frames with the two before and behind it, `dilation` apart: (m, n, h) → (m, n, 5·h), zeros outside."""
    reach = _KERNEL // 2 * dilation
    padded = np.pad(frames, ((0, 0), (reach, reach), (0, 0)))
    starts = range(0, _KERNEL * dilation, dilation)
    return np.concatenate([padded[:, start : start + frames.shape[1]] for start in starts], axis=-1)


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
