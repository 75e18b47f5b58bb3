"""How the memory is shown: as tables in local time for people, as records with ISO times for scripts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from companion.apps import dates
from companion.apps.wording import say
from companion.memory.diary import day_of
from companion.memory.episodes import Episode
from companion.memory.facts import Fact
from companion.memory.feelings import Feeling, Mood
from companion.memory.summaries import Summary
from companion.memory.usage import Day

_ONE = {
    "replies": "reply",
    "summaries": "summary",
    "summary_sources": "source of a summary",
    "keyring entries": "keyring entry",
    "profile": "thing learned",
}
_MANY = {"summary_sources": "sources of summaries", "profile": "things learned"}
"""What is not named as its table is, or with an s less."""
_KINDS = {"said": "said so", "inferred": "inferred, to be asked", "confirmed": "confirmed"}
_BAR = 12  # characters on either side of the middle


# --- words -----------------------------------------------------------------------------------------------------------


def counted(counts: Mapping[str, int]) -> str:
    """What there is of each table, in words: "1 episode, 2 facts"; empty where there is nothing."""
    return ", ".join(f"{count} {_named(name, count)}" for name, count in counts.items() if count)


def _named(table: str, count: int) -> str:
    return _ONE.get(table, table.removesuffix("s")) if count == 1 else _MANY.get(table, table)


def receipt_text(receipt: Mapping[str, Any]) -> str:
    """A receipt in one paragraph, without content."""
    checked = "; ".join(f"{name}: {result}" for name, result in receipt["checks"].items())
    verified = "checked" if receipt["verified"] else "NOT fully done"
    return (
        f"{moment(receipt['at'])}  {receipt['act']}: {counted(receipt['counts']) or 'nothing'}. {verified} ({checked})."
        f" Cannot be promised: {'; '.join(receipt['limits'])}."
    )


def moment(at: int) -> str:
    """A moment on the owner's clock, to the minute."""
    return dates.local(at).strftime("%Y-%m-%d %H:%M")


def day(at: int) -> str:
    """The day of a moment on the owner's clock."""
    return dates.local(at).date().isoformat()


# --- records for scripts ---------------------------------------------------------------------------------------------


def episode_record(episode: Episode) -> dict[str, Any]:
    """An episode; `when` is `started` as ISO 8601."""
    return asdict(episode) | {"id": f"e{episode.id}", "when": _iso(episode.started)}


def fact_record(fact: Fact) -> dict[str, Any]:
    """A fact; `since` is the day of `valid_from`."""
    return asdict(fact) | {"id": f"f{fact.id}", "episode": f"e{fact.episode}", "since": day(fact.valid_from)}


def feeling_record(feeling: Feeling) -> dict[str, Any]:
    """A feeling; `when` is `at` as ISO 8601."""
    source = None if feeling.episode is None else f"e{feeling.episode}"
    return asdict(feeling) | {"id": f"m{feeling.id}", "episode": source, "when": _iso(feeling.at)}


def summary_record(summary: Summary) -> dict[str, Any]:
    """A summary; `day` is that of `starts`, `sources` are the episodes it was made from."""
    sources = [f"e{episode}" for episode in summary.sources]
    return asdict(summary) | {"id": f"s{summary.id}", "day": day(summary.starts), "sources": sources}


def mood_record(mood: Mood) -> dict[str, Any]:
    """A mood; `from` is the day on which its span begins."""
    return {"from": day(mood.start), "valence": round(mood.valence, 3), "arousal": round(mood.arousal, 3), "n": mood.n}


def usage_record(talked: Day) -> dict[str, Any]:
    """A day with talk in it."""
    return {"day": day(talked.start), "turns": talked.turns, "minutes": round(talked.minutes, 1)}


def _iso(at: int) -> str:
    return dates.local(at).isoformat(timespec="seconds")


# --- tables for people -----------------------------------------------------------------------------------------------


def episode_table(title: str, told: Sequence[Episode]) -> Table:
    """What was said and answered, one row an episode."""
    table = _table(title, "id", "when", "said", "answered")
    for episode in told:
        table.add_row(
            f"e{episode.id}", moment(episode.started), Text(episode.said), Text(episode.answered, style="dim")
        )
    return table


def fact_table(known: Sequence[Fact]) -> Table:
    """What is held true, and how it is known."""
    table = _table("What is held true", "id", "since", "fact", "how", "from")
    for fact in known:
        how = f"{_KINDS[fact.kind]}, sensitive" if fact.sensitive else _KINDS[fact.kind]
        table.add_row(f"f{fact.id}", day(fact.valid_from), Text(fact.statement), how, f"e{fact.episode}")
    return table


