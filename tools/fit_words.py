"""Fit the words classifiers: models/affect/words-<language>.npz, and print the figures of models/affect/README.md.

The data know words of feeling, and little of what happens to people ("they cut my position"). So the first layer has
two parts: the data's labels and groups, and the emotion as a listener would call it, fitted to this project's own lines
alone (tools/words/happenings.<language>.tsv: what happens, told mostly without a word of feeling). The second layer
weighs them.

    nice python -m tools.fit_words en|ko [DATA]

DATA: the folder with goemotions-en.tsv and kote-ko.tsv (default ../shared/data/text). Needs scikit-learn, which the
program does not. English is measured on the dev split, never fitted on; Korean has no split and is cross-validated.
Ten minutes on one core for English, four for Korean.
"""

from __future__ import annotations

import csv
import json
import sys
import tomllib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score

from companion.affect import ngrams
from companion.affect.words import second_layer, softmax
from companion.events import EMOTIONS
from tools.words import happenings
from tools.words.corrupt import misheard

ROOT = Path(__file__).resolve().parent.parent
FILES = {"en": "goemotions-en.tsv", "ko": "kote-ko.tsv"}
KEPT = {"en": 30_000, "ko": 30_000}
"""Features in the file; with 25,000 English loses nothing against all 120,000."""

KEPT_OWN = 20_000
"""The same for what is fitted to the project's own lines; twice as many gain nothing."""

FOLDS = {"en": 3, "ko": 5}
INVERSE_PENALTY = 1.5  # scikit-learn's C; 1-4 tried, flat
INVERSE_PENALTY_OWN = 10.0  # 3-30 tried, flat
TYPICAL_IDF = 6.0  # brings feature values near those of a row normalised to length 1
CORRUPTED_WEIGHT = 0.5  # of the copy of every text as a recogniser might mishear it
SPOKEN_WEIGHT = {"en": 4.0, "ko": 2.0}  # of this project's own spoken lines, a fortieth and a sixth of the texts
SPOKEN_EMOTION_WEIGHT = {"en": 4.0, "ko": 6.0}  # of the same where the emotion is fitted
HAPPENING_WEIGHT = {"en": 5.0, "ko": 2.0}  # of what happens to people, there; labels are not fitted to it

Matrix = Any  # a SciPy sparse matrix, or a NumPy array


@dataclass
class Texts:
    """`y`: (n, labels) 0 or 1. `fold`: where a text is tested in cross-validation; −1: only ever fitted on.

    `weight`: where labels and groups are fitted; `emotion_weight`: where the emotion, valence and arousal are.
    """

    texts: list[str]
    y: Matrix
    weight: Matrix
    emotion_weight: Matrix
    fold: Matrix

    def where(self, chosen: Matrix) -> Texts:
        """The rows that are true in `chosen`."""
        kept = [text for text, one in zip(self.texts, chosen, strict=True) if one]
        return Texts(kept, self.y[chosen], self.weight[chosen], self.emotion_weight[chosen], self.fold[chosen])


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a .tsv with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def label_matrix(sets: Sequence[Sequence[str]], labels: Sequence[str]) -> Matrix:
    """(n, labels), 1 where the label holds."""
    return np.array([[name in one for name in labels] for one in sets], int).reshape(len(sets), len(labels))


def spoken_lines(language: str) -> list[tuple[str, list[str]]]:
    """This project's own lines with their labels."""
    table = tomllib.loads((ROOT / f"tools/words/spoken.{language}.toml").read_text(encoding="utf-8"))
    lines: list[tuple[str, list[str]]] = []
    for feeling in table["feeling"]:
        lines += [(line, feeling["labels"]) for line in feeling.get("lines", [])]
        for word in feeling.get("words", []):
            lines += [(frame.format(word), feeling["labels"]) for frame in table["frames"]]
            if "negation" in feeling:
                lines += [(frame.format(word), feeling["negation"]) for frame in table["negated"]]
    return lines


