"""Finding again what a moment calls for: words, meaning, time, who spoke and what was said around it, in one ranking.

The way of a question: its words go to FTS5 (`episode_words`, Korean also to `episode_grams`), its meaning to the
nearest vectors where an embedding model is installed; the hits and the turns around them are scored by `fusion`;
nothing that is relevant enough, and nothing is recalled. What is recalled is not counted as use: recall never feeds on
itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

import numpy as np
from sqlcipher3 import dbapi2 as sqlcipher

from companion.memory import embedding, fusion
from companion.memory.embedding import Embedder
from companion.memory.index import EpisodeIndex, Floats, Ints
from companion.memory.question import Question, analyse, words_of
from companion.memory.store import Store

CANDIDATES = 120
"""Hits taken from each of words, grams and vectors: enough for ten, with room for the turns around them."""

EXPANDED = 60
"""Best hits whose surroundings are looked at too."""

REACH = 2
"""Turns before and after a hit that it lends relevance to: an answer stands beside its question."""

_POSTINGS = 10_000
"""Index entries that one search may visit, the rarest words first: bounds the time at a million episodes."""

_BM25_CEILING = 2.2
"""k1 + 1 with FTS5's k1 = 1.2: what a word can contribute at most, in units of its idf."""

_TELL_LATER = 14 * 86_400_000
"""Milliseconds. People speak of what happened some days after: a period counts, less and less, two weeks longer."""

_RECENT = 30 * 86_400_000
"""Milliseconds in which the weight of recency falls to 1/e."""


_SMALL = 50
"""Episodes below which no word can be called common: any hit counts."""

_DISTINCTIVE = 0.6
"""How strong the best hit must be, in BM25 over the logarithm of the number of episodes: more than small talk."""

_CLOSE = 0.42
"""Cosine from which a turn may be what is meant: 99 % of LoCoMo's answerable questions have one at 0.45 or more."""

_DOUBT = 1.0
"""By how much the best turn of another speaker must beat the best of the one that the question names."""

_FACTS = 3
"""Facts in one recall, at most."""

