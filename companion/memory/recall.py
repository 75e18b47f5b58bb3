"""Finding again what a moment calls for: words, meaning, time, who spoke and what was said around it.

`candidates` gathers what may matter, `ranking` decides. Facts come first, then episodes. What is recalled is not
counted as use: recall never feeds on itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from companion.memory import candidates, cues, embedding, ranking, summaries
from companion.memory.cues import Cue
from companion.memory.dates import periods
from companion.memory.embedding import Embedder
from companion.memory.index import EpisodeIndex
from companion.memory.stemming import is_hangul
from companion.memory.store import Store

_EPOCH = datetime(1970, 1, 1)

_FACTS = 3
"""Facts in one recall, at most."""

_SUMMARIES = 2
"""Days in one recall, at most."""

_FACT_COVERAGE = 0.5
"""Share of a question's information that a fact must hold to come along."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """Something to put into the prompt. `kind` and `id` name the row; `at` is when it was said (milliseconds, UTC).

    `score` orders the items of one kind within one recall and means nothing beyond it. `itself`: it speaks of the
    matter in its own words; else it is what was said around that. `share`: how much of the question they hold, 0…1.
    """

    kind: Literal["episode", "fact", "summary"]
    id: int
    score: float
    at: int
    itself: bool = True
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Recollection:
    """What came to mind: facts first, then summaries and episodes, each best first; empty where nothing is relevant.

    `doubtful`: the question names somebody, but it was others who spoke of such things. Do not answer as if sure.
    """

    items: tuple[Recalled, ...]
    doubtful: bool = False


class Recall:
    """The search over one open store. Keep it for the session: it holds the index."""

    def __init__(self, store: Store, embedder: Embedder | None = None) -> None:
        self._store = store
        self._embedder = embedder
        self._index = EpisodeIndex(store, embedder.id if embedder else None)

    def embed_new(self, limit: int = 32) -> int:
        """Give up to `limit` episodes that have no vector one; gives how many. For the quiet moments after a turn."""
        if self._embedder is None:
            return 0
        rows = self._store.query(
            "SELECT id, person, said, answered FROM episodes WHERE id NOT IN"
            " (SELECT episode FROM embeddings WHERE model = ?) ORDER BY id DESC LIMIT ?",
            (self._embedder.id, limit),
        )
        fresh = [(id_, self._embedder.id, self._vector(person, said, answered)) for id_, person, said, answered in rows]
        with self._store.transaction():
            self._store.execute_many(
                "INSERT OR REPLACE INTO embeddings (episode, model, vector) VALUES (?, ?, ?)", fresh
            )
        return len(fresh)

    def recall(self, text: str, now: int, *, limit: int = 10, offset: int = 0) -> Recollection:
        """What `text` calls for: at most `limit` episodes and a few facts.

        `now` in milliseconds since 1970, UTC; `offset` is local time minus UTC, in milliseconds.
        """
        self._index.refresh()
        local = _EPOCH + timedelta(milliseconds=now + offset)
        cue = cues.read_cue(text, list(self._index.people), periods(text, local))
        frequency = candidates.frequencies(self._store, cue)
        found = candidates.gather(self._store, self._index, cue, frequency, self._embedder, offset)
        ranked = ranking.rank(cue, found, frequency, len(self._index), local, limit)
        episodes = tuple(
            Recalled("episode", item.candidate.id, item.score, _utc(item.candidate.at, offset), item.itself, item.share)
            for item in ranked.items
        )
        days = self._days(cue, offset) if cue.periods and not cue.terms and not cue.people else ()
        return Recollection(self._facts(cue, frequency, now) + days + episodes, ranked.verdict == "doubt")

    def _days(self, cue: Cue, offset: int) -> tuple[Recalled, ...]:
        """The summaries of the days that are all that is asked for, the latest first."""
        found = [
            summary
            for period in cue.periods
            for summary in summaries.between(self._store, *(_utc(moment, offset) for moment in period))
        ]
        latest = sorted({summary.id: summary.starts for summary in found}.items(), key=lambda item: -item[1])
        return tuple(Recalled("summary", id_, 1.0, starts, share=1.0) for id_, starts in latest[:_SUMMARIES])

    def _facts(self, cue: Cue, frequency: dict[str, int], now: int) -> tuple[Recalled, ...]:
        told = cues.rarity(cue, frequency, max(len(self._index), 1))
        found = []
        for table, asked in (
            ("fact_words", [cues.full_text(term, word) for term, word in zip(cue.terms, cue.words, strict=True)]),
            ("fact_grams", [f'"{term}"' for term in cue.terms if is_hangul(term) and len(term) > 2]),
        ):
            if asked:
                found += self._store.query(
                    "SELECT f.id, f.valid_from, f.statement || ' ' || f.person || ' ' || f.topic"
                    f" FROM {table} JOIN facts f ON f.id = {table}.rowid"
                    f" WHERE {table} MATCH ? AND (f.expires IS NULL OR f.expires > ?)"
                    " AND f.valid_from <= ? AND (f.valid_to IS NULL OR f.valid_to > ?) ORDER BY rank LIMIT 10",
                    (" OR ".join(asked), now, now, now),
                )
        shares = {
            (id_, at): sum(told[term] for term in cues.held(cue, text)) / sum(told.values())
            for id_, at, text in dict.fromkeys(found)
        }
        items = [Recalled("fact", id_, share, at, share=share) for (id_, at), share in shares.items()]
        return tuple(sorted((f for f in items if f.score >= _FACT_COVERAGE), key=lambda item: -item.score)[:_FACTS])

    def _vector(self, person: str, said: str, answered: str) -> bytes:
        assert self._embedder is not None
        return embedding.to_bytes(self._embedder.passage(f"{said} {answered}".strip()))


def _utc(local: datetime, offset: int) -> int:
    return (local - _EPOCH) // timedelta(milliseconds=1) - offset
