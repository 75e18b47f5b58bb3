"""How this owner wants to be talked with: told in so many words, or learned slowly from how they talk. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final, Literal

Length = Literal["short", "usual", "long"]

Wish = Literal[
    "shorter",
    "longer",
    "usual_length",
    "slower",
    "faster",
    "usual_pace",
    "fewer_questions",
    "questions",
    "call",
    "do_not_call",
    "casual",
    "do_not_say",
]
"""What an owner may say about the way they are talked with; `requests.<language>.toml` holds the words. `casual`: in
Korean's plain speech. `do_not_say`: what was just said."""

TYPICAL_LETTERS: Final = 50.0
"""Letters (a Hangul syllable counts two) of a spoken turn, before anything is known: about ten words."""

_TURNS: Final = 30
"""Turns that the mean length of the owner's turns rests on: a quiet evening does not change a habit."""

TERSE, TALKATIVE = 20.0, 150.0
"""Letters of the owner's mean turn below which answers become short, above which they may be long: four words, thirty
seconds of speech."""

STEP: Final = 0.1
"""Of the voice's rate, for every "slower" or "faster"."""

SLOWEST, FASTEST = 0.8, 1.2

_WORDS: Final = 40
"""Words of the owner's whose uses are counted; the rarest goes first."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """Every field is kept under its own name, so that it can be shown and unlearned by itself.

    `called`: what the owner wants to be called; empty: as the settings say. `length`: of answers, as told; None: by
    `letters`, the mean length of the owner's turns. `pace`: rate of the voice, 1.0 as its style has it. `questions`:
    few where the owner said so. `words`: uses of words of the owner's that an answer may take up.
    """

    called: str = ""
    length: Length | None = None
    letters: float = TYPICAL_LETTERS
    pace: float = 1.0
    questions: Literal["few", "usual"] = "usual"
    words: Mapping[str, int] = field(default_factory=dict)

    @property
    def answers(self) -> Length:
        """How long answers should be."""
        if self.length is not None:
            return self.length
        return "short" if self.letters < TERSE else "long" if self.letters > TALKATIVE else "usual"

    def wished(self, wish: Wish, name: str = "") -> Preferences:
        """After the owner said so; `name`: with `call`."""
        change: Mapping[Wish, Callable[[], Preferences]] = {
            "shorter": lambda: replace(self, length="usual" if self.length == "long" else "short"),
            "longer": lambda: replace(self, length="usual" if self.length == "short" else "long"),
            "usual_length": lambda: replace(self, length="usual"),
            "slower": lambda: replace(self, pace=max(SLOWEST, round(self.pace - STEP, 2))),
            "faster": lambda: replace(self, pace=min(FASTEST, round(self.pace + STEP, 2))),
            "usual_pace": lambda: replace(self, pace=1.0),
            "fewer_questions": lambda: replace(self, questions="few"),
            "questions": lambda: replace(self, questions="usual"),
            "call": lambda: replace(self, called=name),
            "do_not_call": lambda: replace(self, called=""),
        }
        return change[wish]() if wish in change else self

    def heard(self, letters: int, words: Iterable[str]) -> Preferences:
        """After a turn of the owner's of so many letters, with these `words` of theirs in it."""
        counts = dict(self.words)
        for word in words:
            counts[word] = counts.get(word, 0) + 1
        kept = sorted(counts, key=counts.__getitem__, reverse=True)[:_WORDS]
        mean = self.letters + (letters - self.letters) / _TURNS
        return replace(self, letters=mean, words={word: counts[word] for word in kept})

    def to_record(self) -> dict[str, Any]:
        """Plain values by name, for the store."""
        return asdict(self) | {"letters": round(self.letters, 1)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Preferences:
        """What of `record` is of preferences; the rest is passed over."""
        return cls(**{one.name: record[one.name] for one in fields(cls) if record.get(one.name) is not None})