_FACT_COVERAGE = 0.5
"""Share of a question's information that a fact must hold to come along."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """Something to put into the prompt. `kind` and `id` name the row; `at` is when it was said (milliseconds, UTC).

    `score` orders the items of one kind within one recall and means nothing beyond it.
    """

    kind: Literal["episode", "fact"]
    id: int
    score: float
    at: int


@dataclass(frozen=True, slots=True)
class Recollection:
    """What came to mind: facts first, then episodes, each best first; empty where nothing is relevant.

    `doubtful`: the question names somebody, but it was others who spoke of such things. Do not answer as if sure.
    """

    items: tuple[Recalled, ...]
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class _Hits:
    """Rows that hold words of the question, and how much of what it asks for each holds, 0…1.

    `strength`: BM25 of the best of them.
    """

    rows: Ints
    coverage: Floats
    strength: float


class _Term(NamedTuple):
    """A word of the question: how to ask FTS5 for it, and the range of index terms that it stands for."""

    query: str
    low: str
    high: str


class Recall:
    """The search over one open store. Keep it for the session: it holds the index."""

    def __init__(self, store: Store, embedder: Embedder | None = None) -> None:
        self._store = store
        self._embedder = embedder
        self._index = EpisodeIndex(store, embedder.id if embedder else None)
        self._stemmer = _Stemmer()

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
        question = analyse(text, _local(now, offset))
        self._index.refresh()
        facts = self._facts(question, now)
        rows, signs = self._signs(text, question, now, offset)
        if not len(rows):
            return Recollection(facts)
        weights = fusion.WEIGHTS if self._embedder else fusion.WITHOUT_VECTORS
        score = fusion.fuse(signs, weights)
        index = self._index
        best = np.argsort(-score, kind="stable")[:limit]
        episodes = tuple(
            Recalled("episode", int(index.ids[rows[i]]), float(score[i]), int(index.started[rows[i]])) for i in best
        )
        return Recollection(facts + episodes, _doubtful(score, signs["speaker"], weights["speaker"]))

    # --- episodes ----------------------------------------------------------------------------------------------------

    def signs(self, text: str, now: int, offset: int = 0) -> tuple[Ints, dict[str, Floats]]:
        """The candidates' episode ids and every sign of their relevance: what `fusion` weighs and a fit learns from."""
        self._index.refresh()
        rows, signs = self._signs(text, analyse(text, _local(now, offset)), now, offset)
        return self._index.ids[rows], signs

    def _signs(self, text: str, question: Question, now: int, offset: int) -> tuple[Ints, dict[str, Floats]]:
        index = self._index
        hits = self._by_words(question)
        near = np.empty(0, np.int64)
        vector = None
        if self._embedder is not None and len(index):
            vector = self._embedder.question(text)
            near = index.nearest(vector, CANDIDATES)
        seeds = np.union1d(hits.rows, near)
        if not self._relevant(hits, near, vector):
            return np.empty(0, np.int64), {}
        rows = self._with_surroundings(seeds, hits, vector)
        words = np.zeros(len(rows), np.float32)
        if len(hits.rows):
            words[np.searchsorted(rows, hits.rows)] = hits.coverage / hits.coverage.max()
        signs = {"words": words, **self._lent("words", rows, words)}
        signs["words_of_session"] = self._best_of_session(rows, words)
        if vector is not None:
            meaning = index.cosine(vector, rows)
            signs |= {"meaning": meaning, **self._lent("meaning", rows, meaning, reach=1)}
            signs["meaning_of_session"] = self._best_of_session(rows, meaning)
        named = [code for name, code in index.people.items() if name and name in question.mentioned]
        signs["speaker"] = np.isin(index.person[rows], named).astype(np.float32)
        signs["length"] = index.length[rows]
        signs["asks"] = index.asks[rows]
        signs["asked"] = index.asks[np.maximum(rows - 1, 0)]
        signs["period"] = self._in_periods(question, rows, offset)
        signs["recent"] = np.exp(-(now - index.started[rows]) / _RECENT).astype(np.float32)
        signs["moved"] = index.moved[rows]
        return rows, signs

    def _relevant(self, hits: _Hits, near: Ints, vector: embedding.Vector | None) -> bool:
        """Whether anything found is more than chance: a distinctive word, or a close meaning."""
        total = len(self._index)
        if len(hits.rows) and (total < _SMALL or hits.strength >= _DISTINCTIVE * math.log(total)):
            return True
        return vector is not None and len(near) > 0 and float(self._index.cosine(vector, near).max()) >= _CLOSE

    def _with_surroundings(self, seeds: Ints, hits: _Hits, vector: embedding.Vector | None) -> Ints:
        """The seeds and, for the best of them, the turns around them in the same session; sorted."""
        own = np.zeros(len(seeds), np.float32)
        own[np.searchsorted(seeds, hits.rows)] = hits.coverage
        if vector is not None:
            own += self._index.cosine(vector, seeds)
        best = seeds[np.argsort(-own, kind="stable")[:EXPANDED]]
        around = [best + step for step in range(-REACH, REACH + 1)]
        rows = np.unique(np.concatenate([seeds, *around]))
        rows = rows[(rows >= 0) & (rows < len(self._index))]
        sessions = np.unique(self._index.session[best])
        return rows[np.isin(rows, seeds) | np.isin(self._index.session[rows], sessions)]

    def _lent(self, name: str, rows: Ints, values: Floats, reach: int = REACH) -> dict[str, Floats]:
        """What the turns before (−) and after (+) lend: the sign's value there, 0 in another session."""
        lent = {}
        for step in (s for s in range(-reach, reach + 1) if s):
            at = np.searchsorted(rows, rows + step)
            at[at == len(rows)] = 0
            there = (rows[at] == rows + step) & (self._index.session[rows[at]] == self._index.session[rows])
            lent[f"{name}{step:+d}"] = np.where(there, values[at], 0).astype(np.float32)
        return lent

    def _best_of_session(self, rows: Ints, values: Floats) -> Floats:
        _, group = np.unique(self._index.session[rows], return_inverse=True)
        best = np.full(group.max() + 1, -1, np.float32)
        np.maximum.at(best, group, values)
        return best[group]

    def _in_periods(self, question: Question, rows: Ints, offset: int) -> Floats:
        started = self._index.started[rows] + offset
        best = np.zeros(len(rows), np.float32)
        for period in question.periods:
            start, end = (int(when.replace(tzinfo=UTC).timestamp() * 1000) for when in period)
            after = 1 - np.clip((started - end) / _TELL_LATER, 0, 1)
            best = np.maximum(best, np.where(started >= start, after, 0).astype(np.float32))
        return best

    def _by_words(self, question: Question) -> _Hits:
        found: dict[int, float] = {}
        strength = 0.0
        for id_, coverage, bm25 in [*self._by_terms(self._terms(question)), *self._by_grams(question.grams)]:
            found[id_] = max(found.get(id_, 0.0), coverage)
            strength = max(strength, bm25)
        ids = np.array(sorted(found), np.int64)
        covered = np.array([found[id_] for id_ in ids.tolist()], np.float32)
        return _Hits(self._index.positions(ids), covered, strength)

    def _terms(self, question: Question) -> list[_Term]:
        stems = self._stemmer(question.words)
        terms = [_Term(f'"{word}"', stem, stem) for word, stem in zip(question.words, stems, strict=True)]
        return terms + [_Term(f'"{stem}"*', stem, stem + "\U0010ffff") for stem in question.stems]

    def _frequency(self, term: _Term) -> int:
        """In how many episodes a word occurs."""
        sql = "SELECT coalesce(sum(doc), 0) FROM episode_terms WHERE term >= ? AND term <= ?"
        return int(self._store.query(sql, (term.low, term.high))[0][0])

    def _by_terms(self, terms: Sequence[_Term]) -> list[tuple[int, float, float]]:
        """Episode ids, coverage and BM25 of the best hits in the index of words."""
        counted = [(self._frequency(term), term.query) for term in terms]
        wanted = sorted((count, query) for count, query in counted if count)
        asked: list[str] = []
        visited, information = 0, 0.0
        for count, query in wanted:
            information += _idf(count, len(self._index))
            if not asked or visited + count <= _POSTINGS:
                asked.append(query)
                visited += count
        if not asked:
            return []
        rows = self._store.query(
            "SELECT rowid, -bm25(episode_words) FROM episode_words WHERE episode_words MATCH ? ORDER BY rank LIMIT ?",
            (" OR ".join(asked), CANDIDATES),
        )
        return [(id_, min(bm25 / (_BM25_CEILING * information), 1.0), bm25) for id_, bm25 in rows]

    def _by_grams(self, pieces: Sequence[str]) -> list[tuple[int, float, float]]:
        """The same for the index of trigrams, which reaches into the middle of a word. A piece is taken for rare: the
        index does not say how often it occurs."""
        if not pieces:
            return []
        rows = self._store.query(
            "SELECT e.id, lower(e.said || ' ' || e.answered) FROM episode_grams"
            " JOIN episodes e ON e.id = episode_grams.rowid WHERE episode_grams MATCH ? ORDER BY rank LIMIT ?",
            (" OR ".join(f'"{piece}"' for piece in pieces), CANDIDATES),
        )
        rare = math.log(len(self._index) + 1)
        shares = [(id_, sum(piece in text for piece in pieces) / len(pieces)) for id_, text in rows]
        return [(id_, share, share * len(pieces) * rare) for id_, share in shares]

    # --- facts -------------------------------------------------------------------------------------------------------

    def _facts(self, question: Question, now: int) -> tuple[Recalled, ...]:
        terms = self._terms(question)
        total = max(len(self._index), 1)
        information = [
            (term, _idf(self._frequency(term), total) + 1) for term in terms
        ]  # + 1: a small memory has no idf
        whole = sum(value for _, value in information)
        found = []
        for table, asked in (
            ("fact_words", [term.query for term in terms]),
            ("fact_grams", [f'"{piece}"' for piece in question.grams]),
        ):
            if not asked:
                continue
            found += self._store.query(
                "SELECT f.id, f.valid_from, f.statement || ' ' || f.person || ' ' || f.topic"
                f" FROM {table} JOIN facts f ON f.id = {table}.rowid"
                f" WHERE {table} MATCH ? AND (f.expires IS NULL OR f.expires > ?)"
                " AND f.valid_from <= ? AND (f.valid_to IS NULL OR f.valid_to > ?) ORDER BY rank LIMIT 10",
                (" OR ".join(asked), now, now, now),
            )
        recalled = []
        for id_, at, text in dict.fromkeys(found):
            held = self._stemmer(words_of(text))
            share = sum(v for term, v in information if any(term.low <= stem <= term.high for stem in held)) / whole
            if share >= _FACT_COVERAGE:
                recalled.append(Recalled("fact", id_, share, at))
        return tuple(sorted(recalled, key=lambda item: -item.score)[:_FACTS])

    def _vector(self, person: str, said: str, answered: str) -> bytes:
        assert self._embedder is not None
        text = f"{person}: {said}" if person else said
        return embedding.to_bytes(self._embedder.passage(f"{text} {answered}".strip()))


