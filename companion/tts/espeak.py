"""espeak-ng: a plain voice for languages that have no Piper voice, such as Korean today."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import numpy as np

from companion.events import Samples, Style
from companion.tts.pitch import PitchShaper
from companion.tts.sound import styled
from companion.tts.telephone import dialled
from companion.tts.text import speakable
from companion.tts.voice import NEUTRAL, VoiceError

RATE = 22_050
"""Hz; espeak-ng's formant voices have no other."""

WORDS_PER_MINUTE = 165
"""espeak-ng's own 175 is hurried for a conversation."""

AMPLITUDE = 75
"""Of 200. Puts its voice near the level of Piper's (-22 dB full scale); at its own 100 its peaks touch full scale."""

HEADER = 44
"""Bytes of a plain WAV header. The lengths in it are made up, since espeak-ng writes it before it speaks."""

TIMEOUT_S = 20.0
"""A clause takes 30 ms."""


class EspeakVoice:
    """The installed program, once for every clause; the text goes through a pipe, where no process list shows it.

    Raises:
        VoiceError: espeak-ng is not installed.
    """

    id = "espeak-ng"
    rate = RATE

    def __init__(self, language: str) -> None:
        program = shutil.which("espeak-ng")
        if program is None:
            raise VoiceError("the voice espeak-ng is not installed; install it: sudo apt-get install espeak-ng")
        self._program = program
        self._pitch = PitchShaper()
        self.language = language

    def synthesize(self, text: str, style: Style = NEUTRAL) -> Iterator[Samples]:
        """See `Voice.synthesize`: one piece."""
        words = speakable(dialled(text, self.language))
        if words:
            sound = self._pitch.shaped(self._speak(words, style.rate), RATE, style)
            yield from styled([sound], RATE, style)

    def warm_up(self) -> None:
        """Have the program and its data in the disk cache."""
        self._speak("1", 1.0)

    def _speak(self, words: str, rate: float) -> Samples:
        command = [self._program, "-v", self.language, "-s", str(round(WORDS_PER_MINUTE * rate))]
        command += ["-a", str(AMPLITUDE), "-b", "1", "--stdin", "--stdout"]  # -b 1: the text is UTF-8
        try:
            done = subprocess.run(command, input=words.encode(), capture_output=True, timeout=TIMEOUT_S, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise VoiceError(f"the voice espeak-ng failed ({type(error).__name__})") from None
        return np.frombuffer(done.stdout[HEADER:], "<i2").astype(np.float32) / np.float32(32768)
