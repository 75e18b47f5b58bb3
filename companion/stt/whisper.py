"""Whisper through faster-whisper (CTranslate2, int8): 99 languages, among them Korean.

Whisper was trained on windows of 30 s and pads what is shorter, so that three words cost as much as thirty. Its
encoder reads a shorter window just as well, as long as some silence follows the words; without it, the decoder may
start again at the first word. So the window is the speech and `_TAIL` seconds, and a reading that repeats itself is
done again with 30 s. Measured with Whisper base and 3 beams on 2 cores, processor time of a clip, and character (ko) or
word (en) error rate:

====================  ============  ============
set                   30 s          5 s of tail
====================  ============  ============
Korean, studio        1.3 s, 0.091  0.5 s, 0.088
Korean, talks         1.1 s, 0.114  0.3 s, 0.109
English, CC0          1.1 s, 0.043  0.3 s, 0.041
English, LibriSpeech  1.1 s, 0.135  0.3 s, 0.133
====================  ============  ============
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from companion.events import SAMPLE_RATE, Samples, Transcript
from companion.stt.engine import SpeechModelError, Stop, require, threads
from companion.stt.guard import compression_ratio, is_silent, is_vocalisation, starts_again

_FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")

_WINDOW = 30  # seconds: what Whisper was trained on
_TAIL = 5  # seconds of silence after the words
_BEAMS = 3  # 5 read no better, and cost a fifth more

_TOKENS_PER_SECOND = 10
"""The fastest of 220 test sentences, English or Korean, had 6."""

_MARGIN = 8  # tokens: punctuation, and the first and last tenths of a second

_LOOP = 2.4  # compression ratio
_UNSURE, _HARDLY, _NO_SPEECH = -0.5, -0.9, 0.6
"""Whisper always finds something to say, above all "Thank you." and "감사합니다". A reading is dropped where its mean
log-probability is under `_HARDLY`, or under `_UNSURE` while "no speech" is likelier than `_NO_SPEECH`, or where it
loops. Loop and no-speech are Whisper's own thresholds (Radford et al. 2022); the others are from recordings: 220
sentences lay above -0.86, 85 sounds without words (coughs, dogs, rain, white noise) around -1.2."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """`log_probability` is the mean over the tokens, the end's included; `cut`: the limit came before the end."""

    text: str
    log_probability: float
    no_speech: float
    cut: bool


class Whisper:
    """An `Engine` of a folder that CTranslate2 converted. Never reaches out: the files must be there."""

    def __init__(self, model_id: str, folder: Path, language: str) -> None:
        """Load the model.

        Raises:
            SpeechModelError: a file is missing or damaged.
        """
        self.id, self.language = model_id, language
        require(model_id, folder, *_FILES)  # faster-whisper would go and look for them on the internet
        from faster_whisper import WhisperModel
        from faster_whisper.tokenizer import Tokenizer

        try:
            self._model: Any = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=threads(), local_files_only=True
            )
            self._tokenizer: Any = Tokenizer(
                self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=language
            )
        except Exception as error:  # CTranslate2 and tokenizers each have their own, down to bare Exception
            raise SpeechModelError(model_id, "a file is damaged") from error

    def transcribe(self, samples: Samples, draft: str | None = None, stop: Stop | None = None) -> Transcript:
        """See `Engine`. The draft is not used, and `stop` does not stop it: CTranslate2 can do neither."""
        nothing = Transcript("", self.id, self.language, None)
        if is_silent(samples):
            return nothing
        # In whole seconds: oneDNN keeps kernels for every length that it has met, up to 1,024 of them.
        reading = self._read(samples, min(_WINDOW, math.ceil(len(samples) / SAMPLE_RATE) + _TAIL))
        if reading.cut or starts_again(reading.text):
            reading = self._read(samples, _WINDOW)
        if _is_made_up(reading):
            return nothing
        return Transcript(reading.text, self.id, self.language, float(np.exp(reading.log_probability)))

    def _read(self, samples: Samples, window: float) -> _Reading:
        size = round(window * SAMPLE_RATE)
        padded = np.pad(samples[:size], (0, max(0, size - len(samples))))
        features = self._model.feature_extractor(padded)[np.newaxis, :, : size // 160]
        encoded = self._model.encode(np.ascontiguousarray(features))
        prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        limit = int(len(samples) / SAMPLE_RATE * _TOKENS_PER_SECOND) + _MARGIN
        result = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=_BEAMS,
            max_length=min(448, len(prompt) + limit),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = result.sequences_ids[0]
        return _Reading(
            self._tokenizer.decode(tokens).strip(),
            result.scores[0] * len(tokens) / (len(tokens) + 1),
            result.no_speech_prob,
            cut=len(tokens) >= limit,
        )


def _is_made_up(reading: _Reading) -> bool:
    """Whether there is no word in the reading, or none that can be believed."""
    return (
        is_vocalisation(reading.text)
        or compression_ratio(reading.text) > _LOOP
        or reading.log_probability < _HARDLY
        or (reading.log_probability < _UNSURE and reading.no_speech > _NO_SPEECH)
    )
