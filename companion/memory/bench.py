"""How well and how fast the memory finds: recall on LoCoMo, time and size at many episodes."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from companion.memory import keys, locomo, store, synthetic
from companion.memory.cues import read_cue
from companion.memory.embedding import Embedder
from companion.memory.recall import Recall
from companion.memory.store import Store

DEPTHS = (5, 10, 20)


class _Asked(NamedTuple):
    """Recall by depth, ours and BM25's; whether nothing was found or the answer is in doubt."""

    ours: dict[int, float]
    bm25: dict[int, float]
    unsure: bool


def retrieval(folder: Path, embedder: Embedder | None) -> list[dict[str, Any]]:
    """Recall of evidence turns on the LoCoMo conversations of `folder`: for all of them and by category.

    Each entry: `name`, `n` (questions), `recall` and `bm25` ({depth: share of the evidence turns among the first
    `depth`}, mean over questions), and `unanswerable`: how often nothing or a doubt was the result, which is right in
    category 5 alone.
    """
    found: dict[str, list[_Asked]] = {}
    for conversation in locomo.load(folder):
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


def scale(count: int, folder: Path, embedder: Embedder | None, searches: int = 200) -> dict[str, Any]:
    """Time and size with `count` synthetic episodes (`companion.memory.synthetic`) in `folder`.

    Gives `recall_ms` {p50, p95}, `save_ms`, `open_ms` and `file_mb`.
    """
    path = folder / "bench.db"
    data_key = keys.new_data_key()
    opened = store.create(path, data_key)
    synthetic.fill(opened, count, embedder.id if embedder else None)
    opened.truncate_wal()
    saved = [_milliseconds(partial(synthetic.fill, opened, 1)) for _ in range(50)]
    opened.close()
    began = time.perf_counter()
    opened = store.open_store(path, data_key)
    open_ms = (time.perf_counter() - began) * 1000
    recall = Recall(opened, embedder)
    took = [
        _milliseconds(partial(recall.recall, question, synthetic.END)) for question in synthetic.questions(searches)
    ]
    opened.close()
    return {
        "episodes": count,
        "recall_ms": {"p50": _round(np.percentile(took, 50)), "p95": _round(np.percentile(took, 95))},
        "save_ms": _round(np.median(saved)),
        "open_ms": _round(open_ms),
        "file_mb": _round(path.stat().st_size / 1e6),
    }


def _recall(ids: list[str], evidence: frozenset[str]) -> dict[int, float]:
    return {depth: len(evidence & set(ids[:depth])) / len(evidence) if evidence else float("nan") for depth in DEPTHS}


def _groups(found: dict[str, list[_Asked]]) -> list[tuple[str, tuple[str, ...]]]:
    groups: list[tuple[str, tuple[str, ...]]] = [("categories 1-4", locomo.ANSWERABLE)]
    return groups + [(f"category {category}", (category,)) for category in sorted(found)]


def _entry(name: str, found: dict[str, list[_Asked]], of: tuple[str, ...]) -> dict[str, Any]:
    asked = [entry for category in of for entry in found.get(category, ())]
    ours, theirs = (
        {str(depth): _round(np.nanmean([scores[depth] for scores in one]), 3) for depth in DEPTHS}
        for one in ([entry.ours for entry in asked], [entry.bm25 for entry in asked])
    )
    unsure = _round(np.mean([entry.unsure for entry in asked]), 3)
    return {"name": name, "n": len(asked), "recall": ours, "bm25": theirs, "unanswerable": unsure}


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _round(value: Any, digits: int = 2) -> float:
    return round(float(value), digits)