def training(rows: list[dict[str, str]], labels: Sequence[str], language: str) -> Texts:
    """The data, a misheard copy of it in the same fold, and this project's own lines."""
    rng = np.random.default_rng(0)
    texts = [row["text"] for row in rows]
    y = label_matrix([row["emotion"].split("|") for row in rows], labels)
    fold = rng.integers(0, FOLDS[language], len(rows))
    copies = [misheard(text, language, rng) for text in texts]
    spoken = spoken_lines(language)
    told = [(row["text"], row["labels"].split("|")) for row in happenings.lines(language)]
    own = [*spoken, *told]
    counts = [len(rows), len(rows), len(spoken), len(told)]
    return Texts(
        [*texts, *copies, *(line for line, _ in own)],
        np.vstack([y, y, label_matrix([names for _, names in own], labels)]),
        np.repeat([1.0, CORRUPTED_WEIGHT, SPOKEN_WEIGHT[language], 0.0], counts),
        np.repeat([1.0, CORRUPTED_WEIGHT, SPOKEN_EMOTION_WEIGHT[language], HAPPENING_WEIGHT[language]], counts),
        np.concatenate([fold, -2 - fold, np.full(len(own), -1)]),  # a copy is fitted on with its text, never tested
    )


def features(texts: Sequence[str], language: str) -> list[tuple[Matrix, Matrix]]:
    """The two blocks of hashes of every text."""
    return [ngrams.blocks(ngrams.words(text), language) for text in texts]


def to_matrix(rows: Sequence[tuple[Matrix, Matrix]], hashes: Matrix) -> Matrix:
    """(n, hashes): 1 / √(n-grams in the block) where the text has the n-gram; known without a vocabulary."""
    at, values, ends = [], [], [0]
    for row in rows:
        for block in row:
            known = np.searchsorted(hashes, block)
            known = known[hashes[known % len(hashes)] == block]
            at.append(known)
            values.append(np.full(len(known), 1 / np.sqrt(max(len(block), 1))))
        ends.append(ends[-1] + len(at[-1]) + len(at[-2]))
    return sp.csr_matrix((np.concatenate(values), np.concatenate(at), ends), shape=(len(rows), len(hashes)))


def first_layer(
    rows: list[tuple[Matrix, Matrix]], y: Matrix, weight: Matrix, kept: int, inverse_penalty: float, least: int
) -> dict[str, Matrix]:
    """Logistic regressions, pruned to the `kept` features that move the scores most, as int8.

    `least`: how many of `rows` a feature must be in.
    """
    hashes, seen = np.unique(np.concatenate([block for row in rows for block in row]), return_counts=True)
    hashes, seen = hashes[seen >= least], seen[seen >= least]
    idf = np.log(len(rows) / seen) / TYPICAL_IDF
    x = to_matrix(rows, hashes) @ sp.diags(idf)
    fits = [
        LogisticRegression(C=inverse_penalty, solver="liblinear", tol=1e-2).fit(x, column, sample_weight=weight)
        for column in y.T
    ]
    weights = np.stack([fit.coef_[0] for fit in fits], axis=1)
    moved = (weights**2).sum(axis=1) * np.asarray(x.multiply(x).sum(axis=0)).ravel()
    best = np.sort(np.argsort(-moved)[:kept])
    weights = weights[best] * idf[best, None]
    scale = np.abs(weights).max(axis=0) / 127
    return {
        "hashes": hashes[best],
        "weights": np.round(weights / scale).astype(np.int8),
        "scale": scale.astype(np.float32),
        "bias": np.array([fit.intercept_[0] for fit in fits], np.float32),
    }


def beside(one: dict[str, Matrix], other: dict[str, Matrix]) -> dict[str, Matrix]:
    """Two first layers as one, whose columns are those of both."""
    hashes = np.union1d(one["hashes"], other["hashes"])
    columns = []
    for layer in (one, other):
        weights = np.zeros((len(hashes), layer["weights"].shape[1]), np.int8)
        weights[np.searchsorted(hashes, layer["hashes"])] = layer["weights"]
        columns.append(weights)
    joined = {name: np.concatenate([one[name], other[name]]) for name in ("scale", "bias")}
    return {"hashes": hashes, "weights": np.hstack(columns), **joined}


def logits(layer: dict[str, Matrix], rows: list[tuple[Matrix, Matrix]]) -> Matrix:
    """The first layer of every text, (n, labels + groups + emotions)."""
    x = to_matrix(rows, layer["hashes"])
    return (x @ (layer["weights"] * layer["scale"]) + layer["bias"]).astype(np.float32)


def threshold(scores: Matrix, y: Matrix) -> float:
    """The score above which to say yes, for the best F1."""
    order = np.argsort(-scores)
    f1 = 2 * np.cumsum(y[order]) / (np.arange(1, len(y) + 1) + y.sum())
    return float(scores[order[f1.argmax()]]) - 1e-6


def thresholds(scores: Matrix, y: Matrix) -> Matrix:
    """One a column."""
    return np.array([threshold(one, yes) for one, yes in zip(scores.T, y.T, strict=True)], np.float32)


