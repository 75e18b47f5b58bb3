"""`companion setup`: the first run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.prompt import Confirm, Prompt

from companion import settings as settings_module
from companion.apps.unlock import Unlock, create_memory, exists
from companion.dialogue.safety.helplines import countries, likely_country
from companion.errors import CompanionError
from companion.settings import Language, Settings

_ELSEWHERE = "ZZ"
"""ISO 3166 gives these letters to no country: the answers then say how to find a number."""

_NOTICE = {
    "en": (
        "Companion is a program, not a person. It listens only while it runs, on this computer alone. Sound is never "
        "written to disk. It is not a doctor and not a helpline.\nPeople near you are heard too: tell them."
    ),
    "ko": (
        "Companion은 사람이 아니라 프로그램이에요. 켜져 있는 동안만, 이 컴퓨터 안에서만 들어요. 소리는 디스크에 "
        "저장하지 않아요. 의사도 상담 전화도 아니에요.\n곁에 있는 사람의 말도 들리니, 미리 알려 주세요."
    ),
}
_QUESTIONS = {
    "en": {
        "name": "What shall I call you? (may stay empty)",
        "consent": "Do you agree?",
        "country": "Which country are you in? If someone is in danger it names the numbers to call there. "
        "Elsewhere: other",
        "voice": "May it also listen to how you sound (pitch, pace, energy), to answer in a fitting way? Others in the "
        "room would be listened to as well. You can change it in the settings, or say: stop listening to my tone.",
        "passphrase": "The memory is encrypted. Choose a passphrase; without it nobody can open it, you included.",
        "done": "Ready. Start with: companion talk",
    },
    "ko": {
        "name": "뭐라고 불러 드릴까요? (비워 두셔도 돼요)",
        "consent": "동의하시나요?",
        "country": "어느 나라에 계신가요? 누군가 위험할 때 그 나라의 전화번호를 알려 드려요. 목록에 없으면 other",
        "voice": "어떻게 말하는지(높낮이, 빠르기, 힘)도 들어서 알맞게 대답해도 될까요? 곁에 있는 사람의 "
        "목소리도 듣게 돼요. 설정에서 바꾸거나 '목소리 분석 그만해'라고 말하면 꺼져요.",
        "passphrase": "기억은 암호화돼요. 암호를 정해 주세요. 암호가 없으면 아무도, 본인도 열 수 없어요.",
        "done": "준비됐어요. companion talk 로 시작하세요",
    },
}


def run(
    home: Path, models: Path, language: str | None, profile: str | None, name: str | None, unlock: Unlock, ask: bool
) -> None:
    """Ask, save the settings, make the memory, pull the models. Without a way in, a script gets no memory.

    Raises:
        CompanionError: no agreement, nobody to ask, or a download failed; settings are saved only on agreement.
    """
    console = Console()
    if ask and not sys.stdin.isatty():
        raise CompanionError("setup asks questions and needs a terminal; in a script use: companion setup --yes")
    chosen = _interview(console, settings_module.load(home), language, name) if ask else _given(home, language, name)
    chosen = chosen.model_copy(update={"profile": profile or _profile_for_this_machine()})
    settings_module.save(home, Settings.model_validate(chosen.model_dump()))
    if not exists(home) and (ask or unlock.given):
        if not unlock.given:
            console.print(_QUESTIONS[chosen.language]["passphrase"])
        create_memory(home, unlock).close()

    from companion.apps.models_command import pull_models

    pull_models(models, chosen.profile, chosen.language, voice=chosen.voice, assume_yes=not ask)
    console.print(_QUESTIONS[chosen.language]["done"])


def _given(home: Path, language: str | None, name: str | None) -> Settings:
    """The settings of `home` with what was given on the command line."""
    given = {"language": language, "owner_name": name}
    return settings_module.load(home).model_copy(
        update={key: value for key, value in given.items() if value is not None}
    )


def _interview(console: Console, settings: Settings, language: str | None, name: str | None) -> Settings:
    """Language first, since everything after it is said in it; then what this is, consent, country, name, tone."""
    spoken = str(language or Prompt.ask("Language / 언어", choices=["en", "ko"], default=settings.language))
    words = _QUESTIONS[spoken]
    console.print(_NOTICE[spoken])
    if not Confirm.ask(words["consent"], default=True):
        raise CompanionError("without agreement nothing is set up")
    country = _ask_country(words["country"], settings.country or likely_country(cast(Language, spoken)))
    called = Prompt.ask(words["name"], default=settings.owner_name) if name is None else name
    tone = Confirm.ask(words["voice"], default=False)
    return settings.model_copy(
        update={"language": spoken, "owner_name": called.strip(), "voice_affect": tone, "country": country}
    )


def _ask_country(question: str, likely: str | None) -> str:
    """The two letters of a listed country, or `_ELSEWHERE`; `likely` is offered."""
    listed = countries()
    default = likely if likely in listed else "other"
    answer = Prompt.ask(question, choices=[*listed, "other"], default=default, case_sensitive=False)
    return _ELSEWHERE if answer == "other" else answer


def _profile_for_this_machine() -> str:
    """`tiny` below 4 GB or two cores, `desktop` from 15 GB and eight cores on, else `starter`."""
    import psutil

    memory = psutil.virtual_memory().total / 2**30
    cores = psutil.cpu_count(logical=False) or 1
    if memory < 3.5 or cores < 2:
        return "tiny"
    return "desktop" if memory >= 15 and cores >= 8 else "starter"
