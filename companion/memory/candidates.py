"""What `ranking` chooses from: the best by words, by meaning and of the days named, and what stands around them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from companion.memory.cues import Cue, Period, held, match_query
from companion.memory.embedding import Embedder
from companion.memory.index import EpisodeIndex, Ints
from companion.memory.ranking import Candidate
from companion.memory.stemming import is_hangul
from companion.memory.store import Store

BY_WORDS, BY_MEANING, BY_PERIOD = 60, 40, 40
"""Turns taken from each search. On LoCoMo half of that finds as much; each costs 0.1 ms with its surroundings."""

REACH = 2
"""Turns before and after each hit that are taken along: the windows of `ranking`."""


UNRELATED = {"all-minilm-l6-v2": (0.08, 0.11), "multilingual-e5-small": (0.765, 0.02)}
"""Model → mean and standard deviation of the cosine of texts that have nothing to do with each other. Measured between
the questions and the turns of LoCoMo (760 × 2,760), E5 on 24 × 624 Korean sentences too."""

_UNKNOWN_MODEL = (0.1, 0.1)
_EPOCH = datetime(1970, 1, 1)


def frequencies(store: Store, cue: Cue) -> dict[str, int]:
    """In how many episodes each term of the cue occurs, by the vocabulary of the full-text table."""
    found = {}
    for term in cue.terms:
        last = term + "\U0010ffff" if is_hangul(term) else term  # Korean terms are beginnings of words
        sql = "SELECT coalesce(sum(doc), 0) FROM episode_terms WHERE term >= ? AND term <= ?"
        found[term] = int(store.query(sql, (term, last))[0][0])
    return found


def gather(
    store: Store,
    index: EpisodeIndex,
    cue: Cue,
    frequency: Mapping[str, int],
    embedder: Embedder | None,
    offset: int = 0,
) -> list[Candidate]:
    """The candidates for `cue`, with their surroundings. `offset`: local time minus UTC, in milliseconds."""
    if not len(index):
        return []
    vector = embedder.question(cue.text) if embedder else None
    hits = [
        _matches(store, index, "episode_words", match_query(cue, frequency)),
        _matches(
            store, index, "episode_grams", " OR ".join(f'"{t}"' for t in cue.terms if is_hangul(t) and len(t) > 2)
        ),
    ]
    hits += [_by_period(index, period, offset) for period in cue.periods]
    if not cue.terms:
        hits += [np.flatnonzero(index.person == index.people[name])[-BY_PERIOD:] for name in cue.people]
    if vector is not None:
        hits.append(index.nearest(vector, BY_MEANING))
    rows = _with_surroundings(index, np.unique(np.concatenate(hits)))
    texts = _texts(store, index.ids[rows])
    meaning = np.zeros(len(rows))
    if embedder is not None and vector is not None:
        mean, deviation = UNRELATED.get(embedder.id, _UNKNOWN_MODEL)
        cosine = index.cosine(vector, rows)
        meaning = np.where(index.embedded[rows], (cosine - mean) / deviation, 0.0)
    names = {code: name for name, code in index.people.items()}
    columns = (index.ids, index.session, index.started + offset, index.person, index.asks, index.moved)
    return [
        Candidate(
            id=id_,
            kind="episode",
            session=session,
            turn=row,
            at=_EPOCH + timedelta(milliseconds=started),
            person=names[person],
            held=held(cue, texts.get(id_, "")),
            meaning=near,
            letters=len(texts.get(id_, "")),
            asks=asks > 0,
            felt=felt,
        )
        for row, near, id_, session, started, person, asks, felt in zip(
            rows.tolist(), meaning.tolist(), *(column[rows].tolist() for column in columns), strict=True
        )
    ]


def _matches(store: Store, index: EpisodeIndex, table: str, query: str) -> Ints:
    """Rows of the index whose episodes match best."""
    if not query:
        return np.empty(0, np.int64)
    sql = f"SELECT rowid FROM {table} WHERE {table} MATCH ? ORDER BY rank LIMIT ?"
    return index.positions(np.array([id_ for (id_,) in store.query(sql, (query, BY_WORDS))], np.int64))


def _by_period(index: EpisodeIndex, period: Period, offset: int) -> Ints:
    """The last turns of the period: enough of them to say what it was about."""
    start, end = ((when - _EPOCH) // timedelta(milliseconds=1) - offset for when in period)
    return np.flatnonzero((index.started >= start) & (index.started < end))[-BY_PERIOD:]


def _with_surroundings(index: EpisodeIndex, hits: Ints) -> Ints:
    rows = np.unique(np.concatenate([hits + step for step in range(-REACH, REACH + 1)]))
    rows = rows[(rows >= 0) & (rows < len(index))]
    return rows[np.isin(index.session[rows], index.session[hits])]


def _texts(store: Store, ids: Ints) -> dict[int, str]:
    sql = "SELECT id, said || ' ' || answered FROM episodes WHERE id IN (SELECT value FROM json_each(?))"
    return dict(store.query(sql, (json.dumps(ids.tolist()),)))
