"""What a conversation leaves in the memory, and what it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from companion.apps.remember import Rememberer
from companion.apps.talk import open_for_talk
from companion.apps.unlock import Unlock, create_memory, memory_folder, open_memory
from companion.conversation import Conversation, Parts
from companion.events import SessionStarted
from companion.memory import episodes
from companion.settings import Settings
from tests.fakes import (
    Judge,
    LoudnessActivity,
    MemoryDevice,
    ScriptedRecognizer,
    ScriptedReplier,
    ToneVoice,
    silence,
    speech,
)

UTTERANCE = np.concatenate((silence(1.0), speech(1.0), silence(0.2)))


def way_in(folder: Path) -> Unlock:
    secret = folder / "passphrase"
    secret.write_text("correct horse\n")
    return Unlock(passphrase_file=secret)


def talk(memory: Rememberer, replier: ScriptedReplier, interrupt_after: float | None = None) -> None:
    parts = Parts(LoudnessActivity(), Judge(1.0), ScriptedRecognizer("how are you"), replier, ToneVoice())  # type: ignore[arg-type]
    device = MemoryDevice(UTTERANCE, interrupt_after=interrupt_after)
    Conversation(device, parts, SessionStarted("tiny", {}, "en", "test"), [memory]).run()
    memory.close()


def test_what_was_said_and_heard_is_there_the_next_time(tmp_path: Path) -> None:
    unlock = way_in(tmp_path)
    talk(Rememberer(create_memory(tmp_path, unlock), "en", "tiny"), ScriptedReplier("Fine.", "And you?"))
    with open_memory(tmp_path, unlock) as memory:
        (episode,) = episodes.latest(memory.store)
    assert (episode.said, episode.answered, episode.interrupted) == ("how are you", "Fine. And you?", False)


def test_of_an_interrupted_reply_only_what_was_heard_is_remembered(tmp_path: Path) -> None:
    unlock = way_in(tmp_path)
    long = ScriptedReplier("one two three four five six seven eight nine ten")
    talk(Rememberer(create_memory(tmp_path, unlock), "en", "tiny"), long, interrupt_after=2.7)
    with open_memory(tmp_path, unlock) as memory:
        (episode,) = episodes.latest(memory.store)
    assert episode.interrupted
    assert "one two three four five six seven eight nine ten".startswith(episode.answered)
    assert not episode.answered.endswith("ten")


def test_without_a_memory_and_without_a_way_in_nothing_is_made(tmp_path: Path) -> None:
    assert open_for_talk(tmp_path, Settings(), Unlock()) is None
    assert not memory_folder(tmp_path).exists()


def test_a_way_in_named_at_the_first_talk_makes_the_memory(tmp_path: Path) -> None:
    memory = open_for_talk(tmp_path, Settings(), way_in(tmp_path))
    assert memory is not None
    memory.close()
    assert memory_folder(tmp_path).exists()
