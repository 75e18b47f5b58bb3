"""Wake words: real people say them, other people talk, and the detector knows which is which."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from companion import settings
from companion.audio.voice_activity import WINDOW
from companion.audio.wake_word import (
    MicroWakeWord,
    NamedWakeWord,
    OnVoice,
    WakeWord,
    WakeWordError,
    fillers,
    open_wake_word,
    spell,
)
from companion.events import FRAME, Samples, samples
from tests.real import clip, shared


def frames(sound: Samples) -> Iterator[Samples]:
    return (sound[at : at + FRAME] for at in range(0, len(sound) - FRAME + 1, FRAME))


def silence(duration: float) -> Samples:
    return np.zeros(samples(duration), np.float32)


def times_heard(wake_word: WakeWord, sound: Samples) -> int:
    padded = np.concatenate((silence(1.5), sound, silence(1.0)))
    return sum(wake_word.heard(frame) for frame in frames(padded))


def test_people_who_say_the_word_are_heard_and_each_once() -> None:
    wake_word = MicroWakeWord("alexa")
    counts = [times_heard(wake_word, clip(path)) for path in sorted(shared("wake").glob("alexa_*.flac"))[:15]]
    assert counts.count(1) >= 14
    assert max(counts) == 1


def test_other_words_do_not_wake_it() -> None:
    wake_word = MicroWakeWord("alexa")
    others = [*sorted(shared("wake").glob("computer_*"))[:10], *sorted(shared("speech-ko").glob("*.flac"))[:5]]
    assert sum(times_heard(wake_word, clip(path)) for path in others) == 0


class Counting:
    """Counts what it is asked, and never hears anything."""

    def __init__(self) -> None:
        self.asked: list[Samples] = []
        self.resets = 0

    def heard(self, frame: Samples) -> bool:
        self.asked.append(frame)
        return False

    def reset(self) -> None:
        self.resets += 1


def loud(window: Samples) -> float:
    assert len(window) == WINDOW
    return 0.9 if float(np.abs(window).max()) > 0.1 else 0.0


def test_beside_a_radio_the_costly_detector_rests_and_hears_a_name_after_a_short_pause() -> None:
    inner = Counting()
    gate = OnVoice(inner, loud)
    radio = np.full(samples(60), 0.5, np.float32)
    assert not any(gate.heard(frame) for frame in frames(radio))
    assert len(inner.asked) * FRAME <= samples(3.5)
    before = inner.resets
    for frame in frames(np.concatenate((silence(0.3), radio[: samples(1)]))):
        gate.heard(frame)
    assert inner.resets == before + 1
    assert len(inner.asked) * FRAME >= samples(3.8)


def test_in_silence_the_costly_detector_rests() -> None:
    inner = Counting()
    gate = OnVoice(inner, loud)
    assert not any(gate.heard(frame) for frame in frames(silence(60)))
    assert inner.asked == []


def test_a_voice_is_heard_whole_with_what_came_just_before_it_and_each_voice_afresh() -> None:
    inner = Counting()
    gate = OnVoice(inner, loud)
    voice = np.full(samples(0.5), 0.5, np.float32)
    for frame in frames(np.concatenate((silence(2), voice, silence(2), voice, silence(2)))):
        gate.heard(frame)
    asked = np.concatenate(inner.asked)
    assert np.count_nonzero(asked) == 2 * len(voice)
    assert int(np.argmax(asked > 0)) >= samples(0.2)
    assert len(asked) < samples(4)
    assert inner.resets == 2


def test_a_name_is_spelled_in_the_fewest_pieces_the_recogniser_knows() -> None:
    words = {"친구", "친", "구", "야"}
    assert spell("친구야", words.__contains__) == ["친구", "야"]
    assert spell("친구랑", words.__contains__) is None


def test_a_word_without_a_model_says_which_words_there_are() -> None:
    with pytest.raises(WakeWordError, match="hey jarvis"):
        open_wake_word("samantha", "en", None, loud)


def test_korean_fillers_are_syllables() -> None:
    assert all("가" <= syllable <= "힣" for syllable in fillers("ko"))


@pytest.mark.models
@pytest.mark.slow
def test_a_korean_name_is_heard_at_the_beginning_and_not_in_other_talk() -> None:
    import vosk

    folder = settings.default_models() / "vosk-small-ko-0.22"
    if not folder.exists():
        pytest.skip("vosk-small-ko-0.22 is not installed: run `make models`")
    vosk.SetLogLevel(-1)
    model = vosk.Model(str(folder))
    talk = [clip(path) for path in sorted(shared("speech-ko-studio").glob("*.flac"))[:12]]

    def woken(name: str, sound: Samples) -> bool:
        wake_word = NamedWakeWord(model, name, "ko")
        return any(wake_word.heard(frame) for frame in frames(np.concatenate((silence(0.3), sound, silence(0.5)))))

    assert sum(woken("컴패니언아", sound) for sound in talk) <= 1
    calls = [path for path in sorted(shared("speech-ko-studio").glob("*.flac")) if path.stem.endswith("lmy02061")]
    assert woken("글쎄요", clip(calls[0]))  # "글쎄요. 하지만 …": a real voice that begins with a word like a name
