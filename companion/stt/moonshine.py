"""Moonshine: English speech to text in one pass over sound of any length up to 30 s, on ONNX Runtime alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.events import SAMPLE_RATE, Samples, Transcript
from companion.stt import moonshine_graph
from companion.stt.engine import GivenUp, SpeechModelError, Stop, require, threads
from companion.stt.guard import is_silent, is_vocalisation, repeating_tail

_START, _END = 1, 2
_FIRST_TOKEN_OF_TEXT = 3  # below: unknown, start, end

_TOKENS_PER_SECOND = 6.5
"""The fastest speech its authors saw; what comes faster is a loop (Jeffries et al. 2024, arXiv:2410.15608)."""

_MARGIN = 4  # tokens: punctuation and the end of very short sounds

_SURELY_NOTHING = 0.8
"""How likely "nothing was said" must be to be believed. For 80 recordings of coughs, breath and noise (ESC-10, Deeply)
it was 0.84 at least; of 120 single words (Picovoice) the model would have dropped 37, 21 of them at less."""

_FEW_WORDS = 3
"""A sneeze is never read as more than this: what was, cannot have been nothing when more of the sound is known. Of a
turn with 4 s of silence in it the model said so at 0.90 to 0.98, having read twelve words a moment before."""

_ASTRAY = 4
"""Tokens, a word or two more or less: so far apart may a reading and its draft be and still say the same later on."""

_AFTER = np.zeros(round(0.15 * SAMPLE_RATE), np.float32)
"""Silence that every sound is read with. Cut 0.13 s behind the voice, 9 of 40 sentences on a card ended in a comma,
with this none; and of 783 words of 70 recordings cut so 67 were wrong instead of 74."""

_MIN_SAMPLES = SAMPLE_RATE // 10
"""Shorter sound holds no word, and the encoder's convolutions need some 900 samples."""


class Moonshine:
    """An `Engine` of the packaged Moonshine files: `encoder_model.ort`, `decoder_model_merged.ort`, `tokenizer.bin`."""

    def __init__(self, model_id: str, folder: Path, language: str) -> None:
        """Load the model; at the first time this takes a second or two more, see `moonshine_graph`.

        Raises:
            SpeechModelError: a file is missing or damaged.
        """
        self.id, self.language = model_id, language
        require(model_id, folder, "tokenizer.bin", moonshine_graph.ENCODER, moonshine_graph.DECODER)
        try:
            self._vocabulary = read_vocabulary((folder / "tokenizer.bin").read_bytes())
            # A piece that is there as a single byte, too, counts as the later one.
            pieces = {piece: token for token, piece in enumerate(self._vocabulary)}
            self._full_stop = [pieces[b"."]]
            self._encoder, self._decoder = _open(folder)
        except Exception as error:  # ONNX Runtime and onnx each have many classes for "this is no such model"
            raise SpeechModelError(model_id, "a file is damaged") from error
        inputs = {value.name: value.shape for value in self._decoder.get_inputs()}
        self._cache_names = [name for name in inputs if ".decoder." in name]
        self._heads, self._head_size = (int(inputs[self._cache_names[0]][axis]) for axis in (1, 3))
        self._cross_names = [
            value.name.replace("cross.present", "past_key_values") for value in self._encoder.get_outputs()
        ]
        self._last: tuple[str, list[int]] = ("", [])

    def transcribe(self, samples: Samples, draft: str | None = None, stop: Stop | None = None) -> Transcript:
        """See `Engine`. A draft counts if it is the text this engine gave last: its tokens are known."""
        if len(samples) < _MIN_SAMPLES or is_silent(samples):
            return Transcript("", self.id, self.language, None)
        known = self._last[1] if draft and draft == self._last[0] else []
        spoken = draft is not None and len(draft.split()) > _FEW_WORDS
        tokens, log_probability = self._decode(np.concatenate((samples, _AFTER)), known, spoken, stop)
        text = self._text(tokens)
        self._last = (text, tokens)
        if is_vocalisation(text):
            return Transcript("", self.id, self.language, None)
        return Transcript(text, self.id, self.language, float(np.exp(log_probability)))

    def _decode(self, samples: Samples, draft: list[int], spoken: bool, stop: Stop | None) -> tuple[list[int], float]:
        """Greedy decoding: the tokens of the text and the mean log-probability of the tokens, the end's included.

        The draft is put through the decoder in one pass; where it agrees with the likeliest token at each position, it
        is what greedy decoding would have said one by one. From the first disagreement on, decoding goes token by token
        until it says again what the draft says there (`rejoined`). Until then a full stop is put behind each, in case
        it is the last: two tokens take as long as one, for the weights come from memory either way.
        Only where two tokens are as likely as each other may the rounding of one pass decide otherwise than that of
        many: in 2 of 110 test sentences, by a comma and by a mumbled word. `spoken`: there are words, whatever the
        model thinks of it.
        """
        run = _stoppable(stop)
        cross = dict(zip(self._cross_names, run(self._encoder, {"input_values": samples[np.newaxis]}), strict=True))
        empty = np.zeros((1, self._heads, 0, self._head_size), np.float32)
        cache = dict.fromkeys(self._cache_names, empty)
        limit = int(len(samples) / SAMPLE_RATE * _TOKENS_PER_SECOND) + _MARGIN
        tokens: list[int] = []
        log_probabilities: list[float] = []
        proposal = draft[: limit - 1]
        while True:
            fed = [tokens[-1] if tokens else _START, *proposal]
            logits, *grown = run(self._decoder, {"input_ids": np.array([fed]), **cross, **cache})
            if not tokens and (spoken or np.exp(_log_probabilities(logits[0, :1], _END)[0]) < _SURELY_NOTHING):
                logits[0, 0, _END] = -np.inf
            best = logits[0].argmax(axis=-1)
            agreed = next((i for i, token in enumerate(proposal) if token != best[i]), len(proposal))
            tokens += [int(token) for token in best[: agreed + 1]]
            log_probabilities.extend(_log_probabilities(logits[0, : agreed + 1], best[: agreed + 1]))
            if tokens[-1] == _END or len(tokens) >= limit:
                break
            if repeats := repeating_tail(tokens):
                tokens = tokens[: len(tokens) - repeats]
                break
            proposal = (rejoined(tokens, draft) or self._full_stop)[: limit - len(tokens) - 1]
            known = len(tokens)  # of the start and the tokens but the last
            cache = {name: kept[:, :, :known] for name, kept in zip(self._cache_names, grown, strict=True)}
        return [token for token in tokens if token != _END], float(np.mean(log_probabilities))

    def _text(self, tokens: list[int]) -> str:
        pieces = b"".join(self._vocabulary[token] for token in tokens if token >= _FIRST_TOKEN_OF_TEXT)
        return pieces.decode("utf-8", errors="ignore").replace("▁", " ").strip()


