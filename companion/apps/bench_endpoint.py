"""Cut-ins against delay: end-of-turn policies on recorded utterances and their pauses, on virtual time.

Smart Turn, the recogniser, and what reads the grammar, where it is installed, are the real ones; each is asked once in
every pause of `turn-pauses.csv` that is long enough. Time is that of the file: our policies count from where the voice
detector would, `_HANGOVER` seconds into the pause, and ask when the shipped one does. The words are known `_MAKING`
seconds later, Smart Turn's answer, which takes 45 ms, and whether they are a sentence by the time that the policies
wait for anyway; with the patience "short" they are all asked for at once. Each speaker is one owner, whose pauses are
learned from one utterance to the next.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from companion.apps.json_output import print_json
from companion.apps.options import effective
from companion.apps.recordings import Recording, read_sets, read_sound
from companion.errors import CompanionError
from companion.events import Samples, samples, seconds
from companion.turns.pauses import Pauses
from companion.turns.turn_end import PARSED, SHORT, Cues, EndpointPolicy, policy_of, turn_end
from companion.turns.words_end import Ending, ending

if TYPE_CHECKING:
    from companion.dialogue.completion import Completion

TABLE = "turn-pauses.csv"
POLICIES = {
    "hasty": EndpointPolicy(risk=1.5),
    "quick": EndpointPolicy(risk=1.0),
    "shipped": EndpointPolicy(),
    "calm": EndpointPolicy(shortest=samples(0.4), risk=0.3),
    "patient": EndpointPolicy(shortest=samples(0.7), risk=0.15),
    "most patient": EndpointPolicy(shortest=samples(1.0), risk=0.08),
}
"""From the one that cuts in most to the one that waits longest."""

PARSED_POLICIES = {
    "short": policy_of("short", parses=True),
    "hasty": EndpointPolicy(),
    "quick": replace(PARSED, risk=0.4),
    "shipped": policy_of("normal", parses=True),
    "calm": replace(PARSED, shortest=samples(0.4), longest=samples(1.0)),
    "patient": policy_of("long", parses=True),
    "most patient": replace(PARSED, shortest=samples(1.0), longest=samples(1.5)),
}
"""The same where a language model reads along; "short" is the shipped one for who cannot wait, and the tiny models."""

FIXED = (0.3, 0.5, 0.7, 1.0)

_HANGOVER = 0.07
"""Seconds for which the voice detector, by which our policies count, hears a voice longer than its level says, by which
the pauses of the table were found: the median of five sets, standard deviation 16 ms where recordings are clean."""

_MAKING = 0.12  # seconds from asking for the words until they are there; the median on 2 cores is 0.11
_ALONE = 0.2  # seconds into a pause at which Smart Turn alone is asked
_GIVES_UP = 3.0
_LEAD = 0.8  # "I see.", before the answer itself


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause, or the silence after the end (`length` infinite): seconds, and what was sensed in it."""

    start: float
    length: float
    spoken: float
    completeness: float
    alone: float
    ending: Ending | None
    ends: float | None = None
    soon: float | None = None  # `completeness` as the patience "short" asks for it


@dataclass(frozen=True, slots=True)
class Utterance:
    """Silences in order; the last one follows the end."""

    speaker: str
    silences: tuple[Silence, ...]


Wait = Callable[[Silence, Pauses], float]
"""Seconds of silence after which a policy takes the turn to be over."""


def run(
    data: Path,
    home: Path,
    models: Path,
    language: str | None,
    profile: str | None,
    limit: int,
    with_words: bool,
    as_json: bool,
) -> None:
    """Print the curve of every set.

    Raises:
        CompanionError: the table is damaged, or a model is missing.
    """
    settings = effective(home, language=language, profile=profile)
    result = curve(data, models, settings.profile, language, limit, with_words)
    if as_json:
        print_json(result)
    else:
        show(result)


