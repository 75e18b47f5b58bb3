"""English: how the words in a slot are read, and which are refused ("call me later" names nobody)."""

from __future__ import annotations

import re
from collections.abc import Callable

from companion.memory.language import moments_en
from companion.memory.language.found import Reader, Value, load, words
from companion.memory.language.numbers import number
from companion.memory.language.verbs_en import third_person

WORDS = {name: words(listed) for name, listed in load("en-words.toml").items()}

_PRONOUNS = {"my": "their", "our": "their", "me": "them", "us": "them", "myself": "themselves", "mine": "theirs"}
_NO_HABITS, _NO_THINGS = (re.compile("|".join(load("en.toml")["refused"][name])) for name in ("habits", "things"))
_LIST = re.compile(r"\s*(?:,|\b(?:and|or)\b)\s*")
_MODIFIERS = re.compile(
    r"^(?:(?:severe|chronic|mild|really|bad|terrible|clinical|some|serious|major|very|also|stage \w+|a bit of|a little"
    r"|pretty)\s+)+"
)
_WORKING = re.compile(
    r"\s+(?:working|living|based|studying|specializing|turned|trying|looking|named|called|myself)\b.*"
)


# --- readers ---------------------------------------------------------------------------------------------------------


def _plain(raw: str) -> Value:
    """As it was said, seen from outside: "my" becomes "their"."""
    said = [w for w in re.sub(r"\s+", " ", raw).strip(" ,").split(" ") if w]
    if any(w.lower() in ("i", "i'm", "you", "your") for w in said):
        return None
    return " ".join(_PRONOUNS.get(w.lower(), WORDS["capitals"].get(w.lower(), w)) for w in said)


def _small(raw: str) -> Value:
    """As `_plain`, without the capital of a sentence's beginning."""
    read = _plain(raw)
    return read[0].lower() + read[1:] if isinstance(read, str) and read[1:2].islower() else read


def _whole(raw: str) -> Value:
    """As `_small`, if it does not break off ("learn how to")."""
    read = _small(raw)
    return read if isinstance(read, str) and read.split()[-1].lower() not in WORDS["dangling"] else None


def _capital(word: str) -> str:
    titled = word if word[:1].isupper() else "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
    return WORDS["capitals"].get(word.lower(), titled)


def _titled(raw: str) -> str:
    said = raw.split()
    return " ".join(w if n and w in WORDS["small_in_names"] else _capital(w) for n, w in enumerate(said))


def _name(raw: str) -> Value:
    kept: list[str] = []
    for word in raw.split():
        bare = re.sub(r"'s$", "", word).strip(".'")
        begins_small = bool(kept) and kept[0][0].isupper() and not bare[:1].isupper()  # "Mina nice to meet you"
        refused = bare.lower() in WORDS["no_names"] or bare.lower() in WORDS["nationalities"]
        if begins_small or refused or not re.fullmatch(r"[^\W\d_][\w'.-]*", bare):
            break
        kept.append(bare)
    long_enough = kept and (len(kept[0]) > 1 or len(kept) > 1)
    return " ".join(_capital(word) for word in kept) if long_enough else None


def _nick(raw: str) -> Value:
    """As `_name`, but no adjective: "call me old-fashioned", "call me cynical"."""
    low = raw.lower().split()[0]
    adjective = re.search(r"(?:ical|ous|ful|less|ish|ive|able|ible|ed|ing)$", low) and low not in WORDS["given_names"]
    return None if adjective and raw[0].islower() else _name(raw)


def _given(raw: str) -> Value:
    return _capital(raw) if raw.lower() in WORDS["given_names"] else None


def _relative_name(raw: str) -> Value:
    low = raw.lower()
    if low in WORDS["given_names"] or low in WORDS["pet_names"]:
        return _capital(raw)
    capital = len(raw) > 1 and raw[0].isupper() and raw[1:].islower()
    return raw if capital and low not in WORDS["no_names"] and low not in _CALENDAR else None


_CALENDAR = frozenset(moments_en.MONTHS) | frozenset(
    "monday tuesday wednesday thursday friday saturday sunday christmas easter".split()
)


def _place(raw: str) -> Value:
    bare = re.sub(r"'s$", "", raw.strip())
    low = bare.lower().split()
    if low[0] in ("a", "an", "his", "their") or low[0].isdecimal() or WORDS["no_places"].keys() & set(low):
        return None
    return f"the {_titled(bare[4:])}" if low[0] == "the" else _titled(bare)


