"""Vosk: words while they are spoken, a frame at a time."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from companion.events import SAMPLE_RATE, Samples, Transcript
from companion.stt.engine import SpeechModelError, require
from companion.stt.korean import repair

_DOUBTFUL = 0.6
"""Mean confidence of the words below which nobody is taken to have spoken: so were half of what the small Korean model
heard in 80 recordings of coughs, breath and noise, and 1 of 177 sentences."""

RENEWED_AFTER = 8
"""Starts that a recogniser serves. It keeps what it has unfolded of its graph: with the small Korean model 576 MB are
690 after 8 turns and 813 after 40; renewed after every 8th it was never more than 691. Renewed with each it is 627,
but to unfold all of it anew is three times the work. The words are the same (40 sentences)."""


class Vosk:
    """A `StreamingEngine` of an unpacked Vosk model. `model`: the open one, which other recognisers may share."""

    def __init__(self, model_id: str, folder: Path, language: str) -> None:
        """Load the model.

        Raises:
            SpeechModelError: a file is missing or damaged.
        """
        self.id, self.language = model_id, language
        require(model_id, folder, "am/final.mdl")
        import vosk

        vosk.SetLogLevel(-1)
        try:
            self.model: Any = vosk.Model(str(folder))
            self._recognizer = self._made()
        except Exception as error:  # Vosk raises nothing more exact
            raise SpeechModelError(model_id, "a file is damaged") from error
        self._started = 0
        self.start()

    def _made(self) -> Any:
        import vosk

        recognizer = vosk.KaldiRecognizer(self.model, SAMPLE_RATE)
        recognizer.SetWords(True)
        return recognizer

    def start(self) -> None:
        """See `StreamingEngine`."""
        if self._started >= RENEWED_AFTER:
            with suppress(Exception):  # the old one still hears
                self._recognizer, self._started = self._made(), 0
        self._started += 1
        self._recognizer.Reset()
        self._words: list[str] = []
        self._confidences: list[float] = []

    def accept(self, samples: Samples) -> None:
        """See `StreamingEngine`. Vosk settles words by itself where it hears a pause, or after 20 s."""
        pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        if self._recognizer.AcceptWaveform(pcm):
            self._settle(self._recognizer.Result())

    def partial(self) -> str:
        """See `StreamingEngine`."""
        unsettled = json.loads(self._recognizer.PartialResult()).get("partial", "")  # absent before the first sound
        return self._text(unsettled.split())

    def finish(self) -> Transcript:
        """See `StreamingEngine`. The confidence is the mean of the words'."""
        self._settle(self._recognizer.FinalResult())
        confidence = float(np.mean(self._confidences)) if self._confidences else 0.0
        text = self._text([]) if confidence >= _DOUBTFUL else ""
        return Transcript(text, self.id, self.language, confidence if text else None)

    def _settle(self, result: str) -> None:
        words = json.loads(result).get("result", [])
        self._words += [word["word"] for word in words]
        self._confidences += [word["conf"] for word in words]

    def _text(self, unsettled: list[str]) -> str:
        text = " ".join(self._words + unsettled)
        return repair(text) if self.language == "ko" else text
