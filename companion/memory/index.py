"""What a search needs of every episode, held in memory: where it stands, who spoke, its vector. No words.

About 0.5 kB an episode with vectors, 30 bytes without. It follows the store: new rows are read at the next search,
after an erasure everything is read anew, so nothing of what was forgotten stays here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from companion.memory.embedding import DIMENSIONS, Vector
from companion.memory.store import Store

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

_SHORTLIST = 1000
"""Rows whose exact cosine is computed. With 384 sign bits the true first hundred are among them (checked in a test)."""

_NEVER = DIMENSIONS + 1
_BLOCK = 32_768


class EpisodeIndex:
    """Columns of equal length, one row an episode, in the order of their ids."""

    def __init__(self, store: Store, model: str | None) -> None:
        """Read the store. `model`: the embedding model whose vectors to hold; None: none."""
        self._store = store
        self._model = model
        self._clear()
        self.refresh()

    def _clear(self) -> None:
        self._erasures = self._store.erasures
        self.ids: Ints = np.empty(0, np.int64)
        self.session: Ints = np.empty(0, np.int64)
        self.started: Ints = np.empty(0, np.int64)
        self.person: Ints = np.empty(0, np.int64)
        self.length: Floats = np.empty(0, np.float32)
        self.asks: Floats = np.empty(0, np.float32)
        self.moved: Floats = np.empty(0, np.float32)
        self.people: dict[str, int] = {"": 0}
        self.embedded: NDArray[np.bool_] = np.empty(0, np.bool_)
        self._vectors = np.zeros((0, DIMENSIONS), np.int8)  # with room at the end, so that saving a turn copies nothing
        self._signs = np.zeros((DIMENSIONS // 64, 0), np.uint64)

    def __len__(self) -> int:
        return len(self.ids)

    def refresh(self) -> None:
        """Take up what was saved since the last time; after an erasure, everything."""
        if self._store.erasures != self._erasures:
            self._clear()
        last = int(self.ids[-1]) if len(self.ids) else 0
        rows = self._store.query(
            "SELECT e.id, e.session, e.started, e.person, length(e.said) + length(e.answered), e.said LIKE '%?',"
            " coalesce((SELECT max(abs(f.valence) * f.confidence) FROM feelings f WHERE f.episode = e.id), 0)"
            " FROM episodes e WHERE e.id > ? ORDER BY e.id",
            (last,),
        )
        if rows:
            ids, session, started, names, length, asks, moved = zip(*rows, strict=True)
            person = [self.people.setdefault(name.lower(), len(self.people)) for name in names]
            self.ids = np.append(self.ids, np.array(ids, np.int64))
            self.session = np.append(self.session, np.array(session, np.int64))
            self.started = np.append(self.started, np.array(started, np.int64))
            self.person = np.append(self.person, np.array(person, np.int64))
            self.length = np.append(self.length, np.log1p(np.array(length, np.float32)))
            self.asks = np.append(self.asks, np.array(asks, np.float32))
            self.moved = np.append(self.moved, np.array(moved, np.float32))
            self.embedded = np.append(self.embedded, np.zeros(len(rows), np.bool_))
        if self._model is not None and not self.embedded.all():
            self._refresh_vectors()

    def _refresh_vectors(self) -> None:
        if len(self._vectors) < len(self):
            vectors, signs = self._vectors, self._signs
            self._vectors = np.zeros((2 * len(self), DIMENSIONS), np.int8)  # zeros that no one touched take no memory
            self._signs = np.zeros((len(signs), 2 * len(self)), np.uint64)
            self._vectors[: len(vectors)] = vectors
            self._signs[:, : signs.shape[1]] = signs
        missing = self.ids[~self.embedded]
        rows = self._store.query(
            "SELECT episode, vector FROM embeddings WHERE model = ? AND episode >= ? ORDER BY episode",
            (self._model, int(missing[0])),
        )
        if not rows:
            return
        at = self.positions(np.array([row[0] for row in rows], np.int64))
        fresh = np.frombuffer(b"".join(row[1] for row in rows), np.int8).reshape(len(rows), DIMENSIONS)
        self._vectors[at] = fresh
        self._signs[:, at] = _signs(fresh)
        self.embedded[at] = True

    def positions(self, ids: Ints) -> Ints:
        """The rows of episodes that are there."""
        return np.searchsorted(self.ids, ids).astype(np.int64)

    def nearest(self, question: Vector, count: int) -> Ints:
        """The `count` rows closest to `question`, in no order; rows without a vector never are."""
        candidates = np.flatnonzero(self.embedded)
        if len(candidates) > _SHORTLIST:
            distance = self._distances(question)
            within = np.cumsum(np.bincount(distance, minlength=_NEVER + 1)) >= _SHORTLIST
            candidates = np.flatnonzero(distance <= min(int(np.argmax(within)), _NEVER - 1))
        if len(candidates) <= count:
            return candidates.astype(np.int64)
        cosine = self.cosine(question, candidates)
        return candidates[np.argpartition(-cosine, count)[:count]].astype(np.int64)

    def _distances(self, question: Vector) -> NDArray[np.uint16]:
        """How many sign bits of every row differ from the question's; `_NEVER` where a row has no vector."""
        distance = np.where(self.embedded, np.uint16(0), np.uint16(_NEVER))
        asked = _signs(question[None, :])
        for start in range(0, len(self), _BLOCK):  # blocks that stay in the cache of the processor
            block = slice(start, min(start + _BLOCK, len(self)))
            for own, bits in zip(self._signs[:, block], asked, strict=True):
                distance[block] += np.bitwise_count(own ^ bits)
        return np.minimum(distance, np.uint16(_NEVER))

    def cosine(self, question: Vector, rows: Ints) -> Floats:
        """The cosine of `question` with the vectors of `rows`; 0 where a row has none."""
        vectors = self._vectors[rows].astype(np.float32)
        # einsum, not @: the threads of BLAS wait for each other when the cores are busy speaking (0.5 ms, or 100)
        cosine: Floats = np.einsum("ij,j->i", vectors, question) / np.float32(127)
        return cosine


def _signs(vectors: NDArray[np.int8] | NDArray[np.float32]) -> NDArray[np.uint64]:
    """One bit a dimension: is it positive? Shape (6, n)."""
    return np.packbits(vectors > 0, axis=1).view(np.uint64).T