class _Stemmer:
    """The stems that the full-text index makes of words, asked of FTS5 itself: a private table in memory."""

    def __init__(self) -> None:
        self._connection = sqlcipher.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute("CREATE VIRTUAL TABLE w USING fts5 (x, tokenize = 'porter unicode61')")
        self._connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab (w, 'instance')")

    def __call__(self, words: Sequence[str]) -> list[str]:
        self._connection.executemany("INSERT INTO w (rowid, x) VALUES (?, ?)", enumerate(words))
        stems = dict(self._connection.execute("SELECT doc, term FROM v"))
        self._connection.execute("DELETE FROM w")
        return [stems.get(number, word) for number, word in enumerate(words)]


def _doubtful(score: Floats, speaker: Floats, weight: float) -> bool:
    """Whether others than the one who is named said what fits best by `_DOUBT` or more, the name itself left aside."""
    own, others = score[speaker > 0] - np.float32(weight), score[speaker == 0]
    return len(own) > 0 and len(others) > 0 and bool(others.max() - own.max() > _DOUBT)


def _idf(count: int, total: int) -> float:
    """As FTS5's bm25() has it."""
    return max(math.log((total - count + 0.5) / (count + 0.5)), 1e-6)


def _local(now: int, offset: int) -> datetime:
    return datetime(1970, 1, 1) + timedelta(milliseconds=now + offset)
