"""Sentences as vectors: a small ONNX encoder (all-MiniLM-L6-v2, multilingual-e5-small…), mean pooling, unit length."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""Shape (384,), unit length."""

DIMENSIONS = 384

_PREFIXES = {"minilm": ("", ""), "e5": ("query: ", "passage: ")}
"""Engine → what its models were trained to see before something looked for and before something kept."""

_MAX_TOKENS = 128  # a long turn; the cost grows with the length, and the gist comes early


class Embedder(Protocol):
    """Whatever turns text into a `Vector`."""

    id: str

    def question(self, text: str) -> Vector:
        """The vector of something looked for."""
        ...

    def passage(self, text: str) -> Vector:
        """The vector of something kept."""
        ...


class OnnxEmbedder:
    """An encoder in ONNX with a `tokenizer.json`; `prefixes`: what it wants before a question and before a passage."""

    def __init__(self, id: str, model: Path, tokenizer: Path, prefixes: tuple[str, str] = ("", "")) -> None:
        import onnxruntime
        import tokenizers

        self.id = id
        self._prefixes = prefixes
        self._tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a sentence is too short to share; the other cores hear and speak
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = {value.name for value in self._session.get_inputs()}

    def question(self, text: str) -> Vector:
        """The vector of something looked for."""
        return self._encode(self._prefixes[0] + text)

    def passage(self, text: str) -> Vector:
        """The vector of something kept."""
        return self._encode(self._prefixes[1] + text)

    def _encode(self, text: str) -> Vector:
        encoding = self._tokenizer.encode(text)
        given = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {name: np.array([values], np.int64) for name, values in given.items() if name in self._inputs}
        tokens = self._session.run(None, feed)[0][0]  # (tokens, 384); one sentence, so nothing is padding
        mean: Vector = np.mean(tokens, axis=0, dtype=np.float32)
        return mean / np.linalg.norm(mean)


def open_embedder(engine: str, id: str, folder: Path) -> OnnxEmbedder:
    """The installed model `id` in `folder`; `engine` as the catalogue says."""
    return OnnxEmbedder(id, next(folder.rglob("*.onnx")), folder / "tokenizer.json", _PREFIXES[engine])


def to_bytes(vector: Vector) -> bytes:
    """A unit vector as it is stored: int8, times 127. Costs less than 0.01 of a cosine and a quarter of the room."""
    return np.round(vector * 127).astype(np.int8).tobytes()
