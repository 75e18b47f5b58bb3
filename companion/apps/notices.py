"""What is said aloud where there is no screen, when something needs its owner. Never a word of the conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from companion.events import Announcement, Event, Trouble
from companion.memory.errors import DiskFull
from companion.tts import earcons
from companion.tts.earcons import earcon
from companion.tts.espeak import EspeakVoice
from companion.turns.taking import Phase
from companion.worker import Worker

Need = Literal[
    "microphone", "sound", "clipped", "faint", "echo", "called", "others", "disk", "memory", "locked", "answer", "start"
]

_TEXTS: Final[dict[str, dict[Need, str]]] = {
    "en": {
        "microphone": "I hear nothing at all. Please look whether the microphone is muted or unplugged.",
        "sound": "The sound device was gone for a while. Now it is back.",
        "clipped": "Your voice is too loud for the microphone, and I may mishear you. Please turn it down.",
        "faint": "I can hardly hear you. Please come closer, or turn the microphone up.",
        "echo": "I hear myself too well. I cannot hear you while I speak. A quieter speaker helps, or headphones.",
        "called": "I keep hearing myself. From now on I listen only when you call me, each time.",
        "others": "Others seem to be talking, or a television. Call me when you want me.",
        "disk": "The disk is full. I cannot keep what we talk about until there is room.",
        "memory": "I could not keep the last thing you said.",
        "locked": "I cannot open my memory, and need your help. The reason is in the log.",
        "answer": "Something went wrong, and I could not answer. Please say it once more.",
        "start": "I could not start, and need your help. The reason is in the log.",
    },
    "ko": {
        "microphone": "아무 소리도 들리지 않아요. 마이크가 꺼져 있거나 빠져 있는지 봐 주세요.",
        "sound": "소리 장치가 잠시 없어졌다가 돌아왔어요.",
        "clipped": "목소리가 마이크에 너무 크게 들려서 잘못 알아들을 수 있어요. 마이크 소리를 조금 줄여 주세요.",
        "faint": "목소리가 아주 작게 들려요. 조금 더 가까이 오시거나 마이크 소리를 키워 주세요.",
        "echo": "제 목소리가 너무 크게 들려서, 말하는 동안은 듣지 못해요. 스피커를 줄이거나 이어폰을 써 주세요.",
        "called": "제 목소리가 자꾸 다시 들려요. 이제부터는 부르실 때만, 한 번씩 들을게요.",
        "others": "다른 사람이나 텔레비전 소리가 들리는 것 같아요. 필요하면 불러 주세요.",
        "disk": "디스크가 가득 찼어요. 자리가 날 때까지 나눈 이야기를 기억하지 못해요.",
        "memory": "방금 하신 말씀을 기억에 남기지 못했어요.",
        "locked": "기억을 열지 못했어요. 도움이 필요해요. 까닭은 로그에 있어요.",
        "answer": "문제가 생겨서 대답하지 못했어요. 한 번만 더 말씀해 주세요.",
        "start": "시작하지 못했어요. 도움이 필요해요. 까닭은 로그에 있어요.",
    },
}

_OF_SOUND: Final[dict[str, Need]] = {
    "silent": "microphone",
    "lost": "sound",
    "stalled": "sound",
    "clipped": "clipped",
    "faint": "faint",
    "echo": "echo",
    "echo stays": "called",
    "others": "others",
}

_LOST_KO: Final = "소리 장치가 없어졌어요. 다시 연결되면 이어서 할게요."
"""On a screen; aloud it can be said only when it is back."""

_LATE_KO: Final = "말이 끝났는지 알아보는 부분이 고장 났어요. 조금 더 기다렸다가 대답할게요."

_OTHERS_KO: Final = {
    "reopened": "소리 장치가 다시 잘 돼요.",
    "overrun": "컴퓨터가 바빠서 소리를 조금 놓쳤어요.",
    "echo over": "이제 제가 말하는 동안에도 들을 수 있어요.",
}
"""Of `Trouble("sound")` that needs nobody."""

REPEAT_S: Final = 600.0
"""Seconds before the same notice is given again: who can mend it may be out of the room, not out of the house."""


def text(need: Need, language: str) -> str:
    """The notice in `language`."""
    return _TEXTS[language][need]


def line(trouble: Trouble, language: str) -> str:
    """What a screen shows of it: its own words, or their sense in the owner's language."""
    if language == "en":
        return trouble.detail
    wanted = need(trouble)
    if wanted == "sound":
        return _LOST_KO
    return text(wanted, language) if wanted is not None else _OTHERS_KO.get(trouble.kind, _LATE_KO)


def need(trouble: Trouble) -> Need | None:
    """What `trouble` needs its owner for; None: it mends itself, or is good news."""
    if trouble.what == "sound":
        return _OF_SOUND.get(trouble.kind)
    if trouble.what == "end of turn":
        return None
    if trouble.what == "memory":
        return "disk" if trouble.kind == DiskFull.__name__ else "memory"
    return "answer"


class Notices:
    """Which troubles are said aloud, and when: each need once in `REPEAT_S`."""

    def __init__(self) -> None:
        self._given: dict[Need, float] = {}

    def due(self, trouble: Trouble, t: float) -> Need | None:
        """The need to speak of now, `t` seconds after the start; None: nothing to say, or said lately."""
        wanted = need(trouble)
        if wanted is None or t - self._given.get(wanted, -REPEAT_S) < REPEAT_S:
            return None
        self._given[wanted] = t
        return wanted


class Announcer:
    """Says aloud what needs the owner, as soon as nobody speaks; by the voice that needs no model. Close it."""

    def __init__(self, language: str, announce: Callable[[Announcement], None]) -> None:
        self._language, self._announce = language, announce
        self._notices = Notices()
        self._worker = Worker("announcer")

    def event(self, event: Event, t: float, turn: int) -> None:
        """A trouble is spoken of, or at least heard of where it was spoken of lately and an answer is owed."""
        if not isinstance(event, Trouble):
            return
        due = self._notices.due(event, t)
        if due is not None:
            self._worker.submit(lambda: self._say(text(due, self._language)), lambda error: self._sigh())
        elif need(event) == "answer":
            self._sigh()

    def level(self, rms: float, phase: Phase) -> None:
        """Levels are no trouble."""

    def close(self) -> None:
        """Say no more."""
        self._worker.close()

    def _say(self, words: str) -> None:
        voice = EspeakVoice(self._language)
        self._announce(Announcement(np.concatenate([earcon("trouble"), *voice.synthesize(words)]), voice.rate))

    def _sigh(self) -> None:
        self._announce(Announcement(earcon("trouble"), earcons.RATE))
