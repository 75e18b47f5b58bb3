"""`companion memory profile`: what was learned of the owner besides words; to see, put right and unlearn one by one."""

from __future__ import annotations

import base64
from typing import Any

from rich.console import Console
from rich.table import Table

from companion.affect.baseline import Baseline
from companion.affect.voice import MEASURES
from companion.apps import dates
from companion.apps.json_output import print_json
from companion.apps.memory_views import Places
from companion.apps.unlock import open_memory
from companion.conversation import VOICE
from companion.dialogue.reply import TASTES
from companion.dialogue.strategy.learning import Arm, Tastes
from companion.errors import CompanionError
from companion.memory import profile
from companion.memory.store import Store

_TOLD = 10.0
"""Uses that the owner's own word about a strategy or a style is worth; it fades like experience."""

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
    for name in sorted(learned.keys() - {VOICE, TASTES}):
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
    """The measured part of a voice's baseline; the encoder's 768 values say nothing to a person."""
    baseline = Baseline.from_bytes(base64.b64decode(record))
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
