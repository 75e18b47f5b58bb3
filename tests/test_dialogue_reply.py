"""From words to clauses, with a scripted model; what the model itself does is in test_dialogue_llm.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from typing import Any

import pytest

from companion.dialogue import persona
from companion.dialogue.llm import Choice, Evaluation, Sampling
from companion.dialogue.mind import Clause
from companion.dialogue.needs import Remembered
from companion.dialogue.prompt import Message
from companion.dialogue.reply import Replier
from companion.dialogue.safety.crisis import CrisisDetector
from companion.dialogue.strategy import wording
from companion.dialogue.writing import RECENT
from companion.events import Affect, AffectReading, Exchange, Recall, RecallItem
from companion.settings import Language

UNOPENED = Choice("question", 1.0)
"""A moment that the persona does not open."""


class ScriptedModel:
    """Writes the same text every time, word by word, and keeps what it was asked to read."""

    context = 2048
    parameters = 8_000_000_000

    def __init__(self, text: str, choice: Choice = UNOPENED) -> None:
        self.choice = choice
        self.pieces = [word + " " for word in text.split(" ")]
        self.written = 0
        self.read: list[tuple[Sequence[Message], str]] = []
        self.closed = False
        self.unfit: Callable[[str], bool] = lambda token: False

    def count(self, text: str) -> int:
        return len(text.split())

    def forbid(self, forbidden: Callable[[str], bool]) -> None:
        self.unfit = forbidden

    def give_way(self) -> None:
        """Nothing takes time."""

    def prefill(
        self, messages: Sequence[Message], cancelled: Callable[[], bool], opening: str = "", *, begun: bool = False
    ) -> Evaluation:
        self.read.append((messages, opening))
        return Evaluation(0, 0)

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], cancelled: Callable[[], bool]
    ) -> Choice | None:
        self.read.append((messages, ""))
        return None if cancelled() else self.choice

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Callable[[], bool], opening: str = ""
    ) -> Generator[str, None, None]:
        self.read.append((messages, opening))
        try:
            for piece in self.pieces:
                if cancelled():
                    return
                self.written += 1
                yield piece
        finally:
            self.closed = True


class ScriptedMemory:
    """Remembers what it is told to, and keeps what it was asked."""

    def __init__(self, remembered: Remembered | None = None, asked: str = "", question: str | None = None) -> None:
        self.remembered = remembered or Remembered()
        self._asked = asked
        self._question = question
        self.agreed: Callable[[], str] | None = None
        self.done: list[str] = []
        self.profile: dict[str, Any] = {}

    def recall(self, words: str, held: Collection[str]) -> Remembered:
        self.held = set(held)
        return self.remembered

    def concerns(self, words: str) -> bool:
        return words == self._asked

    def answer(self, words: str) -> str | None:
        if words != self._asked:
            return None
        self.done.append(words)
        return "Done. It is forgotten."

    def question(self) -> str | None:
        return self._question

    def all_learned(self) -> dict[str, Any]:
        return dict(self.profile)

    def learn(self, name: str, value: Any) -> None:
        self.profile[name] = value
        if value is None:
            del self.profile[name]

    def kept(self, history: Sequence[Exchange]) -> tuple[Exchange, ...]:
        return tuple(history)


def recalled(*ids: int, **more: str) -> Remembered:
    return Remembered("(About Rex.)", Recall(tuple(RecallItem(id_, "episode", 1.0) for id_ in ids), 1.0), **more)


def never() -> bool:
    return False


def answer(text: str, words: str = "Hello.", language: Language = "en") -> list[Clause]:
    return list(Replier(ScriptedModel(text), language).reply((), words, never))


def texts(clauses: list[Clause]) -> list[str]:
    """What is said; the last clause may be empty."""
    return [clause.text for clause in clauses if clause.text]


def test_the_reply_comes_clause_by_clause() -> None:
    clauses = answer("I'm so sorry to hear that, it is a great loss. What was she like?")
    assert texts(clauses) == [
        "I'm so sorry to hear that,",
        "it is a great loss.",
        "What was she like?",
    ]


def test_only_the_last_clause_is_last_and_only_the_first_has_a_first_token() -> None:
    clauses = answer("I'm so sorry to hear that. It is a great loss. What was she like?")
    assert [clause.last for clause in clauses] == [False] * (len(clauses) - 1) + [True]
    assert [clause.first_token is not None for clause in clauses] == [True] + [False] * (len(clauses) - 1)


def test_nothing_is_written_beyond_the_clause_that_is_out() -> None:
    model = ScriptedModel("I'm so sorry to hear that. " + "It goes on and on. " * 5)
    clauses = Replier(model, "en").reply((), "Hello.", never)
    assert next(clauses).text == "I'm so sorry to hear that."
    assert model.written == 6


def test_in_a_clear_moment_the_reply_opens_before_a_word_is_written() -> None:
    model = ScriptedModel("What was she like?", Choice("sad", 0.9))
    clauses = Replier(model, "en").reply((), "My dog died.", never)
    opening = next(clauses)
    assert opening.text in persona.load("en", "Companion", "").openers["sad"]
    assert opening.first_token is not None
    assert model.written == 0
    assert texts(list(clauses)) == ["What was she like?"]


def test_an_opening_is_said_before_the_model_reads_it() -> None:
    model = ScriptedModel("What was she like?", Choice("sad", 0.9))
    replier = Replier(model, "en")
    replier.prepare((), "My dog died.", never)
    next(replier.reply((), "My dog died.", never))
    assert [opening for _, opening in model.read] == [""]


def test_the_model_goes_on_from_the_opening() -> None:
    model = ScriptedModel("What was she like?", Choice("sad", 0.9))
    clauses = list(Replier(model, "en").reply((), "My dog died.", never))
    assert model.read[-1][1] == f"sad: {clauses[0].text}"


def test_an_opening_is_not_said_twice() -> None:
    opener = persona.load("en", "Companion", "").openers["sad"][0]
    model = ScriptedModel(f"{opener} What was she like?", Choice("sad", 0.9))
    assert texts(list(Replier(model, "en").reply((), "My dog died.", never))).count(opener) == 1


def test_an_opening_alone_is_a_reply() -> None:
    model = ScriptedModel("", Choice("sad", 0.9))
    clauses = list(Replier(model, "en").reply((), "My dog died.", never))
    assert texts(clauses)[1:] == ["Would you like to tell me about it?"]
    assert clauses[-1].last


def test_a_small_korean_model_adds_nothing_to_the_opening() -> None:
    model = ScriptedModel("그 소리가 얼마나 들었어요?", Choice("sad", 0.9))
    model.parameters = 1_500_000_000
    clauses = list(Replier(model, "ko").reply((), "어젯밤에 우리 강아지가 죽었어.", never))
    assert " ".join(texts(clauses)) in persona.load("ko", "Companion", "").openers["sad"]
    assert [clause.last for clause in clauses] == [False] * (len(clauses) - 1) + [True]
    assert model.written == 0


def test_in_an_unclear_moment_the_model_finds_its_own_words() -> None:
    model = ScriptedModel("What was she like?", Choice("sad", 0.59))
    assert texts(list(Replier(model, "en").reply((), "My dog died.", never))) == ["What was she like?"]


def test_two_moments_of_a_kind_are_not_opened_alike() -> None:
    replier = Replier(ScriptedModel("Why?", Choice("sad", 0.9)), "ko")
    history = [Exchange("개가 죽었어.", "왜요?")]
    assert next(replier.reply((), "슬퍼.", never)).text != next(replier.reply(history, "슬퍼.", never)).text


def test_replies_stand_in_the_prompt_as_the_model_wrote_them() -> None:
    model = ScriptedModel("What was she like?", Choice("sad", 0.9))
    replier = Replier(model, "en")
    heard = " ".join(texts(list(replier.reply((), "My dog died.", never))))
    replier.warm([Exchange("My dog died.", heard)], never)
    assert model.read[-1][0][-1].content == f"sad: {heard}"


def test_a_reply_that_nobody_waits_for_any_more_stops() -> None:
    model = ScriptedModel("I'm so sorry to hear that. " + "It goes on and on. " * 5)
    gone = False
    clauses = Replier(model, "en").reply((), "Hello.", lambda: gone)
    next(clauses)
    gone = True
    assert list(clauses) == []
    assert model.closed


@pytest.mark.parametrize("garbage", ["", "\n\n", "😀😀", "很高兴。", "Feel free to ask me anything."])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_garbage_becomes_a_gentle_sentence_in_the_language(garbage: str, language: Language) -> None:
    clause, closing = answer(garbage, language=language)
    assert (closing.text, closing.last) == ("", True)
    assert ("가" <= clause.text[0] <= "힣") == (language == "ko")


def test_the_gentle_sentence_is_not_the_same_twice_in_a_row() -> None:
    replier = Replier(ScriptedModel(""), "en")
    history = [Exchange("Hm.", "Hm?")]
    assert next(replier.reply((), "Hm.", never)) != next(replier.reply(history, "Hm.", never))


def test_the_owners_words_are_not_the_whole_answer() -> None:
    words = "He glanced down at her helplessly."
    clause, _ = answer(words, words)
    assert "glanced" not in clause.text


def test_rambling_ends_with_a_whole_sentence() -> None:
    thoughts = " ".join(f"Here is thought number {number} of mine." for number in range(20))
    said = texts(answer(thoughts))
    assert 1 < len(said) < 6
    assert said[-1].endswith("of mine.")


def test_the_model_is_not_asked_on_when_it_writes_the_owners_lines() -> None:
    model = ScriptedModel("That sounds lovely.\nUser: Yes it was very nice indeed and I liked it.")
    assert texts(list(Replier(model, "en").reply((), "Hello.", never))) == ["That sounds lovely."]
    assert model.written < len(model.pieces)
    assert model.closed


def test_without_a_model_it_says_so_and_how_to_get_one() -> None:
    (clause,) = Replier(None, "en").reply((), "Hello.", never)
    assert clause.last
    assert "companion models pull" in clause.text


CHECK_IN = "If it's more than that, or you don't feel safe, just say so, and I'll tell you who can help."


def weighing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words of a weight may be of danger, or may not."""

    def unsure(self: CrisisDetector, words: str, before: str | None = None) -> str | None:
        return "suicide" if "weight" in words else None

    monkeypatch.setattr(CrisisDetector, "unsure", unsure)


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("moment", ["happy", "plain", "question"])
def test_words_that_may_be_of_danger_are_listened_to_checked_in_on_and_not_left_to_the_model(
    monkeypatch: pytest.MonkeyPatch, ahead: bool, moment: str
) -> None:
    weighing(monkeypatch)
    model = ScriptedModel("That's great! What is the best part?", Choice(moment, 0.9))
    replier = Replier(model, "en", memory=ScriptedMemory(question="Is it on a Monday?"))
    if ahead:
        replier.prepare((), "It is a weight.", never)
    clauses = list(replier.reply((), "It is a weight.", never))
    said = " ".join(texts(clauses))
    assert said.removesuffix(f" {CHECK_IN}") in wording.load("en").lines["presence"]["any"]
    assert [clause.last for clause in clauses] == [False] * (len(clauses) - 1) + [True]
    assert clauses[-1].safety == "check-in"
    later = texts(list(replier.reply((Exchange("It is a weight.", said),), "It is a weight, still.", never)))
    assert CHECK_IN not in later
    assert not [m for messages, _ in model.read for m in messages if "who can help" in m.content]


