"""`companion memory profile`: what was learned of the owner besides words; to see, put right and unlearn one by one."""

from __future__ import annotations

import base64
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from companion.affect import tone
from companion.affect.baseline import Baseline
from companion.affect.voice import MEASURES
from companion.apps import dates
from companion.apps.json_output import print_json
from companion.apps.memory_views import Places
from companion.apps.unlock import open_memory
from companion.dialogue.strategy.learning import Arm, Tastes
from companion.dialogue.strategy.owner import ANSWER, TASTES
from companion.dialogue.strategy.preferences import Preferences
from companion.errors import CompanionError
from companion.memory import profile
from companion.memory.store import Store
from companion.parts import VOICE

_TOLD = 10.0
"""Uses that the owner's own word about a strategy or a style is worth; it fades like experience."""

_WANTED = {
    "called": "what you want to be called",
    "length": "how long answers should be, as you said",
    "letters": "how long your own turns are, in letters",
    "pace": "how fast to speak, as you said (1.0: as usual)",
    "questions": "how many questions, as you said",
    "words": "words of yours that an answer may take up, and how often you said them",
}
"""The fields of `Preferences`, as the owner may know them."""

_UNITS = {
    "pitch": "semitones over 100 Hz",
    "pitch_range": "semitones",
    "pitch_slope": "semitones a second",
    "energy": "dBFS",
    "rate": "syllables a second",
    "pauses": "share of the time",
    "voiced": "share of the time",
}


def show(places: Places, as_json: bool) -> None:
    """Everything that was learned."""
    with open_memory(places.home, places.unlock, read_only=True) as memory:
        learned = profile.everything(memory.store)
    record = {**learned, VOICE: _usual(learned[VOICE])} if VOICE in learned else learned
    if as_json:
        print_json(record)
        return
    console = Console(highlight=False)
    if not learned:
        console.print("Nothing was learned yet.")
        return
    if VOICE in learned:
        console.print(_voice_table(_usual(learned[VOICE])))
    if TASTES in learned:
        console.print(_taste_table(Tastes.from_record(learned[TASTES])))
    answers = {name: value for name, value in learned.items() if name.startswith(ANSWER)}
    if answers:
        console.print(_answer_table(answers))
    if wanted := {name: learned[name] for name in _WANTED if name in learned}:
        console.print(_preference_table(wanted))
    for name in sorted(learned.keys() - {VOICE, TASTES, *answers, *wanted}):
        console.print(f"{name}: {_in_short(learned[name])}", soft_wrap=True)
    console.print("Unlearn one: companion memory profile --reset NAME. Put one right: --likes NAME, --dislikes NAME.")


def change(places: Places, reset: str | None, likes: str | None, dislikes: str | None) -> None:
    """Unlearn one thing, or take the owner's word for one.

    Raises:
        CompanionError: nothing of this name was learned.
    """
    with open_memory(places.home, places.unlock) as memory:
        if reset is not None and not _reset(memory.store, reset):
            raise CompanionError(f"nothing was learned under {reset}; see: companion memory profile")
        tastes = Tastes.from_record(profile.get(memory.store, TASTES, {}))
        arms = dict(tastes.arms)
        if likes is not None:
            arms[_known(likes)] = Arm(helped=_TOLD)
        if dislikes is not None:
            arms[_known(dislikes)] = Arm(not_=_TOLD)
        if likes or dislikes:
            profile.put(memory.store, TASTES, Tastes(arms).to_record(), dates.now())
    Console().print("Done.")


def _reset(store: Store, name: str) -> bool:
    if profile.drop(store, name):
        return True
    words = profile.get(store, "words", {})
    if words.pop(name, None) is not None:
        profile.put(store, "words", words, dates.now())
        return True
    tastes = Tastes.from_record(profile.get(store, TASTES, {}))
    if name not in tastes.arms:
        return False
    profile.put(store, TASTES, tastes.without(name).to_record(), dates.now())
    return True


def _known(name: str) -> str:
    """A strategy or a style.

    Raises:
        CompanionError: there is none of this name.
    """
    from typing import get_args

    from companion.dialogue.strategy.planner import Strategy
    from companion.tts.styles import STYLES

    names = (*get_args(Strategy), *STYLES)
    if name not in names:
        raise CompanionError(f"there is no strategy or style {name}; there are: {', '.join(names)}")
    return name


def _in_short(value: Any) -> str:
    """A value, or the numbers of a record without the time, on one line."""
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{key.replace('_', ' ')} {number:+.2f}" for key, number in value.items() if key != "at")


def _usual(record: str) -> dict[str, Any]:
    """The measured part of a voice's baseline; the encoding says nothing to a person."""
    baseline = Baseline.from_bytes(base64.b64decode(record), tone.load().prior)
    measures = zip(MEASURES, baseline.mean, baseline.variance, strict=False)
    return {
        "utterances": baseline.count,
        **{name: {"mean": float(mean), "deviation": float(variance) ** 0.5} for name, mean, variance in measures},
    }


def _voice_table(usual: dict[str, Any]) -> Table:
    table = Table(title=f"How you usually sound, after {usual['utterances']} turns (name: {VOICE})")
    for column in ("", "usual", "give or take", ""):
        table.add_column(column, justify="left" if column == "" else "right")
    for name in MEASURES:
        value = usual[name]
        table.add_row(name.replace("_", " "), f"{value['mean']:.1f}", f"{value['deviation']:.1f}", _UNITS[name])
    return table


def _taste_table(tastes: Tastes) -> Table:
    table = Table(title=f"What seemed to help (name: {TASTES}, or one of these)")
    for column in ("", "helped", "did not"):
        table.add_column(column, justify="left" if column == "" else "right")
    for name, arm in sorted(tastes.arms.items()):
        table.add_row(name, f"{arm.helped:.1f}", f"{arm.not_:.1f}")
    return table


def _answer_table(answers: dict[str, Any]) -> Table:
    table = Table(title="Answers that you liked, and such as will not be given again")
    for column in ("name", "", "answer", "how"):
        table.add_column(column, no_wrap=column == "name")
    for name in sorted(answers, key=lambda name: int(name.removeprefix(ANSWER))):
        answer = answers[name]
        liked = "liked" if answer["liked"] else "not again"
        table.add_row(name, liked, Text(answer["text"]), f"{answer['strategy']}, {answer['style']}")
    return table


def _preference_table(wanted: dict[str, Any]) -> Table:
    table = Table(title=f"How you want to be talked with: answers are {Preferences.from_record(wanted).answers} now")
    for column in ("name", "", ""):
        table.add_column(column)
    for name, value in wanted.items():
        shown = ", ".join(f"{word} {uses}" for word, uses in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(name, Text(shown), _WANTED[name])
    return table
