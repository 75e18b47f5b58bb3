"""Opens the models of a session, each where its role says, several at once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from companion import catalog, heap
from companion.affect.words import valence
from companion.apps.unlock import Unlock, create_memory, exists, open_memory
from companion.catalog import Model, ModelMissing, ModelStore, Role
from companion.dialogue.reply import Replier
from companion.events import SAMPLE_RATE, samples
from companion.settings import Settings

if TYPE_CHECKING:
    from companion.affect.senses import Senses
    from companion.affect.voice import VoiceMeter
    from companion.apps.remember import TalkMemory
    from companion.audio.smart_turn import SmartTurn
    from companion.dialogue.completion import Completion
    from companion.dialogue.llm import LanguageModel
    from companion.hands_free import HandsFree
    from companion.memory.embedding import OnnxEmbedder
    from companion.parts import Pace, Parts
    from companion.stt.turn import TurnRecognizer
    from companion.tts.voice import Voice
    from companion.turns.taking import TurnTaking
    from companion.turns.turn_end import EndpointPolicy


@dataclass(frozen=True, slots=True)
class Assembled:
    """The open models, and the ids of those in use by role."""

    parts: Parts
    models: dict[str, str]

    @property
    def pace_ms(self) -> dict[str, float]:
        """How long the stages take on this machine."""
        return self.parts.pace.ms() if self.parts.pace is not None else {}


def chosen(models_root: Path, settings: Settings) -> tuple[ModelStore, dict[Role, Model]]:
    """The best installed model of every role.

    Raises:
        CompanionError: a role that a conversation cannot do without has no model; the message says how to get one.
    """
    store = ModelStore(models_root)
    return store, catalog.load().select(store, settings.profile, settings.language, voice=settings.voice)


def open_mind(store: ModelStore, models: Mapping[Role, Model]) -> LanguageModel | None:
    """The language model that writes the answers; None: there is none."""
    from companion.dialogue.llm import LanguageModel

    model = models.get("llm")
    return LanguageModel(store.file(model)) if model is not None else None


def open_replier(
    mind: LanguageModel | None, settings: Settings, memory: TalkMemory | None, *, voice: bool = False
) -> Replier:
    """Who answers, as `companion text` needs it; `voice`: it says that the voice is listened to."""
    return Replier(
        mind,
        settings.language,
        owner=settings.owner_name,
        companion=settings.companion_name,
        memory=memory,
        country=settings.country,
        valence=partial(valence, language=settings.language),
        clock=time.monotonic,
        voice=voice,
        backchannels=settings.backchannels,
    )


def open_completion(store: ModelStore, models: Mapping[Role, Model], mind: LanguageModel | None) -> Completion | None:
    """What tells a whole sentence from a part of one, where there is a model for it; `mind` is open already."""
    from companion.dialogue.completion import CONTEXT, Completion
    from companion.dialogue.llm import LanguageModel

    if (model := models.get("grammar")) is None:
        return None
    same = mind is not None and "llm" in models and models["llm"].files[0].sha256 == model.files[0].sha256
    # One thread: it reads a few words at a time, while Smart Turn has the other core.
    file = store.file(model)
    return Completion(LanguageModel(file, context=CONTEXT, threads=1, beside=mind if same else None))


def open_senses(store: ModelStore, models: Mapping[Role, Model], settings: Settings, *, voice: bool) -> Senses:
    """What is heard besides the bare words: the feeling in them, and the `voice` where there is a model for it."""
    from companion.affect.senses import Senses

    if not voice or "tone" not in models:
        return Senses(settings.language)
    from companion.affect import tone

    return Senses(settings.language, open_meter(store, models["tone"]), tone.load())


def open_meter(store: ModelStore, model: Model) -> VoiceMeter:
    """What measures voices, on a tone-of-voice model.

    Raises:
        ModelMissing: it is damaged.
    """
    from companion.affect.voice import VoiceMeter
    from companion.audio.encoder import SpeechEncoder

    try:
        return VoiceMeter(SpeechEncoder(store.file(model)).frames)
    except ValueError as error:
        raise ModelMissing(f"{model.id} is damaged: run `companion models verify`, then pull it again") from error


def installed_meter(models_root: Path) -> VoiceMeter:
    """What measures voices, on the tone-of-voice model that is installed.

    Raises:
        ModelMissing: there is none, or it is damaged.
    """
    store = ModelStore(models_root)
    for model in catalog.load().models:
        if model.role == "tone" and store.installed(model):
            return open_meter(store, model)
    raise ModelMissing("no tone-of-voice model is installed: run `companion models pull`")


def open_talk_memory(home: Path, models_root: Path, settings: Settings, unlock: Unlock) -> TalkMemory | None:
    """The owner's memory, where there is one or a way in was named; None: nothing is remembered.

    Raises:
        CompanionError: the memory does not open.
    """
    if not exists(home) and not unlock.given:
        return None
    from companion.apps.remember import TalkMemory
    from companion.dialogue import llm

    vault = open_memory(home, unlock) if exists(home) else create_memory(home, unlock)
    llm.load()  # ONNX Runtime, which the embedding model needs, would be given AMX
    embedder = installed_embedder(ModelStore(models_root), settings.language, settings.profile)
    return TalkMemory(vault, settings.language, settings.profile, embedder)


def installed_embedder(store: ModelStore, language: str, profile: str | None = None) -> OnnxEmbedder | None:
    """The installed model that finds memories of this language by meaning; `profile`: only one that belongs to it."""
    from companion.memory.embedding import open_embedder

    for model in catalog.load().models:
        fits = model.role == "embed" and profile in (None, *model.profiles) and model.speaks(language)
        if fits and store.installed(model):
            return open_embedder(model.engine, model.id, store.path(model))
    return None


def open_taking(settings: Settings, parts: Parts) -> TurnTaking:
    """Who decides whose turn it is, as patient as `settings` say; where they say nothing, as the profile is."""
    from companion.turns.taking import TurnTaking
    from companion.turns.turn_end import fitted

    parses = parts.completion is not None
    policy = open_policy(settings, parses=parses)
    if parts.pace is not None:
        policy = fitted(policy, parts.pace.reading, parts.pace.judging)
    return TurnTaking(policy, duplex=settings.sound.listens == "always", parses=parses)


def open_policy(settings: Settings, *, parses: bool) -> EndpointPolicy:
    """How patient `settings` say; where they say nothing, as the profile is."""
    from companion.turns.turn_end import policy_of

    patience = settings.patience or ("short" if settings.profile == "tiny" else "normal")
    return policy_of(patience, parses=parses)


def open_hands_free(settings: Settings, parts: Parts, *, sleeps: bool = True) -> HandsFree:
    """What sleeps until the wake word of `settings`, where they have one, and says by sounds what it does.

    Without `sleeps` it does neither, and can be muted.

    Raises:
        CompanionError: that word cannot be listened for; the message says which can.
    """
    from companion.audio.wake_word import open_wake_word
    from companion.hands_free import HandsFree
    from companion.turns.attention import Attention, AttentionLimits

    wanted, wake_word = settings.hands_free, None
    if sleeps and wanted.wake_word:
        # Asleep, the loop does not ask the voice detector, so that the wake word may.
        probability = parts.activity.probability
        wake_word = open_wake_word(wanted.wake_word, settings.language, parts.recognizer.vosk_model, probability)
    limits = AttentionLimits(follow_up=samples(wanted.follow_up_s))
    called_only = settings.sound.listens == "called"
    attention = Attention(limits, wake_word=wake_word is not None, called_only=called_only)
    sounds = sleeps and wanted.sounds
    return HandsFree(attention, wake_word, language=settings.language, name=settings.companion_name, sounds=sounds)


def assemble(
    models_root: Path, settings: Settings, memory: TalkMemory | None = None, *, captions: bool = True
) -> Assembled:
    """Open everything a spoken conversation needs; about as long as the slowest of them takes. `memory`: open already.

    `captions`: whether the words are to be had while they are spoken; the Korean model for that takes 540 MB.

    Raises:
        CompanionError: a model is missing or damaged, or a voice cannot be had.
    """
    heap.few_arenas()
    from companion.dialogue import llm

    llm.load()  # before ONNX Runtime is
    from companion.audio.smart_turn import SmartTurn
    from companion.audio.voice_activity import VoiceActivity
    from companion.parts import VOICE, VOICE_OFF, Parts
    from companion.stt.turn import open_recognizer
    from companion.tts.rehearsed import Rehearsed
    from companion.tts.voice import open_voice

    store, models = chosen(models_root, settings)
    if not captions and "stt" in models:
        models.pop("stt-stream", None)
    listens = settings.voice_affect and "tone" in models and not (memory is not None and memory.learned(VOICE_OFF))

    def recognizer() -> TurnRecognizer:
        speech: dict[str, tuple[str, str, Path]] = {
            role: (model.engine, model.id, store.path(model))
            for role, model in models.items()
            if role in ("stt", "stt-stream")
        }
        return open_recognizer(settings.language, speech)

    def senses() -> Senses:
        opened = open_senses(store, models, settings, voice=listens)
        if memory is not None:
            opened.remember(memory.learned(VOICE))
        return opened

    def voice() -> Rehearsed:
        model = models.get("tts")
        opened = open_voice(settings.language, store.path(model) if model else None, model.id if model else None)
        opened.warm_up()
        return Rehearsed(opened)

    def dialogue() -> tuple[Replier, Completion | None]:
        mind = open_mind(store, models)
        return open_replier(mind, settings, memory, voice=listens), open_completion(store, models, mind)

    with ThreadPoolExecutor(5) as pool:
        sensed = pool.submit(senses)
        minded = pool.submit(dialogue)
        heard = pool.submit(recognizer)
        spoken = pool.submit(voice)
        activity = VoiceActivity(store.file(models["vad"]))
        span = open_policy(settings, parses="grammar" in models).span
        smart_turn = SmartTurn(store.file(models["turn"]), span)
        replier, completion = minded.result()
        hears, speaks = heard.result(), spoken.result()
        felt = sensed.result()
    pace = timed(hears, smart_turn, speaks, replier)
    parts = Parts(activity, smart_turn, hears, replier, speaks, memory, felt, completion, pace)
    heap.give_back()
    ids: dict[str, str] = {role: model.id for role, model in models.items()}
    ids.setdefault("tts", parts.voice.id)
    return Assembled(parts, ids)


def timed(recognizer: TurnRecognizer, smart_turn: SmartTurn, voice: Voice, replier: Replier) -> Pace:
    """How long the stages before an answer take here, by what the voice is to have ready anyway, said to itself."""
    import soxr

    from companion.parts import Pace

    said = next(iter(replier.familiar()), None)
    sound = [*voice.synthesize(said.text if said is not None else "one two three"), np.zeros(1, np.float32)]
    heard = np.resize(soxr.resample(np.concatenate(sound), voice.rate, SAMPLE_RATE), 3 * SAMPLE_RATE)
    reading = recognizer.timed(heard)
    began = time.perf_counter()
    smart_turn.completeness(heard, 0)
    return Pace(reading, time.perf_counter() - began)