def _job(raw: str) -> Value:
    low = _WORKING.sub("", re.sub(r"\s+", " ", raw.lower()))
    said = low.split()
    if not said or set(said) & set(WORDS["no_jobs"]):
        return None
    known = said[-1] in WORDS["jobs"] or "-".join(said[-2:]) in WORDS["jobs"]
    return " ".join(WORDS["capitals"].get(w, w) for w in said) if known else None


def _trade(raw: str) -> Value:
    low = _WORKING.sub("", re.sub(r"\s+", " ", raw.lower()))
    said = low.split()
    return low if said and not WORDS["no_trades"].keys() & set(said) and said[-1] not in WORDS["dangling"] else None


def _org(raw: str) -> Value:
    said = raw.split()
    last = said[-1].lower()
    if said[0].lower() in WORDS["no_orgs"] or (last in WORDS["no_orgs"] and (last != "school" or len(said) == 1)):
        return None
    if said[0].lower() in ("a", "an", "the", "my", "our"):
        return _plain(raw)
    return _titled(raw)


def _field(raw: str) -> Value:
    return None if WORDS["no_fields"].keys() & set(raw.lower().split()) else _plain(raw)


def _subject(raw: str) -> Value:
    said = raw.lower().split()
    return None if said[0] in WORDS["no_subjects"] or said[-1] in WORDS["dangling"] else _plain(raw)


def _thing(raw: str) -> Value:
    low = raw.lower().strip()
    said = low.split()
    if (
        _NO_THINGS.match(low)
        or said[0] in WORDS["no_first_of_things"]
        or said[-1] in WORDS["dangling"]
        or "\x00" in raw
    ):
        return None
    if said[0] == "the" and not _means_always_the_same(said, raw):
        return None
    return _plain(raw)


def _means_always_the_same(said: list[str], raw: str) -> bool:
    """ "The sea", "the Beatles", "the smell of rain", "the color green"; not "the new one"."""
    if len(said) == 2:
        return said[1] in WORDS["the_things"] or raw.split()[1][0].isupper()
    return said[1] in ("color", "colour") or (said[1] in ("smell", "sound", "taste", "feeling") and said[2] == "of")


def _things(raw: str) -> Value:
    joined = re.sub(r"\s+", " ", raw)
    for pair in WORDS["pairs"]:
        joined = re.sub(pair.replace("-", " "), pair.replace("-", "\x01"), joined, flags=re.IGNORECASE)
    read = [_thing(part.replace("\x01", " ")) for part in _LIST.split(joined) if part]
    kept = [r for r in read if isinstance(r, str)]
    return kept if kept and len(kept) == len(read) else None


def _listed(name: str, shown: Callable[[str], str] = str) -> Callable[[str], Value]:
    """A reader of the words of a list, several at a time."""

    def reader(raw: str) -> Value:
        parts = [_MODIFIERS.sub("", part.lower().strip()) for part in _LIST.split(raw) if part.strip()]
        known = [part for part in parts if _hyphened(part) in WORDS[name] or _hyphened(f"a {part}") in WORDS[name]]
        return [shown(part) for part in known] if known and len(known) == len(parts) else None

    return reader


def _hyphened(text: str) -> str:
    return re.sub(r"[\s-]+", "-", text)


def _spelled(text: str) -> str:
    return " ".join(WORDS["capitals"].get(w, w) for w in text.split())


def _allergies(raw: str) -> Value:
    return None if WORDS["no_allergies"].keys() & set(raw.lower().split()) else _things(raw)


def _age(raw: str) -> Value:
    years = number(raw)
    return str(years) if years is not None and 3 <= years <= 110 else None  # younger ones do not speak, or of months


def _goal(raw: str) -> Value:
    return _whole(raw) if len(raw.split()) > 1 or raw.lower() in ("retire", "graduate", "travel") else None


def _event(raw: str) -> Value:
    low = re.sub(r"\s+", " ", raw.lower().strip())
    head = re.split(r" (?:with|at|for|about) ", low)[0].split()
    refused = head[0] in ("no", "not", "never") or "lot" in head
    return None if refused or head[-1] not in WORDS["events"] else _small(raw)


def _habit(raw: str) -> Value:
    return None if _NO_HABITS.match(raw.lower()) else _whole(raw)


