"""Does the turn sound complete? Smart Turn v3 on onnxruntime: 23 languages, from the sound alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from companion.audio.mel import log_mel
from companion.events import SAMPLE_RATE, Samples

SPAN = 8 * SAMPLE_RATE
"""Samples the model looks at: the last 8 s, silence in front where there is less."""


class SmartTurn:
    """How complete the last seconds of speech sound. About 50 ms a call on one core."""

    def __init__(self, model: Path) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the other core reads the words meanwhile
        self._session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def completeness(self, speech: Samples) -> float:
        """Probability, 0…1, that the speaker has finished; `speech`: the turn so far with its last silence, 16 kHz."""
        span = np.zeros(SPAN, dtype=np.float32)
        tail = speech[-SPAN:]
        span[SPAN - len(tail) :] = tail
        span = (span - span.mean()) / np.sqrt(span.var() + 1e-7)
        (output,) = self._session.run(None, {"input_features": log_mel(span)[None]})
        return float(output[0, 0])