def test_what_is_hard_and_may_be_of_danger_is_understood_before_it_checks_in(monkeypatch: pytest.MonkeyPatch) -> None:
    weighing(monkeypatch)
    model = ScriptedModel("That's great! What is the best part?", Choice("sad", 0.9))
    said = " ".join(texts(list(Replier(model, "en").reply((), "It is a weight.", never))))
    understood = said.removesuffix(f" {CHECK_IN}")
    assert understood != said
    assert understood in persona.load("en", "Companion", "").openers["sad"]


def test_without_a_model_it_checks_in_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    weighing(monkeypatch)
    assert texts(list(Replier(None, "en").reply((), "It is a weight.", never)))[-1].endswith("who can help.")


def test_words_that_may_be_of_danger_get_no_lead_and_no_nod(monkeypatch: pytest.MonkeyPatch) -> None:
    weighing(monkeypatch)
    replier = Replier(ScriptedModel("Oh."), "en")
    assert replier.nod((), "and it is a weight") is None
    assert replier.lead((), "It is a weight on me, and then we went home.") is None


def test_that_it_was_asked_about_lately_makes_words_of_danger_no_lighter(monkeypatch: pytest.MonkeyPatch) -> None:
    weighing(monkeypatch)
    replier = Replier(ScriptedModel("Oh."), "en")
    talk = (Exchange("It is a weight.", f"That's a lot. {CHECK_IN}"), Exchange("I had soup.", "Nice."))
    assert replier.lead(talk, "It is a weight on me, and then we went home.") is None
    assert replier.nod(talk, "and it is a weight") is None
    assert replier.nod(talk[:1], "and then we drove home") is None, "right behind it neither"
    assert replier.nod(talk, "and then we drove home") is not None


