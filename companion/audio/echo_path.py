"""From the speaker to the microphone: a linear model of the way, which follows it.

AEC3 takes out whatever may be echo, and of an owner who talks at the same time a good part. This takes out what the
loudspeaker's sound explains and nothing else: of an owner nothing, of an echo 20 to 30 dB once some seconds of it were
heard. It is a Kalman filter in the frequency domain: what it believes of the way is as sure as what it heard allows,
and a voice that is not ours makes it careful instead of wrong (Enzner and Vary 2006, Frequency-domain adaptive Kalman
filter for acoustic echo control in hands-free telephones, Signal Processing 86:1140; in pieces of a frame each, as in
Kuech, Mabande and Enzner 2014, State-space architecture of the partitioned-block-based acoustic echo controller,
ICASSP).
"""

from __future__ import annotations

import numpy as np

from companion.events import FRAME, Samples, samples

PIECES = samples(0.32) // FRAME
"""Of the way's impulse response, a frame each: far's lead, the card's delay, and 0.2 s of a room's reverberation."""

_STAYS = 0.9998
"""Of the way, from frame to frame (the transition factor A). At 0.9995, in silence, what little is left of our voice
sounded more like one (4 minutes of it: 43 windows in which Silero heard a voice instead of 27, all but a few in the
first five seconds)."""

_UNSURE = 0.01
"""Variance of the response before anything was heard. At 0.1 it begins with errors louder than the echo, at 0.001 it
takes twice the time."""

_MOVED = 0.005
"""The same where the way has changed."""

_SMOOTHING = 0.8
"""Of the disturbance's power spectrum, from frame to frame."""

_FAINT = 1e-9
"""Power that a quotient is kept from falling below."""


class EchoPath:
    """The way as it is believed to be. Costs 0.2 ms a frame."""

    def __init__(self) -> None:
        bins = FRAME + 1
        self._last = np.zeros(FRAME)
        self._far = np.zeros((PIECES, bins), complex)  # spectra of two frames each, the newest first
        self._response = np.zeros((PIECES, bins), complex)
        self._variance = np.full((PIECES, bins), _UNSURE)  # of the response's error
        self._disturbance = np.full(bins, _FAINT)

    def rest(self, near: Samples, far: Samples) -> Samples:
        """`near` without what `far`, and what came before it, explains; each of shape (FRAME,)."""
        self._far = np.roll(self._far, 1, axis=0)
        self._far[0] = np.fft.rfft(np.concatenate((self._last, far)))
        self._last = far.astype(np.float64)
        rest = near - np.fft.irfft((self._far * self._response).sum(axis=0))[FRAME:]
        self._learn(np.fft.rfft(np.concatenate((np.zeros(FRAME), rest))))
        return rest.astype(np.float32)

    def moved(self) -> None:
        """The way has changed: believe less of it."""
        self._variance = np.maximum(self._variance, _MOVED)

    def _learn(self, error: np.ndarray[tuple[int], np.dtype[np.complex128]]) -> None:
        """The Kalman step. One half: an error spans half a transform, and so has half the power of a whole one."""
        self._disturbance = _SMOOTHING * self._disturbance + (1 - _SMOOTHING) * np.abs(error) ** 2
        power = np.abs(self._far) ** 2
        gain = self._variance / (0.5 * (power * self._variance).sum(axis=0) + self._disturbance + _FAINT)
        change = np.fft.irfft(gain * self._far.conj() * error, axis=1)
        change[:, FRAME:] = 0.0  # a piece is no longer than a frame
        self._response = _STAYS * (self._response + np.fft.rfft(change, axis=1))
        self._variance *= _STAYS**2 * (1 - 0.5 * gain * power)
        self._variance += (1 - _STAYS**2) * np.abs(self._response) ** 2
