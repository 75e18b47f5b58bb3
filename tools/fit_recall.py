"""Fit the weights of `companion.memory.fusion` on LoCoMo and say honestly what they are worth.

    python tools/fit_recall.py FOLDER [MODEL.onnx TOKENIZER.json]

For every conversation: fitted on the others, tested on it. Then the weights fitted on all of them, for the code. The
model is a softmax over the candidates of a question, the evidence turns its target (a listwise logistic regression).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from companion.memory import keys, locomo, store
from companion.memory.embedding import OnnxEmbedder
from companion.memory.recall import Recall

BY_HAND = {"recent", "moved"}  # no counterpart in the data
STEPS, RATE, DECAY = 400, 0.05, 0.002


def collect(folder: Path, embedder: OnnxEmbedder | None) -> dict[str, list[tuple]]:
    """For every conversation: (category, candidates' turn ids, signs, evidence) of each question."""
    out = {}
    for conversation in locomo.load(folder):
        opened = store.create(Path(tempfile.mkdtemp()) / "m.db", keys.new_data_key())
        turns = locomo.fill(opened, conversation)
        recall = Recall(opened, embedder)
        while recall.embed_new():
            pass
        out[conversation.name] = []
        for question in conversation.questions:
            ids, signs = recall.signs(question.text, conversation.end)
            out[conversation.name].append((question.category, [turns[i] for i in ids], signs, question.evidence))
    return out


def fit(questions: list[tuple], names: list[str]) -> np.ndarray:
    """Weights that make the evidence likely."""
    cases = []
    for category, ids, signs, evidence in questions:
        target = np.array([id_ in evidence for id_ in ids], float)
        if category in locomo.ANSWERABLE and target.sum():
            cases.append((np.stack([signs[name] for name in names], 1).astype(float), target / target.sum()))
    weights, mean, square = (np.zeros(len(names)) for _ in range(3))
    for _ in range(STEPS):  # Adam
        gradient = -DECAY * weights
        for matrix, target in cases:
            score = matrix @ weights
            p = np.exp(score - score.max())
            gradient = gradient + matrix.T @ (target - p / p.sum()) / len(cases)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        weights = weights + RATE * mean / (np.sqrt(square) + 1e-8)
    return weights


def recall_at(questions: list[tuple], names: list[str], weights: np.ndarray, depth: int) -> dict[str, list[float]]:
    """By category, the share of each question's evidence among its first `depth` candidates."""
    out: dict[str, list[float]] = {}
    for category, ids, signs, evidence in questions:
        if not evidence:
            continue
        score = sum(w * signs[n] for w, n in zip(weights, names, strict=True)) if ids else []
        best = {ids[i] for i in np.argsort(-np.asarray(score), kind="stable")[:depth]}
        out.setdefault(category, []).append(len(best & evidence) / len(evidence))
    return out


def main() -> None:
    """Print the figures and the weights."""
    folder, *model = map(Path, sys.argv[1:])
    data = collect(folder, OnnxEmbedder("fit", *model) if model else None)
    names = [n for n in next(q[2] for q in next(iter(data.values())) if q[1]) if n not in BY_HAND]
    pooled: dict[int, dict[str, list[float]]] = {5: {}, 10: {}, 20: {}}
    for left_out in data:
        weights = fit([q for name, qs in data.items() if name != left_out for q in qs], names)
        for depth, into in pooled.items():
            scores = recall_at(data[left_out], names, weights, depth)
            for category, values in scores.items():
                into.setdefault(category, []).extend(values)
            if depth == 10:
                print(left_out, round(float(np.mean([v for c in locomo.ANSWERABLE for v in scores.get(c, ())])), 3))
    for depth, scores in pooled.items():
        all_of = [v for c in locomo.ANSWERABLE for v in scores[c]]
        by = {c: round(float(np.mean(v)), 3) for c, v in sorted(scores.items())}
        print(f"left out, recall@{depth}: {np.mean(all_of):.3f}", by)
    final = fit([q for qs in data.values() for q in qs], names)
    print({name: round(float(w), 2) for name, w in zip(names, final, strict=True)})


if __name__ == "__main__":
    main()