def test_a_yes_to_a_question_of_the_memory_is_no_cry_for_help(monkeypatch: pytest.MonkeyPatch) -> None:
    weighing(monkeypatch)
    replier = Replier(ScriptedModel("That is a lot."), "en", memory=ScriptedMemory(asked="Forget that."))
    said = " ".join(texts(list(replier.reply((), "It is a weight.", never))))
    talk = (Exchange("It is a weight.", said),)
    assert not [clause for clause in replier.reply(talk, "Forget that.", never) if clause.safety]
    assert not [clause for clause in replier.reply(talk, "Yes.", never) if clause.safety]
    assert next(replier.reply(talk, "Yes.", never)).safety == "crisis"


def test_without_a_model_there_is_nothing_to_read_ahead() -> None:
    replier = Replier(None, "ko")
    replier.warm((), never)
    replier.follow((), "안녕", never)
    replier.prepare((), "안녕", never)


def test_what_is_read_ahead_is_what_the_reply_begins_with() -> None:
    model = ScriptedModel("That sounds lovely.")
    replier = Replier(model, "en", owner="Minji")
    history = (Exchange("Good morning.", "Good morning!"),)
    replier.warm(history, never)
    replier.follow(history, "I slept", never)
    list(replier.reply(history, "I slept well.", never))
    (warm, _), (followed, _), (named, _), (written, opening) = model.read
    assert warm == named[:-1] == followed[:-1]
    assert (written, opening) == (named, "plain:")  # nothing was asked


def test_a_reply_begun_ahead_goes_on_where_it_was() -> None:
    text = "I'm so sorry to hear that. What was she like?"
    model = ScriptedModel(text)
    replier = Replier(model, "en")
    replier.prepare((), "My dog died.", never)
    assert model.written == 6
    clauses = list(replier.reply((), "My dog died.", never))
    assert " ".join(texts(clauses)) == text
    assert [clause.ahead for clause in clauses] == [True] + [False] * (len(clauses) - 1)
    assert model.written == len(model.pieces)


def test_nothing_opens_an_answer_that_is_ready() -> None:
    replier = Replier(ScriptedModel("I'm so sorry to hear that. What was she like?"), "en")
    words = "My dog died on Sunday."
    gone = False
    assert replier.lead((), words) is not None
    first = replier.prepare((), words, lambda: gone)
    assert first is not None
    assert first.text == "I'm so sorry to hear that."
    assert replier.lead((), words) is None
    assert replier.lead((), f"{words} Or on Monday.") is not None, "that is not ready"
    gone = True
    assert replier.lead((), words) is not None, "nor is what is void"


def test_a_reply_begun_to_other_words_is_not_given() -> None:
    model = ScriptedModel("I'm so sorry to hear that.")
    replier = Replier(model, "en")
    replier.prepare((), "My dog died", never)
    clauses = list(replier.reply((), "My dog died and came back.", never))
    assert not any(clause.ahead for clause in clauses)
    assert model.read[-1][0][-1].content == "My dog died and came back."


