"""The fitting of heads and the figures about them, on data whose answer is known; the bench on real recordings."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from companion import settings
from companion.affect import fitting
from companion.apps import bench_voice, voice_corpus
from companion.apps.augment import coloured_noise, in_room, with_noise
from companion.apps.voice_corpus import Corpus
from companion.errors import CompanionError
from companion.events import SAMPLE_RATE
from tests import real

RANDOM = np.random.default_rng(5)


def classes(count: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Two clouds, `apart` deviations from each other, nine of the first to one of the second."""
    names = np.array(["calm"] * (9 * count) + ["loud"] * count)
    values = RANDOM.normal(0, 1, (10 * count, 12)).astype(np.float32)
    values[names == "loud", 0] += apart
    return values, names


def test_what_is_far_apart_is_told_apart_also_when_it_is_rare() -> None:
    values, names = classes(60, apart=6)
    head = fitting.fit(values, names, np.full(len(names), "a"), strength=1.0)
    named = np.array(head.classes)[head.logits(values).argmax(axis=1)]
    assert fitting.recall(names, named) > 0.98


def test_a_column_of_huge_numbers_does_not_keep_the_others_from_counting() -> None:
    values, names = classes(60, apart=6)
    values[:, 5] *= 1000
    head = fitting.fit(values, names, np.full(len(names), "a"), strength=1.0)
    named = np.array(head.classes)[head.logits(values).argmax(axis=1)]
    assert fitting.recall(names, named) > 0.98


def test_every_class_of_every_corpus_weighs_the_same() -> None:
    weights = fitting.balanced(np.array(["x", "x", "x", "y", "x"]), np.array(["a", "a", "a", "a", "b"]))
    assert weights.tolist() == pytest.approx([5 / 9] * 3 + [5 / 3] * 2)


def test_recall_counts_rare_tones_as_much_as_frequent_ones() -> None:
    truth = np.array(["calm"] * 9 + ["loud"])
    assert fitting.recall(truth, np.array(["calm"] * 10)) == 0.5


def test_a_head_that_is_too_sure_gets_a_temperature_above_one() -> None:
    truth = RANDOM.integers(0, 2, 400)
    seen = np.where(RANDOM.random(400) < 0.75, truth, 1 - truth)
    logits = 10 * np.eye(2, dtype=np.float32)[seen]
    heat = fitting.temperature(logits, truth)
    before, after = (fitting.softmax(logits / t) for t in (1, heat))
    errors = [fitting.calibration_error(p.max(axis=1), p.argmax(axis=1) == truth) for p in (before, after)]
    assert heat > 2
    assert errors[1] < 0.05 < errors[0]


def test_auc_is_the_share_of_pairs_in_order() -> None:
    high = np.array([True, True, False, False])
    assert fitting.auc(np.array([3, 1, 2, 0], np.float32), high) == 0.75
    assert fitting.auc(np.zeros(2, np.float32), np.array([True, True])) is None


def test_noise_is_as_far_below_the_speech_as_asked() -> None:
    voice = np.sin(np.arange(SAMPLE_RATE) * 0.1).astype(np.float32)
    noise = with_noise(voice, coloured_noise(SAMPLE_RATE, 0, RANDOM), 10) - voice
    assert 10 * np.log10((voice**2).mean() / (noise**2).mean()) == pytest.approx(10, abs=0.1)


def test_a_room_goes_on_sounding() -> None:
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[0] = 1
    echo = in_room(click, RANDOM)
    assert echo[0] == pytest.approx(1, abs=1e-3)
    assert 0.1 < np.linalg.norm(echo[1:]) < 0.7


def test_an_utterance_is_never_compared_with_later_ones() -> None:
    values = RANDOM.normal(0, 1, (20, 1415)).astype(np.float32)
    corpus = Corpus("x", "en", values, np.full(20, "neutral"), np.full(20, "one"))
    start = voice_corpus.prior([corpus])
    order = np.random.default_rng(0).permutation(20)
    changed = values.copy()
    changed[order[-1]] += 3
    before = voice_corpus.relative(corpus, start)
    after = voice_corpus.relative(Corpus("x", "en", changed, corpus.tones, corpus.speakers), start)
    np.testing.assert_array_equal(before[order[:-1]], after[order[:-1]])


@pytest.mark.models
def test_given_recordings_meet_the_shipped_head(tmp_path: Path) -> None:
    folder = real.shared("emotion-de-emodb")
    with (folder / "metadata.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["speaker"] == "03"][:24]
    with (tmp_path / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["file", "language", "speaker", "emotion", "transcript"], extrasaction="ignore")
        table.writeheader()
        table.writerows(row | {"file": folder / row["file"]} for row in rows)
    (result,), transfer = bench_voice.run(settings.default_models(), tmp_path)
    assert (result.head, result.n, result.speakers, transfer) == ("shipped", 24, 1, [])
    assert result.uar_causal > 0.5


@pytest.mark.models
def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    real.model_file("tone")
    with pytest.raises(CompanionError, match="no metadata"):
        bench_voice.run(settings.default_models(), tmp_path)


def test_a_matrix_in_bytes_is_the_same_to_a_hundredth_of_the_largest_of_each_row() -> None:
    matrix = (RANDOM.normal(0, 1, (2, 50, 30)) * 10 ** RANDOM.uniform(-4, 2, (2, 50, 1))).astype(np.float32)
    whole, worth = fitting.in_bytes(matrix, axis=-1)
    assert whole.dtype == np.int8
    largest = np.abs(matrix).max(axis=-1, keepdims=True)
    assert (np.abs(whole * worth - matrix) / largest).max() < 0.01
