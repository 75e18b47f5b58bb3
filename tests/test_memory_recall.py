"""Recall: the right moment comes back, in English and Korean, and nothing where nothing is meant."""

from __future__ import annotations

import os
import zlib
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from companion.memory import bench, dates, embedding, episodes, facts, forget, locomo, store
from companion.memory import index as index_module
from companion.memory.embedding import DIMENSIONS, Vector, open_embedder
from companion.memory.episodes import Episode
from companion.memory.facts import Fact
from companion.memory.feelings import Feeling
from companion.memory.index import EpisodeIndex
from companion.memory.recall import Recall
from companion.memory.store import Store
from companion.settings import default_models

DAY = 86_400_000
NOW = datetime(2026, 11, 23, 15, 30)  # a Monday
NOW_MS = int((NOW - datetime(1970, 1, 1)).total_seconds() * 1000)
LOCOMO = Path(__file__).parents[2] / "shared" / "data" / "text" / "locomo"


class BagOfWords:
    """Vectors without a model: every word a fixed random direction, synonyms the same one."""

    id = "bag-of-words"
    same: ClassVar = {"dog": "puppy"}

    def question(self, text: str) -> Vector:
        total = np.zeros(DIMENSIONS)
        for word in text.lower().replace("?", "").split():
            seed = zlib.crc32(self.same.get(word, word).encode())
            total += np.random.default_rng(seed).standard_normal(DIMENSIONS)
        return (total / max(np.linalg.norm(total), 1e-9)).astype(np.float32)

    passage = question


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    return store.create(tmp_path / "m.db", bytearray(32))


def talk(kept: Store, *turns: str, days_ago: float = 1, **fields) -> list[int]:
    began = NOW_MS - int(days_ago * DAY)
    session = episodes.begin_session(kept, began, "en")
    return [
        episodes.save(kept, Episode(session, n, began + n * 1000, said, "en", **fields)) for n, said in enumerate(turns)
    ]


def found(recall: Recall, question: str, **options) -> list[int]:
    return [item.id for item in recall.recall(question, NOW_MS, **options).items if item.kind == "episode"]


SMALL_TALK = [f"we talked about the weather and lunch number {n}" for n in range(60)]

# --- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("I adopted a greyhound from the shelter", "what dog did I adopt? a greyhound?"),
        ("We hiked up Hallasan with Jun", "when did we go hiking on Hallasan"),
        ("내 동생은 부산에서 치과의사로 일해", "동생이 하는 일이 뭐였지?"),
        ("주말에 한라산을 등산했어", "한라산에 언제 갔더라"),
        ("민수가 결혼식 날짜를 정했대", "민수는 결혼식을 언제 해?"),
        ("새로 산 블루투스스피커가 고장났어", "스피커가 왜 고장났지"),
    ],
)
def test_the_moment_that_is_asked_for_comes_first(kept: Store, said: str, question: str) -> None:
    talk(kept, *SMALL_TALK[:30])
    (wanted,) = talk(kept, said)
    talk(kept, *SMALL_TALK[30:])
    assert found(Recall(kept), question)[0] == wanted


@pytest.mark.parametrize("text", ["hello there", "yes I think so", "what do you mean", "응 그래", "뭐라고?", "", "?!"])
def test_where_nothing_is_meant_nothing_comes_back(kept: Store, text: str) -> None:
    talk(kept, *SMALL_TALK, "오늘 점심은 김밥이었어")
    assert Recall(kept).recall(text, NOW_MS).items == ()


def test_an_empty_memory_recalls_nothing(kept: Store) -> None:
    assert Recall(kept, BagOfWords()).recall("what did I say about Busan", NOW_MS).items == ()


def test_an_answer_beside_its_question_comes_along(kept: Store) -> None:
    turns = talk(kept, "where did the violin come from", "my grandfather brought it from Cremona", *SMALL_TALK)
    assert found(Recall(kept), "where is the violin from")[:2] in ([turns[0], turns[1]], [turns[1], turns[0]])


def test_what_was_said_in_another_session_is_no_neighbour(kept: Store) -> None:
    talk(kept, "the violin is old")
    (next_day,) = talk(kept, "I had soup")
    talk(kept, *SMALL_TALK)
    assert next_day not in found(Recall(kept), "how old is the violin")


def test_the_day_that_is_named_decides_between_equals(kept: Store) -> None:
    (march,) = talk(kept, "I went swimming in the lake", days_ago=250)
    (yesterday,) = talk(kept, "I went swimming in the lake", days_ago=1)
    recall = Recall(kept)
    assert found(recall, "where did I go swimming in March 2026")[0] == march
    assert found(recall, "where did I go swimming yesterday")[0] == yesterday


