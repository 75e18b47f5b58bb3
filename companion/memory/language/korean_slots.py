"""Korean: how the words in a slot are read, and which are refused ("잘 살아" names no place)."""

from __future__ import annotations

import re
from collections.abc import Callable

from companion.memory.language import hangul, moments_ko
from companion.memory.language.found import Reader, Value, load, words
from companion.memory.language.numbers import number

WORDS = {name: words(listed) for name, listed in load("ko-words.toml").items()}

_AND = re.compile(r"\s*(?:,|이랑|하고|(?<=[가-힣])랑)\s+|(?<=[가-힣])([와과])\s+")
_PARTICLE = re.compile(
    r"(?:에서는|에서|한테|에게|이랑|으로|까지|부터|처럼|랑|하고|은|는|이|가|을|를|에|의|도|만|로|와|과)$"
)
_ADNOMINAL = re.compile(
    r"(?:[하오가있없보먹되주추치쓰읽듣시타사자놀만키웃걷나]는|[같많높좋작젊늙넓좁깊짧맑밝얇]은|[던의적])$"
)
_NOT_BEFORE_A_NOUN = re.compile(r"(?:[은는이가을를에도로서고며면다요음함됨게지만엔데니]|까지|부터|라서|이라)$")
_CLAUSE = re.compile(r"(?:요|니다|면|는데|지만|어서|아서|니까|보다)$")
_ADVERB_OR_CLAUSE = re.compile(r"(?:[게히며면고서은는]|같은|에서|랑)$")  # "행복하게", "멀리서": no place, no workplace


# --- names -----------------------------------------------------------------------------------------------------------


def _without_i(name: str) -> str:
    """지민이 → 지민: the 이 that is put behind a name in talk."""
    return name[:-1] if len(name) >= 3 and name[-1] == "이" and hangul.final(name[:-1]) else name


def _name(raw: str) -> Value:
    said = raw.strip()
    if re.fullmatch(r"[A-Za-z ]+", said):
        return said.title() if len(said) > 1 else None
    name = _without_i(said)
    refused = name in WORDS["no_names"] or name.endswith(("없", "싫", "좋", "아니")) or _is_job(name)
    return None if refused else name


def _known_name(raw: str) -> Value:
    name = _without_i(raw.strip())
    given = name[1:] if len(name) == 3 and name[0] in WORDS["surnames"] else name
    return name if name in WORDS["given_names"] or given in WORDS["given_names"] else None


def _pet_call(raw: str) -> Value:
    said = raw.strip()
    known = said in WORDS["pet_names"] or f"{said}이" in WORDS["pet_names"] or said in WORDS["given_names"]
    return said if known else None


# --- places and work -------------------------------------------------------------------------------------------------


def _place(raw: str) -> Value:
    said = raw.split()
    while len(said) > 1 and re.search(r"(?:랑|하고|과|와|부터)$", said[0]):  # with whom, since when
        said = said[1:]
    idle = any(word in WORDS["no_places"] or _ADVERB_OR_CLAUSE.search(word) for word in said)
    other = any(re.search(r"[이가을를에로도]$", word) for word in said[:-1])  # another's, or another clause's
    return None if idle or other or len("".join(said)) < 2 else " ".join(said)


def _workplace(raw: str) -> Value:
    said = raw.split()
    idle = any(word in WORDS["no_places"] or _ADVERB_OR_CLAUSE.search(word) for word in said)
    other = any(re.search(r"[이가을를로]$", word) for word in said)
    return None if idle or other or said[-1] in WORDS["no_workplaces"] or len(said[-1]) < 2 else " ".join(said)


_NO_END_OF_A_NAME = re.compile(r"(?:[게히고며면서러]|에|로|랑|은|는|부터|까지)$")


def _org(raw: str) -> Value:
    said = raw.split()
    idle = any(word in WORDS["no_orgs"] or _NO_END_OF_A_NAME.search(word) for word in said)
    return None if idle or said[-1] in WORDS["no_places"] or len(said[-1]) < 2 else " ".join(said)


def _is_job(text: str) -> bool:
    return any(text == job or (text.endswith(job) and len(job) > 1) for job in WORDS["jobs"])


