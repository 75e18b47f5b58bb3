"""Is there a voice? Silero VAD on onnxruntime, one window of 32 ms after the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from companion.audio.onnx_session import open_session
from companion.events import SAMPLE_RATE, Samples

WINDOW = 512
"""Samples in a window: the only length the model takes at 16 kHz (32 ms)."""

_CONTEXT = 64
"""Samples of the window before, which the model wants in front of each window."""

_RESET_AFTER = 2 * SAMPLE_RATE // WINDOW
"""Windows of clear silence in a row after which the recurrent state starts afresh: long music or hum wears it out and
the next words would be missed."""


class VoiceActivity:
    """Silero VAD v5/v6 as ONNX. Keeps the recurrent state of one stream."""

    def __init__(self, model: Path) -> None:
        self._session = open_session(str(model))
        self._rate = np.array(SAMPLE_RATE, dtype=np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget the stream so far."""
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._context = np.zeros(_CONTEXT, dtype=np.float32)
        self._quiet = 0

    def probability(self, window: Samples) -> float:
        """Probability of voice, 0…1, in the next `WINDOW` samples (float32, -1…1, 16 kHz)."""
        if self._quiet >= _RESET_AFTER:
            self.reset()
        stream = np.concatenate((self._context, window))
        output, self._state = self._session.run(None, {"input": stream[None], "state": self._state, "sr": self._rate})
        self._context = stream[-_CONTEXT:]
        value = float(output[0, 0])
        self._quiet = self._quiet + 1 if value < 0.1 else 0
        return value
