"""How well and how fast the memory finds: recall on LoCoMo, time and size at many episodes, time to open."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from companion.memory import keys, locomo, store, synthetic, system_keyring
from companion.memory.cues import read_cue
from companion.memory.embedding import Embedder
from companion.memory.errors import KeyringUnavailable
from companion.memory.keyslots import Secret
from companion.memory.recall import Recall
from companion.memory.store import Store
from companion.memory.vault import Vault, create_vault, open_vault

DEPTHS = (5, 10, 20)

Progress = Callable[[float], object]
"""Called with the share of the work that is done, 0…1."""

_OPENINGS = 10
"""Of which the median is given."""


class _Asked(NamedTuple):
    """Recall by depth, ours and BM25's; whether nothing was found or the answer is in doubt."""

    ours: dict[int, float]
    bm25: dict[int, float]
    unsure: bool


def retrieval(
    conversations: Sequence[locomo.Conversation],
    embedder: Embedder | None,
    progress: Progress = lambda share: None,
) -> list[dict[str, Any]]:
    """Recall of evidence turns on LoCoMo conversations: for all of them and by category.

    Each entry: `name`, `n` (questions), `recall` and `bm25` ({depth: share of the evidence turns among the first
    `depth`}, mean over questions; None where no question has any), and `unanswerable`: how often nothing or a doubt was
    the result, which is right in category 5 alone.
    """
    found: dict[str, list[_Asked]] = {}
    questions, done = sum(len(conversation.questions) for conversation in conversations), 0
    for conversation in conversations:
        with TemporaryDirectory() as temporary:
            opened = store.create(Path(temporary) / "m.db", keys.new_data_key())
            turns = locomo.fill(opened, conversation)
            recall = Recall(opened, embedder)
            while recall.embed_new():
                pass
            for question in conversation.questions:
                came = recall.recall(question.text, conversation.end, limit=DEPTHS[-1])
                ours = [turns[item.id] for item in came.items]
                theirs = [turns[id_] for id_ in bm25(opened, question.text, DEPTHS[-1])]
                asked = _Asked(
                    _recall(ours, question.evidence),
                    _recall(theirs, question.evidence),
                    not came.items or came.doubtful,
                )
                found.setdefault(question.category, []).append(asked)
                done += 1
                progress(done / questions)
            opened.close()
    return [_entry(name, found, of) for name, of in _groups(found)]


def bm25(opened: Store, text: str, limit: int) -> list[int]:
    """Episode ids by FTS5's BM25 alone: stems of the question's words, less the small ones."""
    words = read_cue(text).words
    if not words:
        return []
    rows = opened.query(
        "SELECT rowid FROM episode_words WHERE episode_words MATCH ? ORDER BY rank LIMIT ?",
        (" OR ".join(f'"{word}"' for word in words), limit),
    )
    return [id_ for (id_,) in rows]


def scale(
    count: int, folder: Path, embedder: Embedder | None, progress: Progress = lambda share: None, searches: int = 200
) -> dict[str, Any]:
    """Time and size with `count` synthetic episodes (`companion.memory.synthetic`) in a new memory in `folder`.

    Gives `episodes`, `recall_ms` {p50, p95} of a session's first `searches`, `save_ms` (median) and `file_mb`. The
    memory stays, for `opening`.
    """
    keys.write_key_file(_key_file(folder))
    with create_vault(_memory(folder), [_key(folder)]) as made:
        synthetic.fill(made.store, count, embedder.id if embedder else None, progress)
        made.store.truncate_wal()
        saved = [_milliseconds(partial(synthetic.fill, made.store, 1)) for _ in range(50)]
    with _opened(folder) as again:
        recall = Recall(again.store, embedder)
        took = [
            _milliseconds(partial(recall.recall, question, synthetic.END)) for question in synthetic.questions(searches)
        ]
    return {
        "episodes": count,
        "recall_ms": {"p50": _round(np.percentile(took, 50)), "p95": _round(np.percentile(took, 95))},
        "save_ms": _round(np.median(saved)),
        "file_mb": _round(again.store.path.stat().st_size / 1e6),
    }


def opening(folder: Path) -> tuple[float, float | None]:
    """Milliseconds to open what `scale` left in `folder`: key, keyslot, database, every assertion; medians.

    By its key file and by the system's keyring, None where there is none; the keyring's entry is made for this.
    """
    return _median_opening(partial(_opened, folder)), _opening_by_keyring(folder)


def _opening_by_keyring(folder: Path) -> float | None:
    with _opened(folder) as made:
        home = made.header.home
        try:
            made.add(system_keyring.create(home))
        except KeyringUnavailable:
            return None
    try:
        return _median_opening(lambda: open_vault(_memory(folder), system_keyring.load(home)))
    finally:
        system_keyring.destroy(home)


def _median_opening(opened: Callable[[], Vault]) -> float:
    took = []
    for _ in range(_OPENINGS):
        began = time.perf_counter()
        vault = opened()
        took.append((time.perf_counter() - began) * 1000)
        vault.close()
    return _round(np.median(took))


def _opened(folder: Path) -> Vault:
    return open_vault(_memory(folder), _key(folder))


def _key(folder: Path) -> Secret:
    return Secret("key-file", keys.read_key_file(_key_file(folder)))


def _key_file(folder: Path) -> Path:
    return folder / "key"


def _memory(folder: Path) -> Path:
    return folder / "memory"


def _recall(ids: list[str], evidence: frozenset[str]) -> dict[int, float]:
    return {depth: len(evidence & set(ids[:depth])) / len(evidence) if evidence else float("nan") for depth in DEPTHS}


def _groups(found: dict[str, list[_Asked]]) -> list[tuple[str, tuple[str, ...]]]:
    groups: list[tuple[str, tuple[str, ...]]] = [("categories 1-4", locomo.ANSWERABLE)]
    return groups + [(f"category {category}", (category,)) for category in sorted(found)]


def _entry(name: str, found: dict[str, list[_Asked]], of: tuple[str, ...]) -> dict[str, Any]:
    asked = [entry for category in of for entry in found.get(category, ())]
    ours, theirs = (
        {str(depth): _mean(scores[depth] for scores in one) for depth in DEPTHS}
        for one in ([entry.ours for entry in asked], [entry.bm25 for entry in asked])
    )
    unsure = _mean(entry.unsure for entry in asked)
    return {"name": name, "n": len(asked), "recall": ours, "bm25": theirs, "unanswerable": unsure}


def _mean(values: Iterable[float]) -> float | None:
    """The mean of what is a number; None where nothing is."""
    known = [value for value in values if not math.isnan(value)]
    return _round(np.mean(known), 3) if known else None


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _round(value: Any, digits: int = 2) -> float:
    return round(float(value), digits)
