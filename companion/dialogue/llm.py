"""The language model: llama.cpp on the processor, with everything it has read kept in its KV cache.

What was evaluated stays until a later prompt differs: the longest common token prefix is kept, only the rest is
evaluated. The head of the prompt is thus read once, and words can be read ahead of time by `prefill`. Nothing of a
prompt is logged or written to disk.

This uses the functions of llama.h that `llama_cpp` exports, not its `Llama` class: that one points the standard output
and error of the whole process at /dev/null while it loads, in whatever thread, and cannot choose how weights are kept.
"""

from __future__ import annotations

import codecs
import ctypes
import math
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
import psutil

from companion.dialogue import amx
from companion.dialogue.mapped import let_go
from companion.dialogue.prompt import Message
from companion.errors import CompanionError

CONTEXT: Final = 2048
"""Tokens of head, talk and reply together. A 1.5 B model keeps 28 kB a token: 57 MB."""

BATCH: Final = 128
"""Tokens evaluated at once, and between two looks at `cancelled`: about 1 s of a 1.5 B model on two cores. Only the
head is ever that long. (A head of 605 tokens: 7.3 s in batches of 32, 5.6 s of 64, 4.6 s of 128, 4.4 s of 256.)"""

_ALIKE: Final = 64
"""Tokens that must be the same behind a gap for it to be one: fewer are soon evaluated anew."""

_REMEMBERED: Final = 64
"""Last tokens that count as written before: about four short answers."""

_SPIN: Final = "1000"
"""How often an OpenMP thread looks before it sleeps. llama.cpp waits at a barrier hundreds of times a token; by default
a thread spins there through its whole time slice when anything else wants the core (measured with one busy neighbour on
two cores: 15 tokens/s of prefill and 1 of decoding, against 127 and 10 with this)."""

_GO, _HALT = b"0", b"1"
_ABORTED: Final = 2  # what llama_decode returns then

_NEXT: Final = "\ue000"
"""Stands for the owner's next words while a prompt is rendered without them; a private-use character."""


class ModelError(CompanionError):
    """The model cannot be used."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What reading a prompt cost: tokens that were in the cache already, and tokens evaluated."""

    reused: int
    evaluated: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reply would most likely begin with, and how likely among the options, 0…1. `unread`: tokens of the prompt
    that had to be read for it, which were not in the cache."""

    option: str
    probability: float
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen, in the order of the fields.

    `top_k` most likely tokens; `repeat_penalty` divides what was written before in the same reply, or in those of
    `lately` (1.0: nothing); `top_p` and `min_p` cut the tail; `temperature` 0 always takes the likeliest. `seed` None:
    another reply each time.
    """

    top_k: int = 40
    repeat_penalty: float = 1.1
    top_p: float = 0.9
    min_p: float = 0.05
    temperature: float = 0.6
    seed: int | None = None
    max_tokens: int = 120
    lately: tuple[str, ...] = ()

    def freer(self) -> Sampling:
        """For asking again: less likely words, and other ones."""
        seed = None if self.seed is None else self.seed + 1
        return replace(self, temperature=self.temperature + 0.4, seed=seed)


