"""Piper: a neural voice, one ONNX model, a chunk of sound for every sentence."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

from companion.events import Samples, Style
from companion.tts.pitch import PitchShaper
from companion.tts.sound import styled
from companion.tts.styles import STYLES
from companion.tts.telephone import dialled
from companion.tts.text import speakable
from companion.tts.voice import NEUTRAL, VoiceError

LENGTH_FLOOR = 0.25
"""Piper's durations are sub-linear in `length_scale`, since it rounds every phoneme up to whole frames: relative to
scale 1 speech takes 0.69 at 0.6, 0.85 at 0.75, 1.08 at 1.15, 1.21 at 1.3 and 1.46 at 1.6 (en_US-joe-medium, 10
sentences), about 0.25 + 0.75 · scale."""

SLOWEST, FASTEST = 0.6, 1.6
"""Rates beyond are not understood well, whatever is asked for."""

_WARM_UP = "That is good to hear, thank you."


class PiperEngine:
    """The voice in a folder that holds one `.onnx` and its `.onnx.json`.

    Raises:
        VoiceError: there is none, or it is damaged.
    """

    def __init__(self, folder: Path, voice_id: str, language: str) -> None:
        import onnxruntime
        from piper import PiperVoice
        from piper.config import PiperConfig

        logging.getLogger("piper").setLevel(logging.ERROR)  # below, it writes down the text that it speaks
        mend = f"the voice {voice_id} is missing or damaged; get it again: companion models pull"
        model = next(folder.glob("*.onnx"), None)
        if model is None:
            raise VoiceError(mend)
        try:
            config = PiperConfig.from_dict(json.loads(model.with_name(model.name + ".json").read_text("utf-8")))
            session = onnxruntime.InferenceSession(model, _session_options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has an exception for every kind of damage
            raise VoiceError(mend) from error
        self._pitch = PitchShaper()
        self._voice = PiperVoice(session=session, config=config)
        self.id = voice_id
        self.rate: int = config.sample_rate
        self.language = language

    def synthesize(self, text: str, style: Style = NEUTRAL) -> Iterator[Samples]:
        """See `Voice.synthesize`: a piece for every sentence."""
        from piper import SynthesisConfig

        words = speakable(dialled(text, self.language))
        if not words:
            return
        # As the model made it, not with every sentence blown up to full scale: the levels of neutral clauses then lie
        # within 1.3 dB of each other (standard deviation, measured), and there is room to speak louder.
        config = SynthesisConfig(length_scale=length_scale(style.rate), normalize_audio=False)
        try:
            sentences = (chunk.audio_float_array for chunk in self._voice.synthesize(words, config))
            shaped = (self._pitch.shaped(sentence, self.rate, style) for sentence in sentences)
            yield from styled(shaped, self.rate, style)
        except Exception as error:
            raise VoiceError(f"the voice {self.id} failed ({type(error).__name__})") from None

    def warm_up(self) -> None:
        """Load the phoneme tables and the model's pages: the first clause takes about twice as long as the next."""
        for _ in self.synthesize(_WARM_UP, STYLES["warm"]):
            pass


def length_scale(rate: float) -> float:
    """Piper's `length_scale` that makes speech `rate` times as fast; see `LENGTH_FLOOR`."""
    duration = 1 / min(max(rate, SLOWEST), FASTEST)
    return (duration - LENGTH_FLOOR) / (1 - LENGTH_FLOOR)


def _session_options() -> object:
    """One thread, and no memory kept between clauses.

    Measured on 2 cores, n = 24 short clauses: two threads need 1.9 times the processor time of one and are slower as
    soon as anything else runs, as the language model does. Every clause has another length, so that onnxruntime's
    memory pattern of each is never used again: 500 MB after 120 clauses of 1-30 words, and growing; without it 305 MB;
    without the arena too 130-200 MB, for 8 % more time.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = False
    return options