def test_a_reply_whose_making_was_cancelled_is_made_anew() -> None:
    model = ScriptedModel("I'm so sorry to hear that. What was she like?")
    replier = Replier(model, "en")
    gone = False
    replier.prepare((), "My dog died.", lambda: gone)
    gone = True
    clauses = list(replier.reply((), "My dog died.", never))
    assert " ".join(texts(clauses)) == "I'm so sorry to hear that. What was she like?"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_head_tells_who_speaks_with_whom(language: Language) -> None:
    model = ScriptedModel("")
    Replier(model, language, owner="Minji", companion="Aria").warm((), never)
    ((messages, _),) = model.read
    assert messages[0].role == "system"
    assert "Aria" in messages[0].content
    assert "Minji" in messages[0].content
    assert "{" not in messages[0].content


def test_an_owner_without_a_name_is_not_named() -> None:
    model = ScriptedModel("")
    Replier(model, "en").warm((), never)
    assert "name is" not in model.read[0][0][0].content


@pytest.mark.parametrize(("token", "fit"), [(" tree", True), (" 很", False), ("**", False), ("😀", False), ("", True)])
def test_the_model_cannot_write_what_cannot_be_said(token: str, fit: bool) -> None:
    model = ScriptedModel("")
    Replier(model, "en")
    assert model.unfit(token) is not fit


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("I don't feel like talking much today.", "en"),
        ("I really don't want to talk about it.", "en"),
        ("i'm not in the mood to talk", "en"),
        ("Can we just be quiet for a bit?", "en"),
        ("오늘은 별로 말하고 싶지 않아.", "ko"),
        ("말하기 싫어", "ko"),
        ("그냥 조용히 있고 싶어", "ko"),
        ("Please just listen.", "en"),
        ("You don't have to fix it, don't say anything.", "en"),
        ("그냥 아무 말 말고 있어줘", "ko"),
    ],
)
def test_who_would_rather_not_talk_is_let_be(words: str, language: Language) -> None:
    said = " ".join(texts(answer("How does that make you feel? Do you want to talk about it?", words, language)))
    assert said in wording.load(language).lines["presence"]["quiet"]


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("My son doesn't want to talk to me.", "en"),
        ("I don't want to talk to him any more.", "en"),
        ("아들이 나랑 말하고 싶지 않대.", "ko"),
        ("I told them to just listen to the song.", "en"),
    ],
)
def test_that_another_does_not_talk_is_no_wish_for_quiet(words: str, language: Language) -> None:
    assert not wording.load(language).wants_quiet(words)


@pytest.mark.parametrize(
    ("words", "written", "language"),
    [
        ("What is the capital of Australia?", "What do you think? Where is it?", "en"),
        ("윤년은 며칠이야?", "2023년은 며칠이죠?", "ko"),
    ],
)
def test_a_question_is_not_answered_by_a_question(words: str, written: str, language: Language) -> None:
    model = ScriptedModel(written, Choice("question", 0.9))
    said = " ".join(texts(list(Replier(model, language).reply((), words, never))))
    assert said in wording.load(language).lines["information"]["any"]


def test_a_riddle_is_told_with_its_question() -> None:
    model = ScriptedModel(
        "Why was the tomato sad? Because it saw the salad dressing. Was it good?", Choice("question", 0.9)
    )
    said = texts(list(Replier(model, "en").reply((), "Can you tell me a joke?", never)))
    assert said == ["Why was the tomato sad?", "Because it saw the salad dressing."]


def test_what_was_answered_may_be_asked_back() -> None:
    model = ScriptedModel("It is Canberra. Have you been there?", Choice("question", 0.9))
    said = texts(list(Replier(model, "en").reply((), "What is the capital of Australia?", never)))
    assert said == ["It is Canberra.", "Have you been there?"]


FACTS: list[tuple[str, str, Language]] = [
    ("What is the capital of Australia?", "It is Sydney.", "en"),
    ("who wrote hamlet", "Charles Dickens wrote it.", "en"),
    ("호주 수도는 어디야?", "시드니예요.", "ko"),
]


@pytest.mark.parametrize(("words", "written", "language"), FACTS)
def test_what_it_tells_of_the_world_may_be_wrong_and_it_says_so_now_and_then(
    words: str, written: str, language: Language
) -> None:
    doubt = wording.load(language).doubt
    replier = Replier(ScriptedModel(written, Choice("question", 0.9)), language)
    said = texts(list(replier.reply((), words, never)))
    assert said == [written, doubt]
    talk = (Exchange(words, " ".join(said)), *[Exchange(f"{n}", "I see.") for n in range(10)])
    assert texts(list(replier.reply(talk, words, never))) == [written]
    assert doubt not in " ".join(message.content for message in replier._messages(talk, words))


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("What's my name?", "en"),
        ("What do you think of it?", "en"),
        ("Why are people like that?", "en"),
        ("I had a long day.", "en"),
        ("나는 왜 이럴까?", "ko"),
        ("세상은 왜 이렇게 힘들까?", "ko"),
        ("오늘 저녁은 뭐 먹지?", "ko"),
    ],
)
def test_what_is_no_fact_is_not_doubted(words: str, language: Language) -> None:
    assert not wording.load(language).asks_for_a_fact(words)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_sentence_of_its_own_is_one_that_it_would_leave_out(language: Language) -> None:
    own = persona.load(language, "Companion", "")
    replies = [message.content.partition(": ")[2] for message in own.head if message.role == "assistant"]
    openers = [opener for several in own.openers.values() for opener in several]
    assert not [text for text in (*replies, *openers, *own.lost) if own.cliches.search(text)]