class LanguageModel:
    """One open model and its cache. To be used from one thread at a time."""

    def __init__(
        self, path: Path, *, context: int = CONTEXT, threads: int | None = None, beside: LanguageModel | None = None
    ) -> None:
        """Open the file.

        `threads`: None takes the physical cores that this process may use. `beside`: where this model is open already;
        the weights are then held once, and each of the two may be used from a thread of its own. It is closed last.

        Raises:
            ModelError: the file is missing, damaged, or carries no chat template.
        """
        lib = self._lib = _library()
        threads = threads or _cores()
        self._shares = beside is not None
        self._model: Any = beside._model if beside is not None else _weights(path)
        shape = lib.llama_context_default_params()
        shape.n_ctx = context
        shape.n_batch = shape.n_ubatch = BATCH
        shape.n_threads = shape.n_threads_batch = threads
        self._context = lib.llama_init_from_model(self._model, shape)
        if not self._context:
            raise ModelError(f"not enough memory for the language model {path.name}")
        self._ahead = False  # it reads what may still change
        self._stop = ctypes.create_string_buffer(_GO, 2)
        lib.llama_set_abort_callback(self._context, _is_set(), ctypes.cast(self._stop, ctypes.c_void_p))
        self._memory = lib.llama_get_memory(self._context)
        self._vocab = lib.llama_model_get_vocab(self._model)
        self._size = lib.llama_vocab_n_tokens(self._vocab)
        self._formatter = self._chat_formatter(path)
        self._fold = not self._knows_system()
        self._cached: list[int] = []
        self._logits = False  # whether those of the last cached token are at hand
        self._calls = 0
        self._forbidden: Any = None
        self.parameters = int(lib.llama_model_n_params(self._model))
        self.context = context
        self.threads = threads
        self.evaluation = Evaluation(0, 0)

    def close(self) -> None:
        """Give the memory back. The model cannot be used afterwards."""
        if self._context:
            self._lib.llama_free(self._context)
            if not self._shares:
                self._lib.llama_model_free(self._model)
            self._context = self._model = None

    def count(self, text: str) -> int:
        """Number of tokens of `text`."""
        return len(self._tokens(text))

    def forbid(self, forbidden: Callable[[str], bool]) -> None:
        """Never write a token whose text is `forbidden`; holds from now on.

        A token that is only a part of a character has no text, and stays allowed.
        """
        tokens = self.tokens_that(forbidden)
        self._forbidden = (self._lib.llama_logit_bias * len(tokens))()
        for bias, token in zip(self._forbidden, tokens, strict=True):
            bias.token, bias.bias = token, float("-inf")

    def tokens_that(self, fit: Callable[[str], bool]) -> list[int]:
        """The tokens whose text does `fit`."""
        return [n for n in range(self._size) if fit(self._piece(n).decode("utf-8", errors="ignore"))]

    def prefill(
        self, messages: Sequence[Message], cancelled: Callable[[], bool], opening: str = "", *, begun: bool = False
    ) -> Evaluation:
        """Read a prompt ahead of time, in small batches with a look at `cancelled` before each.

        Messages that end with the owner's words are read up to where the reply begins, and on through its `opening`;
        where these words have only `begun`, to their end, unless it is asked to `give_way`; other messages up to where
        the owner's next words begin.
        """
        self._ahead = begun
        try:
            self._read(messages, opening, cancelled, begun)
        finally:
            self._ahead = False
        return self.evaluation

    def give_way(self) -> None:
        """Stop reading words that have only begun, in the middle of a batch, for others to compute. From any thread."""
        if self._ahead:
            self._stop.value = _HALT

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], cancelled: Callable[[], bool]
    ) -> Choice | None:
        """The one of `options` that the reply to `messages` would most likely begin with; None if `cancelled`.

        Judged by their first tokens, which must differ. Costs nothing beyond reading the prompt.
        """
        if not self._read(messages, "", cancelled):
            return None
        logits = self._lib.llama_get_logits_ith(self._context, -1)
        scores = [float(logits[self._tokens(option)[0]]) for option in options]
        best = max(scores)
        probability = 1 / sum(math.exp(score - best) for score in scores)
        return Choice(options[scores.index(best)], probability, self.evaluation.evaluated)

    def goes_on_with(
        self, messages: Sequence[Message], tokens: Sequence[int], cancelled: Callable[[], bool]
    ) -> float | None:
        """Natural logarithm of the probability that the last message, only begun, goes on with one of `tokens`.

        None if `cancelled`. Costs nothing beyond reading the prompt.
        """
        if not self._read(messages, "", cancelled, begun=True):
            return None
        logits = np.ctypeslib.as_array(self._lib.llama_get_logits_ith(self._context, -1), shape=(self._size,))
        odds = np.exp(logits - logits.max())
        return float(np.log(odds[list(tokens)].sum() / odds.sum() + 1e-12))

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Callable[[], bool], opening: str = ""
    ) -> Generator[str, None, None]:
        """The reply to `messages` behind its `opening`, piece by piece, each a whole number of characters.

        Nothing is computed between a piece and the next call. It ends with the reply, when `cancelled`, when the
        context is full, or when another call has used the model in between.
        """
        if not self._read(messages, opening, cancelled):
            return
        call = self._calls
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")  # holds an unfinished character back
        sampler = self._sampler(sampling)
        try:
            for _ in range(min(sampling.max_tokens, self.context - len(self._cached))):
                if cancelled():
                    return
                token = self._lib.llama_sampler_sample(sampler, self._context, -1)
                if self._lib.llama_vocab_is_eog(self._vocab, token):
                    return
                if piece := decoder.decode(self._piece(token)):
                    yield piece
                if self._calls != call or cancelled():
                    return
                self._decode([token])
        finally:
            self._lib.llama_sampler_free(sampler)

    def _read(
        self, messages: Sequence[Message], opening: str, cancelled: Callable[[], bool], begun: bool = False
    ) -> bool:
        """Bring the cache to hold exactly this prompt; False if it was cancelled before that."""
        self._calls += 1
        self._stop.value = _GO
        tokens = self._tokens(self._render(messages, begun) + opening)
        if len(tokens) >= self.context:
            raise ValueError("the prompt is longer than the context")
        kept = _common_prefix(self._cached, tokens)
        kept += self._close_gap(tokens, kept)
        if kept == len(tokens) and not (self._logits and kept == len(self._cached)):
            kept -= 1  # the last token again: without its logits no reply can begin
        if kept < len(self._cached):
            if not self._lib.llama_memory_seq_rm(self._memory, 0, kept, -1):
                self._lib.llama_memory_clear(self._memory, False)  # a recurrent model cannot go back a part
                kept = 0
            del self._cached[kept:]
            self._logits = False
        self.evaluation = Evaluation(kept, 0)
        for start in range(kept, len(tokens), BATCH):
            if cancelled() or not self._decode(tokens[start : start + BATCH]):
                return False
            self.evaluation = Evaluation(kept, len(self._cached) - kept)
        return True

    def _close_gap(self, tokens: list[int], kept: int) -> int:
        """Where the oldest turns were taken out of the prompt, take them out of the cache; tokens kept by that.

        The keys of what follows are turned to their new positions (llama.cpp calls it a shift), which takes some
        milliseconds; evaluating them again takes seconds, in which the owner may be waiting.
        """
        wanted = tokens[kept : kept + _ALIKE]
        if len(wanted) < _ALIKE or not self._lib.llama_memory_can_shift(self._memory):
            return 0
        for gap in range(1, len(self._cached) - kept - _ALIKE + 1):
            if self._cached[kept + gap : kept + gap + _ALIKE] == wanted:
                break
        else:
            return 0
        if not self._lib.llama_memory_seq_rm(self._memory, 0, kept, kept + gap):
            return 0
        self._lib.llama_memory_seq_add(self._memory, 0, kept + gap, -1, -gap)
        del self._cached[kept : kept + gap]
        self._logits = False
        return _common_prefix(self._cached[kept:], tokens[kept:])

    def _decode(self, tokens: list[int]) -> bool:
        """Evaluate `tokens`; False if it gave way meanwhile, with nothing of them in the cache."""
        array = (self._lib.llama_token * len(tokens))(*tokens)  # the batch points into it
        status = self._lib.llama_decode(self._context, self._lib.llama_batch_get_one(array, len(tokens)))
        if status == _ABORTED:
            self._lib.llama_memory_seq_rm(self._memory, 0, len(self._cached), -1)
            self._stop.value, self._logits = _GO, False
            return False if self._ahead else self._decode(tokens)  # it was asked for a moment too late
        if status != 0:
            raise ModelError(f"the language model could not go on (llama.cpp reports {status})")
        self._cached += tokens
        self._logits = True
        return True

    def _sampler(self, sampling: Sampling) -> Any:
        lib = self._lib
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        links = []
        if self._forbidden is not None:
            links.append(lib.llama_sampler_init_logit_bias(self._size, len(self._forbidden), self._forbidden))
        links.append(lib.llama_sampler_init_top_k(sampling.top_k))
        links.append(lib.llama_sampler_init_penalties(self._size, _REMEMBERED, sampling.repeat_penalty, 0.0, 0.0))
        links.append(lib.llama_sampler_init_top_p(sampling.top_p, 1))
        links.append(lib.llama_sampler_init_min_p(sampling.min_p, 1))
        links.append(lib.llama_sampler_init_temp(sampling.temperature))
        seed = lib.LLAMA_DEFAULT_SEED if sampling.seed is None else sampling.seed
        links.append(lib.llama_sampler_init_dist(seed))
        for link in links:
            lib.llama_sampler_chain_add(chain, link)
        for text in sampling.lately:
            for token in self._tokens(f" {text}"):  # as they stand behind a moment and an instruction
                lib.llama_sampler_accept(chain, token)
        return chain

    def _tokens(self, text: str) -> list[int]:
        """`text` as tokens, control tokens of the chat template included."""
        raw = text.encode()
        found = (self._lib.llama_token * (len(raw) + 1))()  # no token is shorter than a byte
        number = self._lib.llama_tokenize(self._vocab, raw, len(raw), found, len(found), False, True)
        return list(found[:number])

    def _piece(self, token: int) -> bytes:
        """The bytes of a token, often not a whole character; control tokens have none."""
        buffer = ctypes.create_string_buffer(256)
        length = self._lib.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, False)
        return buffer.raw[: max(0, length)]

    def _render(self, messages: Sequence[Message], begun: bool = False) -> str:
        """The prompt in the words of the file's own chat template; with an open end where more words are to come."""
        last = messages[-1]
        open_end = begun or last.role != "user"
        if begun:
            messages = (*messages[:-1], Message(last.role, last.content + _NEXT))
        elif open_end:
            messages = (*messages, Message("user", _NEXT))
        if self._fold and messages[0].role == "system":
            first, second, *rest = messages
            messages = (Message("user", f"{first.content}\n\n{second.content}"), *rest)
        chat = [{"role": message.role, "content": message.content} for message in messages]
        prompt: str = self._formatter(messages=chat, enable_thinking=False).prompt
        return prompt[: prompt.rindex(_NEXT)] if open_end else prompt

    def _chat_formatter(self, path: Path) -> Any:
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        template = self._lib.llama_model_chat_template(self._model, None)
        if not template:
            raise ModelError(f"{path.name} is no chat model: it carries no chat template")
        names = (self._lib.llama_vocab_eos(self._vocab), self._lib.llama_vocab_bos(self._vocab))
        eos, bos = ("" if token < 0 else self._lib.llama_vocab_get_text(self._vocab, token).decode() for token in names)
        return Jinja2ChatFormatter(template.decode(), eos_token=eos, bos_token=bos)

    def _knows_system(self) -> bool:
        """Whether the template takes a system message; some raise, some leave it out."""
        chat = [{"role": "system", "content": _NEXT}, {"role": "user", "content": ""}]
        try:
            return _NEXT in self._formatter(messages=chat).prompt
        except Exception:  # whatever a template of some file may raise
            return False