def summary_table(written: Sequence[Summary]) -> Table:
    """What days were about, in the owner's own sentences, and the episodes that these are from."""
    table = _table("What days were about", "id", "day", "what you said", "from")
    for summary in written:
        table.add_row(f"s{summary.id}", day(summary.starts), Text(summary.text), _sources(summary))
    return table


def mood_table(title: str, moods: Sequence[Mood]) -> Table:
    """Valence and arousal as bars, one row a span."""
    table = Table(title=title, box=None)
    for column in ("from", "unpleasant · pleasant", "calm · lively", "n"):
        table.add_column(column, justify="right" if column == "n" else "left")
    for mood in moods:
        table.add_row(day(mood.start), _bar(mood.valence, "magenta"), _bar(mood.arousal, "cyan"), str(mood.n))
    return table


def usage_table(days: Sequence[Day], language: str) -> Table:
    """The days with talk in them, one row each, with a bar for the minutes; for the owner alone."""
    table = Table(title=say(language, "usage"), box=None)
    for name in ("usage_day", "usage_minutes", "usage_turns"):
        table.add_column(say(language, name), justify="left" if name == "usage_day" else "right", no_wrap=True)
    table.add_column("")
    most = max(one.minutes for one in days)
    for one in days:
        bar = Text("█" * max(1, round(one.minutes / most * 2 * _BAR)), "cyan")
        table.add_row(day(one.start), f"{one.minutes:.0f}", str(one.turns), bar)
    return table


def details(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    """One thing whole: a row a property, without those that are empty."""
    table = Table(show_header=False, box=None, title=title)
    for name, value in rows:
        if value:
            table.add_row(Text(name, style="bold"), Text(value))
    return table


def episode_details(episode: Episode, known: Sequence[Fact], felt: Sequence[Feeling]) -> Table:
    """An episode, what it proves and what was felt."""
    return details(
        f"e{episode.id}",
        [
            ("when", moment(episode.started)),
            ("who", episode.person),
            ("said", episode.said),
            ("answered", episode.answered + (" (interrupted)" if episode.interrupted else "")),
            ("topic", episode.topic),
            *(("fact", f"f{fact.id}  {fact.statement}") for fact in known),
            *(("felt", f"m{feeling.id}  {_felt(feeling)}") for feeling in felt),
        ],
    )


def fact_details(fact: Fact, proof: str) -> Table:
    """A fact and the owner's words that prove it."""
    return details(
        f"f{fact.id}",
        [
            ("fact", fact.statement),
            ("how", f"{_KINDS[fact.kind]} ({fact.confidence:.0%} sure)"),
            ("proof", f"“{proof}”, in e{fact.episode}"),
            ("since", moment(fact.valid_from)),
            ("until", "" if fact.valid_to is None else moment(fact.valid_to)),
            ("expires", "" if fact.expires is None else moment(fact.expires)),
            ("person", fact.person),
            ("topic", fact.topic),
            ("sensitive", "yes" if fact.sensitive else ""),
        ],
    )


def feeling_details(feeling: Feeling) -> Table:
    """A feeling and where it was heard."""
    source = "" if feeling.episode is None else f"e{feeling.episode}"
    return details(f"m{feeling.id}", [("when", moment(feeling.at)), ("felt", _felt(feeling)), ("in", source)])


def summary_details(summary: Summary, known: Sequence[Fact]) -> Table:
    """A summary, the episodes that it is from, and what these prove."""
    first, after = day_of(summary.starts)
    last = "" if summary.ends <= after else f" to {day(summary.ends - 1)}"
    return details(
        f"s{summary.id}",
        [
            ("day", day(first) + last),
            ("what you said", summary.text),
            ("from", _sources(summary)),
            *(("fact", f"f{fact.id}  {fact.statement}") for fact in known),
        ],
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column, no_wrap=column in ("id", "when", "since", "day"))
    return table


def _sources(summary: Summary) -> str:
    return ", ".join(f"e{episode}" for episode in summary.sources)


def _felt(feeling: Feeling) -> str:
    name = f"{feeling.emotion}, " if feeling.emotion else ""
    return f"{name}valence {feeling.valence:+.2f}, arousal {feeling.arousal:+.2f} (from {feeling.modality})"


def _bar(value: float, colour: str) -> Text:
    """A bar left or right of the middle for −1…1."""
    filled = round(abs(value) * _BAR)
    left = "█" * filled if value < 0 else ""
    right = "█" * filled if value > 0 else ""
    return Text.assemble((left.rjust(_BAR), colour), "│", (right.ljust(_BAR), colour))
