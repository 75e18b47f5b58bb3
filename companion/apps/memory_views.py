"""What the owner sees of the memory: tables for people, JSON for scripts. Nothing here writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

from companion import settings
from companion.apps import dates
from companion.apps import memory_tables as tables
from companion.apps.json_output import print_json
from companion.apps.unlock import Unlock, memory_folder, open_memory
from companion.apps.wording import say
from companion.errors import CompanionError
from companion.memory import episodes, facts, feelings, profile, summaries, vault
from companion.memory import forget as forgetting
from companion.memory import usage as talked
from companion.memory.episodes import Episode
from companion.memory.facts import Fact
from companion.memory.store import Store
from companion.memory.vault import Vault

_WEEK = 7 * dates.DAY
_MONDAY = 3 * dates.DAY  # the epoch was a Thursday


class Places(Protocol):
    """Where this run keeps its things, and how the memory opens."""

    home: Any
    unlock: Unlock


def listing(places: Places, limit: int, start: str | None, end: str | None, as_json: bool) -> None:
    """The newest episodes and summaries of a period, and the facts held true now that were learned in it."""
    first, after = dates.period(start, end)
    with _open(places) as memory:
        told = episodes.between(memory.store, first, after)[-limit:]
        known = [f for f in facts.known(memory.store, dates.now()) if first <= f.valid_from < after]
        written = summaries.between(memory.store, first, after)[-limit:]
    if as_json:
        print_json(
            {
                "episodes": [tables.episode_record(e) for e in told],
                "facts": [tables.fact_record(f) for f in known],
                "summaries": [tables.summary_record(s) for s in written],
            }
        )
        return
    console = Console(highlight=False)
    if not told and not known and not written:
        console.print("Nothing is remembered." if start is None and end is None else "Nothing is remembered of then.")
    if told:
        console.print(tables.episode_table("What was said", told))
    if written:
        console.print(tables.summary_table(written))
    if known:
        console.print(tables.fact_table(known))


def search(places: Places, text: str, limit: int, as_json: bool) -> None:
    """What a moment with these words would recall."""
    from companion.memory.recall import Recall

    now = dates.now()
    with _open(places) as memory:
        found = Recall(memory.store).recall(text, now, limit=limit, offset=dates.utc_offset(now)).items
        score = [round(item.score, 3) for item in found]
        known = [facts.get(memory.store, item.id) for item in found if item.kind == "fact"]
        written = [summaries.get(memory.store, item.id) for item in found if item.kind == "summary"]
        told = [episodes.get(memory.store, item.id) for item in found if item.kind == "episode"]
    if as_json:
        records = [*map(tables.fact_record, known), *map(tables.summary_record, written)]
        records += map(tables.episode_record, told)
        print_json({"items": [record | {"score": value} for record, value in zip(records, score, strict=True)]})
        return
    console = Console(highlight=False)
    if not found:
        console.print("Nothing comes to mind.")
    if known:
        console.print(tables.fact_table(known))
    if written:
        console.print(tables.summary_table(written))
    if told:
        console.print(tables.episode_table("What comes to mind", told))


def show(places: Places, item: str, as_json: bool) -> None:
    """One thing whole, with where it comes from."""
    kind, number = parse_id(item)
    with _open(places) as memory:
        record, table = _SHOWN[kind](memory.store, number)
    if as_json:
        print_json(record)
    else:
        Console(highlight=False).print(table)


def timeline(places: Places, start: str | None, end: str | None, as_json: bool) -> None:
    """Valence and arousal by day, then by week."""
    first, after = dates.period(start, end)
    with _open(places) as memory:
        offset = dates.utc_offset(dates.now())
        days = feelings.timeline(memory.store, first, after, dates.DAY, offset)
        weeks = feelings.timeline(memory.store, first, after, _WEEK, offset + _MONDAY)
    if as_json:
        print_json({"days": list(map(tables.mood_record, days)), "weeks": list(map(tables.mood_record, weeks))})
        return
    console = Console(highlight=False)
    if not days:
        console.print("No feelings are remembered in this time.")
        return
    console.print("How it sounded, not how it was: a listener's guess from voice and words.", style="dim")
    for title, moods in (("By day", days), ("By week", weeks)):
        console.print(tables.mood_table(title, moods))


def usage(places: Places, start: str | None, end: str | None, as_json: bool) -> None:
    """On which days there was talk, and how much; no more is made of it."""
    first, after = dates.period(start, end)
    language = settings.load(places.home).language
    with _open(places) as memory:
        days = talked.by_day(memory.store, first, after, dates.utc_offset(dates.now()))
    if as_json:
        print_json({"days": list(map(tables.usage_record, days))})
        return
    console = Console(highlight=False)
    if days:
        console.print(tables.usage_table(days, language))
    else:
        console.print(say(language, "usage_none"))


def stats(places: Places, as_json: bool) -> None:
    """Counts, age, size, ways in, receipts."""
    with _open(places) as memory:
        counts = {
            table: memory.store.query(f"SELECT count(*) FROM {table}")[0][0]
            for table in ("sessions", "episodes", "facts", "feelings", "summaries", "profile")
        }
        since = memory.store.query("SELECT min(started) FROM episodes")[0][0]
        receipts = [asdict(receipt) for receipt in forgetting.receipts(memory.store)]
        remembered = profile.everything(memory.store)
    folder = memory_folder(places.home)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    opens_with = list(vault.ways_in(folder))
    if as_json:
        print_json(
            {
                "counts": counts,
                "since": None if since is None else dates.local(since).isoformat(timespec="seconds"),
                "bytes": size,
                "opens_with": opens_with,
                "profile_keys": sorted(remembered),
                "receipts": receipts,
            }
        )
        return
    console = Console(highlight=False)
    rows = [("holds", tables.counted(counts) or "nothing"), ("since", "" if since is None else tables.moment(since))]
    rows += [("size", f"{size / 1e6:.1f} MB"), ("opens with", ", ".join(opens_with))]
    console.print(tables.details("The memory", rows))
    for receipt in receipts:
        console.print(tables.receipt_text(receipt), style="dim")


# --- shared with the acts ---------------------------------------------------------------------------------------------


def parse_id(item: str) -> tuple[str, int]:
    """`12` or `e12` → ("e", 12), `f3` → ("f", 3).

    Raises:
        CompanionError: it is no id.
    """
    kind, number = (item[0], item[1:]) if item[:1].isalpha() else ("e", item)
    if kind not in "efms" or not number.isdigit():
        raise CompanionError(f"{item[:24]} is no id: `companion memory list` shows them")
    return kind, int(number)


def preview(store: Store, chosen: Iterable[int], limit: int = 10) -> Sequence[Episode]:
    """The first few of the episodes, for a look before they go."""
    return episodes.by_ids(store, sorted(chosen)[:limit])


def _open(places: Places) -> Vault:
    return open_memory(places.home, places.unlock, read_only=True)


# --- one thing whole --------------------------------------------------------------------------------------------------


def _show_episode(store: Store, number: int) -> tuple[dict[str, Any], Table]:
    episode = episodes.get(store, number)
    known = _proven_by(store, (number,))
    around = feelings.between(store, episode.started - dates.DAY, episode.started + dates.DAY)
    felt = [feeling for feeling in around if feeling.episode == number]
    record = tables.episode_record(episode) | {
        "facts": [tables.fact_record(fact) for fact in known],
        "feelings": [tables.feeling_record(feeling) for feeling in felt],
    }
    return record, tables.episode_details(episode, known, felt)


def _show_fact(store: Store, number: int) -> tuple[dict[str, Any], Table]:
    fact, proof = facts.get(store, number), facts.why(store, number)
    return tables.fact_record(fact) | {"proof": proof}, tables.fact_details(fact, proof)


def _show_feeling(store: Store, number: int) -> tuple[dict[str, Any], Table]:
    feeling = feelings.get(store, number)
    return tables.feeling_record(feeling), tables.feeling_details(feeling)


def _show_summary(store: Store, number: int) -> tuple[dict[str, Any], Table]:
    summary = summaries.get(store, number)
    known = _proven_by(store, summary.sources)
    record = tables.summary_record(summary) | {"facts": [tables.fact_record(fact) for fact in known]}
    return record, tables.summary_details(summary, known)


def _proven_by(store: Store, told: Collection[int]) -> list[Fact]:
    return [fact for fact in facts.known(store, dates.now(), history=True) if fact.episode in told]


_SHOWN = {"e": _show_episode, "f": _show_fact, "m": _show_feeling, "s": _show_summary}
