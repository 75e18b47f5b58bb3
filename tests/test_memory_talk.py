"""The memory of a talk: what comes to mind, what is learned, and what the owner asks of it by voice."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from companion.apps import memory_acts
from companion.apps.cli import Places
from companion.apps.unlock import open_memory
from companion.events import Exchange
from companion.memory import episodes, export, facts, keys, spoken
from companion.memory.attendant import Attendant
from companion.memory.dates import local
from companion.memory.errors import DiskFull
from companion.memory.keeper import Keeper, Note
from companion.memory.keyslots import Secret
from companion.memory.vault import Vault, create_vault

DAY = 86_400_000


class Talks:
    """An owner's talks with a memory, one after the other, on a clock of their own."""

    def __init__(self, folder: Path, language: str) -> None:
        self.now = 1_780_000_000_000
        self._language = language
        key = folder / "key"
        keys.write_key_file(key)
        self.vault: Vault = create_vault(folder / "memory", [Secret("key-file", keys.read_key_file(key))])
        self.begin()

    def begin(self, days_later: int = 0) -> None:
        self.now += days_later * DAY
        self.keeper = Keeper(self.vault, self._language, "tiny", self._clock)
        self.attendant = Attendant(self.keeper)

    def _clock(self) -> int:
        self.now += 1000
        return self.now

    def say(self, words: str) -> str | None:
        """What the memory answers, last of all; ordinary talk is kept."""
        answer = self.attendant.answer(words)
        if (carry_out := self.attendant.agreed) is not None:
            answer = carry_out() or answer
        if answer is None:
            self.keeper.save(self.now, words, "I see.")
        return answer

    def recall(self, words: str, held: Collection[str] | None = None) -> Note:
        return self.keeper.recall(words, held)

    def statements(self) -> list[str]:
        return [fact.statement for fact in facts.known(self.keeper.store, self.now)]

    def said(self) -> list[str]:
        return [episode.said for episode in episodes.latest(self.keeper.store)]


@pytest.fixture
def talks(tmp_path: Path) -> Iterator[Talks]:
    made = Talks(tmp_path, "en")
    yield made
    made.keeper.close()


@pytest.fixture
def korean(tmp_path: Path) -> Iterator[Talks]:
    made = Talks(tmp_path, "ko")
    yield made
    made.keeper.close()


