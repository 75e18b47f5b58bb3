"""Is Companion asked to stop listening? Only where the whole turn says so: "I could not go to sleep" is a talk."""

from __future__ import annotations

import re
from typing import Final

_EN: Final = re.compile(
    r"(?:(?:ok|okay|all right|alright|right|well|now|thanks|thank you|please|hey)\s+)*"
    r"(?:(?:could|can|would|will) you\s+|you (?:can|may)\s+)?(?:please\s+)?"
    r"(?:go (?:back )?to sleep|sleep now|stop listening(?: to (?:me|us))?|mute(?: yourself| the mic(?:rophone)?)?"
    r"|(?:turn|switch) (?:off the mic(?:rophone)?|the mic(?:rophone)? off)|don t listen(?: to (?:me|us))?"
    r"|good ?night(?: and)? (?:go to sleep|sleep well|stop listening))"
    r"(?:\s+(?:now|please|for now|for a while|any ?more|thanks|thank you))*"
)
_KO: Final = re.compile(
    r"(?:(?:이제|그럼|그래|자|좀|응|그만)\s*)*"
    r"(?:(?:그만|더|나(?:의)? 말)\s*(?:좀\s*)?(?:듣지\s*마|들어도\s*돼|들어(?:\s*줘)?)|듣지\s*마|귀\s*닫아"
    r"|(?:이제\s*)?(?:가서\s*)?자도\s*돼|자러\s*가|잠들어|잠자(?:기)?\s*모드(?:로)?"
    r"|음소거(?:\s*해)?|마이크\s*(?:를\s*)?(?:좀\s*)?꺼)"
    r"(?:\s*(?:줘|줄래|주세요|요|이제|좀))*"
)
_KO_GOODNIGHT: Final = re.compile(r"^(?:잘\s*자(?:요|라)?|안녕히\s*주무세요)\s+")
"""Before a request to rest: "잘 자, 이제 그만 들어". By itself it is a goodbye, which is answered like one."""


def asked_to_rest(text: str, language: str, name: str = "") -> bool:
    """Whether `text`, a whole turn, asks not to be listened to any more. `name`: what Companion is called.

    The name may stand at either end ("Go to sleep, Samantha").
    """
    words = re.sub(r"[^\w\s]|_", " ", text.lower()).strip()
    if name:
        called = re.escape(name.lower()) + r"(?:아|야|이)?"
        words = re.sub(rf"^{called}\s+|\s+{called}$", "", words)
    words = " ".join(words.split())
    if language == "ko":
        return _KO.fullmatch(_KO_GOODNIGHT.sub("", words)) is not None
    return _EN.fullmatch(words) is not None
