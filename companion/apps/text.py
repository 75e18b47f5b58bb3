"""`companion text`: the same mind, typed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.text import Text

from companion.apps.assemble import chosen, open_mind, open_replier, open_senses, open_talk_memory
from companion.apps.options import effective
from companion.apps.unlock import Unlock
from companion.apps.wording import say
from companion.events import Exchange


def run(home: Path, models: Path, language: str | None, profile: str | None, unlock: Unlock, incognito: bool) -> None:
    """Answer line by line until the input ends. With `incognito` nothing is remembered.

    Raises:
        CompanionError: a model is missing or damaged.
    """
    settings = effective(home, language=language, profile=profile)
    interactive = sys.stdin.isatty()
    console = Console(highlight=False, soft_wrap=not interactive)  # for scripts an answer is one line, however long
    store, selected = chosen(models, settings)
    memory = None if incognito else open_talk_memory(home, models, settings, unlock)
    with ExitStack() as last:
        if memory is not None:
            last.callback(memory.close)  # also where the talk is broken off
        with console.status(say(settings.language, "starting")):
            replier = open_replier(open_mind(store, selected), settings, memory)
            senses = open_senses(store, selected, settings, voice=False)
            replier.warm((), _never)
        if interactive:
            console.print(say(settings.language, "program"), style="dim")
            console.print(say(settings.language, "typed_ready"), style="dim")
        owner = settings.owner_name or say(settings.language, "you")
        history: tuple[Exchange, ...] = ()
        for words in _lines(console if interactive else None, owner):
            clauses: list[str] = []
            shown: list[str] = []
            began, aside = time.perf_counter(), False
            console.print(Text(f"{settings.companion_name}: ", style="bold magenta"), end="")
            affect = senses.sense(words)
            for clause in replier.reply(history, words, _never, affect):
                aside = aside or clause.aside
                disclosed = clause.safety == "disclosure"
                if clause.text:
                    console.print(Text((" " if shown else "") + clause.text), end="")
                    shown.append(clause.text)
                    if not disclosed:
                        clauses.append(clause.text)
            console.print()
            if not aside:
                history = (*history, Exchange(words, " ".join(clauses)))
                if memory is not None:
                    memory.save(words, " ".join(clauses), time.perf_counter() - began, affect=affect)
                    memory.settle()
            history = replier.kept(history)
            replier.warm(history, _never)


def _never() -> bool:
    return False


def _lines(console: Console | None, owner: str) -> Iterator[str]:
    """Lines with words in them: asked for at a terminal, read from standard input elsewhere."""
    while True:
        try:
            line = console.input(Text(f"{owner}: ", style="bold cyan")) if console else next(sys.stdin)
        except (EOFError, StopIteration):
            return
        if line.strip():
            yield line.strip()
