"""`companion memory profile`: what was learned is shown, put right and unlearned one by one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from companion.affect import tone
from companion.affect.senses import Senses
from companion.apps.cli import app
from companion.apps.remember import TalkMemory
from companion.apps.unlock import Unlock, create_memory
from companion.dialogue.strategy.owner import TASTES
from companion.errors import CompanionError
from companion.events import Affect
from companion.parts import VOICE

runner = CliRunner()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A memory that has learned something, opened by a key file."""
    (tmp_path / "passphrase").write_text("correct horse battery\n")
    vault = create_memory(tmp_path, Unlock(passphrase_file=tmp_path / "passphrase"))
    memory = TalkMemory(vault, "en", "tiny")
    memory.learn(TASTES, {"presence": [4.0, 1.0], "gentle": [2.0, 0.5]})
    memory.learn("answer.1", {"text": "It was a hard day.", "liked": False, "strategy": "reflection", "style": "calm"})
    memory.learn("answer.2", {"text": "I see.", "liked": True, "strategy": "presence", "style": "gentle"})
    memory.learn("pace", 0.9)
    memory.learn("words", {"brilliant": 4, "lovely": 1})
    memory.learn(VOICE, Senses("en", head=tone.load()).record())
    memory.save("It was a hard day.", "I see.", 1.0, affect=Affect(-0.6, -0.2, "sad", {}, 0.8, None, None, {}, 0.0))
    memory.close()
    return tmp_path


def shown(home: Path) -> str:
    """The page for people."""
    options = ["--home", str(home), "--passphrase-file", str(home / "passphrase"), "memory", "profile"]
    result = runner.invoke(app, options, env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    return result.output


def profile(home: Path, *options: str) -> dict[str, dict[str, object]]:
    result = runner.invoke(
        app, ["--home", str(home), "--passphrase-file", str(home / "passphrase"), "memory", "profile", *options]
    )
    if isinstance(result.exception, CompanionError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in options else {}


def test_all_that_was_learned_is_shown(home: Path) -> None:
    learned = profile(home, "--json")
    assert learned[TASTES]["presence"] == [4.0, 1.0]
    assert learned[VOICE].keys() >= {"utterances", "pitch", "rate"}
    assert learned["mood"]["valence"] < 0


def test_one_thing_is_unlearned_and_the_rest_stays(home: Path) -> None:
    profile(home, "--reset", "presence")
    assert list(profile(home, "--json")[TASTES]) == ["gentle"]
    profile(home, "--reset", VOICE)
    assert VOICE not in profile(home, "--json")


def test_the_owners_word_counts_more_than_what_was_guessed(home: Path) -> None:
    profile(home, "--dislikes", "presence")
    helped, not_ = profile(home, "--json")[TASTES]["presence"]
    assert helped < not_


def test_answers_and_wishes_are_shown_with_the_names_by_which_they_are_unlearned(home: Path) -> None:
    page = shown(home)
    for part in ("answer.1", "not again", "It was a hard day.", "pace", "0.9", "brilliant 4"):
        assert part in page


@pytest.mark.parametrize("name", ["answer.1", "pace", "words"])
def test_every_answer_and_wish_is_unlearned_by_itself(home: Path, name: str) -> None:
    before = profile(home, "--json")
    profile(home, "--reset", name)
    assert profile(home, "--json") == {key: value for key, value in before.items() if key != name}


def test_one_word_is_unlearned_and_the_others_stay(home: Path) -> None:
    profile(home, "--reset", "brilliant")
    assert profile(home, "--json")["words"] == {"lovely": 1}


def test_a_judged_answer_goes_with_the_turn_in_which_it_was_given(home: Path) -> None:
    command = ["--home", str(home), "--passphrase-file", str(home / "passphrase"), "memory", "forget", "e1", "--yes"]
    assert runner.invoke(app, command).exit_code == 0
    left = profile(home, "--json")
    assert "answer.2" not in left, "the answer of this turn"
    assert "answer.1" in left


@pytest.mark.parametrize("option", ["--reset", "--likes"])
def test_what_does_not_exist_is_named(home: Path, option: str) -> None:
    with pytest.raises(CompanionError, match="nonsense"):
        profile(home, option, "nonsense")


def test_the_mood_goes_with_the_feelings_it_was_made_of(home: Path) -> None:
    command = ["--home", str(home), "--passphrase-file", str(home / "passphrase"), "memory", "forget", "--search"]
    assert runner.invoke(app, [*command, "hard day", "--yes"]).exit_code == 0
    assert "mood" not in profile(home, "--json")
