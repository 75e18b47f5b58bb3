"""Log-mel spectrogram as Whisper was trained on it (Radford et al. 2022, §2.2): 80 Slaney mels, 25 ms, every 10 ms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from companion.events import SAMPLE_RATE, Samples

FFT = 400
HOP = 160
MELS = 80


def log_mel(waveform: Samples) -> NDArray[np.float32]:
    """Shape (80, n // 160) for `waveform` of shape (n,) at 16 kHz; values within about -1…1."""
    padded = np.pad(waveform, FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP][: len(waveform) // HOP]
    power = np.abs(np.fft.rfft(frames * _WINDOW, axis=1).astype(np.complex64)) ** 2
    energies = np.log10(np.maximum(power @ _FILTERS, 1e-10)).T
    floored = np.maximum(energies, energies.max() - 8.0)
    return np.asarray((floored + 4.0) / 4.0, dtype=np.float32)


def _slaney_filters() -> NDArray[np.float32]:
    """Triangles of equal area, linear below 1 kHz and logarithmic above (Slaney 1998); shape (201, 80)."""
    step, knee, log_step = 200.0 / 3.0, 1000.0, np.log(6.4) / 27.0
    knee_mel = knee / step
    top = knee_mel + np.log(SAMPLE_RATE / 2 / knee) / log_step
    mels = np.linspace(0.0, top, MELS + 2)
    edges = np.where(mels < knee_mel, mels * step, knee * np.exp(log_step * (mels - knee_mel)))
    bins = np.linspace(0.0, SAMPLE_RATE / 2, FFT // 2 + 1)
    rising = (bins[:, None] - edges[None, :-2]) / np.diff(edges)[None, :-1]
    falling = (edges[None, 2:] - bins[:, None]) / np.diff(edges)[None, 1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles * 2.0 / (edges[2:] - edges[:-2]), dtype=np.float32)


_WINDOW = np.hanning(FFT + 1)[:-1].astype(np.float32)
_FILTERS = _slaney_filters()