def second_layers(first: Matrix, groups: Matrix, emotions: Matrix, affect: Matrix, data: Texts) -> dict[str, Matrix]:
    """What `companion.affect.words.second_layer` takes, for the groups, the emotion and valence with arousal."""
    weight, emotion_weight = data.weight, data.emotion_weight
    x = np.hstack([first, 1 / (1 + np.exp(-first))])
    mean, spread = x.mean(axis=0), x.std(axis=0)
    x = (x - mean) / spread

    def plain(coefficients: Matrix, intercepts: Matrix) -> Matrix:
        unscaled = coefficients.T / spread[:, None]
        return np.vstack([unscaled, intercepts - mean @ unscaled]).astype(np.float32)

    fits = [LogisticRegression(max_iter=300).fit(x, y, sample_weight=weight) for y in groups.T]
    row, emotion = np.nonzero(emotions)  # a text with several emotions counts for each by its share
    named = LogisticRegression(max_iter=300).fit(
        x[row], emotion, sample_weight=emotions[row, emotion] * emotion_weight[row]
    )
    line = Ridge(alpha=1.0).fit(x, affect, sample_weight=emotion_weight)
    return {
        "to_groups": plain(np.vstack([f.coef_ for f in fits]), np.hstack([f.intercept_ for f in fits])),
        "to_emotions": plain(named.coef_, named.intercept_),
        "to_affect": plain(line.coef_, line.intercept_),
    }


def calibration_error(scores: Matrix, shares: Matrix) -> float:
    """Expected calibration error of the likeliest emotion, ten bins; a hit counts by the share of listeners."""
    top = scores.argmax(axis=1)
    sure, hit = scores.max(axis=1), shares[np.arange(len(top)), top]
    bins = np.minimum((sure * 10).astype(int), 9)
    return float(sum(abs(sure[bins == b].sum() - hit[bins == b].sum()) for b in range(10)) / len(top))


class Truth:
    """What the second layer is fitted to, from the fine labels by the table tools/words/labels.<language>.toml."""

    def __init__(self, language: str) -> None:
        self.table = tomllib.loads((ROOT / f"tools/words/labels.{language}.toml").read_text(encoding="utf-8"))
        self.labels = list(self.table)
        self.groups = sorted({row["group"] for row in self.table.values() if "group" in row})

    def group(self, y: Matrix) -> Matrix:
        """(n, groups) 0 or 1."""
        return (y @ label_matrix([[row.get("group", "")] for row in self.table.values()], self.groups) > 0).astype(int)

    def emotion(self, y: Matrix) -> Matrix:
        """(n, EMOTIONS): the share of the labels that say so."""
        return self._share(y) @ label_matrix([[row["emotion"]] for row in self.table.values()], EMOTIONS)

    def likeliest(self, y: Matrix) -> Matrix:
        """(n, EMOTIONS) 0 or 1: the emotion, or several, that most of the labels say."""
        shares = self.emotion(y)
        return ((shares > 0) & (shares == shares.max(axis=1, keepdims=True))).astype(int)

    def affect(self, y: Matrix) -> Matrix:
        """(n, 2): the mean valence and arousal of the labels."""
        return self._share(y) @ np.array([[row["valence"], row["arousal"]] for row in self.table.values()])

    def _share(self, y: Matrix) -> Matrix:
        return y / np.maximum(y.sum(axis=1, keepdims=True), 1)

    def second(self, first: Matrix, data: Texts) -> dict[str, Matrix]:
        """The second layer fitted to `data`."""
        return second_layers(first, self.group(data.y), self.emotion(data.y), self.affect(data.y), data)


def figures(fine: Matrix, groups: Matrix, emotion: Matrix, data: Texts, truth: Truth) -> dict[str, float]:
    """What is printed and kept in the file. `fine`, `groups`: 0 or 1; `emotion`: probabilities."""
    shares = truth.emotion(data.y)
    return {
        "n": len(data.texts),
        "macro_f1": round(f1_score(data.y, fine, average="macro", zero_division=0), 4),
        "groups_macro_f1": round(f1_score(truth.group(data.y), groups, average="macro", zero_division=0), 4),
        "emotion_hit": round(float(shares[np.arange(len(shares)), emotion.argmax(axis=1)].mean()), 4),
        "ece": round(calibration_error(emotion, shares), 4),
    }


