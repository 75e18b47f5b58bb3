"""`companion bench memory`: what the JSON holds, and what it leaves behind."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from companion.apps import bench_memory
from companion.apps.cli import app
from companion.errors import CompanionError
from companion.memory import bench
from tests.test_memory_keys import FakeKeyring

runner = CliRunner()

TURNS = ["I bought a violin from Cremona", "how lovely", "my sister moved to Busan", "the rain stopped"]
ASKED = [
    ("where is the violin from", "4", "['D1:1']"),
    ("who moved to Busan", "4", "['D1:3']"),
    ("what is the name of the dog", "5", "[]"),
]


@pytest.fixture
def conversations(tmp_path: Path) -> Path:
    """One conversation of the shape of LoCoMo, the last question without evidence."""
    folder = tmp_path / "locomo"
    folder.mkdir()
    turns = [{"dia_id": f"D1:{n + 1}", "speaker": "Anna", "text": text} for n, text in enumerate(TURNS)]
    (folder / "1.json").write_text(json.dumps({"session_1": turns, "session_1_date_time": "1:56 pm on 8 May, 2023"}))
    with (folder / "qa.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["conv", "question", "category", "evidence"])
        table.writerows([("1.json", *asked) for asked in ASKED])
    return folder


def measure(tmp_path: Path, *options: str) -> Result:
    """The bench with a small memory, a home of its own and no models."""
    places = ["--home", str(tmp_path / "home"), "--models", str(tmp_path / "models")]
    return runner.invoke(app, [*places, "bench", "memory", "--episodes", "60", *options])


def measured(tmp_path: Path, *options: str) -> dict[str, Any]:
    result = measure(tmp_path, *options, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_json_holds_what_scripts_rely_on(tmp_path: Path, conversations: Path) -> None:
    result = measured(tmp_path, "--data", str(conversations), "--episodes", "40")
    for entry in result["retrieval"]:
        assert set(entry) == {"name", "n", "recall", "bm25", "unanswerable"}
        assert set(entry["recall"]) == set(entry["bm25"]) == {"5", "10", "20"}
    assert [entry["episodes"] for entry in result["scale"]] == [40, 60]
    for entry in result["scale"]:
        assert set(entry) == {"episodes", "recall_ms", "save_ms", "file_mb"}
        assert set(entry["recall_ms"]) == {"p50", "p95"}
    assert result["open_ms"] > 0
    assert result["models"] == {}


def test_evidence_that_came_back_is_counted_and_none_is_no_number(tmp_path: Path, conversations: Path) -> None:
    answerable, four, five = measured(tmp_path, "--data", str(conversations))["retrieval"]
    assert (answerable["name"], answerable["n"], answerable["recall"]["5"]) == ("categories 1-4", 2, 1.0)
    assert four["recall"] == answerable["recall"]
    assert (five["n"], five["recall"]["10"], five["bm25"]["10"], five["unanswerable"]) == (1, None, None, 1.0)


def test_nothing_stays_behind(tmp_path: Path, conversations: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = FakeKeyring(priority=5)
    monkeypatch.setattr("keyring.get_keyring", lambda: keyring)
    assert measured(tmp_path, "--data", str(conversations))["open_keyring_ms"] > 0
    assert keyring.entries == {}
    assert list((tmp_path / "home").iterdir()) == []


def test_people_get_a_table_that_says_how_it_was_found(tmp_path: Path, conversations: Path) -> None:
    result = measure(tmp_path, "--data", str(conversations))
    assert result.exit_code == 0, result.output
    assert "no embedding model is installed" in result.stdout
    assert "by a key file" in result.stdout


def test_without_conversations_the_rest_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_memory, "default_data", lambda: tmp_path)
    result = measure(tmp_path, "--json")
    assert json.loads(result.stdout)["retrieval"] == []
    assert "give a folder with --data" in result.stderr


@pytest.mark.parametrize("damage", ["qa.csv", "1.json"])
def test_what_is_no_conversation_is_one_clear_line(tmp_path: Path, conversations: Path, damage: str) -> None:
    (conversations / damage).unlink()
    result = measure(tmp_path, "--data", str(conversations))
    assert isinstance(result.exception, CompanionError)
    assert str(conversations) in str(result.exception)
    assert "\n" not in str(result.exception)


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    shares: list[float] = []
    bench.scale(30, tmp_path, None, shares.append, searches=1)
    assert shares[-1] == 1