@pytest.mark.parametrize(
    ("pretence", "language"),
    [
        ("Can you share some of the honey with me?", "en"),
        ("Save me a slice of that cake.", "en"),
        ("I'd love to try it.", "en"),
        ("I usually drank tea with breakfast.", "en"),
        ("When I was a child, it snowed more.", "en"),
        ("Let's go for a walk together.", "en"),
        ("저도 한번 먹어 보고 싶어요.", "ko"),
        ("우리 같이 저녁 먹을까요?", "ko"),
        ("제가 어렸을 때는 눈이 많이 왔어요.", "ko"),
    ],
)
def test_it_does_not_eat_drink_or_go_out(pretence: str, language: Language) -> None:
    kept = "That sounds lovely." if language == "en" else "정말 좋았겠어요."
    assert texts(
        answer(f"{kept} {pretence}", "We had snow today." if language == "en" else "오늘 눈이 왔어.", language)
    ) == [kept]


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("Would you share that story with me?", "en"),
        ("Did you give some of the honey to your brother?", "en"),
        ("Can I come back to what you said about the garden?", "en"),
        ("친구랑 같이 먹었어요?", "ko"),
    ],
)
def test_talk_of_the_owner_who_eats_and_goes_out_is_said(said: str, language: Language) -> None:
    assert not persona.load(language, "Companion", "").cliches.search(said)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_openers_belong_to_moments_that_the_model_can_name(language: Language) -> None:
    own = persona.load(language, "Companion", "")
    assert set(own.openers) - {persona.MIXED} <= set(own.moments)


def test_what_comes_to_mind_stands_in_front_of_the_words_and_is_told() -> None:
    model = ScriptedModel("Oh no, your shoes!")
    memory = ScriptedMemory(recalled(3))
    clauses = list(Replier(model, "en", memory=memory).reply((), "Rex ate my shoes.", never))
    assert model.read[-1][0][-1].content == "(About Rex.) Rex ate my shoes."
    assert [clause.recall for clause in clauses] == [memory.remembered.recall] + [None] * (len(clauses) - 1)


def test_the_next_prompt_holds_the_words_without_what_came_to_mind() -> None:
    model = ScriptedModel("Oh no, your shoes!")
    replier = Replier(model, "en", memory=ScriptedMemory(recalled(3)))
    replier.warm((Exchange("Rex ate my shoes.", "Oh no, your shoes!"),), never)
    assert not any("About Rex" in message.content for message in model.read[-1][0])


def test_what_came_to_mind_at_the_beginning_stays_where_it_holds_all() -> None:
    """Another note would cost the reading of it, and of the words again."""
    model = ScriptedModel("Oh no, your shoes!")
    memory = ScriptedMemory(recalled(3, 4))
    replier = Replier(model, "en", memory=memory)
    replier.follow((), "Rex ate my", never)
    memory.remembered = Remembered("(Another.)", recalled(4).recall)
    list(replier.reply((), "Rex ate my shoes.", never))
    assert "(About Rex.)" in model.read[-1][0][-1].content
    memory.remembered = Remembered("(Another.)", recalled(5).recall)
    list(replier.reply((), "Rex ate my shoes.", never))
    assert "(Another.)" in model.read[-1][0][-1].content


def test_what_is_known_is_said_without_asking_the_model() -> None:
    model = ScriptedModel("Hm.")
    memory = ScriptedMemory(recalled(3, answer="You told me that you live in Seoul."))
    clauses = list(Replier(model, "en", memory=memory).reply((), "Where do I live?", never))
    assert texts(clauses) == ["You told me that you live in Seoul."]
    assert model.written == 0


def test_where_the_model_knows_no_answer_it_gives_the_hint() -> None:
    memory = ScriptedMemory(recalled(3, hint="I am not sure. You said: I am a nurse."))
    unknown = ScriptedModel("Hm.", Choice(persona.load("en", "Companion", "").unknown, 0.9))
    clauses = list(Replier(unknown, "en", memory=memory).reply((), "What is my job?", never))
    assert texts(clauses) == ["I am not sure. You said: I am a nurse."]
    sure = ScriptedModel("You are a nurse.")
    assert texts(list(Replier(sure, "en", memory=memory).reply((), "What is my job?", never))) == ["You are a nurse."]


def test_a_request_to_the_memory_is_done_once_and_not_ahead_of_time() -> None:
    memory = ScriptedMemory(asked="Forget that.")
    replier = Replier(ScriptedModel("Hm."), "en", memory=memory)
    replier.follow((), "Forget that.", never)
    replier.prepare((), "Forget that.", never)
    assert memory.done == []
    clauses = list(replier.reply((), "Forget that.", never))
    assert memory.done == ["Forget that."]
    assert texts(clauses) == ["Done.", "It is forgotten."]
    assert all(clause.aside for clause in clauses)
    assert [clause.last for clause in clauses] == [False, True]


