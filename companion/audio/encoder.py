"""How speech sounds, 20 ms by 20 ms: the first encoder layers of Smart Turn, which hears more than the end of a turn.

What `companion.affect` makes of them tells tones of voice apart about as well as encoders a hundred times the size
(models/affect/README.md has the figures). It costs no file of its own: the layers are cut out of the installed Smart
Turn when it is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from companion.audio.mel import log_mel
from companion.audio.smart_turn import SPAN
from companion.events import FRAME, Samples

if TYPE_CHECKING:
    import onnx

_LAYER = "inner.encoder.layers.{}.self_attn_layer_norm"

LAYERS = 2
"""Encoder layers whose output is used; later ones know when a turn ends, and no longer how it sounds."""

FRAME_VALUES = LAYERS * 384
"""Values of a frame of 20 ms: those of the first layer, then those of the second."""


class SpeechEncoder:
    """The first two layers of the Smart Turn model in file `model`. About 30 ms a call on one core, of any length."""

    def __init__(self, model: Path) -> None:
        import onnx
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # keeps no memory between turns
        content = _first_layers(onnx.load(model)).SerializeToString()
        self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def frames(self, speech: Samples) -> NDArray[np.float32]:
        """Shape (n, 768), one row each 20 ms.

        `speech`: at least one frame at 16 kHz, without silence around it; its last 8 s count. Its level does not
        matter: it is brought to unit variance first.
        """
        tail = speech[-SPAN:]
        span = np.zeros(SPAN, dtype=np.float32)
        span[SPAN - len(tail) :] = (tail - tail.mean()) / np.sqrt(tail.var() + 1e-7)
        layers = self._session.run(None, {"input_features": log_mel(span)[None]})  # each (1, 400, 384)
        return np.concatenate([layer[0, -max(1, len(tail) // FRAME) :] for layer in layers], axis=1)


def _first_layers(model: onnx.ModelProto) -> onnx.ModelProto:
    """The part of `model` that ends where the third encoder layer begins; puts out what enters the second and third."""
    from onnx.utils import Extractor

    ends = [
        next(
            node.input[0]
            for node in model.graph.node
            if node.op_type == "LayerNormalization" and node.input[1].startswith(_LAYER.format(number))
        )
        for number in range(1, LAYERS + 1)
    ]
    return Extractor(model).extract_model(["input_features"], ends)