def test_a_store_that_cannot_be_read_ends_no_talk(talks: Talks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop asks whether words concern the memory; what is wrong is said by the answer to them."""

    def broken(*_: object) -> NoReturn:
        raise DiskFull("the disk is full")

    monkeypatch.setattr(talks.keeper.store, "query", broken)
    assert talks.attendant.concerns("Forget that.")
    assert talks.attendant.answer("Forget what I said about Tom.") == "That did not work. Nothing was changed."


# --- recall ----------------------------------------------------------------------------------------------------------


def test_what_was_said_in_an_earlier_talk_comes_to_mind_with_its_day(talks: Talks) -> None:
    talks.say("My boss Mr. Kim yelled at me in front of everyone.")
    talks.begin(days_later=3)
    note = talks.recall("My boss was nice today.")
    assert "My boss Mr. Kim yelled at me" in note.text
    assert "on 28 May" in note.text
    assert [item.kind for item in note.items] == ["episode"]


def test_what_was_said_in_this_talk_is_not_recalled(talks: Talks) -> None:
    talks.say("The old piano has to go.")
    assert talks.recall("What about the old piano?").text == ""


def test_what_this_talk_has_long_left_behind_comes_to_mind_again(talks: Talks) -> None:
    """A talk without a screen goes on for weeks; the prompt holds the end of it."""
    talks.say("The plumber comes on Friday.")
    talks.say("It rained all day.")
    assert "plumber" in talks.recall("When did the plumber say he comes?", held={"It rained all day."}).text
    assert talks.recall("When did the plumber say he comes?", held={"The plumber comes on Friday."}).text == ""


def test_nothing_relevant_is_an_empty_note(talks: Talks) -> None:
    talks.say("My dog is called Rex.")
    talks.begin(days_later=1)
    assert talks.recall("Thanks, that helped.") == Note()


def test_what_was_only_said_around_it_stays_out_of_the_note(talks: Talks) -> None:
    for words in ("I had pasta for lunch.", "My dog is called Rex.", "It rained all day."):
        talks.say(words)
    talks.begin(days_later=1)
    note = talks.recall("Rex ate my shoes.")
    assert "Rex" in note.text
    assert "pasta" not in note.text
    assert "rained" not in note.text


def test_what_was_said_in_the_same_words_again_is_one_memory_of_the_last_time(talks: Talks) -> None:
    for words in ("The garden is full of snails.", "The garden is full of snails", "In the garden a rose is out."):
        talks.say(words)
        talks.begin(days_later=1)
    note = talks.recall("The snails have eaten the rose in my garden.")
    assert note.text.count("snails") == 1
    assert "rose" in note.text
    assert spoken.day(local(talks.now - 2 * DAY).date(), local(talks.now).date(), "en") in note.text


def test_a_question_that_a_fact_answers_is_answered_with_it(talks: Talks) -> None:
    talks.say("I live in Seoul with my sister Mina.")
    talks.begin(days_later=1)
    assert talks.recall("Where do I live?").answer == "You told me that you live in Seoul."
    assert talks.recall("Where does Jun live?").answer == ""
    assert talks.recall("How is my sister?").answer == ""


def test_the_fact_of_another_is_not_even_a_hint(talks: Talks) -> None:
    talks.say("I'm 34 years old.")
    talks.begin(days_later=1)
    note = talks.recall("How old is my sister?")
    assert (note.answer, note.hint) == ("", "")


def test_a_question_that_words_answer_is_answered_by_quoting_them(korean: Talks) -> None:
    korean.say("점심에 파스타 먹었어.")
    korean.begin(days_later=1)
    assert "점심에 파스타 먹었어" in korean.recall("내가 점심에 뭐 먹었지?").answer


def test_what_holds_a_part_of_the_question_is_only_a_hint(talks: Talks) -> None:
    talks.say("I had pasta for lunch.")
    talks.begin(days_later=1)
    note = talks.recall("What did I eat for lunch?")
    assert note.answer == ""
    assert note.hint.startswith("I am not sure.")


def test_what_is_true_no_more_is_no_answer(talks: Talks) -> None:
    talks.say("I live in Hamburg.")
    talks.say("I moved to Berlin.")
    talks.begin(days_later=1)
    answer = talks.recall("Where do I live?").answer
    assert "Berlin" in answer
    assert "Hamburg" not in answer


def test_a_question_is_not_answered_with_itself(korean: Talks) -> None:
    korean.say("우리 강아지 이름이 뭐지?")
    korean.begin(days_later=1)
    note = korean.recall("우리 강아지 이름이 뭐지?")
    assert (note.answer, note.hint) == ("", "")


def test_what_was_to_be_remembered_answers_any_question_about_it(talks: Talks) -> None:
    talks.say("Remember that the rent is due on the 3rd.")
    talks.begin(days_later=1)
    note = talks.recall("When is the rent due?")
    assert "the rent is due on the 3rd" in note.answer


def test_recalling_leaves_no_trace(talks: Talks) -> None:
    talks.say("My dog is called Rex.")
    talks.begin(days_later=1)
    before = talks.keeper.store.query("SELECT * FROM episodes")
    assert len({talks.recall("Rex is asleep.").text for _ in range(3)}) == 1
    assert talks.keeper.store.query("SELECT * FROM episodes") == before


# --- what is learned -------------------------------------------------------------------------------------------------


def test_facts_are_learned_from_the_owners_words_alone(talks: Talks) -> None:
    talks.keeper.save(talks.now, "It is raining.", "You live in Paris and you have a cat called Tom.")
    assert talks.statements() == []


def test_news_takes_the_place_of_what_was_true_and_both_are_kept(talks: Talks) -> None:
    talks.say("I live in Seoul.")
    talks.begin(days_later=1)
    talks.say("I moved to Busan last month.")
    assert not any("Seoul" in statement for statement in talks.statements())
    assert any("Busan" in statement for statement in talks.statements())
    kept = facts.known(talks.keeper.store, talks.now, history=True)
    assert any("Seoul" in fact.statement for fact in kept)


def test_what_does_not_fit_is_asked_about_before_it_is_used(talks: Talks) -> None:
    talks.say("My mother is called Anna.")
    talks.say("My mother is called Berta.")
    question = talks.attendant.question()
    assert question is not None
    assert "Anna" in question
    assert "Berta" in question
    assert not any("Berta" in fact.statement for fact in _used(talks))
    assert talks.say("yes") == "Thank you. I have put it right."
    assert [fact.statement for fact in _used(talks)] == ["has a mother called Berta"]


def test_a_no_leaves_it_as_it_was(talks: Talks) -> None:
    talks.say("My mother is called Anna.")
    talks.say("My mother is called Berta.")
    talks.attendant.question()
    assert talks.say("no") == "Then I leave it as it was."
    assert talks.statements() == ["has a mother called Anna"]


def _used(talks: Talks) -> list[facts.Fact]:
    return [fact for fact in facts.known(talks.keeper.store, talks.now) if fact.kind != "inferred"]


# --- requests --------------------------------------------------------------------------------------------------------


def test_whether_words_are_a_request_is_told_without_the_store(talks: Talks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop asks, with every turn; a store that writes to a slow card keeps it waiting."""
    talks.say("My sister Mina lives in Busan.")
    assert talks.keeper.people == ("Mina",)

    def busy(*_: object) -> NoReturn:
        raise AssertionError("the store is asked")

    with monkeypatch.context() as patched:
        patched.setattr(type(talks.keeper.store), "query", busy)
        assert talks.attendant.concerns("Forget what I said about Mina.")
        assert not talks.attendant.concerns("Mina is home again.")
    talks.say("Forget what I said about Mina.")
    talks.say("Yes.")
    assert talks.keeper.people == ()


def test_ordinary_talk_is_no_request(talks: Talks) -> None:
    assert not talks.attendant.concerns("I can't forget that day.")
    assert talks.say("I can't forget that day.") is None


def test_what_is_known_is_told_three_at_a_time(talks: Talks) -> None:
    for words in (
        "I live in Seoul.",
        "I work as a nurse.",
        "My dog is called Rex.",
        "My birthday is on the 5th of May.",
    ):
        talks.say(words)
    first = talks.say("What do you know about me?")
    assert first is not None
    assert "Shall I go on?" in first
    rest = talks.say("yes")
    assert rest is not None
    assert "Seoul" in first + rest
    assert "Shall I go on?" not in rest


def test_every_fact_can_say_where_it_is_from(talks: Talks) -> None:
    talks.say("I work as a nurse.")
    talks.say("What do you know about me?")
    assert talks.say("Why do you think that?") == "You said, today: I work as a nurse."


def test_what_is_wrong_is_not_used_any_more(talks: Talks) -> None:
    talks.say("I work as a nurse.")
    talks.say("What do you know about me?")
    assert talks.say("That's wrong.") == "Then I will not use it any more. How is it?"
    assert talks.statements() == []


def test_of_several_things_told_none_goes_on_a_guess(talks: Talks) -> None:
    talks.say("I work as a nurse.")
    talks.say("I live in Seoul.")
    talks.say("What do you know about me?")
    assert talks.say("That's wrong.") == "Tell me which of it is wrong, and how it is."
    assert len(talks.statements()) == 2
    assert talks.say("That's wrong, I live in Busan.") == "Thank you. I have put it right."
    assert talks.statements() == ["is a nurse", "lives in Busan"]


def test_a_name_put_right_takes_the_place_of_the_wrong_one(talks: Talks) -> None:
    talks.say("My dog is called Bruno.")
    talks.begin(days_later=1)
    assert talks.say("No, my dog's name is Balu.") == "Thank you. I have put it right."
    assert talks.statements() == ["has a dog called Balu"]


def test_words_that_were_put_right_are_no_answer_any_more(korean: Talks) -> None:
    korean.say("우리 강아지 이름은 보리야.")
    korean.begin(days_later=1)
    korean.say("아니야, 우리 강아지 이름은 초코야.")
    note = korean.recall("우리 강아지 이름이 뭐지?")
    assert "초코" in note.answer + note.hint
    assert "보리" not in note.answer + note.hint


def test_what_is_not_known_is_said_back_as_the_owners(talks: Talks) -> None:
    assert talks.say("What did I say about my boss?") == "I remember nothing about your boss."


def test_what_is_to_be_remembered_is_kept_in_the_owners_words(talks: Talks) -> None:
    talks.say("Remember that the spare key is under the blue pot.")
    told = talks.say("What do you know about me?")
    assert told is not None
    assert "the spare key is under the blue pot" in told


@pytest.mark.parametrize("answer", ["no", "no, wait", "maybe tomorrow", "yes?", "what a day"])
def test_nothing_is_destroyed_without_a_clear_yes(talks: Talks, answer: str) -> None:
    talks.say("Tom lied to me.")
    question = talks.say("Forget what I said about Tom.")
    assert question == "I will forget everything about Tom: one thing. Shall I?"
    talks.say(answer)
    talks.say("yes")
    assert "Tom lied to me." in talks.said()


@pytest.mark.parametrize("then", ["Yes, no, wait, don't.", "no", "yes but what about dinner"])
def test_a_yes_that_is_taken_back_before_it_is_answered_destroys_nothing(talks: Talks, then: str) -> None:
    talks.say("Tom lied to me.")
    talks.say("Forget everything.")
    assert talks.attendant.answer("Yes.") == "All right."
    assert talks.attendant.agreed is not None
    assert talks.attendant.concerns(then)
    assert talks.attendant.answer(then) == "Nothing is forgotten."
    assert talks.attendant.agreed is None
    assert talks.said() == ["Tom lied to me."]


def test_a_request_that_goes_on_before_its_answer_is_heard_is_kept_once_and_whole(talks: Talks) -> None:
    half = "Remember that the spare key is under the blue"
    whole = "Remember that the spare key is under the blue pot in the garden."
    assert talks.attendant.answer(half) == "I will remember that."
    assert talks.said() == []
    assert talks.say(whole) == "I will remember that."
    assert talks.said() == [whole]
    assert talks.attendant.agreed is None


def test_a_correction_that_goes_on_before_its_answer_is_heard_corrects_once(talks: Talks) -> None:
    talks.say("I live in Seoul.")
    talks.say("What do you know about me?")
    assert talks.attendant.answer("That's wrong.") == "Then I will not use it any more. How is it?"
    assert talks.statements() == ["lives in Seoul"]
    assert talks.say("That's wrong, I live in Busan.") == "Thank you. I have put it right."
    assert talks.statements() == ["lives in Busan"]


def test_what_was_promised_and_not_taken_back_is_done_though_its_answer_was_cut_off(talks: Talks) -> None:
    talks.attendant.answer("Remember that the rent is due on the 3rd.")
    talks.say("How are you?")
    assert talks.said() == ["How are you?", "Remember that the rent is due on the 3rd."]
    talks.attendant.answer("Remember that Mia's train leaves at nine.")
    talks.attendant.settle()
    assert talks.said()[0] == "Remember that Mia's train leaves at nine."


def test_the_end_of_a_talk_forgets_nothing_that_was_not_answered(talks: Talks) -> None:
    talks.say("Tom lied to me.")
    talks.say("Forget everything.")
    talks.attendant.answer("Yes.")
    talks.attendant.settle()
    assert talks.said() == ["Tom lied to me."]


def test_an_answer_to_a_doubt_can_be_taken_back_until_its_own_is_heard(talks: Talks) -> None:
    talks.say("My mother is called Anna.")
    talks.say("My mother is called Berta.")
    talks.attendant.question()
    before = talks.statements()
    talks.attendant.answer("Yes.")
    assert talks.statements() == before
    assert talks.attendant.concerns("Yes, that's right.")
    assert talks.say("Yes, that's right.") == "Thank you. I have put it right."
    assert [fact.statement for fact in _used(talks)] == ["has a mother called Berta"]


@pytest.mark.parametrize(
    ("request_", "gone", "left"),
    [
        ("Forget what I said about Tom.", {"Tom lied to me."}, {"I had pasta.", "I slept well."}),
        ("Forget that.", {"I slept well."}, {"Tom lied to me.", "I had pasta."}),
        ("Forget today.", {"I had pasta.", "I slept well."}, {"Tom lied to me."}),
        ("Forget everything.", {"Tom lied to me.", "I had pasta.", "I slept well."}, set()),
    ],
)
def test_a_clear_yes_erases_what_was_named_and_no_more(
    talks: Talks, request_: str, gone: set[str], left: set[str]
) -> None:
    talks.say("Tom lied to me.")
    talks.begin(days_later=2)
    talks.say("I had pasta.")
    talks.say("I slept well.")
    talks.say(request_)
    done = talks.say("Yes, please.")
    assert done is not None
    assert done.startswith("Done.")
    assert set(talks.said()) == left
    assert not gone & set(talks.said())


def test_the_request_itself_keeps_no_name_of_what_is_forgotten(talks: Talks) -> None:
    talks.say("Tom lied to me.")
    talks.say("Forget what I said about Tom.")
    talks.say("yes")
    assert not any("Tom" in said for said in talks.said())


def test_a_prompt_holds_nothing_that_was_forgotten(talks: Talks) -> None:
    talks.say("Tom lied to me.")
    talks.say("I slept well.")
    history = [Exchange("Tom lied to me.", "I see."), Exchange("I slept well.", "I see.")]
    assert talks.keeper.kept(history) == tuple(history)
    talks.say("Forget what I said about Tom.")
    talks.say("yes")
    assert talks.keeper.kept(history) == (history[1],)


def test_what_was_said_off_the_record_stays_in_the_talk_unless_it_is_forgotten_too(talks: Talks) -> None:
    history = [Exchange(said, "I see.") for said in ("I slept well.", "I hate my job.", "Tom is a fool.")]
    talks.say("Tom lied to me.")
    talks.say("I slept well.")
    talks.say("Off the record.")
    talks.say("I hate my job.")
    talks.say("Tom is a fool.")
    talks.say("Forget what I said about Tom.")
    talks.say("yes")
    assert talks.keeper.kept(history) == tuple(history[:2])


def test_a_reply_that_was_forgotten_leaves_the_talk_with_its_question(talks: Talks) -> None:
    history = [Exchange("Whom did I see?", "You saw Tom."), Exchange("I slept well.", "I see.")]
    for exchange in history:
        talks.keeper.save(talks.now, exchange.owner, exchange.companion)
    talks.say("Forget what I said about Tom.")
    assert talks.say("yes").startswith("Done.")
    assert talks.keeper.kept(history) == (history[1],)
    assert talks.said() == ["I slept well.", "Whom did I see?"]


def test_off_the_record_nothing_is_kept_until_the_owner_says_so(talks: Talks) -> None:
    assert talks.say("Off the record.") is not None
    talks.say("I hate my job.")
    assert talks.said() == []
    assert talks.say("We're back on the record.") is not None
    talks.say("I like tea.")
    assert talks.said() == ["I like tea."]


def test_asking_whether_words_are_a_request_changes_nothing(talks: Talks) -> None:
    talks.say("Tom lied to me.")
    talks.say("Forget what I said about Tom.")
    assert talks.attendant.concerns("yes")
    assert talks.attendant.concerns("yes")
    assert "Tom lied to me." in talks.said()


def test_it_works_in_korean(korean: Talks) -> None:
    korean.say("우리 강아지 이름은 보리야.")
    told = korean.say("나에 대해 뭘 알아?")
    assert told is not None
    assert "보리" in told
    question = korean.say("방금 한 말 잊어줘.")
    assert question is not None
    assert question.endswith("?")
    assert korean.say("아니, 하지 마.") == "아무것도 잊지 않았어요."
    korean.say("방금 한 말 잊어줘.")
    done = korean.say("네.")
    assert done is not None
    assert done.startswith("다 됐어요.")
    assert korean.said() == []


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_an_export_is_the_beginning_of_a_new_home(
    tmp_path: Path, talks: Talks, capsys: pytest.CaptureFixture[str]
) -> None:
    talks.say("I live in Seoul.")
    file, home = tmp_path / "taken.zip", tmp_path / "new"
    export.export(talks.keeper.store, file, 0, plain=True)
    places = Places(home, tmp_path, key_file=tmp_path / "new-key")
    memory_acts.import_(places, file, merge=False, passphrase_file=None, identity_file=None, as_json=False)
    assert "1 episode," in " ".join(capsys.readouterr().out.split())
    with open_memory(home, places.unlock) as memory:
        assert [episode.said for episode in episodes.latest(memory.store)] == ["I live in Seoul."]


def test_a_korean_question_that_recalls_is_answered_without_saying_whose_it_is(korean: Talks) -> None:
    korean.say("금요일부터 도자기 수업을 시작해.")
    korean.begin(days_later=1)
    assert "도자기 수업을 시작한다고 하셨어요" in korean.recall("도자기 수업은 언제 시작하지?").answer
    assert korean.recall("도자기 수업이 뭐야?").answer == ""
