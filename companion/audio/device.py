"""What the conversation loop knows of a sound device: one interface for files and for sound cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from companion.errors import CompanionError
from companion.events import Message, Samples

Echo = Literal["unknown", "none", "cancelled", "leaking"]
"""Of our own voice in the microphone: not known yet, nothing, nothing any more, or so much that it would pass for the
owner's."""

Post = Callable[[Message], None]
"""Puts a message on the loop's queue; safe to call from any thread."""


class AudioError(CompanionError):
    """A file or a sound device cannot be used."""


class AudioDevice(Protocol):
    """A microphone and a speaker on one clock.

    The device posts `AudioFrame`s whose positions follow each other without a gap, whatever happens to the hardware,
    and says with `PlaybackStarted`, `PlaybackHeld` and `PlaybackEnded` where on that same clock its own voice was. All
    methods are called from the loop's thread.
    """

    @property
    def name(self) -> str:
        """What it is called, for a person."""
        ...

    @property
    def waits(self) -> bool:
        """Its clock only moves with `tick` and may stand still while others work: files, as fast as it goes."""
        ...

    @property
    def echo(self) -> Echo:
        """What the microphone hears of the speaker, as far as is known by now."""
        ...

    def start(self, post: Post) -> None:
        """Begin to listen. Raises `AudioError` where the device cannot be opened."""
        ...

    def play(self, tag: int, samples: Samples, rate: int, last: bool) -> None:
        """Append a piece of utterance `tag`, mono at `rate` Hz; `last` closes it.

        Every utterance ends in exactly one `PlaybackEnded`. One that runs dry waits in silence for its next piece. Tags
        grow; pieces of an utterance that was stopped are dropped.
        """
        ...

    def overlay(self, samples: Samples, rate: int) -> None:
        """Mix a sound that is no utterance (an earcon, a notice) into what plays, mono at `rate` Hz.

        It takes the place of an earlier one, has no tag, and nothing is posted about it. `stop` cuts it too.
        """
        ...

    def hold(self) -> None:
        """Pause: fade out within 5 ms and wait; nothing sounds until `go_on` or `stop`. May be called again.

        Once an utterance that had begun is silent, `PlaybackHeld` says where. It does not come if the utterance ended
        in the fade (`PlaybackEnded` does), or if `go_on` came first.
        """
        ...

    def go_on(self) -> None:
        """Go on where `hold` left off: no sample is lost or played again. Does nothing where nothing is held."""
        ...

    def stop(self) -> None:
        """Cut what is playing and drop what waits; `PlaybackEnded` of each is posted before this returns."""
        ...

    def doze(self, dozing: bool) -> None:
        """Nobody is awaited: frames may come late, several at once, if that saves work. False ends it."""
        ...

    def tick(self) -> float | None:
        """Do what is due and return the seconds until the next call; None: the device pushes frames by itself.

        Raises `AudioError` where the output cannot be written.
        """
        ...

    def next_input(self) -> bool:
        """Go on to the next input; False: there is none. A microphone always goes on."""
        ...

    def close(self) -> None:
        """Stop listening and playing, and finish the output. May be called twice."""
        ...