def _job(raw: str) -> Value:
    said = re.sub(r"^.*에서 ", "", re.sub(r"\s+", " ", raw)).strip()  # "병원에서 간호사로"
    for form in (said, _without_i(said)):
        *before, last = form.split()
        clause = any(
            w in WORDS["no_things"] or w.endswith(("는", "은", "던", "을", "를", "이", "가", "도")) for w in before
        )
        if _is_job(last) and not clause:
            return form
    return None


def _subject(raw: str) -> Value:
    said = raw.split()
    idle = any(word in WORDS["no_things"] or word in WORDS["unfinished"] for word in said)
    return None if idle or len(raw.strip()) < 2 else " ".join(said)


# --- things ----------------------------------------------------------------------------------------------------------


def _split(raw: str) -> list[str]:
    """ "커피랑 빵", "커피와 빵" → both; not 사과 → 사."""
    parts, start = [], 0
    for match in _AND.finditer(raw):
        particle = match[1]
        if particle and bool(hangul.final(raw[: match.start()])) != (particle == "과"):
            continue
        parts.append(raw[start : match.start()])
        start = match.end()
    return [part for part in (*parts, raw[start:]) if part.strip()]


def _things(raw: str) -> Value:
    read = [_thing(part) for part in _split(raw)]
    kept = [thing for thing in read if thing]
    return kept if kept and len(kept) == len(read) else None


def _thing(raw: str) -> str | None:
    said = raw.split()
    if not said or said[0] in WORDS["of_the_moment"] or said[-1].endswith(tuple(WORDS["unfinished"])):
        return None
    if said[-1] in ("거", "것", "게", "걸"):
        said[-1] = "것"
    *before, last = said
    last = next((noun for noun in WORDS["nouns_in_i"] if noun[:-1] == last), last)
    a_doing = last == "것" and bool(before) and before[-1].endswith("는")  # "산책하는 것"
    if not all(_may_precede(word) for word in (before[:-1] if a_doing else before)) or not _is_noun(last, before):
        return None
    return " ".join([*before, last])


def _may_precede(word: str) -> bool:
    """Whether a word may stand before a noun that it describes ("매운 음식", "비 오는 날"), and is no subject."""
    if word in WORDS["no_things"] or _PARTICLE.sub("", word) in ("너", "네", "나", "저", "우리"):
        return False
    return word in WORDS["whole_words"] or bool(_ADNOMINAL.search(word)) or not _NOT_BEFORE_A_NOUN.search(word)


def _is_noun(word: str, before: list[str]) -> bool:
    somebody = re.sub(r"(?:[이가은는도]|께서)$", "", word)  # "아이가 좋아해": another's liking
    if somebody != word and (somebody in WORDS["relations"] or somebody in WORDS["people"]):
        return False
    if word in WORDS["no_things"] and not (before and word in ("것", "날", "사람")):
        return False
    if word.endswith(("들이", "들은", "들도")) or (len(word) > 2 and _CLAUSE.search(word)):
        return False
    return bool(before) or len(word) > 1 or word in WORDS["short_things"]


def _listed(raw: str) -> Value:
    return [str(_plain(part)) for part in _split(raw)]


def _pets(raw: str) -> Value:
    return [re.sub(r"\s*\S+\s?마리$", "", part.strip()) for part in _split(raw)]


def _played(raw: str) -> Value:
    noun = re.sub(r"\s+", "", raw)
    return hangul.particles(f"{noun}[을] ") + hangul.plain(WORDS["played"][noun])


# --- what is done, wished, what helps ---------------------------------------------------------------------------------

_STATED = [
    (re.compile(f"^(.*?){hangul.present(stem, infinitive)}$".replace(" ?", r"\s*")), hangul.plain(stem))
    for stem, infinitive in load("ko.toml")["verbs"].values()
]
"""A verb in any ending that states, and its plain form."""


def _stated_plainly(raw: str) -> Value:
    """ "음악 들어요" → "음악 듣는다"."""
    said = re.sub(r"\s+", " ", raw).strip()
    for pattern, plain in _STATED:
        if match := pattern.match(said):
            return match[1] + plain if _is_habit(match[1].split(), plain) else None
    return None


