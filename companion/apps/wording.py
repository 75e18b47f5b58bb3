"""What the programs say to a person, in the languages of the conversation."""

from __future__ import annotations

from typing import Final

_EN: Final = {
    "listening": "listening",
    "hearing": "hearing you",
    "paused": "listening on",
    "thinking": "thinking",
    "speaking": "speaking",
    "guard": "listening",
    "you": "You",
    "starting": "Waking up: opening the models …",
    "ready": "I am listening. Ctrl-C ends the conversation.",
    "asleep": "asleep",
    "muted": "muted",
    "keys": "space talk · m mute · s stop speaking · q end",
    "keys_muted": "space talk · m hear me again · q end",
    "call": "Say “{word}” when you want me.",
    "ready_files": "Recordings to listen to: {n}.",
    "typed_ready": "Write to me. Ctrl-D ends the conversation.",
    "program": "I am a program on your computer, not a person. Nothing you say leaves this machine.",
    "latency": "answered after {gap:.0f} ms"
    " (turn over {endpoint:.0f} · words {stt:.0f} · thought {clause:.0f} · voice {audio:.0f})",
    "sensed": "heard: energy {energy}  pleasantness {pleasant}  ({sources}, {sure:.0%} sure)",
    "voice_and_words": "voice and words",
    "voice_only": "voice",
    "words_only": "words",
    "saved": "The reply is in {path}.",
    "ended": "Goodbye.",
    "nothing_heard": "I heard no words in that.",
    "usage": "When we talked, as far as it is remembered",
    "usage_day": "day",
    "usage_minutes": "minutes",
    "usage_turns": "turns",
    "usage_none": "No talk of this time is remembered.",
}

_KO: Final = {
    "listening": "듣고 있어요",
    "hearing": "말씀 듣는 중",
    "paused": "이어서 듣는 중",
    "thinking": "생각하는 중",
    "speaking": "말하는 중",
    "guard": "듣고 있어요",
    "you": "나",
    "starting": "깨어나는 중이에요: 모델을 여는 중 …",
    "ready": "듣고 있어요. Ctrl-C를 누르면 대화가 끝나요.",
    "asleep": "잠든 상태",
    "muted": "음소거",
    "keys": "스페이스 말하기 · m 음소거 · s 말 멈추기 · q 끝내기",
    "keys_muted": "스페이스 말하기 · m 다시 듣기 · q 끝내기",
    "call": "필요하면 “{word}”라고 불러 주세요.",
    "ready_files": "녹음 {n}개를 듣고 있어요.",
    "typed_ready": "글로 말을 걸어 주세요. Ctrl-D를 누르면 대화가 끝나요.",
    "program": "저는 사람이 아니라 이 컴퓨터에서 도는 프로그램이에요. 하신 말씀은 이 기기를 떠나지 않아요.",
    "latency": "{gap:.0f} ms 만에 대답"
    " (말 끝 {endpoint:.0f} · 받아쓰기 {stt:.0f} · 생각 {clause:.0f} · 목소리 {audio:.0f})",
    "sensed": "들린 느낌: 힘 {energy}  밝기 {pleasant}  ({sources}, {sure:.0%} 확신)",
    "voice_and_words": "목소리와 말",
    "voice_only": "목소리",
    "words_only": "말",
    "saved": "대답은 {path}에 있어요.",
    "ended": "안녕히 계세요.",
    "nothing_heard": "말소리를 듣지 못했어요.",
    "usage": "이야기를 나눈 날 (기억에 남은 만큼)",
    "usage_day": "날짜",
    "usage_minutes": "분",
    "usage_turns": "차례",
    "usage_none": "이 기간에 나눈 이야기는 기억에 없어요.",
}

_ALL: Final[dict[str, dict[str, str]]] = {"en": _EN, "ko": _KO}


def say(language: str, key: str, **values: object) -> str:
    """The sentence `key` in `language`, with its values filled in."""
    return _ALL[language][key].format(**values)
