"""What comes to mind at the owner's words: the note for the prompt, and the answer where they ask for just that.

A small model mixes up who is who in what it is reminded of: where a fact, or the owner's own words, are the answer, it
is given without the model.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from companion.memory import diary, episodes, facts, questions, spoken, stemming, summaries
from companion.memory.dates import local
from companion.memory.embedding import Embedder
from companion.memory.facts import Fact
from companion.memory.note import Memo, write
from companion.memory.recall import Recall, Recalled
from companion.memory.requests import asks_of_self
from companion.memory.store import Store

MOST_FACTS, MOST_EPISODES = 2, 3
"""In one note: what a small model can hold apart, and what it reads in about half a second."""

ANSWERS = 0.95
"""Share of a question's information that a fact, or the owner's words, must hold to be its answer."""

_Told = list[tuple[Recalled, Memo]]


@dataclass(frozen=True, slots=True)
class Note:
    """What came to mind: `text` for the prompt, empty where nothing did, and the `items` it was made of.

    `answer`: what to say where the owner asks for just what is there. `hint`: what may be said where the model finds no
    answer in it.
    """

    text: str = ""
    items: tuple[Recalled, ...] = ()
    answer: str = ""
    hint: str = ""


class Reminder:
    """Makes the notes of one talk, the session `session` of the store."""

    def __init__(self, store: Store, language: str, session: int, embedder: Embedder | None = None) -> None:
        self.search = Recall(store, embedder)
        self._store = store
        self._language = language
        self._session = session
        questions.asked("", language)  # reads the table now, not in the first turn

    def note(self, words: str, now: int, held: Collection[str] | None = None) -> Note:
        """What `words` call for at `now` (milliseconds since 1970, UTC).

        `held`: the owner's words of this talk that the prompt holds anyway; None: all of them. A talk without a screen
        goes on for weeks, and its prompt holds the end of it.
        """
        asked = questions.asked(words, self._language)
        if asked and (known := questions.answers(asked, facts.known(self._store, now))):
            return self._answered(known[: spoken.AT_ONCE], now)
        offset = round((local(now) - datetime(1970, 1, 1)).total_seconds() * 1000) - now
        came = self.search.recall(words, now, limit=MOST_EPISODES + 5, offset=offset)
        if came.doubtful:
            return Note()  # it was said of somebody else: nothing is better than a mix-up
        days = self._days([item for item in came.items if item.kind == "summary"])
        told = self._facts([item for item in came.items if item.kind == "fact"][:MOST_FACTS])
        heard = self._episodes([item for item in came.items if item.kind == "episode" and item.itself], told, held)
        memos = told + (days or heard)
        answer, hint = (self._of_days(days, now), "") if days else self._answer(memos, words, now)
        if asked:
            hint = ""  # no such fact is known: what holds half of the question is of somebody else
        return self._noted(memos, now, answer if "?" in words else "", hint if "?" in words else "")

    def _answered(self, known: Sequence[Fact], now: int) -> Note:
        """The note for a question that just these facts answer."""
        memos = [(Recalled("fact", fact.id, 1.0, fact.valid_from, share=1.0), _stated(fact)) for fact in known]
        return self._noted(memos, now, spoken.told([fact.statement for fact in known], self._language))

    def _noted(self, memos: _Told, now: int, answer: str = "", hint: str = "") -> Note:
        text = write([memo for _, memo in memos], _day(now), self._language)
        return Note(text, tuple(item for item, _ in memos), answer, hint)

    # --- what goes into the note -------------------------------------------------------------------------------------

    def _facts(self, items: Sequence[Recalled]) -> _Told:
        """Facts that may be used as true; sensitive ones come only when the owner speaks of them, as here."""
        held = [(item, facts.get(self._store, item.id)) for item in items]
        return [(item, _stated(fact)) for item, fact in held if fact.kind != "inferred"]

    def _days(self, items: Sequence[Recalled]) -> _Told:
        """What was said on days of which nothing more is asked than that."""
        return [(item, Memo(_day(item.at), "said", summaries.get(self._store, item.id).text)) for item in items]

    def _episodes(self, items: Sequence[Recalled], told: _Told, held: Collection[str] | None) -> _Told:
        """What was said before, less what a fact of the note, or the prompt, says already.

        What was said in the same words several times is one memory, of the last time: each costs the model what it
        takes to read it, and takes the place of another.
        """
        proven = {facts.get(self._store, item.id).episode for item, _ in told}
        there = {episode.id: episode for episode in episodes.by_ids(self._store, [item.id for item in items])}
        heard: dict[tuple[str, ...], tuple[Recalled, Memo]] = {}
        for item in items:
            episode = there.get(item.id)
            if episode is None or episode.id in proven:
                continue
            if episode.session == self._session and (held is None or episode.said in held):
                continue
            same = (episode.person, *stemming.words(episode.said))
            if same not in heard or item.at > heard[same][0].at:
                heard[same] = (item, Memo(_day(item.at), "said", episode.said, episode.person))
        return list(heard.values())[:MOST_EPISODES]

    # --- what is answered with it ------------------------------------------------------------------------------------

    def _answer(self, memos: _Told, words: str, now: int) -> tuple[str, str]:
        """The fact or the words that hold most of what the owner asks: the answer if that is all of it, else a hint."""
        of_self = asks_of_self(words, self._language)
        own = [
            (item.share, present)
            for item, memo in memos
            if not memo.person and (present := self._present(item, memo, now)) and (of_self or _as_told(present))
        ]
        if not own:
            return "", ""
        share, memo = max(own, key=lambda pair: pair[0])
        sentence = spoken.told([memo.text], self._language) if memo.kind == "fact" else self._quoted(memo, now)
        return (sentence, "") if share >= ANSWERS else ("", spoken.spoken("unsure", self._language, said=sentence))

    def _of_days(self, days: _Told, now: int) -> str:
        """What was said on these days, as sentences."""
        return " ".join(self._quoted(memo, now) for _, memo in days)

    def _quoted(self, memo: Memo, now: int) -> str:
        when = spoken.day(memo.day, _day(now), self._language)
        words = memo.text.replace(diary.CUT, ". ").rstrip(" .")
        return spoken.spoken("why_said", self._language, when=when, words=words)

    def _present(self, item: Recalled, memo: Memo, now: int) -> Memo | None:
        """What still holds of a memo: the fact in the place of words that are true no more, else None.

        A question that was asked before is no answer to it either.
        """
        if memo.kind == "fact":
            return memo
        if memo.text.rstrip().endswith("?"):
            return None
        rows = self._store.query("SELECT key FROM facts WHERE episode = ? AND valid_to <= ?", (item.id, now))
        if not rows:
            return memo
        about = {facts.about(key) for (key,) in rows if key}
        instead = [f for f in facts.known(self._store, now) if facts.about(f.key) in about and f.kind != "inferred"]
        return _stated(instead[-1]) if instead else None


def _stated(fact: Fact) -> Memo:
    return Memo(_day(fact.valid_from), "fact", fact.statement)


def _as_told(memo: Memo) -> bool:
    """Whether this is what the owner asked to remember, in so many words: it may be asked for in any way."""
    return memo.kind == "fact" and memo.text.startswith(spoken.QUOTE)


def _day(moment: int) -> date:
    return local(moment).date()
