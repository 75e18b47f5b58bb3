"""Put everyday openings to the mind and write down what it answers, unedited: docs/openings.md.

    .venv/bin/python tools/openings.py

The openings are the lines of docs/openings/<language>.txt; each begins a conversation of its own. The code path is
that of `companion text`, with the models of the starter profile.
"""

from __future__ import annotations

from pathlib import Path

from companion import settings
from companion.apps.assemble import chosen, open_replier
from companion.settings import Language, Settings

DOCS = Path(__file__).resolve().parent.parent / "docs"
TITLES: dict[Language, str] = {"en": "English", "ko": "한국어"}


def answers(language: Language) -> tuple[str, list[tuple[str, str]]]:
    """The language model's id, and each opening with its answer."""
    chosen_settings = Settings(language=language)
    store, models = chosen(settings.default_models(), chosen_settings)
    replier = open_replier(store, models, chosen_settings)
    openings = (DOCS / "openings" / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    told = [
        (words, " ".join(clause.text for clause in replier.reply((), words, lambda: False) if clause.text))
        for words in openings
    ]
    return models["llm"].id, told


def main() -> None:
    """Write the page."""
    lines = ["# Openings", "", "What the starter model answers to everyday openings, unedited; each begins a new talk."]
    lines += ["Sampled, so another run reads differently: `tools/openings.py` writes this page.", ""]
    for language, title in TITLES.items():
        model, told = answers(language)
        lines += [f"## {title}", "", f"Language model: `{model}`", "", "| said | answered |", "|---|---|"]
        lines += [f"| {words} | {answer} |" for words, answer in told]
        lines.append("")
    (DOCS / "openings.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
