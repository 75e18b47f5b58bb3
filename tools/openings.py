"""Put everyday openings to the mind and write down what it answers, unedited: docs/openings.md.

    .venv/bin/python tools/openings.py

The openings are the lines of docs/openings/<language>.txt, each the beginning of a talk of its own; behind a line of
dashes follows one longer talk. The code is that of `companion text`, with the language model of the starter profile.
"""

from __future__ import annotations

from pathlib import Path

from companion import settings
from companion.apps.assemble import chosen
from companion.dialogue import persona
from companion.dialogue.llm import LanguageModel
from companion.dialogue.reply import Replier
from companion.events import Exchange
from companion.settings import Language, Settings

DOCS = Path(__file__).resolve().parent.parent / "docs"
TITLES: dict[Language, str] = {"en": "English", "ko": "한국어"}
SEED = 1
INTRODUCTION = f"""# Openings

What the starter profile's language model answers to everyday openings, unedited. `tools/openings.py` writes this page,
through the code of `companion text`. In a talk every reply is sampled anew; here the seed is {SEED}, so that a change
of the persona can be compared. Sentences in *italics* stand in the persona: they open the reply in a clear moment, and
are spoken while the model still thinks of the rest.
"""


def answer(replier: Replier, history: tuple[Exchange, ...], words: str) -> str:
    """What is said in answer to `words`."""
    return " ".join(clause.text for clause in replier.reply(history, words, lambda: False) if clause.text)


def section(language: Language) -> list[str]:
    """The lines of one language."""
    store, models = chosen(settings.default_models(), Settings(language=language))
    model = LanguageModel(store.file(models["llm"]))
    replier = Replier(model, language, seed=SEED)
    replier.warm((), lambda: False)
    own = persona.load(language, "Companion", "")
    openers = {opener for several in own.openers.values() for opener in several}
    lines = [
        f"## {TITLES[language]}",
        "",
        f"Model `{models['llm'].id}`, temperature {own.temperature}; the head of the prompt has"
        f" {model.evaluation.evaluated} tokens.",
        "",
        "| said | answered |",
        "|---|---|",
    ]
    openings, _, talk = (DOCS / "openings" / f"{language}.txt").read_text(encoding="utf-8").partition("---\n")
    history: tuple[Exchange, ...] = ()
    lines += [f"| {words} | {marked(answer(replier, (), words), openers)} |" for words in openings.splitlines()]
    lines += ["", "One talk:", "", "| said | answered |", "|---|---|"]
    for words in talk.splitlines():
        said = answer(replier, history, words)
        lines.append(f"| {words} | {marked(said, openers)} |")
        history = (*history, Exchange(words, said))
    model.close()
    return [*lines, ""]


def marked(said: str, openers: set[str]) -> str:
    """`said` with the persona's own opening in italics."""
    for opener in openers:
        if said.startswith(opener):
            return f"*{opener}*{said.removeprefix(opener)}"
    return said


def main() -> None:
    """Write the page."""
    lines = [INTRODUCTION, *(line for language in TITLES for line in section(language))]
    (DOCS / "openings.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
