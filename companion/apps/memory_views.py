"""What the owner sees of the memory: tables for people, JSON for scripts. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from companion.apps import dates
from companion.apps.json_output import print_json
from companion.apps.unlock import Unlock, memory_folder, open_memory
from companion.errors import CompanionError
from companion.memory import episodes, facts, feelings, profile, summaries, vault
from companion.memory import forget as forgetting
from companion.memory.dates import EVER
from companion.memory.episodes import Episode
from companion.memory.facts import Fact
from companion.memory.feelings import Mood
from companion.memory.store import Store
from companion.memory.vault import Vault

_WEEK = 7 * dates.DAY
_MONDAY = 3 * dates.DAY  # the epoch was a Thursday
_BAR = 12  # characters on either side of the middle


class Places(Protocol):
    """Where this run keeps its things, and how the memory opens."""

    home: Any
    unlock: Unlock


def listing(places: Places, limit: int, start: str | None, end: str | None, as_json: bool) -> None:
    """The newest episodes of a period, and the facts held true now."""
    with _open(places) as memory:
        told = episodes.between(memory.store, *dates.period(start, end))[-limit:]
        known = facts.known(memory.store, dates.now())
    if as_json:
        print_json({"episodes": [_episode(e) for e in told], "facts": [_fact(f) for f in known]})
        return
    console = Console(highlight=False)
    if not told and not known:
        console.print("Nothing is remembered.")
    if told:
        console.print(_episode_table("What was said", told))
    if known:
        console.print(_fact_table(known))


def search(places: Places, text: str, limit: int, as_json: bool) -> None:
    """What a moment with these words would recall."""
    from companion.memory.recall import Recall

    now = dates.now()
    with _open(places) as memory:
        found = Recall(memory.store).recall(text, now, limit=limit, offset=dates.utc_offset(now)).items
        score = {(item.kind, item.id): round(item.score, 3) for item in found}
        told = [episodes.get(memory.store, item.id) for item in found if item.kind == "episode"]
        known = [facts.get(memory.store, item.id) for item in found if item.kind == "fact"]
    if as_json:
        items = [_fact(f) | {"score": score["fact", f.id]} for f in known]
        print_json({"items": items + [_episode(e) | {"score": score["episode", e.id]} for e in told]})
        return
    console = Console(highlight=False)
    if not found:
        console.print("Nothing comes to mind.")
    if known:
        console.print(_fact_table(known))
    if told:
        console.print(_episode_table("What comes to mind", told))


def show(places: Places, item: str, as_json: bool) -> None:
    """One thing whole, with where it comes from."""
    kind, number = parse_id(item)
    with _open(places) as memory:
        if kind == "f":
            fact = facts.get(memory.store, number)
            record = _fact(fact) | {"proof": facts.why(memory.store, number)}
        elif kind == "e":
            episode = episodes.get(memory.store, number)
            record = _episode(episode) | {
                "facts": [
                    _fact(f) for f in facts.known(memory.store, dates.now(), history=True) if f.episode == number
                ],
                "feelings": [asdict(m) for m in _felt_in(memory.store, episode)],
            }
        else:
            raise CompanionError(f"{item}: only episodes (e1) and facts (f1) can be shown")
    if as_json:
        print_json(record)
        return
    table = Table(show_header=False, box=None, title=item)
    for name, value in record.items():
        if value not in ("", [], None):
            table.add_row(Text(name, style="bold"), Text(str(value)))
    Console(highlight=False).print(table)


def timeline(places: Places, start: str | None, end: str | None, as_json: bool) -> None:
    """Valence and arousal by day, then by week."""
    first, after = dates.period(start, end)
    with _open(places) as memory:
        offset = dates.utc_offset(dates.now())
        days = feelings.timeline(memory.store, first, after, dates.DAY, offset)
        weeks = feelings.timeline(memory.store, first, after, _WEEK, offset + _MONDAY)
    if as_json:
        print_json({"days": [_mood(m) for m in days], "weeks": [_mood(m) for m in weeks]})
        return
    console = Console(highlight=False)
    if not days:
        console.print("No feelings are remembered in this time.")
        return
    console.print("How it sounded, not how it was: a listener's guess from voice and words.", style="dim")
    for title, moods in (("By day", days), ("By week", weeks)):
        table = Table(title=title, box=None)
        for column in ("from", "unpleasant · pleasant", "calm · lively", "n"):
            table.add_column(column, justify="right" if column == "n" else "left")
        for mood in moods:
            day = dates.local(mood.start).date().isoformat()
            table.add_row(day, _bar(mood.valence, "magenta"), _bar(mood.arousal, "cyan"), str(mood.n))
        console.print(table)


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
        written = summaries.between(memory.store, *EVER)
    folder = memory_folder(places.home)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    record = {
        "counts": counts,
        "since": None if since is None else dates.local(since).isoformat(),
        "bytes": size,
        "opens_with": list(vault.ways_in(folder)),
        "profile_keys": sorted(remembered),
        "summaries": len(written),
        "receipts": receipts,
    }
    if as_json:
        print_json(record)
        return
    console = Console(highlight=False)
    table = Table(show_header=False, box=None, title="The memory")
    for name, count in counts.items():
        table.add_row(name, str(count))
    table.add_row("since", str(record["since"] or "–"))
    table.add_row("size", f"{size / 1e6:.1f} MB")
    table.add_row("opens with", ", ".join(vault.ways_in(folder)))
    console.print(table)
    for receipt in receipts:
        console.print(receipt_text(receipt), style="dim")


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


def receipt_text(receipt: dict[str, Any]) -> str:
    """A receipt in one paragraph, without content."""
    counts = ", ".join(f"{count} {name}" for name, count in receipt["counts"].items() if count) or "nothing"
    checked = "; ".join(f"{name}: {result}" for name, result in receipt["checks"].items())
    when = dates.local(receipt["at"]).isoformat(timespec="minutes")
    verified = "checked" if receipt["verified"] else "NOT fully done"
    limits = "; ".join(receipt["limits"])
    return f"{when}  {receipt['act']}: {counts}. {verified} ({checked}). Cannot be promised: {limits}."


def preview(store: Store, chosen: Iterable[int], limit: int = 10) -> Sequence[Episode]:
    """The first few of the episodes, for a look before they go."""
    return episodes.by_ids(store, sorted(chosen)[:limit])


def _open(places: Places) -> Vault:
    return open_memory(places.home, places.unlock, read_only=True)


def _felt_in(store: Store, episode: Episode) -> list[feelings.Feeling]:
    around = feelings.between(store, episode.started - dates.DAY, episode.started + dates.DAY)
    return [feeling for feeling in around if feeling.episode == episode.id]


def _episode(episode: Episode) -> dict[str, Any]:
    return asdict(episode) | {
        "id": f"e{episode.id}",
        "when": dates.local(episode.started).isoformat(timespec="seconds"),
    }


def _fact(fact: Fact) -> dict[str, Any]:
    return asdict(fact) | {
        "id": f"f{fact.id}",
        "episode": f"e{fact.episode}",
        "since": dates.local(fact.valid_from).date().isoformat(),
    }


def _mood(mood: Mood) -> dict[str, Any]:
    day = dates.local(mood.start).date().isoformat()
    return {"from": day, "valence": round(mood.valence, 3), "arousal": round(mood.arousal, 3), "n": mood.n}


def _episode_table(title: str, told: Sequence[Episode]) -> Table:
    table = Table(title=title, show_lines=False)
    for column in ("id", "when", "said", "answered"):
        table.add_column(column, no_wrap=column in ("id", "when"))
    for episode in told:
        when = dates.local(episode.started).strftime("%Y-%m-%d %H:%M")
        table.add_row(f"e{episode.id}", when, Text(episode.said), Text(episode.answered, style="dim"))
    return table


def _fact_table(known: Sequence[Fact]) -> Table:
    table = Table(title="What is held true")
    for column in ("id", "since", "fact", "how", "from"):
        table.add_column(column, no_wrap=column in ("id", "since"))
    for fact in known:
        since = dates.local(fact.valid_from).date().isoformat()
        marks = f"{fact.kind}, sensitive" if fact.sensitive else fact.kind
        table.add_row(f"f{fact.id}", since, Text(fact.statement), marks, f"e{fact.episode}")
    return table


def _bar(value: float, colour: str) -> Text:
    """A bar left or right of the middle for −1…1."""
    filled = round(abs(value) * _BAR)
    left = "█" * filled if value < 0 else ""
    right = "█" * filled if value > 0 else ""
    return Text.assemble((left.rjust(_BAR), colour), "│", (right.ljust(_BAR), colour))