def rejoined(tokens: list[int], draft: list[int]) -> list[int]:
    """What `draft` goes on with behind the last two of `tokens`, if it has them within `_ASTRAY` of the same place."""
    for apart in sorted(range(-_ASTRAY, _ASTRAY + 1), key=abs):
        at = len(tokens) + apart
        if 2 <= at < len(draft) and draft[at - 2 : at] == tokens[-2:]:
            return draft[at:]
    return []


def read_vocabulary(content: bytes) -> list[bytes]:
    """The tokens of a `tokenizer.bin`: each its length, one byte or two (128 + low 7 bits, high bits), and its bytes.

    `<0x0A>` and its like stand for the byte itself, other `<…>` for nothing that is said.

    Raises:
        ValueError: the file ends in the middle of a token.
    """
    tokens, at = [], 0
    while at < len(content):
        length = content[at]
        at += 1
        if length >= 128:
            length, at = length - 128 + content[at] * 128, at + 1
        token = content[at : at + length]
        if len(token) < length:
            raise ValueError("the vocabulary ends in the middle of a token")
        at += length
        if token.startswith(b"<") and token.endswith(b">") and length > 2:
            token = bytes([int(token[3:5], 16)]) if token.startswith(b"<0x") else b""
        tokens.append(token)
    return tokens


def _log_probabilities(logits: NDArray[np.float32], tokens: Any) -> NDArray[np.float32]:
    """Log-probability of one token at each position; `logits` is (positions, vocabulary)."""
    chosen = logits[np.arange(len(logits)), tokens]
    peak = logits.max(axis=-1)
    result: NDArray[np.float32] = chosen - peak - np.log(np.exp(logits - peak[:, np.newaxis]).sum(axis=-1))
    return result


def _stoppable(stop: Stop | None) -> Callable[[Any, dict[str, Any]], list[Any]]:
    """Runs a session on its inputs until `stop` is asked for, which takes the time of one operator."""
    if stop is None:
        return lambda session, inputs: session.run(None, inputs)
    import onnxruntime

    options = onnxruntime.RunOptions()
    stop.by(lambda: setattr(options, "terminate", True))

    def run(session: Any, inputs: dict[str, Any]) -> list[Any]:
        try:
            return session.run(None, inputs, options)  # type: ignore[no-any-return]
        except Exception as error:
            if stop.asked:
                raise GivenUp from error
            raise

    return run


def _open(folder: Path) -> tuple[Any, Any]:
    """Sessions of the mended encoder and decoder; mended files that do not load are made anew, once."""
    try:
        return _sessions(folder)
    except Exception:
        moonshine_graph.forget_mended(folder)
        return _sessions(folder)


def _sessions(folder: Path) -> tuple[Any, Any]:
    with moonshine_graph.mended_graphs(folder) as (encoder, decoder):
        return _session(encoder), _session(decoder)


def _session(graph: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong comes as an exception
    # Threads that spin while they wait take the cores from the language model and the voice.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Give memory back after each utterance: 20 s of speech needs 180 MB for the moment, 10 s need 40.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
