"""Is the turn over? How long the silence must last before we answer, and why."""

from __future__ import annotations

from dataclasses import dataclass

from companion.events import samples


@dataclass(frozen=True, slots=True)
class EndpointPolicy:
    """The waiting times, in samples of silence.

    The words are read after `read` already: later, the recogniser hears no better (120 words in error of 1,432; 121
    after 0.16 s, 128 after 0.1). A pause is worth asking about after `probe`: people leave gaps of about 200 ms
    between turns, plosives inside words are shorter, and sooner Smart Turn is less sure of a complete turn. A turn
    that sounds surely complete is answered after `complete`; one that may be complete, after up to `unsure`; one
    that sounds unfinished has until `timeout`. When nobody can say (the model is missing or late), `unsure` holds.

    `complete` may be as short as it is because an answer takes time to make, and voice before its first sample takes
    the turn back without a sound: what the owner must stay silent for is this wait and the making together.
    """

    read: int = samples(0.128)
    probe: int = samples(0.16)
    complete: int = samples(0.2)
    unsure: int = samples(0.8)
    timeout: int = samples(1.8)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`wait`: samples of silence after which the turn is over. `reason`: for the reader of a log."""

    wait: int
    reason: str


def endpoint(policy: EndpointPolicy, completeness: float | None) -> Endpoint:
    """The silence to wait for, given how complete the turn sounds (0…1, None: not known yet).

    Between 0.5, where Smart Turn itself draws the line, and 0.95, where it is rarely wrong, the wait falls in a
    straight line from `unsure` to `complete`; below 0.5 it rises to `timeout` at 0.1.
    """
    if completeness is None:
        return Endpoint(policy.unsure, "silence")
    if completeness >= 0.5:
        share = min(1.0, (completeness - 0.5) / 0.45)
        return Endpoint(round(policy.unsure + share * (policy.complete - policy.unsure)), "complete")
    share = min(1.0, (0.5 - completeness) / 0.4)
    return Endpoint(round(policy.unsure + share * (policy.timeout - policy.unsure)), "unfinished")