def cross_validated(first: Matrix, data: Texts, truth: Truth) -> dict[str, float]:
    """Figures where a text is judged by layers and thresholds that never saw it; this project's own lines teach too."""
    n, real, true_groups = len(truth.labels), data.fold >= 0, truth.group(data.y)
    fine, groups = np.zeros_like(data.y), np.zeros_like(true_groups)
    emotion = np.zeros((len(data.texts), len(EMOTIONS)))
    for fold in np.unique(data.fold[real]):
        here = data.fold == fold
        second = truth.second(first[~here], data.where(~here))
        grouped = second_layer(first, second["to_groups"])
        others = real & ~here
        fine[here] = first[here, :n] > thresholds(first[others, :n], data.y[others])
        groups[here] = grouped[here] > thresholds(grouped[others], true_groups[others])
        emotion[here] = softmax(second_layer(first[here], second["to_emotions"]))
    return figures(fine[real], groups[real], emotion[real], data.where(real), truth)


def main(language: str, folder: Path) -> None:
    """Fit, measure, save."""
    truth = Truth(language)
    rows = read_rows(folder / FILES[language])
    data = training([row for row in rows if row.get("split") != "dev"], truth.labels, language)
    grams = np.array([*features(data.texts, language), None], dtype=object)[:-1]
    labels, emotions = np.hstack([data.y, truth.group(data.y)]), truth.likeliest(data.y)

    def fitted(chosen: Matrix) -> dict[str, Matrix]:
        said, told = chosen & (data.weight > 0), chosen & (data.fold == -1)
        return beside(
            first_layer(list(grams[said]), labels[said], data.weight[said], KEPT[language], INVERSE_PENALTY, least=3),
            first_layer(list(grams[told]), emotions[told], np.ones(told.sum()), KEPT_OWN, INVERSE_PENALTY_OWN, least=2),
        )

    tested = data.fold >= -1  # this project's own lines teach the second layer too, in every fold
    out_of_fold = np.zeros((len(grams), labels.shape[1] + emotions.shape[1]), np.float32)
    own = np.flatnonzero(data.fold == -1)
    own_fold = np.full(len(data.fold), -9)
    own_fold[own] = np.arange(len(own)) % FOLDS[language]
    for fold in range(FOLDS[language]):
        layer = fitted((data.fold != fold) & (data.fold != -2 - fold) & (own_fold != fold))
        here = (data.fold == fold) | (own_fold == fold)
        out_of_fold[here] = logits(layer, list(grams[here]))
        print("fold", fold, flush=True)
    layer = fitted(np.ones(len(grams), bool))
    taught = data.where(tested)
    second = truth.second(out_of_fold[tested], taught)
    real = data.fold >= 0
    grouped = second_layer(out_of_fold[real], second["to_groups"])
    cut = thresholds(out_of_fold[real, : len(truth.labels)], data.y[real])
    group_cut = thresholds(grouped, truth.group(data.y[real]))
    measured = cross_validated(out_of_fold[tested], taught, truth)
    print("cross-validated", measured)
    held = [row for row in rows if row.get("split") == "dev"]
    if held:
        test = training(held, truth.labels, language).where(np.arange(2 * len(held) + len(own)) < len(held))
        for name, texts in (("held out", test.texts), ("misheard", _misheard(test.texts, language))):
            first = logits(layer, features(texts, language))
            chosen = second_layer(first, second["to_groups"]) > group_cut
            emotion = softmax(second_layer(first, second["to_emotions"]))
            print(name, found := figures(first[:, : len(truth.labels)] > cut, chosen, emotion, test, truth))
            measured = found if name == "held out" else measured
    path = ROOT / f"models/affect/words-{language}.npz"
    np.savez_compressed(
        path,
        **layer,
        **second,
        labels=np.array(truth.labels),
        groups=np.array(truth.groups),
        grouping=np.array([row.get("group", "") for row in truth.table.values()]),
        thresholds=cut,
        group_thresholds=group_cut,
        fitted=np.unique([zlib.crc32(text.encode()) for text, one in zip(data.texts, real, strict=True) if one]).astype(
            np.uint32
        ),
        figures=np.array(json.dumps(_kept(measured, truth))),
    )
    print(path.name, path.stat().st_size, "bytes")


def _kept(measured: dict[str, float], truth: Truth) -> dict[str, dict[str, float]]:
    names = {"labels": ("macro_f1", len(truth.labels)), "groups": ("groups_macro_f1", len(truth.groups))}
    return {q: {"n": measured["n"], "classes": n, "macro_f1": measured[key]} for q, (key, n) in names.items()}


def _misheard(texts: list[str], language: str) -> list[str]:
    rng = np.random.default_rng(1)
    return [misheard(text, language, rng) for text in texts]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT.parent / "shared/data/text")