def _common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _weights(path: Path) -> Any:
    """The model in `path`, in llama.cpp's hands.

    Raises:
        ModelError: the file is missing or damaged.
    """
    if not path.is_file():
        raise ModelError(f"the language model {path.name} is missing: run `companion models pull`")
    lib = _library()
    options = lib.llama_model_default_params()
    options.n_gpu_layers = 0
    # Weights repacked for this processor: a token in 66 ms instead of 80, eight in 160 instead of 230 (1.5 B, two
    # cores). The others stay in the file; of those that were repacked it lets go, so that they are held once.
    options.use_extra_bufts = repacks()
    options.load_mode = lib.LLAMA_LOAD_MODE_MMAP
    model = lib.llama_model_load_from_file(str(path).encode(), options)
    if not model:
        raise ModelError(f"the language model {path.name} cannot be read: run `companion models verify`")
    let_go(path)
    return model


@cache
def _library() -> ModuleType:
    """llama.cpp, loaded once and made silent."""
    os.environ.setdefault("GOMP_SPINCOUNT", _SPIN)  # read when the library loads
    import llama_cpp

    llama_cpp.llama_log_set(_silent(llama_cpp), ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    module: ModuleType = llama_cpp
    return module


@cache
def _is_set() -> Any:
    """The question whether to abort, which llama.cpp asks before each of the operations of a batch, some 600 of them.

    It is the C library's `atoi`, on the text of the flag: a callback in Python would take the interpreter's lock
    every time, from the threads that compute.
    """
    return ctypes.cast(ctypes.CDLL(None).atoi, _library().ggml_abort_callback)


@cache
def repacks() -> bool:
    """Whether weights may be repacked."""
    _library()
    return amx.avoid()


def load() -> None:
    """Load llama.cpp now, before libraries that would be given AMX."""
    repacks()


@cache
def _silent(llama_cpp: Any) -> Any:
    """A log callback that drops everything; cached, because C code keeps calling it."""
    return llama_cpp.llama_log_callback(lambda _level, _text, _data: None)


def _cores() -> int:
    """Physical cores that this process may use."""
    return max(1, min(psutil.cpu_count(logical=False) or 1, len(os.sched_getaffinity(0))))
