"""How speech sounds, in 768 numbers: the first encoder layer of Smart Turn, which hears more than the end of a turn.

Mean and standard deviation over time of what the layer puts out. A linear head on them tells tones of voice apart about
as well as encoders a hundred times the size; deeper layers do worse (models/affect/README.md has the figures). It costs
no file of its own: the layer is cut out of the installed Smart Turn when it is opened.
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

STATISTICS = 768
"""Values of an utterance: 384 means, then 384 standard deviations."""

_SECOND_LAYER = "inner.encoder.layers.1.self_attn_layer_norm"


class SpeechEncoder:
    """The first layer of the Smart Turn model in file `model`. About 20 ms a call on one core, whatever the length."""

    def __init__(self, model: Path) -> None:
        import onnx
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # keeps no memory between turns
        content = _first_layer(onnx.load(model)).SerializeToString()
        self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def statistics(self, speech: Samples) -> NDArray[np.float32]:
        """Shape (768,). `speech`: at least one frame at 16 kHz, without silence around it; its last 8 s count.

        Its level does not matter: it is brought to unit variance first.
        """
        tail = speech[-SPAN:]
        span = np.zeros(SPAN, dtype=np.float32)
        span[SPAN - len(tail) :] = (tail - tail.mean()) / np.sqrt(tail.var() + 1e-7)
        (layer,) = self._session.run(None, {"input_features": log_mel(span)[None]})  # (1, 400, 384), one each 20 ms
        heard = layer[0, -max(1, len(tail) // FRAME) :]
        return np.concatenate([heard.mean(axis=0), heard.std(axis=0)])


def _first_layer(model: onnx.ModelProto) -> onnx.ModelProto:
    """The part of `model` that ends where the second encoder layer begins."""
    from onnx.utils import Extractor

    end = next(
        node.input[0]
        for node in model.graph.node
        if node.op_type == "LayerNormalization" and node.input[1].startswith(_SECOND_LAYER)
    )
    return Extractor(model).extract_model(["input_features"], [end])
