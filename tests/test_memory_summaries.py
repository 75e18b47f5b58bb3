"""Days that are over are summed up in the owner's own sentences; a summary lives no longer than what it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from companion.memory import diary, digest, episodes, export, facts, forget, importing, store, summaries
from companion.memory.dates import EVER
from companion.memory.diary import Diary
from companion.memory.digest import Turn
from companion.memory.episodes import Episode
from companion.memory.feelings import Feeling
from companion.memory.store import Store
from companion.memory.summaries import Summary
from tests.test_memory_talk import Talks

MINUTE, DAY = 60_000, 86_400_000
MORNING = round(datetime(2026, 11, 20, 9).timestamp() * 1000)

A_DAY = (
    "Hello there.",
    "I start at the bakery on the corner tomorrow.",
    "What do you think of that?",
    "My brother Jun moved to Busan last week.",
    "Yes.",
    "The baker said my sourdough is the best he ever tasted.",
    "It rained a little.",
    "I baked bread again, as usual.",
    "I am tired.",
)
KOREAN_DAY = (
    "안녕.",
    "내일부터 빵집에서 일을 시작해.",
    "오빠가 지난주에 부산으로 이사했어.",
    "뭐 하고 있어?",
    "새 빵집은 한강 바로 옆에 있어.",
    "비가 조금 왔어.",
)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    made = store.create(tmp_path / "m.db", bytearray(32))
    yield made
    made.close()


def live(kept: Store, *said: str, start: int = MORNING, language: str = "en", **fields) -> list[int]:
    session = episodes.begin_session(kept, start, language)
    return [
        episodes.save(kept, Episode(session, n, start + n * MINUTE, words, language, **fields))
        for n, words in enumerate(said)
    ]


def sum_up(kept: Store, now: int = MORNING + DAY) -> list[Summary]:
    book = Diary(kept)
    while book.write(now):
        pass
    return summaries.between(kept, *EVER)


# --- what is chosen --------------------------------------------------------------------------------------------------


def test_words_that_no_summary_should_read_back_are_left_out(kept: Store) -> None:
    live(kept, *A_DAY)
    (whole,) = sum_up(kept)
    dark = whole.text.split(diary.CUT)[0]
    for summary in summaries.between(kept, *EVER):
        kept.execute("DELETE FROM summaries WHERE id = ?", (summary.id,))
    book = Diary(kept, unfit=lambda said: dark in said)
    while book.write(MORNING + DAY):
        pass
    assert all(dark not in summary.text for summary in summaries.between(kept, *EVER))


def test_every_sentence_of_a_summary_was_said_letter_for_letter_in_one_of_its_episodes(kept: Store) -> None:
    live(kept, *A_DAY)
    (summary,) = sum_up(kept)
    sources = [episode.said for episode in episodes.by_ids(kept, summary.sources)]
    told = summary.text.split(diary.CUT)
    assert len(told) == digest.MOST
    assert all(any(sentence in said for said in sources) for sentence in told)
    assert all(any(sentence in said for sentence in told) for said in sources), "no source without a sentence"


def test_what_tells_most_is_chosen_and_greetings_and_questions_are_not(kept: Store) -> None:
    live(kept, *A_DAY)
    (summary,) = sum_up(kept)
    assert "bakery" in summary.text
    assert "sourdough" in summary.text
    assert not any(words in summary.text for words in ("Hello", "What do you think", "rained"))
    assert (summary.starts, summary.ends) == diary.day_of(MORNING)


def test_it_works_in_korean(kept: Store) -> None:
    live(kept, *KOREAN_DAY, language="ko")
    (summary,) = sum_up(kept)
    assert summary.language == "ko"
    assert "빵집에서 일을 시작해" in summary.text
    assert "뭐 하고" not in summary.text


def test_what_another_person_said_is_no_part_of_it(kept: Store) -> None:
    live(kept, *A_DAY)
    live(kept, "I sold the lighthouse by the harbour.", start=MORNING + 60 * MINUTE, person="Anna")
    (summary,) = sum_up(kept)
    assert "lighthouse" not in summary.text


def test_the_same_is_not_told_twice() -> None:
    turns = [Turn(n, said) for n, said in enumerate(["I baked bread.", "I baked bread!", "I bought a red bicycle."])]
    among = digest.telling(turns)
    assert [sentence.text for sentence in among] == ["I baked bread", "I bought a red bicycle"]
    even = dict.fromkeys({term for sentence in among for term in sentence.terms}, 1.0)
    again = digest.Sentence(9, "Bread, I baked", among[0].terms, among[0].weight)
    assert digest.choose([among[0], again, among[1]], even, most=2) == among


def test_what_was_said_with_feeling_comes_first() -> None:
    among = digest.telling([Turn(1, "The bread was fresh."), Turn(2, "The milk was cold.", felt=0.9)])
    even = dict.fromkeys({term for sentence in among for term in sentence.terms}, 1.0)
    assert [sentence.episode for sentence in digest.choose(among, even, most=1)] == [2]


# --- when ------------------------------------------------------------------------------------------------------------


def test_a_day_that_goes_on_is_not_summed_up(kept: Store) -> None:
    live(kept, *A_DAY)
    assert sum_up(kept, now=MORNING + 60 * MINUTE) == []
    assert len(sum_up(kept)) == 1


def test_a_day_on_which_little_was_said_has_no_summary(kept: Store) -> None:
    live(kept, "Hello there.", "I baked fresh bread.", "Good night.")
    assert sum_up(kept) == []


def test_a_quiet_moment_takes_one_day_the_latest_first(kept: Store) -> None:
    for days in range(3):
        live(kept, *A_DAY, start=MORNING + days * DAY)
    book = Diary(kept)
    assert book.write(MORNING + 3 * DAY)
    (first,) = summaries.between(kept, *EVER)
    assert first.starts == diary.day_of(MORNING + 2 * DAY)[0]
    assert [book.write(MORNING + 3 * DAY) for _ in range(3)] == [True, True, False]
    assert len(summaries.between(kept, *EVER)) == 3


def test_what_is_summed_up_is_not_summed_up_again(kept: Store) -> None:
    live(kept, *A_DAY)
    assert sum_up(kept) == sum_up(kept)


# --- erasure ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("position", range(digest.MOST))
def test_with_any_of_its_episodes_it_goes_and_is_made_anew_without_it(kept: Store, position: int) -> None:
    live(kept, *A_DAY)
    book = Diary(kept)
    while book.write(MORNING + DAY):
        pass
    (before,) = summaries.between(kept, *EVER)
    gone = before.sources[position]
    said = episodes.get(kept, gone).said
    forget.forget(kept, forget.by_ids(kept, [f"e{gone}"]), now=0)
    assert summaries.between(kept, *EVER) == []
    while book.write(MORNING + DAY):
        pass
    (after,) = summaries.between(kept, *EVER)
    assert gone not in after.sources
    assert not any(sentence.strip(".") in said for sentence in after.text.split(diary.CUT))


def test_with_words_that_were_put_right_it_is_made_anew(kept: Store) -> None:
    live(kept, *A_DAY)
    (before,) = sum_up(kept)
    wrong = next(id_ for id_ in before.sources if "sourdough" in episodes.get(kept, id_).said)
    episodes.correct(kept, wrong, "The baker said my rye bread is the best he ever tasted.")
    (after,) = sum_up(kept)
    assert "sourdough" not in after.text


def test_a_name_that_is_forgotten_is_in_no_summary_made_before_or_after(kept: Store) -> None:
    live(kept, *A_DAY)
    assert "Jun" in "".join(summary.text for summary in sum_up(kept))
    forget.forget(kept, forget.by_person(kept, "Jun"), now=0)
    assert "Jun" not in "".join(summary.text for summary in sum_up(kept))


def test_an_export_takes_summaries_along_with_their_provenance(kept: Store, tmp_path: Path) -> None:
    live(kept, *A_DAY)
    made = sum_up(kept)
    export.export(kept, tmp_path / "all.zip", 0, plain=True)
    other = store.create(tmp_path / "other.db", bytearray(32))
    importing.restore(other, importing.read(tmp_path / "all.zip"))
    assert summaries.between(other, *EVER) == made


# --- in a talk -------------------------------------------------------------------------------------------------------


def test_asked_what_a_day_was_about_the_memory_tells_it_and_invents_nothing(tmp_path: Path) -> None:
    talks = Talks(tmp_path, "en")
    for words in A_DAY:
        talks.say(words)
    talks.begin(days_later=1)
    talks.keeper.after_turn()
    (summary,) = summaries.between(talks.keeper.store, *EVER)
    for question in ("What did we talk about yesterday?", "How was my day yesterday?", "What happened yesterday?"):
        answer = talks.recall(question).answer
        assert answer.startswith("You said, yesterday: ")
        assert all(sentence in answer for sentence in summary.text.split(diary.CUT))
    assert talks.recall("What did I bake yesterday?").items[0].kind != "summary"
    talks.keeper.close()


def test_asked_in_korean_too(tmp_path: Path) -> None:
    talks = Talks(tmp_path, "ko")
    for words in KOREAN_DAY:
        talks.say(words)
    talks.begin(days_later=1)
    assert "빵집에서 일을 시작해" in talks.recall("어제 우리 무슨 얘기 했지?").answer
    talks.keeper.close()


def test_a_summary_proves_no_fact(tmp_path: Path) -> None:
    talks = Talks(tmp_path, "en")
    for words in A_DAY:
        talks.say(words)
    before = facts.known(talks.keeper.store, talks.now)
    talks.begin(days_later=1)
    talks.keeper.after_turn()
    assert facts.known(talks.keeper.store, talks.now) == before
    talks.keeper.close()


def test_strong_feelings_are_taken_from_what_was_felt_in_the_turn(kept: Store) -> None:
    session = episodes.begin_session(kept, MORNING, "en")
    for n, words in enumerate(
        ["I bought green shoes.", "I lost grey gloves.", "I saw blue birds.", "I ate red apples."]
    ):
        felt = [Feeling(MORNING, -0.9, 0.5, "words", 1.0)] if "gloves" in words else []
        episodes.save(kept, Episode(session, n, MORNING + n * MINUTE, words, "en"), felt)
    (summary,) = sum_up(kept)
    assert "gloves" in summary.text
