"""The words part of `companion bench affect`: texts with labels, read as speech is, without case and punctuation.

Every `.tsv` with the columns `text` and `emotion` (several labels joined by `|`) is put to the shipped classifier. What
the labels are says what is asked of it: its own fine labels, its groups of them, the emotions a listener might name, or
positive against negative. Texts that the classifier was fitted on are left out; where none remain, its figures by
cross-validation stand instead.
"""

from __future__ import annotations

import csv
import re
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from companion.affect import words
from companion.affect.words import WordsModel
from companion.apps.recordings import default_data
from companion.errors import CompanionError
from companion.events import EMOTIONS

_NAMES = {
    "joy": "happy", "happiness": "happy", "sadness": "sad", "anger": "angry", "fear": "afraid", "disgust": "disgusted",
    "surprise": "surprised",
}  # fmt: skip
_POLES = {"positive", "negative"}
_HANGUL = re.compile(r"[가-힣]")


@dataclass(frozen=True, slots=True)
class Result:
    """One question put to one file. `macro_f1`: mean F1 of the classes that occur; `ms`: median time of a text."""

    name: str
    language: str
    n: int
    classes: int
    macro_f1: float
    ms: float


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and the labels that people gave it."""

    text: str
    labels: frozenset[str]


def run(data: Path | None = None, language: str | None = None) -> list[Result]:
    """Every `.tsv` in `data` and its folders, by default the shared texts; those without known labels are passed over.

    Raises:
        CompanionError: a file cannot be read.
    """
    folder = data or default_data() / "text"
    results: list[Result] = []
    for path in sorted({*folder.glob("*.tsv"), *folder.glob("*/*.tsv")}):
        texts = _read(path)
        spoken = _language(texts)
        if texts and language in (None, spoken):
            results += measure(path.stem, words.load(spoken), texts)
    return results


def measure(name: str, model: WordsModel, texts: Sequence[Labelled]) -> list[Result]:
    """What the labels of the texts let us ask, each a result; none where they are unknown."""
    fresh = [one for one in texts if key(one.text) not in model.fitted]
    asked = _questions(model, {label for one in texts for label in one.labels})
    if not fresh:
        return [_cross_validated(name, model, question) for question in asked if question in model.figures]
    results = []
    for question, (truth, answer) in asked.items():
        known = [(one.text, labels) for one in fresh if (labels := truth(one.labels))]
        if known:
            took, pairs = [], []
            for text, labels in known:
                began = time.perf_counter()
                given = answer(text)
                took.append(time.perf_counter() - began)
                pairs.append((labels, given))
            classes = {label for labels, _ in pairs for label in labels}
            f1 = macro_f1(pairs)
            title = f"{name} ({question})"
            ms = round(1000 * median(took), 3)
            results.append(Result(title, model.language, len(pairs), len(classes), round(f1, 4), ms))
    return results


def key(text: str) -> int:
    """What a fitted text is known by."""
    return zlib.crc32(text.encode())


def macro_f1(pairs: Sequence[tuple[set[str], set[str]]]) -> float:
    """Mean F1 over the classes in the truth, of (true labels, given labels)."""
    classes = {label for labels, _ in pairs for label in labels}
    return sum(_f1(label, pairs) for label in classes) / len(classes)


def _f1(label: str, pairs: Sequence[tuple[set[str], set[str]]]) -> float:
    hits = sum(label in labels and label in given for labels, given in pairs)
    named = sum((label in labels) + (label in given) for labels, given in pairs)
    return 2 * hits / named


Truth = Callable[[frozenset[str]], set[str]]
Answer = Callable[[str], set[str]]


def _questions(model: WordsModel, seen: set[str]) -> dict[str, tuple[Truth, Answer]]:
    """Question → (labels of the file → the classes meant, text → the classes given)."""
    if seen <= _POLES:
        return {"polarity": (set, lambda text: {"positive" if model.read(text).valence > 0 else "negative"})}
    emotions = {_NAMES.get(label, label) for label in seen} & set(EMOTIONS)
    asked: dict[str, tuple[Truth, Answer]] = {}
    if seen <= set(model.groups):
        asked["groups"] = (set, model.group)
    elif seen <= set(model.labels):
        return {
            "labels": (set, model.label),
            "groups": (lambda labels: {model.grouping[label] for label in labels} - {""}, model.group),
        }
    if len(emotions) > 1:
        asked["emotions"] = (
            lambda labels: {_NAMES.get(label, label) for label in labels} & emotions,
            lambda text: {max(emotions, key=model.read(text).scores.__getitem__)},
        )
    return asked


def _cross_validated(name: str, model: WordsModel, question: str) -> Result:
    kept = model.figures[question]
    title = f"{name} ({question}, cross-validated when it was fitted)"
    return Result(title, model.language, int(kept["n"]), int(kept["classes"]), kept["macro_f1"], _time(model))


def _time(model: WordsModel) -> float:
    """Median milliseconds of a turn of some twenty words."""
    turn = " ".join(model.labels[:20])
    took = []
    for _ in range(50):
        began = time.perf_counter()
        model.read(turn)
        took.append(time.perf_counter() - began)
    return round(1000 * median(took), 3)


def _language(texts: Sequence[Labelled]) -> str:
    return "ko" if sum(bool(_HANGUL.search(one.text)) for one in texts) * 2 > len(texts) else "en"


def _read(path: Path) -> list[Labelled]:
    """The rows with a text and labels; none where the columns are others."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CompanionError(f"cannot read {path}: {error}") from error
    return [
        Labelled(row["text"], frozenset(row["emotion"].split("|")))
        for row in rows
        if row.get("text") and row.get("emotion")
    ]
