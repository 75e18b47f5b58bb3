"""A voice that keeps what it has said: short sentences that come again sound at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from companion.events import Samples, Style
from companion.tts.voice import NEUTRAL, Voice

KEPT: Final = 128
"""Sentences, of about 2 s: 12 MB. What is made beforehand are two dozen, in each pace that the voice has."""

LONGEST: Final = 200
"""Characters, as what is said in danger has: 12 s, 0.5 MB; what is longer hardly comes again."""

_FULL_SCALE: Final = 32767.0


class Rehearsed:
    """A `Voice`, with the sound of its last short sentences kept as 16-bit samples, in memory alone."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._kept: OrderedDict[tuple[str, Style], NDArray[np.int16]] = OrderedDict()
        self.id, self.rate, self.language = voice.id, voice.rate, voice.language

    def synthesize(self, text: str, style: Style = NEUTRAL) -> Iterator[Samples]:
        """See `Voice.synthesize`; what is kept comes in one piece."""
        if (kept := self.kept(text, style)) is not None:
            self._kept.move_to_end((text, style))
            yield kept
            return
        pieces: list[Samples] = []
        for piece in self._voice.synthesize(text, style):
            pieces.append(piece)
            yield piece
        if pieces and len(text) <= LONGEST:
            self._kept[text, style] = np.round(np.concatenate(pieces) * _FULL_SCALE).astype(np.int16)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def kept(self, text: str, style: Style = NEUTRAL) -> Samples | None:
        """All the sound of `text`, where it was made before and kept. Takes no time; from any thread."""
        kept = self._kept.get((text, style))
        return None if kept is None else kept.astype(np.float32) / np.float32(_FULL_SCALE)

    def warm_up(self) -> None:
        """See `Voice.warm_up`."""
        self._voice.warm_up()
