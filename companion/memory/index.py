"""What a search needs of every episode, held in memory: where it stands, who spoke, the signs of its vector. No words.

About 80 bytes an episode, 48 of them the signs; the vectors themselves stay in the store. It follows the store: at the
next search new rows are read, and those that were erased or changed go, or are read anew.
"""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

from companion.memory.embedding import DIMENSIONS, Vector
from companion.memory.store import Store

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

_BY_DISTANCE, _BY_ESTIMATE = 1000, 200
"""How many rows are left once the signs of both sides were compared, which is quick, and of these, once the question
itself was compared with the signs, which is surer. Only those are read from the store. On all of LoCoMo in one memory
(2,760 turns) 99.8 % of the true nearest forty are among them; with half as many, 97.5 %."""

_NEVER = DIMENSIONS + 1
_BLOCK = 32_768

_BATCH = 8192
"""Rows read from the store at once: as Python's objects they take ten times the room that they take here."""


_ASKS_AND_MOVED = (
    "e.said LIKE '%?', coalesce((SELECT max(abs(f.valence) * f.confidence) FROM feelings f WHERE f.episode = e.id), 0)"
)
"""What of an episode `e` may change after it was saved."""


_VECTORS = "SELECT episode, vector FROM embeddings WHERE model = ? AND episode IN (SELECT value FROM json_each(?))"


