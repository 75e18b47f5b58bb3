"""Does what the owner asks of the memory by voice, and says what was done.

Nothing is destroyed on a request alone: what would go is said first, and only a clear yes lets it go. Anything else is
a no. Whatever changes the memory is done once the answer to it is heard: until then the owner can go on, and the words
were a part of what is said then. (Off the record is at once.) What is said here is no part of the talk: it is neither
kept nor shown to the language model, for "forget Anna" would keep Anna.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from companion.memory import facts, forget, requests
from companion.memory.dates import EVER, local
from companion.memory.errors import StoreError
from companion.memory.facts import Fact
from companion.memory.forget import Plan
from companion.memory.keeper import Keeper
from companion.memory.language.found import FoundFact
from companion.memory.requests import Request
from companion.memory.spoken import AT_ONCE, day, joined, spoken, things, told, yours

Answer = Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Deed:
    """What is `said` to the owner's words. `do`, once that is heard, gives what is said behind it, often nothing."""

    said: str
    do: Answer


@dataclass(frozen=True, slots=True)
class _Pending:
    """A question that was asked. `yes` and `no` give what is said to the answer; what that does is in the `_Deed`.

    `forgets`: a yes destroys something.
    """

    yes: Callable[[], str | _Deed]
    no: Callable[[], str | _Deed]
    forgets: bool = False


@dataclass(frozen=True, slots=True)
class _Due:
    """`do` is to be done once the answer to `words` is heard; `question`: which they answered, if any."""

    words: str
    do: Answer
    question: _Pending | None

    @property
    def destroys(self) -> bool:
        """It is a yes to forgetting."""
        return self.question is not None and self.question.forgets