def test_what_is_agreed_to_be_forgotten_goes_only_behind_the_words_that_say_so() -> None:
    memory = ScriptedMemory(asked="Yes.")
    gone: list[str] = []

    def forget() -> str:
        gone.append("Tom")
        return "One thing is forgotten."

    memory.agreed = forget
    reply = Replier(ScriptedModel("Hm."), "en", memory=memory).reply((), "Yes.", never)
    first, second = next(reply), next(reply)
    assert [(clause.last, clause.waits) for clause in (first, second)] == [(False, False), (False, True)]
    assert gone == []
    (done,) = reply
    assert gone == ["Tom"]
    assert (done.text, done.last, done.aside) == ("One thing is forgotten.", True, True)


def test_a_request_to_the_memory_needs_no_model() -> None:
    (first, *_) = Replier(None, "en", memory=ScriptedMemory(asked="Forget that.")).reply((), "Forget that.", never)
    assert first.text == "Done."


def test_the_memory_is_asked_beside_what_the_prompt_still_holds() -> None:
    memory = ScriptedMemory()
    replier = Replier(ScriptedModel("Good."), "en", memory=memory)
    history = tuple(Exchange(f"Day {number} was long.", "I see. " * 20) for number in range(200))
    list(replier.reply(history, "And today?", never))
    assert history[-1].owner in memory.held
    assert history[0].owner not in memory.held


def test_what_is_in_doubt_is_asked_behind_a_reply_that_asks_nothing() -> None:
    memory = ScriptedMemory(question="Is it Berta?")
    said = texts(
        list(Replier(ScriptedModel("That is good news."), "en", memory=memory).reply((), "She came by.", never))
    )
    assert said == ["That is good news.", "Is it Berta?"]
    asked = texts(
        list(Replier(ScriptedModel("What was she like?"), "en", memory=memory).reply((), "She came by.", never))
    )
    assert asked == ["What was she like?"]


def test_an_answer_that_says_what_it_is_needs_no_disclosure_behind_it() -> None:
    replier = Replier(ScriptedModel("That is hard."), "en", country="US", clock=lambda: 0.0)
    talk = [Exchange("I want to die.", " ".join(texts(list(replier.reply((), "I want to die.", never)))))]
    assert "program" in talk[0].companion
    talk.append(Exchange("Okay.", " ".join(texts(list(replier.reply(talk, "Okay.", never))))))
    assert not any(clause.safety == "disclosure" for clause in replier.reply(talk, "My tea is cold.", never))


@pytest.mark.parametrize("has_model", [True, False])
def test_words_of_danger_are_answered_without_the_model(has_model: bool) -> None:
    model = ScriptedModel("That's a good feeling.")
    replier = Replier(model if has_model else None, "en", country="US")
    replier.follow((), "I want to die.", never)
    replier.prepare((), "I want to die.", never)
    clauses = list(replier.reply((), "I want to die.", never))
    assert "988" in " ".join(texts(clauses))
    assert [clause.safety for clause in clauses] == ["crisis"] + [None] * (len(clauses) - 1)
    assert model.read == []


def test_a_claim_of_the_model_to_be_a_person_is_replaced_by_the_truth() -> None:
    said = " ".join(texts(answer("I am a human being like you. I live in Paris.")))
    assert "human" not in said
    assert "I'm a program" in said


def test_a_claim_in_mid_sentence_ends_the_reply() -> None:
    said = " ".join(texts(answer("That sounds hard to bear, because I am a person too. I cried.")))
    assert "person too" not in said
    assert "I'm a program" in said


def test_it_says_what_it_is_first_and_again_after_three_hours() -> None:
    now = 0.0
    replier = Replier(ScriptedModel("That sounds lovely."), "en", clock=lambda: now)
    safety = [clause.safety for clause in replier.reply((), "Hello.", never)]
    assert safety[0] == "disclosure"
    assert "disclosure" not in [clause.safety for clause in replier.reply((), "Hello.", never)]
    now += 3 * 60 * 60
    assert next(replier.reply((), "Hello.", never)).safety == "disclosure"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_where_the_model_hears_a_farewell_its_own_words_are_not_used(language: Language) -> None:
    assert persona.FAREWELL in persona.load(language, "Companion", "").moments
    model = ScriptedModel("Where are you going?", Choice(persona.FAREWELL, 0.5))
    (clause,) = Replier(model, language).reply((), "I shall take my leave of you.", never)
    assert clause.safety == "goodbye"
    assert "?" not in clause.text
    assert model.written == 0


def opened(moment: str, text: str = "It hurts. What happened then?") -> tuple[Replier, ScriptedModel]:
    model = ScriptedModel(text, Choice(moment, 0.9))
    return Replier(model, "en", seed=1), model


def test_the_first_clause_tells_how_the_turn_is_answered_and_all_have_its_voice() -> None:
    replier, _ = opened("sad")
    first, *others = replier.reply((), "My dog died.", never)
    assert first.plan is not None
    assert first.plan.strategy == "reflection"
    assert {clause.style for clause in (first, *others) if clause.text} == {"gentle"}
    assert not any(clause.plan for clause in others)


GLAD = {"en": ("wonderful", "lovely", "great", "good news"), "ko": ("잘됐", "기쁘", "좋은 소식", "반가운", "기쁜")}


