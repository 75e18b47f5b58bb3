"""Whole sessions leave no word of theirs, and no passphrase, where nobody asked for it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from companion.apps.unlock import Unlock, open_memory
from companion.memory import episodes
from tests.leaks import Places, left, start
from tests.real import clips, model_file

NAME = "Zorbelquist"
PASSPHRASE = "quibbleflax-undertow-marzipan"
MEMORY = {"memory/keyslots", "memory/lock", "memory/DATABASE"}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "searched")


@pytest.fixture
def way_in(tmp_path: Path) -> Path:
    file = tmp_path / "given" / "passphrase"
    file.parent.mkdir()
    file.write_text(PASSPHRASE + "\n")
    return file


def type_in(places: Places, way_in: Path, *lines: str, at_debug: bool = False) -> list[str]:
    """A typed session; searched after every answer, while it runs. Gives the answers."""
    options = ("--home", str(places.home), "--passphrase-file", str(way_in), "text", "--profile", "tiny")
    process = start(places, *options, at_debug=at_debug)
    assert process.stdin and process.stdout
    answers = []
    for line in lines:
        process.stdin.write(line + "\n")
        answers.append(process.stdout.readline())
        assert left(places, [NAME, PASSPHRASE], process.pid) == []
    process.stdin.close()
    assert process.stdout.read() == ""  # an answer is one line
    process.stdout.close()
    assert process.wait(timeout=120) == 0, places.stderr.read_text()
    return answers


def written(places: Places) -> set[str]:
    """Every file that the sessions left, but what they printed to stderr."""
    paths = [path for path in places.root.rglob("*") if path.is_file() and path != places.stderr]
    return {re.sub(r"memory-\w+\.db", "DATABASE", str(path.relative_to(places.home))) for path in paths}


def kept(places: Places, way_in: Path) -> list[str]:
    with open_memory(places.home, Unlock(passphrase_file=way_in)) as memory:
        return [episode.said for episode in episodes.latest(memory.store)]


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize("at_debug", [False, True])
def test_what_was_typed_recalled_and_answered_is_left_nowhere(places: Places, way_in: Path, at_debug: bool) -> None:
    model_file("llm")
    told = f"My sister is called {NAME}."
    type_in(places, way_in, told, f"{NAME} lives in Busan.", at_debug=at_debug)
    answers = type_in(
        places,
        way_in,
        "What is my sister called?",
        f"What do you know about {NAME}?",
        "Off the record.",
        f"{NAME} owes me money.",
        f"Forget what I said about {NAME}.",
        "No.",
        at_debug=at_debug,
    )
    assert NAME in answers[0], "the search proves nothing unless the name was remembered and recalled"
    assert told in kept(places, way_in)
    assert left(places, [NAME, PASSPHRASE]) == []
    assert written(places) == MEMORY


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize("at_debug", [False, True])
def test_what_was_said_and_answered_aloud_is_left_nowhere(
    tmp_path: Path, places: Places, way_in: Path, at_debug: bool
) -> None:
    for role in ("vad", "turn", "stt", "tts", "llm"):
        model_file(role)
    asked_for = tmp_path / "given"
    sentence = next(path for path in clips() if path.stem == "argue")
    options = ["--home", str(places.home), "--passphrase-file", str(way_in), "talk", "--profile", "tiny"]
    options += ["--input", str(sentence), "--pace", "fast", "--output", str(asked_for / "reply.wav")]
    process = start(places, *options, "--events", str(asked_for / "events.jsonl"), at_debug=at_debug)
    assert process.stdout
    for _ in process.stdout:  # whenever a caption changes
        assert left(places, ["argue with you", PASSPHRASE], process.pid) == []
    assert process.wait(timeout=300) == 0, places.stderr.read_text()
    events = [json.loads(line) for line in (asked_for / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    (said,) = [event["text"] for event in events if event["event"] == "transcript.final"]
    (answered,) = [event["text"] for event in events if event["event"] == "reply.ended"]
    assert "argue with you" in said
    assert kept(places, way_in) == [said]
    assert left(places, [said, "argue with you", answered, PASSPHRASE]) == []
    assert written(places) == MEMORY, "no file holds sound, a prompt or an account of the use"


@pytest.mark.parametrize("imported", ["companion.audio.smart_turn, onnxruntime", "companion.apps.cli, faster_whisper"])
def test_no_library_keeps_an_account_of_its_use(places: Places, imported: str) -> None:
    environment = places.environment()
    subprocess.run([sys.executable, "-c", f"import {imported}"], env=environment, check=True, timeout=120)
    assert [path for path in places.root.rglob("*") if path.is_file()] == []


# --- the search itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["user/companion/memory/log", "tmp/x", "runtime/x", "cache/a/b/x", "stderr"])
@pytest.mark.parametrize(
    "form",
    [
        lambda words: words.encode(),
        lambda words: words.upper().encode(),
        lambda words: words.encode("utf-16-le"),
        lambda words: words.encode().hex().encode(),
        lambda words: base64.b64encode(words.encode()),
        lambda words: base64.b64encode(b"a " + words.encode() + b" b"),
        lambda words: base64.b64encode(b"a" + words.encode()),
    ],
)
def test_the_search_finds_what_is_left_in_a_file(places: Places, where: str, form: Callable[[str], bytes]) -> None:
    planted = places.root / where
    planted.parent.mkdir(parents=True)
    planted.write_bytes(b"\x00some bytes " + form(NAME) + b" and more")
    assert left(places, [NAME]) == [str(planted)]
    assert left(places, ["another name"]) == []


def test_the_search_finds_what_is_left_in_the_name_of_a_file(places: Places) -> None:
    (places.root / "tmp").mkdir(parents=True)
    (places.root / "tmp" / f"{NAME}.wav").touch()
    assert left(places, [NAME]) == [str(places.root / "tmp" / f"{NAME}.wav")]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", ["environ", "cmdline", "a deleted file"])
def test_the_search_finds_what_a_running_process_shows(places: Places, how: str) -> None:
    places.root.mkdir()
    program = "import sys; sys.stdin.readline()"
    if how == "a deleted file":  # the name in two pieces: it must be found in the file, not on the command line
        program = (
            "import sys, tempfile; f = tempfile.TemporaryFile(); f.write(b'Zorbel' + b'quist'); f.flush();"
            "print(flush=True); sys.stdin.readline()"
        )
    process = subprocess.Popen(
        [sys.executable, "-c", program if how == "a deleted file" else f"print(flush=True); {program}"]
        + ([NAME] if how == "cmdline" else []),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"TMPDIR": str(places.root), **({"SAID": NAME} if how == "environ" else {})},
        start_new_session=True,
    )
    assert process.stdout
    process.stdout.readline()
    found = left(places, [NAME], process.pid)
    process.communicate(b"\n")
    assert len(found) == 1
    assert f"/proc/{process.pid}/{'fd' if how == 'a deleted file' else how}" in found[0]
