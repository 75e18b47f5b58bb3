"""LoCoMo (Maharana et al., ACL 2024): long conversations and questions with the turns that answer them.

A folder holds one JSON file a conversation and `qa.csv` (`conv, question, category, evidence`). Categories: 1 several
turns, 2 time, 3 common knowledge, 4 one turn, 5 unanswerable. Only what was said and shown is read, none of the
summaries or annotations in the files. LoCoMo is CC BY-NC 4.0: it is measured with and not shipped.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from companion.memory import episodes
from companion.memory.episodes import Episode
from companion.memory.store import Store

ANSWERABLE = ("1", "2", "3", "4")
UNANSWERABLE = "5"

_TURN_ID = re.compile(r"D\d+:\d+")
_TURN_MS = 60_000  # the files give the time of a session; its turns are set a minute apart


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """A question and the ids of the turns that answer it."""

    text: str
    category: str
    evidence: frozenset[str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """`sessions`: of each, when it began (milliseconds, UTC) and its turns as (id, speaker, text)."""

    name: str
    sessions: tuple[tuple[int, tuple[tuple[str, str, str], ...]], ...]
    questions: tuple[QuestionAsked, ...]

    @property
    def end(self) -> int:
        """A day after the last session: when the questions are asked."""
        return self.sessions[-1][0] + 86_400_000


def load(folder: Path) -> list[Conversation]:
    """Every conversation that `qa.csv` asks about."""
    with (folder / "qa.csv").open(encoding="utf-8", newline="") as file:
        asked = list(csv.DictReader(file))
    return [_conversation(folder / name, asked) for name in sorted({row["conv"] for row in asked})]


def fill(store: Store, conversation: Conversation) -> dict[int, str]:
    """Save every turn as an episode of its speaker; gives episode id → turn id."""
    turns = {}
    with store.transaction():
        for began, spoken in conversation.sessions:
            session = episodes.begin_session(store, began, "en")
            for number, (id_, speaker, text) in enumerate(spoken):
                episode = Episode(session, number, began + number * _TURN_MS, text, "en", person=speaker)
                turns[episodes.save(store, episode)] = id_
    return turns


def _conversation(path: Path, asked: list[dict[str, str]]) -> Conversation:
    data = json.loads(path.read_text(encoding="utf-8"))
    sessions = []
    number = 1
    while f"session_{number}" in data:
        turns = tuple((turn["dia_id"], turn["speaker"], _text(turn)) for turn in data[f"session_{number}"])
        sessions.append((_time(data[f"session_{number}_date_time"]), turns))
        number += 1
    known = {id_ for _, turns in sessions for id_, _, _ in turns}
    questions = tuple(
        QuestionAsked(row["question"], row["category"], frozenset(_TURN_ID.findall(row["evidence"])) & known)
        for row in asked
        if row["conv"] == path.name
    )
    return Conversation(path.stem, tuple(sessions), questions)


def _text(turn: dict[str, Any]) -> str:
    caption = turn.get("blip_caption")
    return f"{turn['text']} [{caption}]" if caption else str(turn["text"])


def _time(text: str) -> int:
    """`1:56 pm on 8 May, 2023` in milliseconds since 1970."""
    return int(datetime.strptime(text, "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC).timestamp() * 1000)
