"""Keys of the terminal: read at once, without an echo, and the terminal is as it was afterwards."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from companion.apps.keys import KEYS
from tests.real import clips, model_file

OWN_TERMINAL = "import os, sys, fcntl, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
"""A child has no terminal of its own before it asks for it."""

READER = """
import threading
from companion.apps.keys import keys, readable
over = threading.Event()
def press(key):
    sys.stdout.write(key + " "); sys.stdout.flush()
    if key == "quit": over.set()
with keys(press):
    sys.stdout.write("ready " if readable() else "no keys "); sys.stdout.flush()
    over.wait(20 if readable() else 0)
"""


class Terminal:
    """A pseudo-terminal: what is typed at `master` is standard input of the child."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()

    def attributes(self) -> list[object]:
        return list(termios.tcgetattr(self.slave))

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())


def until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout is not None
    read = ""
    while word not in read:
        letter = process.stdout.read(1)
        assert letter, f"it ended before “{word}”: {read}"
        read += letter
    return read


def test_each_key_is_read_at_once_and_the_terminal_is_given_back() -> None:
    terminal = Terminal()
    before = terminal.attributes()
    with subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL + READER], stdin=terminal.slave, stdout=subprocess.PIPE, text=True
    ) as process:
        until(process, "ready ")
        assert terminal.attributes() != before
        terminal.type(" mxs\n")
        terminal.type("\x1b[M")  # an arrow key's letters ask for nothing
        assert until(process, "stop talk ") == "talk mute stop talk "
        terminal.type("ㅂ")  # q, on a Korean keyboard
        assert until(process, "quit ") == "quit "
    assert process.returncode == 0
    assert terminal.attributes() == before


def test_where_standard_input_is_no_terminal_nothing_is_read_from_it() -> None:
    command = [sys.executable, "-c", "import sys\n" + READER + "\nsys.stdout.write(sys.stdin.read())"]
    result = subprocess.run(command, input="m", capture_output=True, text=True, check=True, timeout=30)
    assert result.stdout == "no keys m"


def test_each_key_of_the_korean_keyboard_does_what_the_english_one_does() -> None:
    assert [KEYS[letter] for letter in "ㅡㄴㅂ"] == [KEYS[letter] for letter in "msq"]


@pytest.mark.models
@pytest.mark.slow
def test_q_ends_a_talk_in_order_and_gives_the_terminal_back(tmp_path: Path) -> None:
    for role in ("vad", "turn", "stt", "tts", "llm"):
        model_file(role)
    terminal, events = Terminal(), tmp_path / "events.jsonl"
    before = terminal.attributes()
    arguments = ["--home", str(tmp_path), "talk", "--input", str(clips()[0]), "--events", str(events)]
    start = f"from companion.apps.cli import main; sys.argv[1:] = {[*arguments, '--profile', 'tiny']!r}; main()"
    with subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL + start], stdin=terminal.slave, stdout=subprocess.PIPE, text=True
    ) as process:
        until(process, "Recordings")
        terminal.type("mq")
        process.communicate(timeout=120)
    assert process.returncode == 0
    told = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert [(event["state"], event["why"]) for event in told if event["event"] == "attention"] == [("muted", "key")]
    assert (told[-1]["event"], told[-1]["reason"]) == ("session.ended", "owner")
    assert terminal.attributes() == before
