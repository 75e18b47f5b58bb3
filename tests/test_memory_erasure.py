"""One name through its whole life: said, learned, felt, summarised, recalled, exported; then forgotten by voice."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyrage
import pytest

from companion.apps.remember import TalkMemory
from companion.dialogue.reply import Replier
from companion.events import Exchange
from companion.memory import export, feelings, forget, importing, keys, summaries, vault
from companion.memory.embedding import DIMENSIONS, Vector
from companion.memory.feelings import Feeling
from companion.memory.keyslots import Secret
from companion.memory.summaries import Summary
from companion.memory.vault import Vault
from tests.leaks import holds
from tests.memory_tools import decrypt_everything
from tests.test_dialogue_reply import ScriptedModel

NAME = "Zorbelquist"
STEM = "zorbelquist"[:8]


class NameEmbedder:
    """A vector that gives the name away: one direction for every text with it, another for all the rest."""

    id = "test"

    def question(self, text: str) -> Vector:
        return np.eye(DIMENSIONS, dtype=np.float32)[int(NAME in text)]

    passage = question


class Life:
    """An owner, a memory and a mind with a scripted model; `say` goes round as `companion text` does."""

    def __init__(self, folder: Path) -> None:
        keys.write_key_file(folder / "key")
        self.folder = folder
        self.vault: Vault = vault.create_vault(
            folder / "home" / "memory", [Secret("key-file", keys.read_key_file(folder / "key"))]
        )
        self.store = self.vault.store
        self.begin()

    def begin(self) -> None:
        self.memory = TalkMemory(self.vault, "en", "tiny", NameEmbedder())
        self.model = ScriptedModel("I see.")
        self.replier = Replier(self.model, "en", memory=self.memory)
        self.history: tuple[Exchange, ...] = ()

    def say(self, words: str) -> str:
        self.replier.follow(self.history, words, _never)
        self.replier.prepare(self.history, words, _never)
        clauses = list(self.replier.reply(self.history, words, _never))
        said = " ".join(clause.text for clause in clauses if clause.text)
        if not any(clause.aside for clause in clauses):
            self.history = (*self.history, Exchange(words, said))
            self.memory.save(words, said, 0.0)
            self.memory.settle()
        self.history = self.replier.kept(self.history)
        self.replier.warm(self.history, _never)
        return said

    def lead(self) -> None:
        """The name is said, felt, learned and summarised in one talk, and comes to mind in the next."""
        self.say(f"My sister is called {NAME}.")
        (episode,) = (id_ for (id_,) in self.store.query("SELECT max(id) FROM episodes"))
        feelings.save(self.store, Feeling(0, 0.7, 0.2, "words", 0.9, episode=episode))
        summaries.save(self.store, Summary(0, 1, f"They spoke of {NAME}.", "en", (episode,)))
        self.say("I had soup for lunch.")
        self.begin()
        assert NAME in self.say("What is my sister called?"), "it comes to mind, or the rest proves little"
        self.say(f"{NAME} is coming to my birthday party.")

    def forget(self) -> None:
        assert self.say(f"Forget what I said about {NAME}.").endswith("Shall I?")
        assert self.say("Yes.").startswith("All right. Done.")

    def pages(self) -> bytes:
        """Every page of the store in the clear, freelist and write-ahead log included."""
        return decrypt_everything(self.store.path, bytes(self.vault._data_key))


def _never() -> bool:
    return False


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path)
    made.lead()
    yield made
    made.memory.close()


def rows(life: Life) -> list[str]:
    """Every table that shows the name, the shadow tables of the full text included."""
    tables = [name for (name,) in life.store.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [table for table in tables if any(_shows(row) for row in life.store.query(f"SELECT * FROM {table}"))]


def _shows(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(_shows(part) for part in value)
    content = value if isinstance(value, bytes) else str(value).encode()
    return STEM.encode() in content.lower()


def held(root: object) -> list[str]:
    """Texts with the name that can be reached from `root` by way of attributes and containers."""
    seen: dict[int, object] = {}
    todo = [root]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type) or (callable(thing) and not hasattr(thing, "__self__")):
            continue
        seen[id(thing)] = thing
        todo += [other for other in gc.get_referents(thing) if type(other).__name__ != "module"]
    return [thing for thing in seen.values() if isinstance(thing, str) and STEM in thing.lower()]


# --- before ----------------------------------------------------------------------------------------------------------


def test_before_it_is_forgotten_the_name_is_in_all_these_places(life: Life) -> None:
    assert {"episodes", "facts", "summaries", "episode_words_data", "fact_words_data"} <= set(rows(life))
    assert STEM.encode() in life.pages().lower()
    assert any(NAME in exchange.owner for exchange in life.history)
    assert life.store.query("SELECT count(*) FROM embeddings") == [(4,)]


# --- after -----------------------------------------------------------------------------------------------------------


def test_forgotten_by_voice_it_is_in_no_row_index_page_or_file(life: Life) -> None:
    life.forget()
    assert rows(life) == []
    assert STEM.encode() not in life.pages().lower()
    home = life.folder / "home"
    assert [path for path in home.rglob("*") if path.is_file() and holds(path.read_bytes(), NAME)] == []
    assert life.store.query("SELECT said, answered <> '' FROM episodes") == [
        ("I had soup for lunch.", 1),
        ("What is my sister called?", 0),
    ], "what the owner said without the name stays"
    assert life.store.query("SELECT count(*) FROM feelings") == [(0,)]
    assert life.store.query("SELECT count(*) FROM embeddings") == [(1,)]
    life.store.check()


def test_the_same_search_finds_it_where_secure_delete_is_off(life: Life) -> None:
    life.store.execute("PRAGMA secure_delete = OFF")
    life.forget()
    assert STEM.encode() in life.pages().lower()


def test_no_later_prompt_shows_it(life: Life) -> None:
    life.forget()
    life.model.read.clear()
    for words in ("How are you?", "What is my sister called?", "Is anybody coming to my party?", "I had soup."):
        life.say(words)
    assert [messages for messages, _ in life.model.read if NAME in str(messages)] == []


def test_what_had_just_come_to_mind_leaves_the_prompt_too(life: Life) -> None:
    """The note of the turn that was forgotten is not taken for that of the turn in its place."""
    life.begin()
    life.say(f"{NAME} is late again.")
    assert NAME in str(life.model.read[-1])
    life.forget()
    life.model.read.clear()
    life.say("How are you?")
    assert [messages for messages, _ in life.model.read if NAME in str(messages)] == []


def test_the_next_talk_knows_nothing_of_it(life: Life) -> None:
    life.forget()
    life.begin()
    assert NAME not in life.say("What is my sister called?")
    assert life.say("What do you know about me?") == "You have not told me anything that I remember."
    assert all(NAME not in str(messages) for messages, _ in life.model.read)


def test_the_memory_of_the_talk_holds_no_copy_of_it(life: Life) -> None:
    before = held([life.memory, life.replier])
    assert before
    life.forget()
    life.say("How are you?")
    life.model.read.clear()  # the script's own notes
    assert held([life.memory, life.replier]) == []


def test_an_export_made_before_still_holds_it_and_the_receipt_says_so(life: Life) -> None:
    key = pyrage.x25519.Identity.generate()
    before, after = life.folder / "before.age", life.folder / "after.age"
    export.export(life.store, before, 0, recipients=[str(key.to_public())])
    life.forget()
    (receipt,) = forget.receipts(life.store)
    assert receipt.verified
    assert forget.OLD_COPIES in receipt.limits
    assert not holds(before.read_bytes(), NAME)
    assert NAME in str(importing.read(before, identity=str(key)))
    export.export(life.store, after, 0, recipients=[str(key.to_public())])
    assert NAME not in str(importing.read(after, identity=str(key)))