class Attendant:
    """The requests of one talk.

    State: the question that was asked last, if any, and what is to be done and is not yet.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._store = keeper.store
        self._language = keeper.language
        self._pending: _Pending | None = None
        self._due: _Due | None = None

    def concerns(self, words: str) -> bool:
        """Whether `words` are a request, or the answer to a question that was asked. Changes nothing."""
        due, pending = self._due, self._pending
        if due is not None and due.destroys:
            return True
        if due is not None and due.question is not None:
            pending = due.question  # the owner may go on answering it
        if pending is not None and self._decided(words) is not None:
            return True
        try:
            return self._request(words) is not None
        except StoreError:
            return False  # if they are one, `answer` says that it did not work

    def answer(self, words: str) -> str | None:
        """What is said to `words`; None for ordinary talk. What they change is done by `agreed`.

        A question that was asked is over with the next words, whatever they are.
        """
        try:
            taken_back = self._take_back(words)
            pending, self._pending = self._pending, None
            if pending is not None:
                yes = self._decided(words)
                if yes:
                    return self._promised(pending.yes(), words, pending)
                if yes is False or taken_back:
                    return self._promised(pending.no(), words, pending)
            request = self._request(words)
            return None if request is None else self._promised(self._do(request, words), words)
        except StoreError:
            return self._say("failed")

    @property
    def agreed(self) -> Answer | None:
        """Does what the last words asked for, and gives what is said behind the answer; None: they change nothing.

        For the moment in which that answer sounds: until then the owner can go on, and take them back.
        """
        return self._carry_out if self._due is not None else None

    def settle(self) -> None:
        """The talk is over: what was promised, and not taken back, is done; nothing is destroyed."""
        if self._due is not None and not self._due.destroys:
            self._carry_out()

    def _promised(self, answer: str | _Deed, words: str, question: _Pending | None = None) -> str:
        if isinstance(answer, str):
            return answer
        self._due = _Due(words, answer.do, question)
        return answer.said

    def _carry_out(self) -> str:
        due, self._due = self._due, None
        assert due is not None
        try:
            return due.do()
        except StoreError:
            return self._say("failed")

    def _take_back(self, words: str) -> bool:
        """Whether there was a yes to forgetting whose answer has not sounded: then it is none.

        Anything else that waits for its answer is void where `words` go on from those that asked for it; where they do
        not, it is done, for the owner was never told otherwise.
        """
        due = self._due
        if due is None:
            return False
        if due.destroys or requests.goes_on(due.words, words):
            self._pending, self._due = due.question, None
        else:
            self._carry_out()
        return due.destroys

    def question(self) -> str | None:
        """What the owner should be asked at the end of a reply; None where nothing is in doubt."""
        if not self._keeper.doubts:
            return None
        doubt = self._keeper.doubts.popleft()
        try:
            old, new = facts.get(self._store, doubt.old), facts.get(self._store, doubt.new)
        except StoreError:
            return None  # forgotten meanwhile
        self._pending = _Pending(lambda: self._confirm(new, instead_of=old), lambda: self._drop(new, "as_it_was"))
        return self._say("instead", old=self._joined([old]), new=self._joined([new]))

    # --- requests ----------------------------------------------------------------------------------------------------

    def _request(self, words: str) -> Request | None:
        return requests.parse_request(words, self._language, self._keeper.people)

    def _decided(self, words: str) -> bool | None:
        """Yes, no, or None: then the owner talks of something else, and nothing is done."""
        if requests.confirmed(words, self._language):
            return True
        return False if requests.denied(words, self._language) else None

    def _do(self, request: Request, words: str) -> str | _Deed:
        acts: dict[requests.Act, Callable[[], str | _Deed]] = {
            "remember": lambda: self._remember(words, request),
            "tell": lambda: self._tell(request.about),
            "why": self._why,
            "wrong": lambda: self._wrong(words, request),
            "forget_that": self._forget_last,
            "forget_about": lambda: self._forget_about(request),
            "forget_period": lambda: self._forget_period(request.period),
            "forget_all": lambda: self._ask(self._everything(), "confirm_all"),
            "off_record": self._go_off_record,
            "on_record": self._go_on_record,
            "keep": self._keep,
        }
        return acts[request.act]()

    # --- remembering and telling -------------------------------------------------------------------------------------

    def _remember(self, words: str, request: Request) -> _Deed:
        return _Deed(self._say("remembered"), lambda: self._keep_words(words, request))

    def _keep_words(self, words: str, request: Request) -> str:
        """Keep the words, and what they prove; where they prove nothing known, the owner's own words are the fact."""
        now = self._keeper.clock()
        off, self._keeper.off_record = self._keeper.off_record, False  # asked for: kept even off the record
        try:
            saved = self._keeper.save(now, words, self._say("remembered"))
        finally:
            self._keeper.off_record = off
        if saved is not None and not saved.facts and not self._keeper.found(request.text, now):
            start, end = request.at
            quoted = FoundFact(f"“{words[start:end]}”", request.at, key="", topic="", confidence=1.0)
            self._keeper.learn(quoted, saved.episode, now)
        return ""

    def _tell(self, about: str) -> str:
        known = facts.known(self._store, self._keeper.clock())
        if about:
            wanted = forget.by_text(self._store, about).facts
            known = [fact for fact in known if fact.id in wanted]
        sure = [fact for fact in known if fact.kind != "inferred"][::-1]  # the newest first
        if sure:
            return self._read_out(sure)
        if known:
            return self._guess(known[-1])
        return (
            self._say("knows_nothing_about", about=yours(about, self._language))
            if about
            else self._say("knows_nothing")
        )

    def _read_out(self, known: Sequence[Fact]) -> str:
        self._keeper.mentioned = tuple(fact.id for fact in known[:AT_ONCE])
        rest = known[AT_ONCE:]
        if rest:
            self._pending = _Pending(lambda: self._read_out(rest), lambda: self._say("enough"))
        return told([fact.statement for fact in known], self._language)

    def _guess(self, fact: Fact) -> str:
        self._keeper.mentioned = (fact.id,)
        self._pending = _Pending(lambda: self._confirm(fact), lambda: self._drop(fact, "ask_right"))
        return self._say("guessed", facts=self._joined([fact]))

    def _why(self) -> str:
        fact = self._mentioned()
        if fact is None:
            return self._say("why_unknown")
        moment = local(fact.valid_from)
        when = day(moment.date(), local(self._keeper.clock()).date(), self._language)
        if fact.kind == "confirmed":
            return self._say("why_confirmed", when=when)
        said = facts.why(self._store, fact.id)
        if fact.kind == "inferred":
            self._pending = _Pending(lambda: self._confirm(fact), lambda: self._drop(fact, "ask_right"))
        return self._say("why_said" if fact.kind == "said" else "why_guessed", when=when, words=said.rstrip(" ."))

    def _mentioned(self) -> Fact | None:
        return next(iter(self._told_last()), None)

    def _told_last(self) -> list[Fact]:
        """The facts that were told or recalled last, as far as they are still there."""
        known = {fact.id: fact for fact in facts.known(self._store, self._keeper.clock(), history=True)}
        return [known[id_] for id_ in self._keeper.mentioned if id_ in known]

    # --- putting right -----------------------------------------------------------------------------------------------

    def _wrong(self, words: str, request: Request) -> str | _Deed:
        """Not used any more from now on; where the owner says how it is, that is learned in its place."""
        told = self._told_last()
        right = self._keeper.found(request.text, self._keeper.clock()) if request.text else []
        wrong = self._replaced(told, right)
        if wrong is None and not right and told:
            return self._say("ask_which")  # several were told: nothing goes on a guess
        if wrong is None and not request.text:
            return self._say("nothing_to_correct")
        answer = self._say("corrected" if request.text else "ask_right")
        return _Deed(answer, lambda: self._put_right(wrong, words, request))

    def _put_right(self, wrong: Fact | None, words: str, request: Request) -> str:
        if wrong is not None:  # not erased, without a yes; and who finds the old words finds what is right
            facts.edit(self._store, wrong.id, valid_to=max(wrong.valid_from, self._keeper.clock()))
        self._keeper.mentioned = ()
        if request.text:
            saved = self._keeper.save(self._keeper.clock(), words, self._say("corrected"))
            if saved is not None and not saved.facts:
                quoted = FoundFact(f"“{request.text}”", request.at, key="", topic="")
                self._keeper.learn(quoted, saved.episode, self._keeper.clock())
        return ""

    def _replaced(self, told: Sequence[Fact], right: Sequence[FoundFact]) -> Fact | None:
        """The fact that is wrong: the one like what is right, among those told last or all that are known; else the
        one that was told. None where it could be several."""
        alike = {facts.about(found.key) for found in right if found.key}
        for among in (told, facts.known(self._store, self._keeper.clock())):
            same = [fact for fact in among if fact.key and facts.about(fact.key) in alike]
            if len(same) == 1:
                return same[0]
        return told[0] if len(told) == 1 else None

    def _confirm(self, fact: Fact, instead_of: Fact | None = None) -> _Deed:
        def confirm() -> str:
            facts.confirm(self._store, fact.id, instead_of=instead_of.id if instead_of else None)
            return ""

        return _Deed(self._say("corrected"), confirm)

    def _drop(self, fact: Fact, outcome: str) -> _Deed:
        def drop() -> str:
            self._keeper.forget(Plan(facts=frozenset({fact.id})))
            return ""

        return _Deed(self._say(outcome), drop)

    # --- forgetting --------------------------------------------------------------------------------------------------

    def _forget_last(self) -> str:
        last = self._keeper.last_episode()
        if last is None:
            return self._say("nothing_found")
        return self._ask(forget.by_ids(self._store, [str(last)]), "confirm_that")

    def _forget_about(self, request: Request) -> str:
        if request.about:
            return self._ask_about(request.about)
        keys = {found.key for found in self._keeper.found(request.text, self._keeper.clock())}
        known = facts.known(self._store, self._keeper.clock())
        meant = [fact for fact in known if fact.key and fact.key in keys]
        if not meant:
            return self._ask_about(request.text)
        plan = forget.by_ids(self._store, [str(fact.episode) for fact in meant])
        return self._ask(plan, "confirm_fact", facts=self._joined(meant))

    def _forget_period(self, period: str) -> str:
        now, began = local(self._keeper.clock()), local(self._keeper.began)
        start, end = requests.span(period, now + timedelta(seconds=1), began)
        return self._ask(forget.by_period(self._store, start, end), "confirm_period", period=period)

    def _everything(self) -> Plan:
        profile = frozenset(key for (key,) in self._store.query("SELECT key FROM profile"))
        return forget.union([forget.by_period(self._store, *EVER), Plan(profile=profile)])

    def _ask(self, plan: Plan, question: str, words: str = "", **values: str) -> str:
        if not plan:
            return self._say("nothing_found")
        agreed = _Deed(self._say("agreed"), lambda: self._forget(plan, words))
        self._pending = _Pending(lambda: agreed, lambda: self._say("nothing_forgotten"), forgets=True)
        return self._say(question, things=self._things(plan), **values)

    def _ask_about(self, words: str) -> str:
        return self._ask(forget.by_text(self._store, words), "confirm_about", words, about=words)

    def _forget(self, plan: Plan, words: str = "") -> str:
        if words:  # before the store has erased anything: the loop looks for it in its talk as soon as that has
            self._keeper.forgotten.append(words)
        receipt = self._keeper.forget(plan)
        self._keeper.mentioned = ()
        return self._say("done" if receipt.verified else "done_unchecked", things=self._things(plan))

    def _things(self, plan: Plan) -> str:
        """What people would count: turns and facts; where there are none, whatever goes."""
        counts = plan.counts()
        return things(counts["episodes"] + counts["facts"] or sum(counts.values()), self._language)

    # --- on and off the record ---------------------------------------------------------------------------------------

    def _go_off_record(self) -> str:
        already, self._keeper.off_record = self._keeper.off_record, True
        return self._say("off_record_already" if already else "off_record")

    def _go_on_record(self) -> str:
        already, self._keeper.off_record = not self._keeper.off_record, False
        return self._say("on_record_already" if already else "on_record")

    def _keep(self) -> str:
        return self._say("nothing_to_keep" if self._keeper.off_record else "kept_already")

    def _joined(self, known: Sequence[Fact]) -> str:
        return joined([fact.statement for fact in known], self._language)

    def _say(self, outcome: str, **values: str) -> str:
        return spoken(outcome, self._language, **values)
