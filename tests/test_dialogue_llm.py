"""The language model's cache, on the real tiny model: what was read once is not read again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from companion.dialogue.llm import BATCH, Choice, LanguageModel, ModelError, Sampling
from companion.dialogue.prompt import Message
from companion.dialogue.reply import Replier
from companion.events import Exchange
from tests.real import model_file

HEAD = (Message("system", "You are a kind listener. " * 30),)
SAME = Sampling(seed=7, max_tokens=24)
ASKED = (*HEAD, Message("user", "Good morning, how are you?"))


@pytest.fixture(scope="module")
def opened() -> Iterator[LanguageModel]:
    model = LanguageModel(model_file("llm"), context=1024)
    yield model
    model.close()


@pytest.fixture
def model(opened: LanguageModel) -> LanguageModel:
    """The open model, with nothing of ours in its cache."""
    opened.prefill((Message("user", "x"),), never)
    return opened


def never() -> bool:
    return False


class After:
    """Cancels after it was asked a number of times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self) -> bool:
        self.times -= 1
        return self.times < 0


pytestmark = pytest.mark.models


def test_a_prompt_read_twice_is_evaluated_once(model: LanguageModel) -> None:
    first = model.prefill(ASKED, never)
    second = model.prefill(ASKED, never)
    assert first.evaluated > 100
    assert second.evaluated == 0
    assert second.reused == first.reused + first.evaluated


def test_turn_after_turn_only_what_is_new_is_evaluated(model: LanguageModel) -> None:
    messages = list(HEAD)
    head = model.prefill(HEAD, never)
    size = head.reused + head.evaluated
    for number in range(5):
        messages.append(Message("user", f"This is the thing number {number} that I tell you."))
        written = "".join(model.stream(messages, SAME, never))
        assert model.evaluation.reused >= size
        assert model.evaluation.evaluated < 40
        size = model.evaluation.reused
        messages.append(Message("assistant", written.strip()))


def test_the_replier_reads_its_head_once(opened: LanguageModel) -> None:
    model = LanguageModel(model_file("llm"), context=2048)
    replier = Replier(model, "en", seed=7)
    replier.warm((), never)
    head = model.evaluation.evaluated
    history: tuple[Exchange, ...] = ()
    for words in ("Hello there.", "I had a long day.", "My sister called.", "She is well."):
        replier.prepare(history, words, never)
        assert model.evaluation.reused >= head
        clauses = list(replier.reply(history, words, never))
        assert {clause.unread for clause in clauses if clause.plan is not None} <= set(range(1, 60))
        reply = " ".join(clause.text for clause in clauses)
        assert model.evaluation.evaluated < 24  # at most the words that open it
        history = (*history, Exchange(words, reply))
        replier.warm(history, never)
        assert model.evaluation.reused >= head
    model.close()


def test_choosing_costs_nothing_beyond_reading(model: LanguageModel) -> None:
    model.prefill(ASKED, never)
    choice = model.choose(ASKED, ["I", "blue", "seven"], never)
    assert model.evaluation.evaluated == 0
    assert choice is not None
    assert choice.option == "I"
    assert 0.5 < choice.probability <= 1.0
    assert choice.unread == 0, "what was left to read is told with it"
    longer = (*HEAD, Message("user", "I was thinking of the garden that we had, and of my brother."))
    read = model.choose(longer, ["I", "blue", "seven"], never)
    assert read is not None
    assert read.unread == model.evaluation.evaluated > 10
    assert model.choose((Message("user", "x"),), ["I", "blue"], lambda: True) is None


def test_a_reply_goes_on_from_its_opening(model: LanguageModel) -> None:
    greedy = Sampling(temperature=0.0, max_tokens=4)
    asked = (*HEAD, Message("user", "Say the days of the week."))
    opened = "".join(model.stream(asked, greedy, never, opening="Monday, Tuesday, Wednesday,"))
    assert "Thursday" in opened


def test_words_read_ahead_cost_nothing_when_they_stay(model: LanguageModel) -> None:
    model.prefill(ASKED, never)
    assert "".join(model.stream(ASKED, SAME, never))
    assert model.evaluation.evaluated == 0


def test_words_that_go_on_keep_what_was_read_of_them(model: LanguageModel) -> None:
    begun = "I was thinking of the garden that we had when I was small"
    before = model.prefill((*HEAD, Message("user", begun)), never, begun=True)
    after = model.prefill((*HEAD, Message("user", begun + " and of my brother")), never)
    assert after.reused == before.reused + before.evaluated
    assert after.evaluated < 16


