"""The network over the frames of an utterance, and those that stand in for it with speakers it has heard."""

from __future__ import annotations

import numpy as np
import pytest

from companion.affect import fitting, pooling, tone
from companion.affect.fitting import Linear
from companion.affect.pooling import WIDTH
from companion.affect.voice import MEASURED, encoding
from companion.apps import voice_apart, voice_corpus
from companion.apps.recordings import read_sets
from companion.audio.encoder import FRAME_WIDTH
from tests import real

RANDOM = np.random.default_rng(3)


def frames(count: int) -> np.ndarray:
    return RANDOM.normal(0, 1, (count, FRAME_WIDTH)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2, 5, 400])
def test_a_syllable_and_eight_seconds_become_as_many_numbers(count: int) -> None:
    values = pooling.load()(frames(count))
    assert values.shape == (WIDTH,)
    assert np.isfinite(values).all()


def test_it_hears_the_order_of_things_which_mean_and_deviation_do_not() -> None:
    rising = frames(100)
    falling = rising[::-1]
    one, other = encoding(rising, pooling.load()), encoding(falling, pooling.load())
    statistics = slice(0, MEASURED - 7)
    np.testing.assert_allclose(one[statistics], other[statistics], atol=1e-4)
    assert np.abs(one - other)[MEASURED - 7 :].max() > 0.01


def test_two_heads_joined_add_up_their_logits_by_name() -> None:
    learned = voice_apart.shipped()
    linear = Linear(("sad", "happy"), RANDOM.normal(0, 1, (2, 3)).astype(np.float32), np.zeros(2, np.float32))
    front, own = RANDOM.normal(0, 1, (4, 3)).astype(np.float32), RANDOM.normal(0, 1, (4, WIDTH)).astype(np.float32)
    rows = [learned.head.classes.index(name) for name in linear.classes]
    joined = learned.join(linear).logits(np.hstack([front, own]))
    np.testing.assert_allclose(joined, linear.logits(front) + learned.head.logits(own)[:, rows], rtol=1e-4, atol=1e-3)


def test_the_shipped_tones_begin_with_the_usual_of_the_shipped_network() -> None:
    start, learned = tone.load().prior, voice_apart.shipped()
    np.testing.assert_allclose(start.mean[MEASURED:], learned.mean, rtol=1e-5)
    np.testing.assert_allclose(start.variance[MEASURED:], learned.variance, rtol=1e-5)


def test_every_speaker_of_the_corpora_is_unheard_by_one_network() -> None:
    shared = real.shared("emotion-en-ravdess").parent
    networks = voice_apart.by_folds()
    for name in voice_corpus.EMOTION_SETS:
        speakers = {voice_corpus.speaker(recording) for recording in read_sets(shared / name)}
        for speaker in speakers:
            assert [speaker in one.left_out for one in networks].count(True) == 1, speaker
        without = voice_apart.without(name)
        assert without is not None
        assert without.left_out == speakers


@pytest.mark.models
def test_someone_it_has_not_heard_is_understood_better_with_what_it_has_learned() -> None:
    learned = voice_apart.by_folds()[0]
    speaker = sorted(name for name in learned.left_out if name.startswith("emotion-de"))[0]
    recordings = [
        one
        for one in read_sets(real.shared("emotion-de-emodb"))
        if voice_corpus.speaker(one) == speaker and voice_corpus.tone(one)
    ]
    (corpus,) = voice_corpus.measure(
        recordings, real.voice_meter(), lambda speech, _: speech, lambda _: learned.pooling
    )
    values = voice_corpus.relative(corpus, learned.start(tone.load().prior))[:, MEASURED:]
    named = np.array(learned.head.classes)[learned.head.logits(values).argmax(axis=1)]
    assert fitting.recall(corpus.tones, named) > 0.5  # of nine tones; chance is 0.11


def test_two_networks_hear_apart_and_say_it_side_by_side() -> None:
    both, heard = pooling.load(), frames(60)
    alone = [
        pooling.Pooling(
            both.inp[[one]],
            tuple(convolution[[one]] for convolution in both.convolutions),
            both.scale[[one]],
            both.shift[[one]],
            both.attention[[one]],
            both.out[[one]],
        )(heard)
        for one in range(pooling.NETWORKS)
    ]
    np.testing.assert_allclose(both(heard), np.concatenate(alone), rtol=1e-4, atol=1e-4)
    assert np.corrcoef(alone)[0, 1] < 0.9, "the second would add nothing"
