"""Silero and Smart Turn on real recordings: what a voice is, and when a sentence is over."""

from __future__ import annotations

import statistics
from pathlib import Path

import numpy as np
import pytest

from companion.apps.assemble import open_policy
from companion.audio.echo import EchoCanceller
from companion.audio.mel import log_mel
from companion.audio.smart_turn import PAUSE, SPAN, SmartTurn, continued
from companion.audio.voice_activity import WINDOW, VoiceActivity
from companion.events import SAMPLE_RATE, Samples
from companion.settings import Settings
from companion.turns.turn_end import SHORT
from tests.echoes import heard_in_a_room, in_frames, our_voice
from tests.real import clip, clips, model_file, shared

pytestmark = pytest.mark.models


def voiced_share(activity: VoiceActivity, sound: Samples) -> float:
    activity.reset()
    windows = [sound[at : at + WINDOW] for at in range(0, len(sound) - WINDOW + 1, WINDOW)]
    return statistics.fmean(activity.probability(window) > 0.5 for window in windows)


@pytest.fixture(scope="module")
def activity() -> VoiceActivity:
    return VoiceActivity(model_file("vad"))


@pytest.fixture(scope="module", params=[SPAN, SHORT.span], ids=["whole", "short"])
def smart_turn(request: pytest.FixtureRequest) -> SmartTurn:
    return SmartTurn(model_file("turn"), request.param)


def test_speech_is_a_voice(activity: VoiceActivity) -> None:
    assert all(voiced_share(activity, clip(path)) > 0.5 for path in clips())


def test_silence_and_hiss_are_none(activity: VoiceActivity) -> None:
    hiss = np.random.default_rng(1).normal(0, 0.01, SAMPLE_RATE * 5).astype(np.float32)
    assert voiced_share(activity, np.zeros(SAMPLE_RATE * 5, dtype=np.float32)) == 0
    assert voiced_share(activity, hiss) == 0


@pytest.mark.parametrize("level_db", [-12.0, -26.0, -32.0])
def test_our_own_voice_come_back_is_none_once_taken_out(activity: VoiceActivity, level_db: float) -> None:
    """However faint: Silero hears a voice that is hardly louder than the room."""
    far = our_voice()
    near = heard_in_a_room(far, 0.05, level_db)
    assert voiced_share(activity, near) > 0.1
    assert voiced_share(activity, in_frames(EchoCanceller().process, near, far)) == 0