@pytest.mark.parametrize(
    ("words", "felt", "language", "celebrates"),
    [
        ("지난주에 아기를 보냈어요 12주였는데", "neutral", "ko", False),
        ("권고사직 받았어요", "sad", "ko", False),
        ("나 취직했어", "happy", "ko", True),
        ("나 시험 붙었어", "neutral", "ko", True),  # the news say so
        ("고양이가 사흘 만에 돌아왔어!", "neutral", "ko", True),
    ],
)
def test_korean_news_are_celebrated_only_where_the_words_are_glad(
    words: str, felt: str, language: Language, celebrates: bool
) -> None:
    heard = Affect(0.0, 0.0, felt, {felt: 1.0}, 0.9, None, AffectReading(0.0, 0.0, {felt: 0.9}, 0.9), {}, 0.0)
    replier = Replier(ScriptedModel("네.", Choice("happy", 0.9)), language, seed=1)
    said = " ".join(texts(list(replier.reply((), words, never, heard))))
    assert any(word in said for word in GLAD[language]) is celebrates


def test_behind_a_loss_a_model_alone_does_not_call_anything_happy() -> None:
    model = ScriptedModel("I see.", Choice("sad", 0.9))
    replier = Replier(model, "en", seed=1)
    lost = "We had to put our dog down."
    talk = [Exchange(lost, " ".join(texts(list(replier.reply((), lost, never)))))]
    model.choice = Choice("happy", 0.9)
    said = " ".join(texts(list(replier.reply(talk, "Fourteen years we had him.", never))))
    assert not any(word in said for word in GLAD["en"])
    said = " ".join(texts(list(Replier(model, "en", seed=1).reply((), "Fourteen years we had him.", never))))
    assert any(word in said for word in GLAD["en"])


def test_where_the_plan_asks_nothing_the_models_question_is_not_said() -> None:
    replier, _ = opened("thanks", "It was a pleasure. What else can we talk about?")
    assert "?" not in " ".join(texts(list(replier.reply((), "That was kind of you.", never))))


def test_a_voice_at_odds_with_plain_words_is_spoken_of_gently_and_as_a_question() -> None:
    voice = AffectReading(-0.4, -0.5, {"sad": 1.0}, 0.5)
    heard = Affect(0.1, -0.5, "neutral", {"neutral": 1.0}, 0.3, voice, None, {"pitch": -1.5}, 0.6)
    replier, model = opened("plain")
    clauses = list(replier.reply((), "I'm fine.", never, heard))
    assert model.written == 0
    assert texts(clauses)[-1].endswith("?")
    assert "sad" not in " ".join(texts(clauses))
    assert clauses[0].style == "gentle"


def test_what_helped_is_kept_in_the_memory_and_used_in_the_next_talk() -> None:
    memory = ScriptedMemory()
    replier = Replier(ScriptedModel("It hurts.", Choice("sad", 0.9)), "en", memory=memory, seed=1)
    first = " ".join(texts(list(replier.reply((), "My dog died.", never))))
    history = (Exchange("My dog died.", first),)
    for _ in range(2):  # the same words judged twice, as when the owner goes on speaking
        list(replier.reply(history, "That really helped.", never))
    helped, not_ = memory.profile["tastes"]["reflection"]
    assert (helped, not_) == (1.0, 0.0)


def test_listening_to_the_voice_is_announced_and_ends_at_a_word() -> None:
    replier = Replier(ScriptedModel("That sounds lovely."), "en", clock=lambda: 0.0, voice=True)
    assert "how you sound" in " ".join(texts(list(replier.reply((), "Hello.", never))))
    (clause,) = replier.reply((), "Please stop listening to my tone.", never)
    assert clause.safety == "voice-off"


def sad(memory: ScriptedMemory, text: str = "It hurts to lose a friend like that. What was he like?") -> Replier:
    return Replier(ScriptedModel(text, Choice("sad", 0.9)), "en", memory=memory, seed=1)


def test_what_the_owner_did_not_like_is_not_said_again_in_no_talk() -> None:
    memory = ScriptedMemory()
    said = " ".join(texts(list(sad(memory).reply((), "My dog died.", never))))
    replier = sad(memory)
    list(replier.reply((), "My dog died.", never))
    clauses = list(replier.reply((Exchange("My dog died.", said),), "Don't say that.", never))
    assert all(clause.aside for clause in clauses)
    again = texts(list(sad(memory).reply((), "My dog died.", never)))
    assert again
    assert not set(again) & set(said.replace("? ", "?|").replace(". ", ".|").split("|"))


def test_a_wish_is_granted_before_the_model_is_asked() -> None:
    model = ScriptedModel("I see.")
    replier = Replier(model, "en")
    replier.prepare((), "Speak slower, please.", never)
    clauses = list(replier.reply((), "Speak slower, please.", never))
    assert [clause.pace for clause in clauses] == [0.9] * len(clauses)
    assert model.written == 0


def test_who_wants_few_questions_is_not_asked() -> None:
    memory = ScriptedMemory()
    memory.profile["questions"] = "few"
    assert "?" not in " ".join(texts(list(sad(memory).reply((), "My dog died.", never))))


def test_who_wants_short_answers_gets_two_sentences() -> None:
    thoughts = " ".join(f"Here is thought number {number} of mine." for number in range(20))
    memory = ScriptedMemory()
    memory.profile["length"] = "short"
    said = " ".join(texts(list(sad(memory, thoughts).reply((), "My dog died.", never))))
    assert said.count(".") == 2


def test_a_name_is_used_at_once_and_in_every_later_talk() -> None:
    memory = ScriptedMemory()
    model = ScriptedModel("Nice to see you.", Choice("hello", 0.9))
    replier = Replier(model, "en", memory=memory)
    list(replier.reply((), "Call me Jo.", never))
    list(replier.reply((), "Hello there.", never))
    assert "Jo" in model.read[-1][0][0].content
    Replier(model, "en", memory=memory).warm((), never)
    assert "Jo" in model.read[-1][0][0].content


