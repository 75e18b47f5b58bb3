"""Episodes, facts, feelings, profile, summaries: what is kept, and what each promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from companion.memory import episodes, facts, feelings, profile, store, summaries
from companion.memory.episodes import Episode
from companion.memory.errors import StoreError
from companion.memory.facts import Fact
from companion.memory.feelings import Feeling
from companion.memory.store import Store
from companion.memory.summaries import Summary

DAY = 24 * 3600 * 1000


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    return store.create(tmp_path / "m.db", bytearray(32))


def say(kept: Store, said: str, started: int = 0, **fields) -> int:
    session = episodes.begin_session(kept, started, "en")
    return episodes.save(kept, Episode(session, 1, started, said, "en", **fields))


def happy(at: int = 0, **fields) -> Feeling:
    return Feeling(at, valence=0.5, arousal=0.2, modality="voice", confidence=0.8, **fields)


def test_an_episode_is_kept_as_it_was_said_and_heard(kept: Store) -> None:
    session = episodes.begin_session(kept, 5, "ko", "starter")
    episode = Episode(session, 3, 7, "안녕", "ko", "반가워요", interrupted=True, person="Ann", topic="greeting")
    id_ = episodes.save(kept, episode)
    assert episodes.get(kept, id_) == replace(episode, id=id_)
    with pytest.raises(StoreError, match="no episode"):
        episodes.get(kept, id_ + 1)


def test_an_episode_and_its_feeling_are_kept_both_or_neither(kept: Store) -> None:
    session = episodes.begin_session(kept, 0, "en")
    impossible = replace(happy(), valence=7.0)
    with pytest.raises(StoreError):
        episodes.save(kept, Episode(session, 1, 0, "hello", "en"), [happy(), impossible])
    assert episodes.latest(kept) == []
    assert feelings.between(kept, 0, 1) == []
    id_ = episodes.save(kept, Episode(session, 1, 0, "hello", "en"), [happy()])
    assert [f.episode for f in feelings.between(kept, 0, 1)] == [id_]


def test_the_latest_come_first_and_can_be_paged(kept: Store) -> None:
    ids = [say(kept, f"turn {n}", started=n) for n in range(5)]
    assert [e.id for e in episodes.latest(kept, 2)] == [ids[4], ids[3]]
    assert [e.id for e in episodes.latest(kept, 2, before=ids[3])] == [ids[2], ids[1]]
    assert [e.id for e in episodes.between(kept, 1, 3)] == ids[1:3]
    assert [e.id for e in episodes.by_ids(kept, [ids[3], 999, ids[0]])] == [ids[0], ids[3]]


def test_correcting_what_was_misheard_takes_along_what_was_made_of_it(kept: Store) -> None:
    id_ = say(kept, "I live in Bath")
    facts.save(kept, Fact("lives in Bath", id_, (2, 14), valid_from=0))
    summaries.save(kept, Summary(0, 1, "Bath.", "en", (id_,)))
    episodes.correct(kept, id_, "I live in Perth")
    assert episodes.get(kept, id_).said == "I live in Perth"
    assert facts.known(kept, 1) == []
    assert summaries.between(kept, 0, 1) == []
    assert kept.query("SELECT rowid FROM episode_words WHERE episode_words MATCH 'bath'") == []
    kept.check()


# --- facts -----------------------------------------------------------------------------------------------------------


def test_a_fact_is_proven_by_the_owners_exact_words(kept: Store) -> None:
    said = "Well, I moved to Busan last year"
    id_ = say(kept, said)
    span = facts.evidence_in(said, "i moved to busan")
    assert span is not None
    fact = facts.save(kept, Fact("lives in Busan", id_, span, valid_from=0))
    assert facts.why(kept, fact) == "I moved to Busan"


@pytest.mark.parametrize("words", ["I moved to Seoul", "", "moved  to"])
def test_words_that_were_not_said_prove_nothing(words: str) -> None:
    assert facts.evidence_in("Well, I moved to Busan", words) is None


def test_a_fact_without_evidence_or_from_another_mouth_is_refused(kept: Store) -> None:
    own, others = say(kept, "hello"), say(kept, "I live in Rome", person="Guest")
    for fact in (
        Fact("x", own, (0, 6), valid_from=0),
        Fact("x", own, (3, 3), valid_from=0),
        Fact("lives in Rome", others, (0, 5), valid_from=0),
        Fact("x", 999, (0, 1), valid_from=0),
    ):
        with pytest.raises(StoreError, match=r"evidence|prove"):
            facts.save(kept, fact)
    assert facts.known(kept, 1) == []


def test_a_contradiction_closes_the_old_fact_and_keeps_both(kept: Store) -> None:
    first, second = say(kept, "I live in Busan", 0), say(kept, "I live in Seoul", 10 * DAY)
    facts.save(kept, Fact("lives in Busan", first, (0, 15), valid_from=0, key="owner.lives_in"))
    facts.save(kept, Fact("lives in Seoul", second, (0, 15), valid_from=10 * DAY, key="owner.lives_in"))
    assert [f.statement for f in facts.known(kept, 10 * DAY)] == ["lives in Seoul"]
    assert [f.statement for f in facts.known(kept, 5 * DAY)] == ["lives in Busan"]
    assert [f.valid_to for f in facts.known(kept, 11 * DAY, history=True)] == [10 * DAY, None]


def test_what_is_only_inferred_overturns_nothing_until_it_is_confirmed(kept: Store) -> None:
    id_ = say(kept, "the trams in Lisbon are late again")
    facts.save(kept, Fact("lives in Busan", id_, (0, 3), valid_from=0, key="owner.lives_in"))
    guess = facts.save(
        kept, Fact("lives in Lisbon", id_, (0, 20), valid_from=5, key="owner.lives_in", kind="inferred", confidence=0.4)
    )
    assert [f.kind for f in facts.known(kept, 9)] == ["said", "inferred"]
    facts.confirm(kept, guess)
    assert [(f.statement, f.kind, f.confidence) for f in facts.known(kept, 9)] == [("lives in Lisbon", "confirmed", 1)]


def test_the_owners_edit_counts_as_confirmed_and_leaves_nothing_of_the_old_words(kept: Store) -> None:
    id_ = say(kept, "my sister is Anna")
    fact = facts.save(kept, Fact("sister: Zanzibarina", id_, (0, 9), valid_from=0, kind="inferred", person="Anna"))
    edited = facts.edit(kept, fact, statement="sister: Anna")
    assert facts.get(kept, fact) == edited
    assert edited.kind == "confirmed"
    assert kept.query("SELECT rowid FROM fact_words WHERE fact_words MATCH 'zanzibarina'") == []
    with pytest.raises(StoreError, match="cannot be edited"):
        facts.edit(kept, fact, episode=7)


def test_a_fact_can_be_superseded_by_hand(kept: Store) -> None:
    id_ = say(kept, "I like tea, no, coffee")
    tea = facts.save(kept, Fact("likes tea", id_, (0, 10), valid_from=0))
    facts.supersede(kept, tea, Fact("likes coffee", id_, (16, 22), valid_from=4))
    assert [f.statement for f in facts.known(kept, 4)] == ["likes coffee"]


def test_an_expired_fact_is_not_known(kept: Store) -> None:
    id_ = say(kept, "I am in Rome this week")
    facts.save(kept, Fact("is in Rome", id_, (0, 12), valid_from=0, expires=7 * DAY, person="Owner"))
    assert len(facts.known(kept, 7 * DAY - 1, person="owner")) == 1
    assert facts.known(kept, 7 * DAY, history=True) == []


# --- feelings, profile, summaries ------------------------------------------------------------------------------------


def test_the_timeline_weighs_feelings_by_confidence_and_cuts_days_in_local_time(kept: Store) -> None:
    hour = DAY // 24
    feelings.save(kept, Feeling(14 * hour, 1.0, 0.5, "voice", 0.9))
    feelings.save(kept, Feeling(14 * hour, -1.0, 0.5, "words", 0.1))
    feelings.save(kept, Feeling(16 * hour, -0.5, 0.0, "voice", 0.5))  # the next day in Seoul
    days = feelings.timeline(kept, 0, 2 * DAY, DAY, offset=9 * hour)
    assert [(m.start, round(m.valence, 6), m.n) for m in days] == [(-9 * hour, 0.8, 2), (15 * hour, -0.5, 1)]


def test_the_profile_keeps_the_last_value(kept: Store) -> None:
    profile.put(kept, "pitch", {"mean": 120.5}, now=1)
    profile.put(kept, "pitch", {"mean": 121.0}, now=2)
    assert profile.get(kept, "pitch") == {"mean": 121.0}
    assert profile.everything(kept) == {"pitch": {"mean": 121.0}}
    assert profile.drop(kept, "pitch")
    assert profile.get(kept, "pitch", "none") == "none"


def test_a_summary_names_its_sources(kept: Store) -> None:
    ids = (say(kept, "one"), say(kept, "two"))
    id_ = summaries.save(kept, Summary(0, 10, "They counted.", "en", ids))
    assert summaries.between(kept, 9, 20) == [Summary(0, 10, "They counted.", "en", ids, id_)]
    for sources in ((), (999,)):
        with pytest.raises(StoreError):
            summaries.save(kept, Summary(0, 10, "Nothing.", "en", sources))
    assert len(summaries.between(kept, 0, 20)) == 1