def test_the_one_who_is_named_is_heard_first_and_another_one_raises_doubt(kept: Store) -> None:
    (anna,) = talk(kept, "I painted a sunrise over the lake", person="Anna")
    (ben,) = talk(kept, "I painted a horse, look at the painting", person="Ben")
    talk(kept, "I ran a charity marathon for the hospital", person="Ben")
    talk(kept, *SMALL_TALK)
    recall = Recall(kept)
    assert found(recall, "what did Anna paint")[0] == anna
    assert found(recall, "what did Ben paint")[0] == ben
    assert not recall.recall("what did Ben paint", NOW_MS).doubtful
    assert recall.recall("when did Anna run the charity marathon for the hospital", NOW_MS).doubtful


def test_of_equals_the_more_recent_and_the_more_deeply_felt_come_first(kept: Store) -> None:
    (old,) = talk(kept, "the piano was tuned", days_ago=300)
    (new,) = talk(kept, "the piano was tuned", days_ago=2)
    assert found(Recall(kept), "was the piano tuned")[:2] == [new, old]
    session = episodes.begin_session(kept, NOW_MS, "en")
    began = NOW_MS - 2 * DAY
    moved = episodes.save(
        kept,
        Episode(session, 0, began, "the piano was tuned", "en"),
        [Feeling(began, valence=-0.9, arousal=0.5, modality="voice", confidence=1.0)],
    )
    assert found(Recall(kept), "was the piano tuned")[0] == moved


def test_meaning_finds_what_no_word_shares(kept: Store) -> None:
    (wanted,) = talk(kept, "puppy")
    talk(kept, *SMALL_TALK)
    recall = Recall(kept, BagOfWords())
    assert found(recall, "dog") == []
    assert recall.embed_new(limit=1000) == 61
    assert recall.embed_new() == 0
    assert found(recall, "dog")[0] == wanted


def test_what_is_saved_while_the_search_is_open_is_found(kept: Store) -> None:
    recall = Recall(kept, BagOfWords())
    talk(kept, *SMALL_TALK)
    assert found(recall, "the lighthouse") == []
    (new,) = talk(kept, "we saw the lighthouse")
    assert found(recall, "the lighthouse")[0] == new
    recall.embed_new(limit=1000)
    assert found(recall, "the lighthouse")[0] == new


def test_what_is_forgotten_is_gone_from_the_open_search_too(kept: Store) -> None:
    recall = Recall(kept, BagOfWords())
    (gone,) = talk(kept, "puppy")
    talk(kept, *SMALL_TALK)
    recall.embed_new(limit=1000)
    assert gone in found(recall, "dog")
    forget.forget(kept, forget.by_ids(kept, [f"e{gone}"]), now=0)
    assert gone not in found(recall, "dog")
    assert gone not in recall._index.ids


def test_recalling_writes_nothing(kept: Store) -> None:
    talk(kept, *SMALL_TALK)
    recall = Recall(kept)
    before = kept._connection.total_changes
    recall.recall("what about lunch number 7", NOW_MS)
    assert kept._connection.total_changes == before


# --- facts -----------------------------------------------------------------------------------------------------------


def test_a_fact_comes_before_the_talk_about_it(kept: Store) -> None:
    (anna,) = talk(kept, "my sister Anna is a dentist", days_ago=3)
    talk(kept, *SMALL_TALK)
    id_ = facts.save(kept, Fact("Anna is the owner's sister, a dentist", anna, (0, 14), valid_from=0, person="Anna"))
    items = Recall(kept).recall("who is Anna", NOW_MS).items
    assert [(item.kind, item.id) for item in items[:2]] == [("fact", id_), ("episode", anna)]
    assert all(item.kind == "episode" for item in Recall(kept).recall("lunch number 7", NOW_MS).items)


def test_a_korean_fact_is_found_whatever_particle_follows(kept: Store) -> None:
    (said,) = talk(kept, "우리 언니 이름은 지은이야")
    id_ = facts.save(kept, Fact("언니의 이름은 지은이다", said, (0, 5), valid_from=0))
    assert Recall(kept).recall("언니가 누구였지", NOW_MS).items[0].id == id_


def test_what_is_no_longer_true_or_has_expired_is_not_recalled_as_true(kept: Store) -> None:
    (said,) = talk(kept, "I live in Busan")
    facts.save(kept, Fact("lives in Busan", said, (0, 5), valid_from=0, valid_to=NOW_MS - 1))
    facts.save(kept, Fact("visits Busan", said, (0, 5), valid_from=0, expires=NOW_MS))
    facts.save(kept, Fact("will leave Busan", said, (0, 5), valid_from=NOW_MS + DAY))
    assert not [i for i in Recall(kept).recall("Busan", NOW_MS).items if i.kind == "fact"]