def curve(data: Path, models: Path, profile: str, language: str | None, limit: int, with_words: bool) -> dict[str, Any]:
    """The figures of every set of `data / TABLE`; at most `limit` utterances a set (0: all).

    Raises:
        CompanionError: the table is damaged, or a model is missing.
    """
    from rich.console import Console
    from rich.progress import track

    rows = rows_of_pauses(data / TABLE)
    known = {f"{r.set}/{r.path.name}": r for r in read_sets(data, language)}
    sets: dict[str, list[tuple[Recording, dict[str, str]]]] = {}
    for row in rows:
        if recording := known.get(row["file"]):
            sets.setdefault(recording.set, []).append((recording, row))
    chosen = [pair for pairs in sets.values() for pair in (pairs[:limit] if limit else pairs)]
    if not chosen:
        raise CompanionError(f"{data / TABLE} names no recording of {data}")
    sense = _Senses(models, profile, with_words)
    console = Console(stderr=True)
    heard: dict[str, list[Utterance]] = {}
    for recording, row in track(chosen, "listening", console=console, disable=not console.is_terminal):
        heard.setdefault(recording.set, []).append(sense.utterance(recording, row))
    return {"words": with_words, "sets": [_figures(name, utterances) for name, utterances in heard.items()]}


def run_policy(utterances: Iterable[Utterance], wait: Wait, making: float = 0.0) -> dict[str, float]:
    """`cut_ins`: share of utterances with a reply before their end; `delay_ms` after it, median and mean.

    `answers`: share of utterances with more than a lead of `_LEAD` seconds before their end; who goes on before that
    has the floor.
    """
    owners: dict[str, Pauses] = {}
    cut, answered, delays = [], [], []
    for utterance in utterances:
        pauses, early, answer = owners.get(utterance.speaker, Pauses()), False, False
        for silence in utterance.silences[:-1]:
            due = wait(silence, pauses) + making
            early |= due < silence.length
            answer |= due + _LEAD < silence.length
            pauses = pauses.observe(silence.length)
        cut.append(early)
        answered.append(answer)
        delays.append((wait(utterance.silences[-1], pauses) + making) * 1000)
        owners[utterance.speaker] = pauses.answered(cut_in=early)
    return {
        "cut_ins": round(sum(cut) / len(cut), 3),
        "answers": round(sum(answered) / len(answered), 3),
        "delay_ms": round(median(delays), 1),
        "mean_delay_ms": round(sum(delays) / len(delays), 1),
    }


def combined(policy: EndpointPolicy) -> Wait:
    """All cues together, as the loop does it: not before the words are read."""

    def wait(silence: Silence, pauses: Pauses) -> float:
        completeness = silence.soon if policy.probe == SHORT.probe else silence.completeness
        cues = Cues(silence.spoken, completeness, silence.ending, silence.ends)
        known = seconds(policy.read) + _MAKING
        return _HANGOVER + max(known, seconds(turn_end(cues, pauses, policy).wait))

    return wait


def _smart_turn_alone(silence: Silence, pauses: Pauses) -> float:
    return _ALONE if silence.alone >= 0.5 else _GIVES_UP


def _fixed(length: float) -> Wait:
    return lambda silence, pauses: length


def _figures(name: str, utterances: Sequence[Utterance]) -> dict[str, Any]:
    parsed = any(silence.ends is not None for utterance in utterances for silence in utterance.silences)
    ours = PARSED_POLICIES if parsed else POLICIES
    policies: dict[str, Wait] = {label: combined(policy) for label, policy in ours.items()}
    policies["Smart Turn alone"] = _smart_turn_alone
    policies |= {f"silence {length} s": _fixed(length) for length in FIXED}
    table = [{"policy": label, **run_policy(utterances, wait)} for label, wait in policies.items()]
    speakers = len({utterance.speaker for utterance in utterances})
    return {"name": name, "n": len(utterances), "speakers": speakers, "policies": table}


