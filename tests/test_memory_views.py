"""What the owner sees of the memory: for people in words and local time, for scripts as JSON."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from companion.apps import memory_acts, memory_views
from companion.apps.cli import Places
from companion.apps.memory_tables import counted
from companion.apps.unlock import create_memory, open_memory
from companion.errors import CompanionError
from companion.memory import episodes, facts, summaries
from companion.memory.episodes import Episode
from companion.memory.facts import Fact
from companion.memory.feelings import Feeling
from companion.memory.summaries import Summary
from companion.settings import Settings, save

AT = round(datetime(2026, 11, 20, 9, 5).timestamp() * 1000)
NEXT_WEEK = ("2026-11-27", None)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A memory of one turn, and all that was made from it."""
    monkeypatch.setenv("COLUMNS", "160")
    made = Places(tmp_path / "home", tmp_path, key_file=tmp_path / "key")
    memory = create_memory(made.home, made.unlock)
    session = episodes.begin_session(memory.store, AT, "en")
    said = "I live in Ulm with Jun."
    felt = [Feeling(AT, 0.5, -0.25, "both", 0.8, emotion="calm")]
    id_ = episodes.save(memory.store, Episode(session, 1, AT, said, "en", "How nice.", interrupted=True), felt)
    facts.save(memory.store, Fact("lives in Ulm", id_, (0, 13), valid_from=AT, key="owner.lives_in", sensitive=True))
    summaries.save(memory.store, Summary(AT, AT + 1, said, "en", (id_,)))
    memory.close()
    return made


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return re.sub(r"\s+", " ", capsys.readouterr().out)


def printed_json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_the_list_shows_what_was_said_summed_up_and_learned(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    memory_views.listing(places, 30, None, None, as_json=False)
    shown = printed(capsys)
    for part in ("e1", "s1", "f1", "2026-11-20 09:05", "I live in Ulm with Jun.", "lives in Ulm", "said so, sensitive"):
        assert part in shown


def test_a_list_of_another_time_shows_nothing_of_this(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    memory_views.listing(places, 30, *NEXT_WEEK, as_json=False)
    assert printed(capsys).strip() == "Nothing is remembered of then."
    memory_views.listing(places, 30, *NEXT_WEEK, as_json=True)
    assert printed_json(capsys) == {"episodes": [], "facts": [], "summaries": []}


@pytest.mark.parametrize(
    ("item", "parts"),
    [
        ("e1", ("2026-11-20 09:05", "How nice. (interrupted)", "f1 lives in Ulm", "m1 calm, valence +0.50")),
        ("f1", ("lives in Ulm", "“I live in Ulm”, in e1", "100% sure", "2026-11-20 09:05", "sensitive")),
        ("m1", ("calm, valence +0.50, arousal -0.25 (from both)", "e1")),
        ("s1", ("2026-11-20", "I live in Ulm with Jun.", "e1", "f1 lives in Ulm")),
    ],
)
def test_each_thing_is_shown_whole_in_words_and_local_time(
    places: Places, capsys: pytest.CaptureFixture[str], item: str, parts: tuple[str, ...]
) -> None:
    memory_views.show(places, item, as_json=False)
    shown = printed(capsys)
    for part in parts:
        assert part in shown
    assert str(AT) not in shown, "no raw milliseconds"


@pytest.mark.parametrize(("item", "field"), [("e1", "started"), ("f1", "valid_from"), ("m1", "at"), ("s1", "starts")])
def test_scripts_get_the_exact_moments(
    places: Places, capsys: pytest.CaptureFixture[str], item: str, field: str
) -> None:
    memory_views.show(places, item, as_json=True)
    record = printed_json(capsys)
    assert record["id"] == item
    assert record[field] == AT


@pytest.mark.parametrize("item", ["e9", "f9", "m9", "s9", "x1", "fish"])
def test_what_is_not_there_is_said_in_one_line(places: Places, item: str) -> None:
    with pytest.raises(CompanionError) as raised:
        memory_views.show(places, item, as_json=False)
    assert "\n" not in str(raised.value)


def test_statistics_count_in_words_and_to_the_minute(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    memory_views.stats(places, as_json=False)
    shown = printed(capsys)
    assert "1 session, 1 episode, 1 fact, 1 feeling, 1 summary" in shown
    assert "since 2026-11-20 09:05" in shown
    memory_views.stats(places, as_json=True)
    assert printed_json(capsys)["since"] == datetime(2026, 11, 20, 9, 5).astimezone().isoformat(timespec="seconds")


def test_a_dry_run_counts_in_words(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = memory_acts.Chosen(person="Jun")
    memory_acts.forget(places, chosen, deep=False, dry_run=True, yes=False, as_json=False)
    assert "This would go: 1 episode, 1 fact, 1 feeling, 1 summary." in printed(capsys)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"episodes": 1, "facts": 0, "summaries": 2}, "1 episode, 2 summaries"),
        ({"replies": 1, "profile": 3}, "1 reply, 3 things learned"),
        ({"keyslots": 1, "files": 3, "keyring entries": 1}, "1 keyslot, 3 files, 1 keyring entry"),
        ({}, ""),
    ],
)
def test_one_is_not_many(counts: dict[str, int], words: str) -> None:
    assert counted(counts) == words


def test_a_search_of_a_day_finds_its_summary(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    memory_views.search(places, "what did I say on 20 November 2026?", 5, as_json=True)
    assert [item["id"] for item in printed_json(capsys)["items"]] == ["s1", "e1"]


def test_the_timeline_is_a_row_a_day_and_a_week(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    memory_views.timeline(places, None, None, as_json=True)
    shown = printed_json(capsys)
    assert [mood["from"] for mood in shown["days"]] == ["2026-11-20"]
    assert [mood["from"] for mood in shown["weeks"]] == ["2026-11-16"], "a Monday"


def talk(places: Places, minutes: list[float]) -> None:
    """Turns that began so many minutes after `AT`, in one session."""
    with open_memory(places.home, places.unlock) as memory:
        session = episodes.begin_session(memory.store, AT, "en")
        for turn, minute in enumerate(minutes):
            episodes.save(memory.store, Episode(session, turn, AT + round(minute * 60_000), "Hm.", "en"))


def test_usage_is_days_turns_and_minutes_and_nothing_else(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    talk(places, [0, 0.5, 1, 24 * 60])
    memory_views.usage(places, None, None, as_json=True)
    assert printed_json(capsys) == {
        "days": [
            {"day": "2026-11-20", "turns": 4, "minutes": 2.2},  # 0.25 of the turn that was there, 0.5, 0.5, 1
            {"day": "2026-11-21", "turns": 1, "minutes": 0.2},
        ]
    }
    memory_views.usage(places, *NEXT_WEEK, as_json=True)
    assert printed_json(capsys) == {"days": []}


def test_a_pause_of_hours_is_no_talk(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    talk(places, [0, 600])
    memory_views.usage(places, None, None, as_json=True)
    assert printed_json(capsys)["days"][0]["minutes"] < 2


def test_usage_is_a_picture_in_the_owners_language(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    save(places.home, Settings(language="ko"))
    memory_views.usage(places, None, None, as_json=False)
    shown = printed(capsys)
    assert "이야기를 나눈 날" in shown
    assert "2026-11-20" in shown
    assert "█" in shown
