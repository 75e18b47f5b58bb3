"""The first layers of Whisper base, read out of its file: the same as the library computes, in 8 bits."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from companion.audio import ctranslate2_file
from companion.audio.encoder import FRAME_WIDTH, SpeechEncoder
from companion.events import FRAME, SAMPLE_RATE
from tests import real


def written(variables: dict[str, np.ndarray], version: int = 6) -> bytes:
    """A `model.bin` as CTranslate2 writes it."""

    def name(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    kinds = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
    content = struct.pack("<I", version) + name("WhisperSpec") + struct.pack("<II", 3, len(variables))
    for key, values in variables.items():
        content += name(key) + struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
        content += struct.pack("<BI", kinds[values.dtype.name], values.nbytes) + values.tobytes()
    return content


WEIGHTS = {
    "decoder/weight": np.arange(4, dtype=np.float32),
    "encoder/weight": np.arange(6, dtype=np.float16).reshape(2, 3),
    "encoder/scale": np.array(3, np.int8),
}


def test_only_what_is_wanted_is_read_and_in_its_shape(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(written(WEIGHTS))
    found = ctranslate2_file.read(tmp_path / "model.bin", lambda name: name.startswith("encoder/"))
    assert found.keys() == {"encoder/weight", "encoder/scale"}
    np.testing.assert_array_equal(found["encoder/weight"], [[0, 1, 2], [3, 4, 5]])
    assert found["encoder/scale"] == 3
    assert {values.dtype.name for values in found.values()} == {"float32"}


@pytest.mark.parametrize("keep", [0, 3, 12, 30, 60, -1])
def test_a_file_that_ends_too_early_is_refused(tmp_path: Path, keep: int) -> None:
    (tmp_path / "model.bin").write_bytes(written(WEIGHTS)[:keep])
    with pytest.raises(ValueError, match="not all of it"):
        ctranslate2_file.read(tmp_path / "model.bin", lambda _: True)


def test_a_file_of_an_old_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(written(WEIGHTS, version=4))
    with pytest.raises(ValueError, match="too old"):
        ctranslate2_file.read(tmp_path / "model.bin", lambda _: True)


def test_another_model_is_no_ear_for_tones(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(written(WEIGHTS))
    with pytest.raises(ValueError, match="not Whisper base"):
        SpeechEncoder(tmp_path / "model.bin")


@pytest.mark.models
@pytest.mark.parametrize("seconds", [0.02, 0.3, 1.234, 8.0, 30.0])
def test_every_20_ms_become_a_row(seconds: float) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, round(seconds * SAMPLE_RATE)).astype(np.float32)
    frames = SpeechEncoder(real.model_file("tone")).frames(sound)
    assert frames.shape == (len(sound) // FRAME, FRAME_WIDTH)
    assert np.isfinite(frames).all()


@pytest.mark.models
def test_in_eight_bits_it_is_what_the_weights_say() -> None:
    """Against the same layers in plain NumPy, in float32, from the same file."""
    encoder = SpeechEncoder(real.model_file("tone"))
    sound = real.clip(real.clips()[0])
    frames, exact = encoder.frames(sound), by_hand(real.model_file("tone"), sound)
    for layer in (slice(0, 512), slice(512, 1024)):
        apart = (frames[:, layer] - exact[:, layer]).std() / exact[:, layer].std()
        assert apart < 0.06


def by_hand(model: Path, sound: np.ndarray) -> np.ndarray:
    """Whisper's encoder as its paper has it (pre-activation residual blocks), layers two and three."""
    from companion.audio.mel import log_mel

    weights = ctranslate2_file.read(model, lambda name: name.startswith("encoder/"))

    def affine(x: np.ndarray, name: str) -> np.ndarray:
        return x @ weights[f"encoder/{name}/weight"].T + weights[f"encoder/{name}/bias"]

    def normal(x: np.ndarray, name: str) -> np.ndarray:
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
        return x * weights[f"encoder/{name}/gamma"] + weights[f"encoder/{name}/beta"]

    def gelu(x: np.ndarray) -> np.ndarray:
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    def convolved(x: np.ndarray, name: str, stride: int) -> np.ndarray:
        padded = np.pad(x, ((0, 0), (1, 1)))
        windows = np.stack([padded[:, k : k + x.shape[1]][:, ::stride] for k in range(3)])
        kernel, bias = weights[f"encoder/{name}/weight"], weights[f"encoder/{name}/bias"]
        return gelu(np.einsum("oik,kit->ot", kernel, windows, optimize=True) + bias[:, None])

    sound = sound[len(sound) % FRAME :]
    sound = (sound - sound.mean()) * np.float32(0.1 / sound.std())
    x = convolved(convolved(log_mel(sound), "conv1", 1), "conv2", 2).T
    x = x + weights["encoder/position_encodings/encodings"][: len(x)]
    layers = []
    for number in range(3):
        name = f"layer_{number}"
        joint = affine(normal(x, f"{name}/self_attention/layer_norm"), f"{name}/self_attention/linear_0")
        queries, keys, values = (part.reshape(len(x), 8, 64).transpose(1, 0, 2) for part in np.split(joint, 3, axis=1))
        scores = queries @ keys.transpose(0, 2, 1) / 8
        scores = np.exp(scores - scores.max(axis=2, keepdims=True))
        seen = (scores / scores.sum(axis=2, keepdims=True) @ values).transpose(1, 0, 2).reshape(len(x), 512)
        x = x + affine(seen, f"{name}/self_attention/linear_1")
        inner = gelu(affine(normal(x, f"{name}/ffn/layer_norm"), f"{name}/ffn/linear_0"))
        x = x + affine(inner, f"{name}/ffn/linear_1")
        layers.append(x)
    return np.concatenate(layers[1:], axis=1)