# --- the parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("what did I do yesterday", (2026, 11, 22), (2026, 11, 23)),
        ("어제 뭐 했지", (2026, 11, 22), (2026, 11, 23)),
        ("last week", (2026, 11, 16), (2026, 11, 23)),
        ("지난주에 누구 만났지", (2026, 11, 16), (2026, 11, 23)),
        ("in May 2023", (2023, 5, 1), (2023, 6, 1)),
        ("on 8 May, 2023", (2023, 5, 8), (2023, 5, 9)),
        ("on December 31st, 2022", (2022, 12, 31), (2023, 1, 1)),
        ("2023년 5월 8일에", (2023, 5, 8), (2023, 5, 9)),
        ("in 2024", (2024, 1, 1), (2025, 1, 1)),
        ("2024년에", (2024, 1, 1), (2025, 1, 1)),
        ("three days ago", (2026, 11, 20), (2026, 11, 21)),
        ("3일 전에", (2026, 11, 20), (2026, 11, 21)),
        ("last month", (2026, 10, 1), (2026, 11, 1)),
        ("작년에", (2025, 1, 1), (2026, 1, 1)),
        ("last Friday", (2026, 11, 20), (2026, 11, 21)),
        ("월요일에", (2026, 11, 16), (2026, 11, 17)),
    ],
)
def test_the_days_that_a_question_names(text: str, start: tuple[int, ...], end: tuple[int, ...]) -> None:
    assert dates.periods(text, NOW) == (dates.Period(datetime(*start), datetime(*end)),)


def test_a_month_without_a_year_may_be_that_of_any_of_the_last_years_and_never_lies_ahead() -> None:
    assert [p.start.year for p in dates.periods("in May", NOW)] == [2023, 2024, 2025, 2026]
    assert [p.start.year for p in dates.periods("12월에", NOW)] == [2023, 2024, 2025]


@pytest.mark.parametrize("text", ["may I ask", "you may be right", "31 February 2023", "march on", "", "2월 31일 2023"])
def test_what_is_no_date_names_no_day(text: str) -> None:
    assert [p for p in dates.periods(text, NOW) if p.start.year == 2023 and p.start.day > 28] == []
    if "may" in text:
        assert dates.periods(text, NOW) == ()