def test_a_suggestion_after_understanding_sounds_brighter() -> None:
    model = ScriptedModel("A short walk can help. Try it tonight.", Choice("sad", 0.9))
    clauses = list(Replier(model, "en", seed=1).reply((), "My dog died. What should I do?", never))
    styles = [clause.style for clause in clauses if clause.text]
    assert (styles[0], styles[-1]) == ("gentle", "warm")


def test_what_it_is_is_said_before_the_model_has_read_its_head() -> None:
    class Reader(ScriptedModel):
        def prefill(
            self, messages: Sequence[Message], cancelled: Callable[[], bool], opening: str = "", *, begun: bool = False
        ) -> Evaluation:
            self.gave_way = cancelled()
            return super().prefill(messages, cancelled, opening, begun=begun)

    model = Reader("That sounds lovely.")
    replier = Replier(model, "en", clock=lambda: 0.0)
    replier.warm((), never)
    assert not model.gave_way
    clauses = replier.reply((), "Hello.", never)  # asked for, and waiting for the thread in which the head is read
    replier.warm((), never)
    assert model.gave_way
    replier.prepare((), "Hello.", never)
    assert model.gave_way
    model.read.clear()
    assert next(clauses).safety == "disclosure"
    assert model.read == []
    replier.warm((), never)
    assert not model.gave_way


def test_a_reply_that_was_dropped_keeps_nothing_from_being_read() -> None:
    model = ScriptedModel("That sounds lovely.")
    stopped: list[bool] = []
    model.prefill = lambda messages, cancelled, opening="", begun=False: stopped.append(cancelled())  # type: ignore
    replier = Replier(model, "en")
    replier.reply((), "Hello", lambda: True)
    replier.warm((), never)
    assert stopped == [False]


def test_an_answer_behind_a_lead_has_no_interjection_of_its_own_and_none_in_what_the_model_remembers() -> None:
    replier, _ = opened("sad", "Oh, that must hurt.")
    clauses = list(replier.reply((), "my dog ran away", never, lead="I see."))
    assert not clauses[0].text.startswith("Oh")


class Reconsidering(ScriptedModel):
    """Writes one text, and another one when it is asked again."""

    def __init__(self, text: str, again: str, choice: Choice = UNOPENED) -> None:
        super().__init__(text, choice)
        self._again = again
        self.sampled: list[Sampling] = []

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Callable[[], bool], opening: str = ""
    ) -> Generator[str, None, None]:
        if self.sampled:
            self.pieces = [word + " " for word in self._again.split(" ")]
        self.sampled.append(sampling)
        return super().stream(messages, sampling, cancelled, opening)


def test_where_nothing_was_fit_to_be_said_the_model_is_asked_once_more() -> None:
    model = Reconsidering("Feel free to ask me anything.", "That was a long day.")
    assert texts(list(Replier(model, "en", seed=1).reply((), "Hello.", never))) == ["That was a long day."]
    first, again = model.sampled
    assert again.temperature > first.temperature
    assert again.seed != first.seed


def test_what_was_answered_lately_is_written_again_less_likely() -> None:
    """A small model that has asked the same twice asks nothing else."""
    model = Reconsidering("That was a long day.", "")
    history = tuple(Exchange(f"Then I went to room {n}.", f"And in room {n}?") for n in range(9))
    list(Replier(model, "en").reply(history, "Hello.", never))
    assert model.sampled[0].lately == tuple(f"And in room {n}?" for n in range(9 - RECENT, 9))


@pytest.mark.parametrize("lead", ["", "Oh, I see. "])
def test_the_model_does_not_read_that_it_had_nothing_to_say(lead: str) -> None:
    model = ScriptedModel("That was a long day.")
    replier = Replier(model, "en")
    lost = replier._persona.lost[0]
    history = (Exchange("One.", "Yes?"), Exchange("Two.", f"{lead}{lost}"), Exchange("Three.", "And then?"))
    list(replier.reply(history, "Four.", never))
    read = [message.content for message in model.read[-1][0]]
    assert not any(lost in content or content == "Two." for content in read)
    assert any(content == "Three." for content in read)


def test_what_was_said_is_not_taken_back_to_ask_again() -> None:
    model = Reconsidering("That was a long day. Feel free to ask me anything.", "Another day.")
    assert texts(list(Replier(model, "en").reply((), "Hello.", never))) == ["That was a long day."]
    assert len(model.sampled) == 1


@pytest.mark.parametrize("language", ["en", "ko"])
def test_who_asks_for_advice_gets_some(language: Language) -> None:
    words = "I can't sleep, what should I do?" if language == "en" else "잠이 안 와. 어떻게 하면 좋을까?"
    evasion = "What do you think would be best?" if language == "en" else "어떻게 하면 좋을까요?"
    model = ScriptedModel(evasion, Choice("tired", 0.9))
    model.parameters = 1_500_000_000
    said = texts(list(Replier(model, language).reply((), words, never)))
    assert len(said) >= 2
    assert not any("?" in text for text in said)
    assert ", advise: " in model.read[-1][1]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_persona_shows_how_advice_is_given(language: Language) -> None:
    answers = [message.content for message in persona.load(language, "Companion", "").head]
    assert sum(", advise: " in answer for answer in answers) >= 3