class EpisodeIndex:
    """Columns of equal length, one row an episode, in the order of their ids."""

    def __init__(self, store: Store, model: str | None) -> None:
        """Read the store. `model`: the embedding model whose vectors to use; None: none."""
        self._store = store
        self._model = model
        self._erasures = len(store.erased)
        self.ids: Ints = np.empty(0, np.int64)
        self.session: Ints = np.empty(0, np.int64)
        self.started: Ints = np.empty(0, np.int64)
        self.person: NDArray[np.int32] = np.empty(0, np.int32)
        self.asks: NDArray[np.bool_] = np.empty(0, np.bool_)
        self.moved: NDArray[np.float16] = np.empty(0, np.float16)
        self.people: dict[str, int] = {"": 0}
        self.embedded: NDArray[np.bool_] = np.empty(0, np.bool_)
        self._signs = np.zeros((DIMENSIONS // 64, 0), np.uint64)  # with room at the end: saving a turn copies nothing
        self.refresh()

    def __len__(self) -> int:
        return len(self.ids)

    def refresh(self) -> None:
        """Take up what was saved and what was erased since the last time."""
        anew = not len(self)
        self._follow_erasures()
        while self._read_episodes() == _BATCH:
            pass
        if self._model is not None and not self.embedded.all():
            self._refresh_signs(self._model, anew)

    def _follow_erasures(self) -> None:
        """Drop the rows of erased episodes; read those anew whose words or feelings changed."""
        erased = self._store.erased[self._erasures :]
        self._erasures += len(erased)
        touched = np.flatnonzero(np.isin(self.ids, list(frozenset[int]().union(*erased))))
        if not len(touched):
            return
        left = self._store.query(
            f"SELECT e.id, {_ASKS_AND_MOVED} FROM episodes e WHERE e.id IN (SELECT value FROM json_each(?))",
            (json.dumps(self.ids[touched].tolist()),),
        )
        rows = self.positions(np.array([id_ for id_, *_ in left], np.int64))
        self.asks[rows] = [asks for _, asks, _ in left]
        self.moved[rows] = [moved for *_, moved in left]
        self.embedded[touched] = False
        gone = np.setdiff1d(touched, rows)
        for column in ("ids", "session", "started", "person", "asks", "moved", "embedded"):
            setattr(self, column, np.delete(getattr(self, column), gone))
        if self._model is not None:
            self._signs = np.delete(self._signs, gone, axis=1)
        heard = set(np.unique(self.person).tolist()) | {0}
        self.people = {name: code for name, code in self.people.items() if code in heard}

    def _read_episodes(self) -> int:
        """Append the next batch of episodes; gives how many there were."""
        last = int(self.ids[-1]) if len(self.ids) else 0
        rows = self._store.query(
            f"SELECT e.id, e.session, e.started, e.person, {_ASKS_AND_MOVED} FROM episodes e"
            " WHERE e.id > ? ORDER BY e.id LIMIT ?",
            (last, _BATCH),
        )
        if rows:
            ids, session, started, names, asks, moved = zip(*rows, strict=True)
            person = [self._code(name.lower()) for name in names]
            self.ids = np.append(self.ids, np.array(ids, np.int64))
            self.session = np.append(self.session, np.array(session, np.int64))
            self.started = np.append(self.started, np.array(started, np.int64))
            self.person = np.append(self.person, np.array(person, np.int32))
            self.asks = np.append(self.asks, np.array(asks, np.bool_))
            self.moved = np.append(self.moved, np.array(moved, np.float16))
            self.embedded = np.append(self.embedded, np.zeros(len(rows), np.bool_))
        return len(rows)

    def _code(self, name: str) -> int:
        """The number of a person, a new one at the first turn."""
        if name not in self.people:
            self.people[name] = max(self.people.values()) + 1  # not their count: some may have been forgotten
        return self.people[name]

    def _refresh_signs(self, model: str, anew: bool) -> None:
        """Take up new vectors. They are made for the newest episodes first: a batch without any is the last, unless
        everything is read anew."""
        if self._signs.shape[1] < len(self):
            signs = self._signs
            self._signs = np.zeros((len(signs), 2 * len(self)), np.uint64)  # zeros that no one touched take no memory
            self._signs[:, : signs.shape[1]] = signs
        missing = np.flatnonzero(~self.embedded)
        for end in range(len(missing), 0, -_BATCH):
            batch = self.ids[missing[max(end - _BATCH, 0) : end]]
            rows = self._store.query(_VECTORS, (model, json.dumps(batch.tolist())))
            if rows:
                at, vectors = self._unpacked(rows)
                self._signs[:, at] = _signs(vectors)
                self.embedded[at] = True
            elif not anew:
                return

    def _unpacked(self, rows: list[tuple[int, bytes]]) -> tuple[Ints, NDArray[np.int8]]:
        """Rows of the store (episode, vector) as positions and vectors."""
        at = self.positions(np.array([row[0] for row in rows], np.int64))
        return at, np.frombuffer(b"".join(row[1] for row in rows), np.int8).reshape(len(rows), DIMENSIONS)

    def positions(self, ids: Ints) -> Ints:
        """The rows of episodes that are there."""
        return np.searchsorted(self.ids, ids).astype(np.int64)

    def nearest(self, question: Vector, count: int) -> Ints:
        """The `count` rows closest to `question`, in no order; rows without a vector never are."""
        candidates = np.flatnonzero(self.embedded).astype(np.int64)
        if len(candidates) > _BY_DISTANCE:
            distance = self._distances(question)
            within = np.cumsum(np.bincount(distance, minlength=_NEVER + 1)) >= _BY_DISTANCE
            candidates = np.flatnonzero(distance <= min(int(np.argmax(within)), _NEVER - 1)).astype(np.int64)
        candidates = _best(candidates, self._estimates(question, candidates), max(_BY_ESTIMATE, count))
        return _best(candidates, self.cosine(question, candidates), count)

    def _distances(self, question: Vector) -> NDArray[np.uint16]:
        """How many sign bits of every row differ from the question's; `_NEVER` where a row has no vector."""
        distance = np.where(self.embedded, np.uint16(0), np.uint16(_NEVER))
        asked = _signs(question[None, :])
        for start in range(0, len(self), _BLOCK):  # blocks that stay in the cache of the processor
            block = slice(start, min(start + _BLOCK, len(self)))
            for own, bits in zip(self._signs[:, block], asked, strict=True):
                distance[block] += np.bitwise_count(own ^ bits)
        return np.minimum(distance, np.uint16(_NEVER))

    def _estimates(self, question: Vector, rows: Ints) -> Floats:
        """What grows with the cosine of `question` and the vectors of `rows`, of which only the signs are known."""
        signs = np.unpackbits(np.ascontiguousarray(self._signs[:, rows].T).view(np.uint8), axis=1)
        return _products(signs, question)

    def cosine(self, question: Vector, rows: Ints) -> Floats:
        """The cosine of `question` with the vectors of `rows`, read from the store; 0 where there is none."""
        cosine = np.zeros(len(self), np.float32)
        found = self._store.query(_VECTORS, (self._model, json.dumps(self.ids[rows].tolist())))
        at, vectors = self._unpacked(found)
        cosine[at] = _products(vectors, question) / np.float32(127)
        return cosine[rows]


def _best(rows: Ints, scores: Floats, count: int) -> Ints:
    """The `count` rows with the highest scores, in no order."""
    return rows if len(rows) <= count else rows[np.argpartition(-scores, count)[:count]]


def _products(vectors: NDArray[np.int8] | NDArray[np.uint8], question: Vector) -> Floats:
    """The inner product of every vector with `question`."""
    # einsum, not @: the threads of BLAS wait for each other when the cores are busy speaking (0.5 ms, or 100)
    products: Floats = np.einsum("ij,j->i", vectors.astype(np.float32), question)
    return products


def _signs(vectors: NDArray[np.int8] | NDArray[np.float32]) -> NDArray[np.uint64]:
    """One bit a dimension: is it positive? Shape (6, n)."""
    return np.packbits(vectors > 0, axis=1).view(np.uint64).T
