"""The usual of one person: learned from what was heard, not moved by a guest, kept and begun again."""

from __future__ import annotations

import numpy as np
import pytest

from companion.affect import tone
from companion.affect.baseline import Baseline, Values
from companion.affect.voice import MEASURED, MEASURES

SIZE = 1415
PRIOR = Baseline(0, np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32))


def utterances(count: int, mean: float = 0.0, seed: int = 0) -> list[Values]:
    """One deviation around `mean`, the pitch never far from it."""
    values = np.random.default_rng(seed).normal(mean, 1, (count, SIZE)).astype(np.float32)
    values[:, 0] = np.clip(values[:, 0], mean - 1.5, mean + 1.5)
    return list(values)


def after(baseline: Baseline, heard: list[Values]) -> Baseline:
    for values in heard:
        baseline = baseline.hear(values)
    return baseline


def test_the_usual_becomes_what_is_usually_heard() -> None:
    owner = after(PRIOR, utterances(8, mean=3.0) + utterances(92, mean=3.0, seed=1))
    assert owner.count == 100
    assert abs(owner.relative(np.full(SIZE, 3.0, np.float32)).mean()) < 0.2


def test_one_utterance_moves_it_by_a_quarter_of_the_way() -> None:
    assert PRIOR.after(np.full(SIZE, 4.0, np.float32)).mean == pytest.approx(np.full(SIZE, 1.0))


def test_an_utterance_is_judged_before_it_is_part_of_the_usual() -> None:
    loud = np.full(SIZE, 2.0, np.float32)
    assert PRIOR.relative(loud).mean() == pytest.approx(2.0, abs=1e-3)
    assert PRIOR.after(loud).relative(loud).mean() < 2.0


def test_what_was_not_measured_is_as_usual_and_moves_nothing() -> None:
    whisper = np.full(SIZE, 2.0, np.float32)
    whisper[0] = np.nan
    heard = PRIOR.after(whisper)
    assert PRIOR.relative(whisper)[0] == 0
    assert (heard.mean[0], heard.variance[0]) == (0, 1)
    assert heard.mean[1] == pytest.approx(0.5)


def test_a_guest_does_not_move_it() -> None:
    owner = after(PRIOR, utterances(30))
    guest = utterances(1, mean=3.0, seed=9)[0]
    assert owner.is_strange(guest)
    np.testing.assert_array_equal(owner.hear(guest).mean, owner.mean)


def test_nobody_is_strange_before_the_owner_is_known() -> None:
    assert not after(PRIOR, utterances(9)).is_strange(np.full(SIZE, 5.0, np.float32))


def test_a_new_microphone_is_the_owner_again_after_a_while() -> None:
    owner = after(PRIOR, utterances(30))
    assert after(owner, utterances(20, mean=3.0, seed=9)).count == owner.count
    used_to_it = after(owner, utterances(80, mean=3.0, seed=9))
    assert used_to_it.mean.mean() > 2.5
    assert not used_to_it.is_strange(utterances(1, mean=3.0, seed=5)[0])


def test_one_familiar_utterance_between_keeps_the_guest_a_guest() -> None:
    owner = after(PRIOR, utterances(30))
    talk = [one for pair in zip(utterances(40, mean=3.0, seed=9), utterances(40, seed=3), strict=True) for one in pair]
    assert after(owner, talk).count == 70


def test_what_is_kept_comes_back_the_same() -> None:
    owner = after(PRIOR, [*utterances(12), *utterances(2, mean=3.0, seed=9)])
    back = Baseline.from_bytes(owner.to_bytes(), PRIOR)
    assert (back.count, back.strange) == (12, 2)
    np.testing.assert_array_equal(back.mean, owner.mean)
    np.testing.assert_array_equal(back.variance, owner.variance)


def test_of_a_network_of_the_same_size_the_learned_values_are_not_taken_for_todays() -> None:
    owner = after(PRIOR, utterances(12))
    written = np.frombuffer(owner.to_bytes(), dtype="<f4").copy()
    written[0] += 1
    kept = Baseline.from_bytes(written.tobytes(), PRIOR)
    assert kept.count == 0
    np.testing.assert_array_equal(kept.mean[:MEASURED], owner.mean[:MEASURED])
    np.testing.assert_array_equal(kept.mean[MEASURED:], PRIOR.mean[MEASURED:])


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 8, b"\0" * 11324, b"\xff" * 11332, b"\xff" * 11328, b"\xff" * 9792, b"\xff" * 7744, b"\xff" * 6208],
)
def test_what_is_no_baseline_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no baseline"):
        Baseline.from_bytes(content, PRIOR)


def test_nothing_measured_can_be_farther_than_six_deviations() -> None:
    assert PRIOR.relative(np.full(SIZE, 1e9, np.float32)).max() == 6


def test_the_head_brings_a_usual_to_begin_with_and_its_licence() -> None:
    prior = tone.load().prior
    assert prior.count == 0
    assert prior.mean.shape == prior.variance.shape == (SIZE,)
    with np.load(tone.weights_folder() / "voice.npz") as file:
        assert "CC BY-NC-SA 4.0" in str(file["licence"])


@pytest.mark.parametrize(
    ("values", "shown"), [(775, len(MEASURES)), (967, len(MEASURES)), (1223, MEASURED), (1415, MEASURED)]
)
def test_of_a_usual_that_another_encoder_or_network_heard_what_means_the_same_is_kept(values: int, shown: int) -> None:
    owner = after(PRIOR, utterances(50, mean=2.0))
    old = np.concatenate([[owner.count, 0], owner.mean[:values], owner.variance[:values]]).astype("<f4").tobytes()
    kept = Baseline.from_bytes(old, PRIOR)
    np.testing.assert_array_equal(kept.mean[:shown], owner.mean[:shown])
    np.testing.assert_array_equal(kept.mean[shown:], PRIOR.mean[shown:])
    assert kept.count == 0
    assert after(kept, utterances(20, mean=2.0)).mean[shown:].mean() > 1.5