def test_a_voice_is_found_after_a_minute_of_noise(activity: VoiceActivity) -> None:
    """The recurrent state must not wear out."""
    activity.reset()
    rain = clip(shared("noise") / "002_Rain_1-17367-A.ogg")
    noise = np.tile(rain, 60 * SAMPLE_RATE // len(rain) + 1)[: 60 * SAMPLE_RATE]
    for at in range(0, len(noise) - WINDOW, WINDOW):
        activity.probability(noise[at : at + WINDOW])
    speech = clip(clips()[0])
    heard = [activity.probability(speech[at : at + WINDOW]) > 0.5 for at in range(0, len(speech) - WINDOW, WINDOW)]
    assert statistics.fmean(heard) > 0.5


def test_a_whole_sentence_sounds_more_complete_than_one_cut_in_its_middle(smart_turn: SmartTurn) -> None:
    pause = np.zeros(SAMPLE_RATE // 5, dtype=np.float32)
    sentences = [clip(path) for path in sorted(shared("speech-en").glob("wav_arctic_*"))[:30]]

    def judged(speech: Samples) -> float:
        return smart_turn.completeness(np.concatenate((speech, pause)), len(pause))

    whole = [judged(sentence) for sentence in sentences]
    cut = [judged(sentence[: len(sentence) // 2]) for sentence in sentences]
    assert statistics.median(whole) > 0.9
    assert statistics.median(cut) < 0.7


def test_with_less_patience_only_the_last_seconds_count() -> None:
    sentence, pause = clip(sorted(shared("speech-en").glob("wav_arctic_*"))[0]), np.zeros(PAUSE, dtype=np.float32)
    last = np.concatenate((sentence, pause))[-SHORT.span :]
    assert len(last) == SHORT.span
    louder = np.random.default_rng(5).normal(0, 0.1, SAMPLE_RATE * 2).astype(np.float32)
    for span, counts in ((SHORT.span, False), (SPAN, True)):
        model = SmartTurn(model_file("turn"), span)
        plain, after_noise = (model.completeness(np.concatenate((front, last)), PAUSE) for front in (last[:0], louder))
        assert (plain != after_noise) == counts


def test_the_small_profile_looks_at_less_where_a_sentence_can_be_told() -> None:
    tiny = Settings(profile="tiny")
    assert open_policy(tiny, parses=True).span == SHORT.span
    assert open_policy(tiny, parses=False).span == open_policy(Settings(profile="starter"), parses=True).span == SPAN


def test_another_model_cannot_be_shortened() -> None:
    with pytest.raises(ValueError, match="tables"):
        SmartTurn(model_file("vad"), SHORT.span)


def test_what_looks_at_less_judges_sentences_as_what_looks_at_all_of_it() -> None:
    """By the sentences that it calls complete, and in the middle of which it does not."""
    pause = np.zeros(PAUSE, dtype=np.float32)
    sentences = [clip(path) for path in sorted(shared("speech-en").glob("*.flac"))[:30]]
    parts = [sentence[: round(len(sentence) * share)] for sentence in sentences for share in (0.5, 1.0)]
    models = [SmartTurn(model_file("turn"), span) for span in (SPAN, SHORT.span)]
    judged = [[model.completeness(np.concatenate((part, pause)), PAUSE) > 0.8 for part in parts] for model in models]
    assert statistics.fmean(one == other for one, other in zip(*judged, strict=True)) > 0.8
    assert abs(sum(judged[0]) - sum(judged[1])) <= 4


def test_a_pause_that_has_only_begun_is_judged_as_one_that_has_lasted(smart_turn: SmartTurn) -> None:
    """In a room with some noise of its own; as it is, so short a pause leaves Smart Turn unsure of many ends."""
    room = np.random.default_rng(3).normal(0, 3e-4, PAUSE).astype(np.float32)
    sentences = [clip(path) for path in sorted(shared("speech-en").glob("wav_arctic_*"))[:30]]
    begun = [np.concatenate((sentence, room[:WINDOW])) for sentence in sentences]
    lasted = [np.concatenate((sentence, room)) for sentence in sentences]
    soon = [smart_turn.completeness(sound, WINDOW) for sound in begun]
    late = [smart_turn.completeness(sound, PAUSE) for sound in lasted]
    assert statistics.fmean(abs(one - other) for one, other in zip(soon, late, strict=True)) < 0.1
    assert sum(one > 0.9 for one in soon) >= sum(one > 0.9 for one in late)


def test_a_pause_goes_on_with_what_is_heard_in_it_without_an_edge() -> None:
    ramp = np.linspace(0.0, 0.1, WINDOW, dtype=np.float32)
    speech = np.concatenate((np.ones(1000, np.float32), ramp))
    longer = continued(speech, WINDOW)
    assert len(longer) == len(speech) + PAUSE - WINDOW
    assert np.array_equal(longer[: len(speech)], speech)
    assert np.abs(np.diff(longer[len(speech) - 1 :])).max() <= np.diff(ramp).max() + 1e-7
    assert continued(longer, PAUSE) is longer


@pytest.mark.parametrize("duration", [0.1, 3.0, 20.0])
def test_any_length_of_speech_can_be_judged(smart_turn: SmartTurn, duration: float) -> None:
    sound = np.random.default_rng(2).normal(0, 0.1, int(SAMPLE_RATE * duration)).astype(np.float32)
    assert 0 <= smart_turn.completeness(sound, 512) <= 1


def test_the_spectrogram_is_that_of_whisper() -> None:
    """Held against the extractor that faster-whisper ships."""
    extractor = pytest.importorskip("faster_whisper.feature_extractor").FeatureExtractor(chunk_length=8)
    sound = np.random.default_rng(3).normal(0, 0.1, SAMPLE_RATE * 8).astype(np.float32)
    theirs = extractor(sound, padding=0)
    ours = log_mel(sound)
    assert ours.shape == (80, 800)
    assert np.abs(ours - theirs[:, :800]).max() < 1e-3


def test_the_clips_are_there() -> None:
    assert all(isinstance(path, Path) and path.exists() for path in clips())
