"""The memory of one talk: what comes to mind, what is kept of each turn, and what the owner's words prove.

The keeper joins the parts of this room over one open store. It is told the time and asked by whoever holds the talk:
recall while the owner speaks, saving after the answer was heard.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from companion.events import Exchange
from companion.memory import diary, episodes, facts, forget, questions, spoken, summaries
from companion.memory.diary import Diary
from companion.memory.embedding import Embedder
from companion.memory.episodes import Episode
from companion.memory.extraction import Conflicts, FoundFact, New, Same, Supersedes, extract, reconcile
from companion.memory.facts import Fact
from companion.memory.note import Memo, write
from companion.memory.recall import Recall, Recalled
from companion.memory.requests import asks_of_self
from companion.memory.vault import Vault

Clock = Callable[[], int]
"""This moment, in milliseconds since 1970, UTC."""

MOST_FACTS, MOST_EPISODES = 2, 3
"""In one note: what a small model can hold apart, and what it reads in about half a second."""


ANSWERS = 0.95
"""Share of a question's information that a fact, or the owner's words, must hold to be its answer."""


@dataclass(frozen=True, slots=True)
class Note:
    """What came to mind: `text` for the prompt, empty where nothing did, and the `items` it was made of.

    `answer`: what to say where the owner asks for just what is there; a small model mixes up who is who. `hint`: what
    may be said where the model finds no answer in it.
    """

    text: str = ""
    items: tuple[Recalled, ...] = ()
    answer: str = ""
    hint: str = ""


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
        self, vault: Vault, language: str, profile: str, clock: Clock, embedder: Embedder | None = None
    ) -> None:
        """Begin a session in the store, and read what recall and the search for facts need."""
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
        self._recall = Recall(vault.store, embedder)
        self._diary = Diary(vault.store)
        self._erasures = len(vault.store.erased)
        self._said: set[str] = set()
        self.forgotten: list[str] = []
        """The words by which something was forgotten in this talk, until it has left the prompt too."""
        self._turn = 0
        self._turn_lock = threading.Lock()
        extract("", language, self.local(self.began))  # reads the tables now, not in the first turn

    def local(self, moment: int) -> datetime:
        """The moment on the owner's clock."""
        return datetime.fromtimestamp(moment / 1000)

    def recall(self, words: str) -> Note:
        """What `words` call for; nothing of this talk, which the prompt holds anyway."""
        now = self.clock()
        if asked := questions.answers(words, self.language, facts.known(self.store, now))[: spoken.AT_ONCE]:
            return self._answered(asked, now)
        offset = round((self.local(now) - datetime(1970, 1, 1)).total_seconds() * 1000) - now
        came = self._recall.recall(words, now, limit=MOST_EPISODES + 5, offset=offset)
        if came.doubtful:
            return Note()  # it was said of somebody else: nothing is better than a mix-up
        told = self._facts([item for item in came.items if item.kind == "fact"][:MOST_FACTS])
        days = self._days([item for item in came.items if item.kind == "summary"])
        heard = [] if days else self._episodes([i for i in came.items if i.kind == "episode" and i.itself], told)
        memos = [memo for _, memo in (*told, *days, *heard)]
        items = tuple(item for item, _ in (*told, *days, *heard))
        if told:
            self.mentioned = tuple(item.id for item, _ in told)
        if days and "?" in words:
            return Note(write(memos, self.local(now).date(), self.language), items, self._told_of(days, now))
        answer, hint = self._answer(words, told + heard, now)
        return Note(write(memos, self.local(now).date(), self.language), items, answer, hint)

    def _answered(self, asked: Sequence[Fact], now: int) -> Note:
        """The note for a question that just these facts answer."""
        self.mentioned = tuple(fact.id for fact in asked)
        items = tuple(Recalled("fact", fact.id, 1.0, fact.valid_from, share=1.0) for fact in asked)
        memos = [Memo(self.local(fact.valid_from).date(), "fact", fact.statement) for fact in asked]
        text = write(memos, self.local(now).date(), self.language)
        return Note(text, items, spoken.told([fact.statement for fact in asked], self.language))

    def _answer(self, words: str, memos: Sequence[tuple[Recalled, Memo]], now: int) -> tuple[str, str]:
        """The fact or the words that hold most of what the owner asks: the answer if that is all of it, else a hint."""
        if "?" not in words:
            return "", ""
        of_self = asks_of_self(words, self.language)
        own = [
            (item.share, present)
            for item, memo in memos
            if not memo.person and (present := self._present(item, memo, now)) and (of_self or _as_told(present))
        ]
        if not own:
            return "", ""
        share, memo = max(own, key=lambda pair: pair[0])
        if memo.kind == "fact":
            sentence = spoken.told([memo.text], self.language)
        else:
            when = spoken.day(memo.day, self.local(now).date(), self.language)
            sentence = spoken.spoken("why_said", self.language, when=when, words=memo.text.rstrip(" ."))
        return (sentence, "") if share >= ANSWERS else ("", spoken.spoken("unsure", self.language, said=sentence))

    def _present(self, item: Recalled, memo: Memo, now: int) -> Memo | None:
        """What still holds of a memo: the fact in the place of words that are true no more, else None.

        A question that was asked before is no answer to it either.
        """
        if memo.kind == "fact":
            return memo
        if memo.text.rstrip().endswith("?"):
            return None
        rows = self.store.query("SELECT key FROM facts WHERE episode = ? AND valid_to <= ?", (item.id, now))
        if not rows:
            return memo
        keys = {about_of(key) for (key,) in rows if key}
        instead = [
            fact for fact in facts.known(self.store, now) if about_of(fact.key) in keys and fact.kind != "inferred"
        ]
        return Memo(self.local(instead[-1].valid_from).date(), "fact", instead[-1].statement) if instead else None

    def save(self, started: int, said: str, answered: str, interrupted: bool = False) -> Saved | None:
        """Keep a turn and the facts that its words prove; None while the talk is off the record."""
        if self.off_record:
            return None
        with self._turn_lock:
            self._turn += 1
            turn = self._turn
        episode = Episode(self._session, turn, started, said, self.language, answered, interrupted)
        with self.store.transaction():
            kept = episodes.save(self.store, episode)
            self._said.add(said)
            learned = sum(self.learn(found, kept, started) for found in self.found(said, started))
        return Saved(kept, learned)

    def after_turn(self) -> None:
        """What has time until nobody waits: the vectors of new episodes, and a day that is over summed up."""
        self._recall.embed_new()
        self._diary.write(self.clock())

    def found(self, said: str, now: int) -> list[FoundFact]:
        """The facts that `said` proves."""
        return extract(said, self.language, self.local(now))

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

    def _facts(self, items: Sequence[Recalled]) -> list[tuple[Recalled, Memo]]:
        """Facts that may be used as true; sensitive ones come only when the owner speaks of them, as here."""
        return [
            (item, Memo(self.local(item.at).date(), "fact", fact.statement))
            for item in items
            if (fact := facts.get(self.store, item.id)).kind != "inferred"
        ]

    def _days(self, items: Sequence[Recalled]) -> list[tuple[Recalled, Memo]]:
        """What was said on days of which nothing more is asked than what was said."""
        return [
            (item, Memo(self.local(item.at).date(), "said", summaries.get(self.store, item.id).text)) for item in items
        ]

    def _told_of(self, days: Sequence[tuple[Recalled, Memo]], now: int) -> str:
        """The summaries of days, as sentences."""
        today = self.local(now).date()
        return " ".join(
            spoken.spoken(
                "why_said",
                self.language,
                when=spoken.day(memo.day, today, self.language),
                words=memo.text.replace(diary.CUT, ". ").rstrip(" ."),
            )
            for _, memo in days
        )

    def _episodes(
        self, items: Sequence[Recalled], told: Sequence[tuple[Recalled, Memo]]
    ) -> list[tuple[Recalled, Memo]]:
        """What was said in earlier talks, less what a fact of the note says already."""
        proven = {facts.get(self.store, item.id).episode for item, _ in told}
        there = {episode.id: episode for episode in episodes.by_ids(self.store, [item.id for item in items])}
        heard = []
        for item in items:
            episode = there.get(item.id)
            if episode is None or episode.session == self._session or episode.id in proven:
                continue
            heard.append((item, Memo(self.local(item.at).date(), "said", episode.said, episode.person)))
        return heard[:MOST_EPISODES]


def _as_told(memo: Memo) -> bool:
    """Whether this is what the owner asked to remember, in so many words: it may be asked for in any way."""
    return memo.kind == "fact" and memo.text.startswith(spoken.QUOTE)


def about_of(key: str) -> str:
    """What a fact is about, whatever its name: "owner.pet:dog/rex" → "owner.pet:dog", "owner.sister:mina" likewise."""
    return key.rpartition("/" if "/" in key else ":")[0] or key
