"""How speech sounds, 20 ms by 20 ms: the first layers of Whisper base's encoder, before it has only words in mind.

What `companion.affect` makes of them tells tones of voice apart better than what the last layers say, and better than
the first ones of Smart Turn (models/affect/README.md has the figures). The layers are read out of the installed
Whisper, 21 of its 145 MB, when the encoder is opened, and multiply in 8 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from companion.audio import ctranslate2_file
from companion.audio.mel import log_mel
from companion.audio.onnx_session import open_session
from companion.events import FRAME, Samples

if TYPE_CHECKING:
    import onnx

Floats = NDArray[np.float32]

LAYERS = (2, 3)
"""Encoder layers whose output is used, counted from one; those before them are computed too."""

LAYER_WIDTH = 512
"""Values of a frame of 20 ms that a layer puts out."""

FRAME_WIDTH = len(LAYERS) * LAYER_WIDTH
"""Values of a frame in all: those of the second layer, then those of the third."""

_LOUDNESS = 0.1
"""RMS that speech is brought to. Whisper was trained on speech of about this level; how loud someone is depends on the
microphone, and is measured elsewhere."""

_HEAD = 64  # values an attention head looks at, in every Whisper
_CUSTOM = "com.microsoft"


class SpeechEncoder:
    """The first layers of a Whisper of width 512, from `model`, the `model.bin` that CTranslate2 made of it.

    About 35 ms a call for 8 s on one core, less for less.
    """

    def __init__(self, model: Path) -> None:
        """Read the layers.

        Raises:
            ValueError: the file is damaged, or no such Whisper.
            OSError: it cannot be read.
        """
        content = _Graph(_weights(model)).model().SerializeToString()
        self._session = open_session(content, keeps_memory=False)  # not from one turn to the next

    def frames(self, speech: Samples) -> Floats:
        """Shape (n, 1024), one row each 20 ms.

        `speech`: 0.02 to 30 s at 16 kHz, without silence around it. Its level does not matter.
        """
        whole = speech[len(speech) % FRAME :]
        level = (whole - whole.mean()) * np.float32(_LOUDNESS / np.sqrt(whole.var() + 1e-12))
        layers = self._session.run(None, {"mel": log_mel(level)[None]})  # each (1, n, 512)
        return np.concatenate([layer[0] for layer in layers], axis=1)


def _weights(model: Path) -> dict[str, Floats]:
    """What the layers need, by name; those of attention: queries, keys and values in one matrix."""
    layers = (f"encoder/layer_{number}/" for number in range(max(LAYERS)))
    begin = ("encoder/conv", "encoder/position_encodings/", *layers)
    weights = ctranslate2_file.read(model, lambda name: name.startswith(begin))
    if weights.get("encoder/conv2/weight", np.zeros(0)).shape != (LAYER_WIDTH, LAYER_WIDTH, 3):
        raise ValueError(f"{model.name} is not Whisper base")
    return {name.removeprefix("encoder/"): values for name, values in weights.items()}


class _Graph:
    """Whisper's encoder (Radford et al. 2022, §2.2) as far as the last of `LAYERS`, as an ONNX graph.

    Products with a weight matrix are made in 8 bits, a scale for each output of the matrix and one for the input.
    """

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def model(self) -> onnx.ModelProto:
        """Takes `mel` (1, 80, 2·n), puts out what leaves each of `LAYERS`, (1, n, 512)."""
        from onnx import TensorProto, helper

        outputs = [self._embedding("mel")]
        for number in range(max(LAYERS)):
            outputs.append(self._layer(outputs[-1], f"layer_{number}"))
        graph = helper.make_graph(
            self._nodes,
            "whisper",
            [helper.make_tensor_value_info("mel", TensorProto.FLOAT, [1, None, None])],
            [
                helper.make_tensor_value_info(outputs[number], TensorProto.FLOAT, [1, None, LAYER_WIDTH])
                for number in LAYERS
            ],
            list(self._constants.values()),
        )
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(_CUSTOM, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def _embedding(self, mel: str) -> str:
        x = mel
        for name, stride in (("conv1", 1), ("conv2", 2)):
            kernel, bias = self._weight(f"{name}/weight"), self._weight(f"{name}/bias")
            x = self._node("Conv", [x, kernel, bias], name, pads=[1, 1], strides=[stride])
            x = self._node("Gelu", [x], f"{name}/gelu", domain=_CUSTOM)
        x = self._node("Transpose", [x], "frames", perm=[0, 2, 1])
        shape = self._node("Shape", [x], "shape", start=1, end=2)
        places, start = self._weight("position_encodings/encodings"), self._constant("start", np.zeros(1, np.int64))
        return self._node("Add", [x, self._node("Slice", [places, start, shape, start], "places")], "embedding")

    def _layer(self, x: str, name: str) -> str:
        joint = self._product(self._normal(x, f"{name}/self_attention/layer_norm"), f"{name}/self_attention/linear_0")
        three = [f"{name}/{part}" for part in ("queries", "keys", "values")]
        self._node("Split", [joint], *three, axis=-1, num_outputs=3)
        seen = self._node("MultiHeadAttention", three, f"{name}/seen", domain=_CUSTOM, num_heads=LAYER_WIDTH // _HEAD)
        x = self._node("Add", [x, self._product(seen, f"{name}/self_attention/linear_1")], f"{name}/attended")
        inner = self._product(self._normal(x, f"{name}/ffn/layer_norm"), f"{name}/ffn/linear_0")
        inner = self._node("Gelu", [inner], f"{name}/gelu", domain=_CUSTOM)
        return self._node("Add", [x, self._product(inner, f"{name}/ffn/linear_1")], name)

    def _normal(self, x: str, name: str) -> str:
        scale, shift = self._weight(f"{name}/gamma"), self._weight(f"{name}/beta")
        return self._node("LayerNormalization", [x, scale, shift], name, axis=-1, epsilon=1e-5)

    def _product(self, x: str, name: str) -> str:
        matrix = self._weights[f"{name}/weight"]  # (outputs, inputs)
        scale = np.abs(matrix).max(axis=1) / 127 + 1e-12
        quantised = self._constant(f"{name}/int8", np.round(matrix / scale[:, None]).astype(np.int8).T)
        scales, bias = self._constant(f"{name}/scale", scale.astype(np.float32)), self._weight(f"{name}/bias")
        return self._node("DynamicQuantizeMatMul", [x, quantised, scales, "", bias], name, domain=_CUSTOM)

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _constant(self, name: str, value: NDArray[np.generic]) -> str:
        from onnx import numpy_helper

        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def _node(self, kind: str, inputs: Sequence[str], *outputs: str, **attributes: Any) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[0]