def test_the_shortlist_by_signs_holds_the_nearest(kept: Store) -> None:
    chance = np.random.default_rng(4)
    topics = chance.standard_normal((60, DIMENSIONS))
    vectors = topics[chance.integers(60, size=5000)] + 0.8 * chance.standard_normal((5000, DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    session = episodes.begin_session(kept, 0, "en")
    with kept.transaction():
        for n, vector in enumerate(vectors.astype(np.float32)):
            id_ = episodes.save(kept, Episode(session, n, n, f"turn {n}", "en"))
            kept.execute("INSERT INTO embeddings VALUES (?, 'test', ?)", (id_, embedding.to_bytes(vector)))
    index = EpisodeIndex(kept, "test")
    for asked in topics[:10] / np.linalg.norm(topics[:10], axis=1, keepdims=True):
        exact = set(np.argsort(-(vectors @ asked))[:50].tolist())
        near = set(index.nearest(asked.astype(np.float32), 100).tolist())
        assert len(exact & near) >= 49


def test_an_index_that_grew_is_the_same_as_one_read_anew(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_BATCH", 7)
    recall, grown = Recall(kept, BagOfWords()), EpisodeIndex(kept, BagOfWords.id)
    for turns in (SMALL_TALK[:30], SMALL_TALK[30:45], ["where is my dog?"], SMALL_TALK[45:]):
        talk(kept, *turns)
        grown.refresh()
        recall.embed_new(limit=12)  # the newest: older ones stay behind
        grown.refresh()
    talk(kept, *SMALL_TALK[:9])  # more than a batch without vectors
    grown.refresh()
    anew = EpisodeIndex(kept, BagOfWords.id)
    assert anew.embedded.sum() == 4 * 12 < len(anew)
    for column in ("ids", "session", "started", "person", "asks", "moved", "embedded"):
        assert np.array_equal(getattr(grown, column), getattr(anew, column)), column
    question = BagOfWords().question("my dog")
    assert set(grown.nearest(question, 9).tolist()) == set(anew.nearest(question, 9).tolist())


def test_an_index_that_shrank_is_the_same_as_one_read_anew(kept: Store) -> None:
    recall, shrunk = Recall(kept, BagOfWords()), EpisodeIndex(kept, BagOfWords.id)
    (annas,) = talk(kept, "my dog is called Rex", person="Anna")
    turns = talk(kept, *SMALL_TALK)
    talk(kept, "so is mine", person="Ben")
    recall.embed_new(limit=1000)
    shrunk.refresh()
    forget.forget(kept, forget.by_ids(kept, [f"e{annas}", *(f"e{id_}" for id_ in turns[5:9])]), now=0)
    episodes.correct(kept, turns[20], "where is my dog?")
    shrunk.refresh()
    recall.embed_new()
    talk(kept, "I have a cat", person="Carl")
    shrunk.refresh()
    anew = EpisodeIndex(kept, BagOfWords.id)
    for column in ("ids", "session", "started", "asks", "moved", "embedded"):
        assert np.array_equal(getattr(shrunk, column), getattr(anew, column)), column
    assert set(shrunk.people) == {"", "ben", "carl"}
    assert [shrunk.person[-2], shrunk.person[-1]] == [shrunk.people["ben"], shrunk.people["carl"]]
    assert len(set(shrunk.people.values())) == 3
    question = BagOfWords().question("my dog")
    assert set(shrunk.nearest(question, 9).tolist()) == set(anew.nearest(question, 9).tolist())


def test_without_vectors_what_is_forgotten_is_gone_from_the_search_too(kept: Store) -> None:
    gone, *_ = talk(kept, "the lighthouse", *SMALL_TALK)
    recall = Recall(kept)
    assert gone in found(recall, "the lighthouse")
    forget.forget(kept, forget.by_ids(kept, [f"e{gone}"]), now=0)
    assert found(recall, "the lighthouse") == []


def test_of_a_vector_only_the_signs_stay_in_memory(kept: Store) -> None:
    talk(kept, *SMALL_TALK)
    Recall(kept, BagOfWords()).embed_new(limit=1000)
    arrays = [held for held in vars(EpisodeIndex(kept, BagOfWords.id)).values() if isinstance(held, np.ndarray)]
    assert sum(array.nbytes for array in arrays) <= len(SMALL_TALK) * (2 * DIMENSIONS / 8 + 32)  # with room to grow


def test_the_vector_of_a_forgotten_turn_is_near_nothing(kept: Store) -> None:
    dog, cat = talk(kept, "my dog barks", "my cat sleeps")
    Recall(kept, BagOfWords()).embed_new()
    index = EpisodeIndex(kept, BagOfWords.id)
    kept.execute("DELETE FROM episodes WHERE id = ?", (dog,))  # by another thread, after the index was read
    near = index.cosine(BagOfWords().question("my dog barks"), index.positions(np.array([dog, cat])))
    assert near[0] == 0
    assert near[1] > 0


def test_vectors_of_another_model_are_not_mixed_in(kept: Store) -> None:
    talk(kept, "puppy", *SMALL_TALK)
    Recall(kept, BagOfWords()).embed_new(limit=1000)
    index = EpisodeIndex(kept, "another model")
    assert not index.embedded.any()
    assert len(index.nearest(BagOfWords().question("dog"), 5)) == 0


# --- LoCoMo ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def locomo_folder() -> Path:
    if not LOCOMO.is_dir():
        pytest.skip("needs the LoCoMo conversations in ../shared/data/text/locomo")
    return LOCOMO


def entry(results: list[dict], name: str) -> dict:
    return next(result for result in results if result["name"] == name)


@pytest.mark.slow
def test_without_any_model_recall_is_far_better_than_bm25(locomo_folder: Path) -> None:
    results = bench.retrieval(locomo.load(locomo_folder), None)
    answerable = entry(results, "categories 1-4")
    assert answerable["recall"]["10"] >= 0.78
    assert answerable["recall"]["10"] - answerable["bm25"]["10"] > 0.15
    assert entry(results, "category 5")["unanswerable"] > 4 * answerable["unanswerable"]


@pytest.mark.models
@pytest.mark.slow
def test_with_the_embedding_model_it_is_better_still(locomo_folder: Path) -> None:
    folder = Path(os.environ.get("COMPANION_MODELS", default_models())) / "all-minilm-l6-v2"
    if not (folder / "model.onnx").is_file():
        pytest.skip(f"needs the embedding model in {folder}")
    embedder = open_embedder("minilm", "all-minilm-l6-v2", folder)
    assert entry(bench.retrieval(locomo.load(locomo_folder), embedder), "categories 1-4")["recall"]["10"] >= 0.80


def test_a_conversation_is_read_without_its_annotations(locomo_folder: Path, kept: Store) -> None:
    conversation = locomo.load(locomo_folder)[0]
    turns = locomo.fill(kept, conversation)
    assert len(turns) == sum(len(spoken) for _, spoken in conversation.sessions)
    assert len(set(turns.values())) == len(turns)
    assert all(question.evidence <= set(turns.values()) for question in conversation.questions)


def test_the_scale_bench_measures_what_it_says(tmp_path: Path) -> None:
    result = bench.scale(500, tmp_path, BagOfWords(), searches=5)
    assert result["episodes"] == 500
    assert result["file_mb"] > 0.2
    assert set(result) == {"episodes", "recall_ms", "save_ms", "file_mb"}