def test_what_was_read_ahead_does_not_change_what_the_model_would_say(model: LanguageModel) -> None:
    """As far as rounding lets it: many tokens at once are multiplied otherwise than the last one by itself."""

    greedy = Sampling(temperature=0.0, max_tokens=4)

    def expected() -> Choice:
        choice = model.choose(ASKED, ["Good", "Hello", "I", "That", "You", "It"], never)
        assert choice is not None
        return choice

    cold, reply = expected(), "".join(model.stream(ASKED, greedy, never))
    model.prefill((Message("user", "x"),), never)
    model.prefill(HEAD, never)
    model.prefill(ASKED, never)
    ahead = expected()
    assert (ahead.unread, ahead.option) == (0, cold.option)
    assert ahead.probability == pytest.approx(cold.probability, abs=0.05)
    assert "".join(model.stream(ASKED, greedy, never)) == reply


def test_reading_stops_between_two_batches(model: LanguageModel) -> None:
    long = (*HEAD, Message("user", "and then " * 2 * BATCH))
    assert model.prefill(long, After(2)).evaluated == 2 * BATCH
    assert model.prefill(long, never).reused >= 2 * BATCH


def test_a_reply_that_is_cancelled_before_it_began_is_empty(model: LanguageModel) -> None:
    assert list(model.stream(ASKED, SAME, lambda: True)) == []


def test_writing_stops_between_two_tokens(model: LanguageModel) -> None:
    model.prefill(ASKED, never)
    gone = False
    pieces = model.stream(ASKED, SAME, lambda: gone)
    next(pieces)
    gone = True
    assert list(pieces) == []


def test_a_reply_ends_when_something_else_was_read_in_between(model: LanguageModel) -> None:
    pieces = model.stream(ASKED, SAME, never)
    next(pieces)
    model.prefill(HEAD, never)
    assert list(pieces) == []


def test_a_reply_has_no_more_tokens_than_asked_for(model: LanguageModel) -> None:
    short = Sampling(seed=7, max_tokens=3)
    assert model.count("".join(model.stream(ASKED, short, never))) <= 3


def test_the_same_seed_writes_the_same(model: LanguageModel) -> None:
    hot = Sampling(temperature=1.5, min_p=0.0, seed=3, max_tokens=16)
    other = Sampling(temperature=1.5, min_p=0.0, seed=4, max_tokens=16)
    # The first is not compared: its last token was evaluated in a batch with others, which rounds differently.
    _, first, again, different = ("".join(model.stream(ASKED, how, never)) for how in (hot, hot, hot, other))
    assert first == again
    assert first != different


def test_what_was_said_lately_is_not_said_again_where_there_is_something_else(model: LanguageModel) -> None:
    greedy = Sampling(temperature=0.0, repeat_penalty=1.3, max_tokens=12)
    # The very first is not compared: its last token was evaluated in a batch with others, which rounds differently.
    _, first, again = ("".join(model.stream(ASKED, greedy, never)) for _ in range(3))
    assert first == again
    assert first != "".join(model.stream(ASKED, replace(greedy, lately=(first,)), never))


def test_forbidden_tokens_are_never_written(opened: LanguageModel) -> None:
    model = LanguageModel(model_file("llm"), context=512)
    assert "e" in "".join(model.stream(ASKED, SAME, never))
    model.forbid(lambda token: "e" in token)
    assert "e" not in "".join(model.stream(ASKED, SAME, never))
    model.close()


def test_what_goes_on_from_words_is_judged_without_writing(model: LanguageModel) -> None:
    stops = model.tokens_that(lambda text: text in (".", "!", "?"))
    whole, part = ((*HEAD, Message("user", words)) for words in ("I went to the market", "I went to the"))
    found = [model.goes_on_with(messages, stops, never) for messages in (whole, part)]
    assert found[0] is not None
    assert found[1] is not None
    assert 0 >= found[0] > found[1]
    assert model.goes_on_with(whole, range(model.count("x")), After(0)) is None


