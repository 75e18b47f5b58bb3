"""What a conversation leaves in the memory, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from companion.apps.assemble import open_talk_memory
from companion.apps.remember import TalkMemory
from companion.apps.unlock import Unlock, create_memory, memory_folder, open_memory
from companion.conversation import Conversation
from companion.dialogue.mind import Clause
from companion.events import MemorySaved, ReplyEnded, SessionStarted, Trouble
from companion.memory import episodes
from companion.memory.errors import DiskFull
from companion.parts import PAUSES, VOICE_OFF, Parts
from companion.settings import Settings
from tests.fakes import (
    Judge,
    Log,
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


def talk(memory: TalkMemory, replier: ScriptedReplier, interrupt_after: float | None = None) -> Log:
    log = Log()
    parts = Parts(LoudnessActivity(), Judge(1.0), ScriptedRecognizer("how are you"), replier, ToneVoice(), memory)  # type: ignore[arg-type]
    device = MemoryDevice(UTTERANCE, interrupt_after=interrupt_after)
    Conversation(device, parts, SessionStarted("tiny", {}, "en", "test"), [log]).run()
    memory.close()
    return log


def test_what_was_said_and_heard_is_there_the_next_time(tmp_path: Path) -> None:
    unlock = way_in(tmp_path)
    talk(TalkMemory(create_memory(tmp_path, unlock), "en", "tiny"), ScriptedReplier("Fine.", "And you?"))
    with open_memory(tmp_path, unlock) as memory:
        (episode,) = episodes.latest(memory.store)
    assert (episode.said, episode.answered, episode.interrupted) == ("how are you", "Fine. And you?", False)


def test_a_consent_that_is_taken_back_off_the_record_stays_taken_back(tmp_path: Path) -> None:
    unlock = way_in(tmp_path)
    memory = TalkMemory(create_memory(tmp_path, unlock), "en", "tiny")
    assert memory.answer("This is off the record.") is not None
    memory.learn(PAUSES, {"count": 3})
    memory.learn(VOICE_OFF, True)
    memory.close()
    with open_memory(tmp_path, unlock) as opened:
        again = TalkMemory(opened, "en", "tiny")
        assert again.learned(VOICE_OFF) is True
        assert again.learned(PAUSES) is None


def test_what_was_kept_is_told_without_the_words(tmp_path: Path) -> None:
    log = talk(TalkMemory(create_memory(tmp_path, way_in(tmp_path)), "en", "tiny"), ScriptedReplier("Fine."))
    assert log.all(MemorySaved) == [MemorySaved(episode=1, facts=0)]
    assert log.names()[-1] == "session.ended"


def test_what_is_said_to_the_memory_itself_is_no_part_of_the_talk(tmp_path: Path) -> None:
    class Aside(ScriptedReplier):
        def reply(self, *asked: object) -> Iterator[Clause]:  # type: ignore[override]
            yield Clause("Shall I forget it?", last=True, aside=True)

    unlock = way_in(tmp_path)
    log = talk(TalkMemory(create_memory(tmp_path, unlock), "en", "tiny"), Aside())
    assert log.all(ReplyEnded)
    assert not log.all(MemorySaved)
    with open_memory(tmp_path, unlock) as memory:
        assert episodes.latest(memory.store) == []


def test_a_turn_that_could_not_be_answered_is_remembered_all_the_same(tmp_path: Path) -> None:
    unlock = way_in(tmp_path)
    talk(TalkMemory(create_memory(tmp_path, unlock), "en", "tiny"), ScriptedReplier(RuntimeError("broken")))
    with open_memory(tmp_path, unlock) as memory:
        (episode,) = episodes.latest(memory.store)
    assert (episode.said, episode.answered) == ("how are you", "")


def test_a_memory_that_cannot_be_written_is_told_and_does_not_stop_the_talk(tmp_path: Path) -> None:
    class Full(TalkMemory):
        def save(self, *turn: object, **more: object) -> MemorySaved | None:  # type: ignore[override]
            raise DiskFull("no room left on the disk: free some space")

    log = talk(Full(create_memory(tmp_path, way_in(tmp_path)), "en", "tiny"), ScriptedReplier("Fine."))
    assert log.all(ReplyEnded)
    (trouble,) = log.all(Trouble)
    assert isinstance(trouble, Trouble)
    assert trouble.what == "memory"


def test_of_an_interrupted_reply_only_what_was_heard_is_remembered(tmp_path: Path) -> None:
    unlock = way_in(tmp_path)
    long = ScriptedReplier("one two three four five six seven eight nine ten")
    talk(TalkMemory(create_memory(tmp_path, unlock), "en", "tiny"), long, interrupt_after=2.7)
    with open_memory(tmp_path, unlock) as memory:
        (episode,) = episodes.latest(memory.store)
    assert episode.interrupted
    assert "one two three four five six seven eight nine ten".startswith(episode.answered)
    assert not episode.answered.endswith("ten")


def test_without_a_memory_and_without_a_way_in_nothing_is_made(tmp_path: Path) -> None:
    assert open_talk_memory(tmp_path, tmp_path, Settings(), Unlock()) is None
    assert not memory_folder(tmp_path).exists()


def test_a_way_in_named_at_the_first_talk_makes_the_memory(tmp_path: Path) -> None:
    memory = open_talk_memory(tmp_path, tmp_path, Settings(), way_in(tmp_path))
    assert memory is not None
    memory.close()
    assert memory_folder(tmp_path).exists()
