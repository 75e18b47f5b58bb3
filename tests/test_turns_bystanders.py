"""Others who talk, and televisions: told from who lets us finish."""

from __future__ import annotations

import numpy as np
import pytest

from companion.audio.voice_activity import WINDOW
from companion.events import AttentionChanged, ReplyEnded, Trouble
from companion.hands_free import HandsFree
from companion.turns.attention import Attention
from companion.turns.bystanders import LATELY, OVER, SHARE, Bystanders
from tests.fakes import ScriptedReplier, converse, silence, speech


def minute(share: float) -> Bystanders:
    """A minute of which this share held a voice."""
    bystanders = Bystanders(WINDOW)
    for window in range(LATELY // WINDOW):
        bystanders.hear(window < share * LATELY / WINDOW)
    return bystanders


def test_who_talks_down_one_reply_after_the_other_for_a_minute_does_not_talk_with_us() -> None:
    bystanders = minute(SHARE + 0.1)
    assert [bystanders.reply_ended(talked_down=True) for _ in range(OVER)] == [False] * (OVER - 1) + [True]
    assert not bystanders.reply_ended(talked_down=True), "told once"


@pytest.mark.parametrize("ends", [[True, True, True, False, True], [False] * 9])
def test_who_lets_us_finish_talks_with_us(ends: list[bool]) -> None:
    bystanders = minute(1.0)
    assert not any(bystanders.reply_ended(talked_down=talked_down) for talked_down in ends)


def test_an_impatient_owner_who_is_silent_half_of_the_time_is_none_of_them() -> None:
    bystanders = minute(0.5)
    assert not any(bystanders.reply_ended(talked_down=True) for _ in range(9))


@pytest.mark.parametrize("called", [True, False])
def test_beside_a_television_it_says_so_and_rests_until_it_is_called(called: bool) -> None:
    one = np.concatenate((speech(4.0), silence(0.7)))
    words = [f"and now the weather number {n} in the news" for n in range(30)]
    _, _, _, _, log = converse(
        np.concatenate((silence(0.6), *[one] * 18)),
        words=words,
        replier=ScriptedReplier(" ".join(f"word{n}" for n in range(60))),
        duplex=True,
        hands_free=HandsFree(Attention(wake_word=False)) if called else None,
    )
    assert "others" in {trouble.kind for trouble in log.all(Trouble)}
    changes = [(change.state, change.why) for change in log.all(AttentionChanged)]
    assert changes == ([("muted", "others")] if called else [])
    if called:
        last = max(at for at, _, event in log.events if isinstance(event, ReplyEnded))
        rested = next(at for at, _, event in log.events if isinstance(event, AttentionChanged))
        assert last <= rested
