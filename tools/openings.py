"""Put everyday openings to the mind and write down what it answers, unedited: docs/openings.md.

    .venv/bin/python -m tools.openings

The openings are the lines of docs/openings/<language>.txt, each the beginning of a talk of its own; behind a line of
dashes follows one longer talk. The code is that of `companion text`, with the language model of the starter profile.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from companion import settings
from companion.affect.senses import Senses
from companion.affect.words import valence
from companion.apps.assemble import chosen
from companion.dialogue.llm import LanguageModel
from companion.dialogue.reply import Replier
from companion.events import Exchange
from companion.settings import Language, Settings

DOCS = Path(__file__).resolve().parent.parent / "docs"
TITLES: dict[Language, str] = {"en": "English", "ko": "한국어"}
SEED = 1
HEAD = ["| said | answered | how |", "|---|---|---|"]
INTRODUCTION = f"""# Openings

What the starter profile's language model answers to everyday openings, unedited. `tools/openings.py` writes this page,
through the code of `companion text`. In a talk every reply is sampled anew; here the seed is {SEED}, so that a change
of the persona can be compared. Behind each answer stand its strategy and the voice it is spoken in; "safety" is decided
and answered in code altogether. Where huggingface.co can be reached, `companion setup` prefers other models than these.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, and how: `strategy` and `then` as planned, both empty where it was answered for safety's sake."""

    text: str
    strategy: str
    then: str
    style: str

    @property
    def row(self) -> str:
        """For a table."""
        how = " + ".join(filter(None, (self.strategy, self.then))) or "safety"
        return f"{self.text} | {how}, {self.style}"


def answer(replier: Replier, senses: Senses, history: tuple[Exchange, ...], words: str) -> Answer:
    """What is said in answer to `words`."""
    clauses = [one for one in replier.reply(history, words, lambda: False, senses.sense(words)) if one.text]
    plan = next((clause.plan for clause in clauses if clause.plan is not None), None)
    text = " ".join(clause.text for clause in clauses)
    if plan is None:
        return Answer(text, "", "", clauses[0].style)
    return Answer(text, plan.strategy, plan.then or "", plan.style)


def figures(answers: list[Answer]) -> list[str]:
    """What can be counted of `answers`."""
    planned = Counter(one.strategy for one in answers if one.strategy)
    name, most = planned.most_common(1)[0]
    single = sum(one.text.count("?") <= 1 for one in answers)
    advised = [one for one in answers if "suggestion" in (one.strategy, one.then)]
    hasty = sum(one.strategy == "suggestion" and one.style in ("gentle", "calm") for one in advised)
    counts = ", ".join(f"{strategy} {count}" for strategy, count in planned.most_common())
    return [
        f"Of {len(answers)} answers {single} hold at most one question ({single / len(answers):.2f}). Of {len(advised)}"
        f" that advise, {hasty}",
        "do so in a hard moment without a word of understanding first. The most frequent strategy, "
        f"{name}, takes {most} ({most / len(answers):.2f});",
        f"in all: {counts}, safety {len(answers) - sum(planned.values())}.",
        "",
    ]


def section(language: Language) -> list[str]:
    """The lines of one language."""
    store, models = chosen(settings.default_models(), Settings(language=language))
    model = LanguageModel(store.file(models["llm"]))
    replier = Replier(model, language, valence=partial(valence, language=language), seed=SEED)
    replier.warm((), lambda: False)
    senses = Senses(language)
    lines = [
        f"## {TITLES[language]}",
        "",
        f"Model `{models['llm'].id}`; the head of the prompt has {model.evaluation.evaluated} tokens.",
        "",
    ]
    openings, _, talk = (DOCS / "openings" / f"{language}.txt").read_text(encoding="utf-8").partition("---\n")
    answers = {words: answer(replier, senses, (), words) for words in openings.splitlines()}
    lines += [*figures(list(answers.values())), *HEAD, *(f"| {words} | {one.row} |" for words, one in answers.items())]
    lines += ["", "One talk:", "", *HEAD]
    history: tuple[Exchange, ...] = ()
    for words in talk.splitlines():
        said = answer(replier, senses, history, words)
        lines.append(f"| {words} | {said.row} |")
        history = (*history, Exchange(words, said.text))
    model.close()
    return [*lines, ""]


def main() -> None:
    """Write the page."""
    lines = [INTRODUCTION, *(line for language in TITLES for line in section(language))]
    (DOCS / "openings.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