def test_two_of_one_file_hold_its_weights_once_and_disturb_each_other_in_nothing(opened: LanguageModel) -> None:
    alone = "".join(opened.stream(ASKED, SAME, never))
    other = LanguageModel(model_file("llm"), context=128, beside=opened)
    assert other.parameters == opened.parameters
    opened.prefill(ASKED, never)
    other.prefill((Message("user", "Something else."),), never)
    assert "".join(opened.stream(ASKED, SAME, never)) == alone
    other.close()
    assert "".join(opened.stream(ASKED, SAME, never)) == alone


def test_reading_ahead_gives_way_in_the_middle_of_a_batch_and_what_matters_does_not(model: LanguageModel) -> None:
    words = Message("user", "and then we went on along the river " * 12)

    def asked() -> bool:
        model.give_way()
        return False

    def read_and_write(cancelled: Callable[[], bool]) -> str:
        model.prefill(HEAD, never)
        assert model.prefill((*HEAD, words), cancelled).evaluated > 50
        return "".join(model.stream((*HEAD, words), SAME, never))

    whole = read_and_write(never)
    model.prefill(HEAD, never)
    assert model.prefill((*HEAD, words), asked, begun=True).evaluated == 0
    assert read_and_write(asked) == whole


def test_every_piece_is_whole_characters(model: LanguageModel) -> None:
    repeat = (Message("user", "Repeat: 안녕하세요 반갑습니다 😀"), Message("assistant", "안녕하세요 반갑습니다 😀"))
    messages = (*repeat, *repeat, Message("user", "Repeat: 안녕하세요 반갑습니다 😀"))
    greedy = Sampling(temperature=0.0, repeat_penalty=1.0, max_tokens=30)
    pieces = list(model.stream(messages, greedy, never))
    assert any("가" <= character <= "힣" for character in "".join(pieces))
    assert "\ufffd" not in "".join(pieces)


def test_a_prompt_beyond_the_context_is_refused_without_its_words(model: LanguageModel) -> None:
    with pytest.raises(ValueError, match="longer than the context") as error:
        model.prefill((Message("user", "secret " * 2000),), never)
    assert "secret" not in str(error.value)


def test_nothing_is_printed_while_loading_reading_and_writing(capfd: pytest.CaptureFixture[str]) -> None:
    model = LanguageModel(model_file("llm"), context=512)
    list(model.stream((Message("user", "Hi."),), SAME, never))
    model.close()
    assert capfd.readouterr() == ("", "")


def test_in_a_process_of_its_own_it_writes_with_repacked_weights_and_prints_nothing() -> None:
    """Here another library may have been given AMX first; the program itself asks before all others."""
    program = """
import sys
from pathlib import Path
from companion.dialogue import llm
from companion.dialogue.prompt import Message
llm.load()
model = llm.LanguageModel(Path(sys.argv[1]))
text = "".join(model.stream([Message("user", "Count to five.")], llm.Sampling(max_tokens=8), lambda: False))
sys.exit(0 if text else 3)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, model_file("llm")], capture_output=True, timeout=300, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^the language model none\.gguf is missing: run `companion models pull`$"):
        LanguageModel(tmp_path / "none.gguf")


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 100])
def test_a_file_that_is_no_model_is_one_clear_line(
    content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"^the language model broken\.gguf cannot be read: "):
        LanguageModel(path)
    assert capfd.readouterr() == ("", "")


def test_half_a_model_is_one_clear_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "half.gguf"
    with model_file("llm").open("rb") as whole:
        path.write_bytes(whole.read(model_file("llm").stat().st_size // 2))
    with pytest.raises(ModelError, match=r"^the language model half\.gguf cannot be read: "):
        LanguageModel(path)
    assert capfd.readouterr() == ("", "")


def test_turns_that_leave_the_prompt_cost_no_second_reading_of_those_that_stay(model: LanguageModel) -> None:
    talk = [
        Message(role, f"{role} tells of thing number {number}, which was {'long ago ' * (number % 3 + 1)}indeed.")
        for number in range(12)
        for role in ("user", "assistant")
    ]
    asked = Message("user", "What was the last thing that was told?")
    model.prefill((*HEAD, *talk, asked), never)
    model.prefill((*HEAD, *talk[8:], asked), never)
    assert model.evaluation.evaluated < 40
    assert model.evaluation.reused > 300
    shifted = "".join(model.stream((*HEAD, *talk[8:], asked), SAME, never))
    model.prefill((Message("user", "x"),), never)
    anew = "".join(model.stream((*HEAD, *talk[8:], asked), SAME, never))
    assert shifted.split()[:3] == anew.split()[:3], "it reads the same as if it had been read anew"
