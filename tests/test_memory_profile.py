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
from companion.conversation import VOICE
from companion.dialogue.reply import TASTES
from companion.errors import CompanionError
from companion.events import Affect

runner = CliRunner()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A memory that has learned something, opened by a key file."""
    (tmp_path / "passphrase").write_text("correct horse battery\n")
    vault = create_memory(tmp_path, Unlock(passphrase_file=tmp_path / "passphrase"))
    memory = TalkMemory(vault, "en", "tiny")
    memory.learn(TASTES, {"presence": [4.0, 1.0], "gentle": [2.0, 0.5]})
    memory.learn(VOICE, Senses("en", head=tone.load()).record())
    memory.save("It was a hard day.", "I see.", 1.0, affect=Affect(-0.6, -0.2, "sad", {}, 0.8, None, None, {}, 0.0))
    memory.close()
    return tmp_path


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


@pytest.mark.parametrize("option", ["--reset", "--likes"])
def test_what_does_not_exist_is_named(home: Path, option: str) -> None:
    with pytest.raises(CompanionError, match="nonsense"):
        profile(home, option, "nonsense")


def test_the_mood_goes_with_the_feelings_it_was_made_of(home: Path) -> None:
    command = ["--home", str(home), "--passphrase-file", str(home / "passphrase"), "memory", "forget", "--search"]
    assert runner.invoke(app, [*command, "hard day", "--yes"]).exit_code == 0
    assert "mood" not in profile(home, "--json")
