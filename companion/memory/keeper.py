"""The memory of one talk: what comes to mind, what is kept of each turn, and what the owner's words prove.

The keeper joins the parts of this room over one open store. It is told the time and asked by whoever holds the talk:
recall while the owner speaks, saving after the answer was heard.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from companion.events import Exchange
from companion.memory import episodes, facts, feelings, forget
from companion.memory.dates import local
from companion.memory.diary import Diary
from companion.memory.embedding import Embedder
from companion.memory.episodes import Episode
from companion.memory.extraction import Conflicts, FoundFact, New, Same, Supersedes, extract, reconcile
from companion.memory.facts import Fact
from companion.memory.feelings import Feeling
from companion.memory.forget import Plan, Receipt
from companion.memory.reminder import Note, Reminder
from companion.memory.vault import Vault

Clock = Callable[[], int]
"""This moment, in milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What was kept of a turn: the episode's id, and how many facts its words proved."""

    episode: int
    facts: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """What was said now does not fit what is known: `new` is only inferred until the owner says that it is right."""

    old: int
    new: int


class Keeper:
    """Keeps one talk. `recall` and `save` may come from different threads; close it when the talk is over."""

    def __init__(
        self,
        vault: Vault,
        language: str,
        profile: str,
        clock: Clock,
        embedder: Embedder | None = None,
        unfit: Callable[[str], bool] = lambda said: False,
    ) -> None:
        """Begin a session in the store, and read what recall and the search for facts need. `unfit`: see `Diary`."""
        self.store = vault.store
        self.language = language
        self.clock = clock
        self.began = clock()
        self.off_record = False
        self.mentioned: tuple[int, ...] = ()
        """The facts that were told or recalled last."""
        self.doubts: deque[Doubt] = deque()
        self._vault = vault
        self._session = episodes.begin_session(vault.store, self.began, language, profile)
        self._reminder = Reminder(vault.store, language, self._session, embedder)
        self._diary = Diary(vault.store, unfit)
        self._diary.write(self.began)  # yesterday may be asked for before there was a quiet moment
        self._erasures = len(vault.store.erased)
        self._said: set[str] = set()
        self.forgotten: list[str] = []
        """The words by which something was forgotten in this talk, until it has left the prompt too."""
        self.people: tuple[str, ...] = ()
        """Whom facts speak of: whether words are a request is asked by a loop that cannot wait for the store."""
        self._know_people()
        self._turn = 0
        self._turn_lock = threading.Lock()
        extract("", language, local(self.began))  # reads the tables now, not in the first turn

    def recall(self, words: str, held: Collection[str] | None = None) -> Note:
        """What `words` call for; nothing of this talk that the prompt holds anyway, see `Reminder.note`."""
        note = self._reminder.note(words, self.clock(), held)
        if told := tuple(item.id for item in note.items if item.kind == "fact"):
            self.mentioned = told
        return note

    def save(
        self, started: int, said: str, answered: str, interrupted: bool = False, feeling: Feeling | None = None
    ) -> Saved | None:
        """Keep a turn, the facts its words prove and what was heard in it; None while the talk is off the record."""
        if self.off_record:
            return None
        with self._turn_lock:
            self._turn += 1
            turn = self._turn
        episode = Episode(self._session, turn, started, said, self.language, answered, interrupted)
        with self.store.transaction():
            kept = episodes.save(self.store, episode)
            if feeling is not None:
                feelings.save(self.store, feeling, kept)
            self._said.add(said)
            learned = sum(self.learn(found, kept, started) for found in self.found(said, started))
        return Saved(kept, learned)

    def forget(self, plan: Plan) -> Receipt:
        """Let go for good of what `plan` names."""
        receipt = forget.forget(self.store, plan, self.clock())
        self._know_people()
        return receipt

    def _know_people(self) -> None:
        """Facts were kept, or forgotten."""
        self.people = tuple(n for (n,) in self.store.query("SELECT DISTINCT person FROM facts WHERE person <> ''"))

    def after_turn(self) -> None:
        """What has time until nobody waits: the vectors of new episodes, and a day that is over summed up."""
        self._reminder.search.embed_new()
        self._diary.write(self.clock())

    def found(self, said: str, now: int) -> list[FoundFact]:
        """The facts that `said` proves."""
        return extract(said, self.language, local(now))

    def learn(self, found: FoundFact, episode: int, now: int) -> bool:
        """Keep a fact, beside or in the place of what is known; False where it is known already."""
        fact = Fact(
            found.statement,
            episode,
            found.evidence,
            now,
            key=found.key,
            kind=found.kind,
            confidence=found.confidence,
            sensitive=found.sensitive,
            expires=found.expires,
            person=found.person,
            topic=found.topic,
        )
        match reconcile(found, facts.known(self.store, now)):
            case Same():
                return False
            case New():
                facts.save(self.store, fact)
            case Supersedes(old):
                facts.supersede(self.store, old.id, fact)
            case Conflicts(old):
                new = facts.save(self.store, replace(fact, kind="inferred"))
                self.doubts.append(Doubt(old.id, new))
        self._know_people()
        return True

    def last_episode(self) -> int | None:
        """The last episode of this talk that is still there."""
        ((last,),) = self.store.query("SELECT max(id) FROM episodes WHERE session = ?", (self._session,))
        return None if last is None else int(last)

    def kept(self, history: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """`history` without what was erased from the store meanwhile, so that no prompt holds it any more.

        What was never in the store, off the record, stays, unless it holds the words that were forgotten.
        """
        if len(self.store.erased) == self._erasures:
            return tuple(history)
        self._erasures = len(self.store.erased)
        sql = "SELECT said, answered FROM episodes WHERE session = ?"
        there: dict[str, str] = dict(self.store.query(sql, (self._session,)))
        gone = [forget.finder(words) for words in self.forgotten]
        left = tuple(
            exchange
            for exchange in history
            if (exchange.owner not in self._said or there.get(exchange.owner))
            and not any(holds(f"{exchange.owner} {exchange.companion}") for holds in gone)
        )
        self.forgotten.clear()
        self._said &= there.keys()
        return left

    def close(self) -> None:
        """Close the store."""
        self._vault.close()