def _pet(raw: str) -> Value:
    low = re.sub(r"\s+", " ", raw.lower())
    kind = _pet_key(low)
    alone = len(low.split()) == 1 and low in WORDS["no_pets_alone"]
    return None if alone or not kind or re.search(r"\b(?:hot dog|toy|stuffed|no|not|sea|lap)\b", low) else low


def _pet_key(text: str) -> str:
    last = _hyphened(text.rsplit(maxsplit=1)[-1]) if text.split() else ""
    singular = {"puppies": "puppy", "mice": "mouse", "ponies": "pony", "bunnies": "bunny", "geese": "goose"}
    for form in (
        last,
        singular.get(last, ""),
        last.removesuffix("s"),
        _hyphened(" ".join(text.split()[-2:])).removesuffix("s"),
    ):
        if form in WORDS["pets"]:
            return WORDS["pets"][form]
    return last


def _my_pet(raw: str) -> Value:
    low = raw.lower()
    return None if low in WORDS["no_pets_alone"] else low


def _telling(raw: str) -> Value:
    low = re.sub(r"\s+", " ", raw.lower())
    return low if re.split(r"[ ]", low)[-1] in WORDS["telling"] else None


def _relation(raw: str) -> Value:
    return re.sub(r"\s+", " ", raw.lower())


def _favourite(raw: str) -> Value:
    low = raw.lower()
    return None if low.split()[0] in ("part", "thing", "bit", "one", "of", "time", "moment") else low


def _capitals(raw: str) -> Value:
    return [
        _capital(part.strip())
        for part in _LIST.split(re.sub(r"\b(?:a (?:little|bit of)|some)\b", "", raw))
        if part.strip()
    ]


_READERS: dict[str, Callable[[str], Value]] = {
    "name": _name,
    "nick": _nick,
    "given": _given,
    "relname": _relative_name,
    "place": _place,
    "job": _job,
    "trade": _trade,
    "org": _org,
    "field": _field,
    "subject": _subject,
    "thing": _thing,
    "things": _things,
    "allergens": _allergies,
    "age": _age,
    "count": lambda raw: raw.lower(),
    "condition": _listed("conditions", _spelled),
    "illness": _listed("illnesses"),
    "state": _listed("states"),
    "diet": _listed("diets"),
    "sexuality": _listed("sexuality"),
    "faith": _listed(
        "faith", lambda part: part if " " in part or part in ("religious", "atheist", "agnostic") else _capital(part)
    ),
    "politics": _listed("politics"),
    "nationality": _listed("nationalities", lambda part: re.sub(r"^Half\b", "half", _titled(part))),
    "trait": _listed("traits"),
    "fear": _listed("fears"),
    "tongue": _capitals,
    "event": _event,
    "habit": _habit,
    "act": _habit,
    "goal": _goal,
    "helper": _whole,
    "often": _small,
    "pet": _pet,
    "pets": _pet,
    "mypet": _my_pet,
    "telling": _telling,
    "rel": _relation,
    "rels": _relation,
    "favourite": _favourite,
    "low": lambda raw: raw.lower(),
    "school": _titled,
}


# --- the reader ------------------------------------------------------------------------------------------------------


def _read(slot: str, raw: str) -> Value:
    return _READERS.get(slot, _plain)(raw) if raw.strip() else None


def _key(slot: str, value: str) -> str:
    last = value.rsplit(maxsplit=1)[-1] if value.split() else ""
    if slot in ("rel", "telling") and last in WORDS["relations"]:
        return WORDS["relations"][last]
    if slot in ("rels", "telling"):
        return WORDS["relations_many"].get(last, value)
    if slot in ("pet", "pets", "mypet"):
        return _pet_key(value)
    return re.sub(r"^(?:the|a|an|their) ", "", value.casefold()).replace(".", "")


_ARTICLE = re.compile(r"\ba\(n\) (?=(.+?)(?: called | and a\(n\) | allergy|$))")
_THIRD_PERSON = re.compile(r"\+s (\w+)")


def _finish(statement: str) -> str:
    text = re.sub(r"\s+", " ", statement).strip()
    text = _THIRD_PERSON.sub(lambda m: third_person(m[1]), text)
    return _ARTICLE.sub(lambda m: _article(m[1]), text)


def _article(noun: str) -> str:
    if noun.rsplit(maxsplit=1)[-1] in WORDS["relations_many"]:
        return ""
    return "an " if re.match(r"(?!eu|one\b)(?:[aeioAEIO]|un(?!i)|MBA|hour)", noun) else "a "


READER = Reader(read=_read, key=_key, moment=moments_en.moment, finish=_finish)