class _Senses:
    """The real models, one recogniser a language."""

    def __init__(self, models: Path, profile: str, with_words: bool) -> None:
        from companion import catalog
        from companion.audio.smart_turn import SmartTurn

        self._store, self._profile, self._with_words = catalog.ModelStore(models), profile, with_words
        self._catalog = catalog.load()
        self._engines: dict[str, Any] = {}
        self._completions: dict[str, Completion | None] = {}
        smart_turn = self._store.file(self._model("turn", "en"))
        self._smart_turn, self._soon = SmartTurn(smart_turn), SmartTurn(smart_turn, SHORT.span)

    def _model(self, role: Any, language: Any) -> Any:
        return self._catalog.needed(self._store, role, self._profile, language)

    def utterance(self, recording: Recording, row: dict[str, str]) -> Utterance:
        """Sense every silence of a recording."""
        begin, end = float(row["speech_start_s"]), float(row["speech_end_s"])
        sound = read_sound(recording.path)
        sensed = [self._silence(sound, recording.language, begin, at, length) for at, length in pauses_in(row)]
        return Utterance(
            recording.speaker, (*sensed, self._silence(sound, recording.language, begin, end, float("inf")))
        )

    def _silence(self, sound: Samples, language: str, begin: float, at: float, length: float) -> Silence:
        def upto(silence: float) -> Samples:
            import numpy as np

            heard = sound[samples(max(0.0, begin - 0.5)) : samples(at + silence)]
            missing = samples(at + silence) - len(sound)
            return np.pad(heard, (0, max(0, missing)))

        completion = self._completion(language) if self._with_words else None
        asked = policy_of("normal", parses=completion is not None)
        heard = upto(_HANGOVER + seconds(asked.read))
        words = self._engine(language).transcribe(heard).text if self._with_words else None
        return Silence(
            at,
            length,
            at - begin,
            self._smart_turn.completeness(upto(_HANGOVER + seconds(asked.probe)), asked.probe),
            self._smart_turn.completeness(upto(_ALONE), samples(_ALONE)),
            None if words is None else ending(words, language),
            completion.ends(words, lambda: False) if completion is not None and words else None,
            self._soon.completeness(upto(_HANGOVER + seconds(SHORT.probe)), SHORT.probe),
        )

    def _engine(self, language: str) -> Any:
        if language not in self._engines:
            from companion.stt.engine import open_engine

            model = self._model("stt", language)
            self._engines[language] = open_engine(model.engine, model.id, self._store.path(model), language)
        return self._engines[language]

    def _completion(self, language: str) -> Completion | None:
        if language not in self._completions:
            from companion.apps.assemble import open_completion

            model = self._catalog.chosen(self._store, "grammar", self._profile, language)
            self._completions[language] = open_completion(self._store, {"grammar": model} if model else {}, None)
        return self._completions[language]


def rows_of_pauses(table: Path) -> list[dict[str, str]]:
    """The recordings of a `TABLE`.

    Raises:
        CompanionError: it cannot be read, or lacks a column.
    """
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CompanionError(f"cannot read {table}") from error
    needed = {"file", "speech_start_s", "speech_end_s", "pauses_start_length_s"}
    if not rows or not needed <= rows[0].keys():
        raise CompanionError(f"{table} lacks one of the columns {', '.join(sorted(needed))}")
    return rows


def pauses_in(row: dict[str, str]) -> list[tuple[float, float]]:
    """Start and length, in seconds, of the pauses within the recording of a row."""
    return [(float(at), float(length)) for at, length in json.loads(row["pauses_start_length_s"])]


def show(result: dict[str, Any]) -> None:
    """One table a set."""
    from rich.console import Console
    from rich.table import Table

    for figures in result["sets"]:
        table = Table(title=f"{figures['name']}: {figures['n']} utterances, {figures['speakers']} speakers")
        for column in ("policy", "cut in", "beyond a lead", "delay p50 ms", "mean ms"):
            table.add_column(column, justify="left" if column == "policy" else "right")
        for row in figures["policies"]:
            table.add_row(
                row["policy"],
                f"{row['cut_ins']:.0%}",
                f"{row['answers']:.0%}",
                f"{row['delay_ms']:,.0f}",
                f"{row['mean_delay_ms']:,.0f}",
            )
        Console().print(table)