def _is_habit(objects: list[str], plain: str) -> bool:
    if not objects or any(w in WORDS["no_things"] or re.search(r"(?:[이가은는고서]|다)$", w) for w in objects[:-1]):
        return False
    noun = re.sub(r"[을를에]$", "", objects[-1])
    there = plain == "간다" and objects[-1].endswith("에")
    if plain in ("한다", "간다") and not there and noun not in WORDS["done"]:
        return False
    return noun not in WORDS["no_things"] and noun not in ("안", "못", "")


def _wish(raw: str) -> Value:
    said = raw.split()
    nouns = {_PARTICLE.sub("", word) for word in said}
    bare = len(said) == 1 and said[0] in ("되고", "끊고", "따고", "고치고", "배우고", "모으고")
    vague = nouns & {"친구", "애인", "네", "너", "잘", "안", "못", "그렇게", "뭐", "뭘", "다시", "사람", "그냥"}
    clause = any(re.search(r"(?:[고서며면]|랑)$", word) for word in said[:-1])
    return None if bare or vague or clause else " ".join(said)


def _calming(raw: str) -> Value:
    said = raw.split()
    of_us = any(_PARTICLE.sub("", word) in ("너", "네", "당신", "그러", "그렇게") for word in said)
    return None if of_us or raw.strip() in ("하", "나", "그러", "보") else " ".join(said)


# --- the rest --------------------------------------------------------------------------------------------------------


def _plain(raw: str) -> Value:
    said = re.sub(r"^(?:우리|내|제|저의|나의) ", "", re.sub(r"\s+", " ", raw).strip())
    return WORDS["capitals"].get(said.lower(), said) or None


def _age(raw: str) -> Value:
    years = number(raw)
    return str(years) if years is not None and 3 <= years <= 110 else None


def _bare_age(raw: str) -> Value:
    read = _age(raw)
    return read if isinstance(read, str) and int(read) >= 14 else None  # "우리는 다섯이야" counts heads


def _birth_year(raw: str) -> Value:
    year = int(raw)
    return str(year if year > 99 else year + (1900 if year > 25 else 2000))


def _event(raw: str) -> Value:
    said = raw.split()
    return None if any(word in ("안", "못", "없는", "또", "그", "이", "다") for word in said[:-1]) else " ".join(said)


def _low(raw: str) -> Value:
    return re.sub(r"때(?:는|마다|면)$", "때", re.sub(r"\s+", " ", raw.strip()))


def _often(raw: str) -> Value:
    return re.sub(r"(?<=[가-힣])에$", "", re.sub(r"\s+", " ", raw.strip()))


_READERS: dict[str, Callable[[str], Value]] = {
    "name": _name,
    "nick": _name,
    "petname": _name,
    "self": _known_name,
    "relname": _known_name,
    "petcall": _pet_call,
    "place": _place,
    "workplace": _workplace,
    "org": _org,
    "job": _job,
    "subject": _subject,
    "thing": _things,
    "thing2": _thing,
    "age": _age,
    "bareage": _bare_age,
    "year": _birth_year,
    "condition": _listed,
    "allergen": _listed,
    "tongue": _listed,
    "tellings": _listed,
    "petlist": _pets,
    "event": _event,
    "routine": _stated_plainly,
    "relief": _stated_plainly,
    "wish": _wish,
    "calming": _calming,
    "played": _played,
    "low": _low,
    "often": _often,
    "mbti": str.upper,
    "rel": lambda raw: re.sub(r"\s+", " ", raw.strip()),
}


def _read(slot: str, raw: str) -> Value:
    return _READERS.get(slot, _plain)(raw) if raw.strip() else None


def _key(slot: str, value: str) -> str:
    hyphened = re.sub(r"\s+", "-", value)
    if slot in ("rel", "telling", "tellings", "partner"):
        return WORDS["relations"].get(hyphened, WORDS["relations"].get(value.replace(" ", ""), value))
    if slot in ("pet", "petlist"):
        return WORDS["pets"].get(hyphened, value)
    if slot == "played":
        return re.sub(r"[을를]$", "", value.split(maxsplit=1)[0])
    return value.casefold().replace(".", "")


def _finish(statement: str) -> str:
    text = re.sub(r"\s+(?=\[)", "", re.sub(r"\s+", " ", statement)).strip()
    return re.sub(r"\s*\[[가-힣]+\]", "", hangul.particles(text))


READER = Reader(read=_read, key=_key, moment=moments_ko.moment, finish=_finish)
"""How the slots of `patterns/ko.toml` are read."""
