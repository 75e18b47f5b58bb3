"""How the words end: a trailing "and" or a particle says that more is coming, a sentence ending that it may be all."""

from __future__ import annotations

import re
from typing import Literal

Ending = Literal["closed", "open", "comma", "unfinished", "number", "hesitation"]
"""`closed`: a whole sentence, or an answer. `unfinished`: the grammar asks for more. `number`: digits one by one, as
they are dictated. `hesitation`: the speaker looks for words. `open`: none of these, it may go on or not; `comma`: the
same, and the recogniser set a comma."""

_STRIPPED = ".,!?;:…-\"'"

_HESITATION = {
    "en": re.compile(
        r"(?:^|\s)(?:u+h+|u+m+|e+r+m*|h+m+|m+|ah+|you know|i mean|let me (?:see|think))$|(?:^|[,.] )(?:well|so|like)$"
    ),
    "ko": re.compile(r"(?:^|\s)(?:음+|으음|에+|그+|저+|저기|뭐|뭐지|뭐랄까|막|글쎄|있잖아|그니까|그러니까)$|\s어+$"),
}
"""What fills a pause. "well" and "so" hold the floor where they begin a clause; elsewhere they end one ("I think so").
A lone "어" says yes."""

_DIGIT = {
    "en": "(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|[0-9]+)",
    "ko": "(?:공|영|일|이|삼|사|오|육|칠|팔|구|[0-9]+)",
}
_DICTATED = {language: re.compile(rf"(?:^|\s){digit}[\s,.-]+{digit}$") for language, digit in _DIGIT.items()}

_EN_UNFINISHED = re.compile(
    r"(?:^|\s)(?:a|an|the|and|but|or|nor|because|since|if|unless|when|whenever|while|although|though|whether|than|who|"
    r"whose|my|your|our|their|its|some|every|very|to|of|for|from|with|without|into|onto|at|as|i|we|they|he|she|"
    r"(?:i|we|you|they)'(?:m|re|ve|d|ll)|he's|she's|it's|there's|was|were|has|had|will|would|could|should)$"
)
"""Words that hardly ever end a sentence, though each of them can ("as happy as I was")."""

_EN_CLOSED = re.compile(r"(?:^|\s)(?:yes|no|yeah|nope|okay|ok|please|thanks|thank you|goodbye|bye|good night)$")

_KO_UNFINISHED = re.compile(
    r"(?:[가-힣]고|면서|[가-힣]며|지만|[는은인던한]데|[가-힣]면|으니|려고|으러|도록|다가|거나|든지|더라도|[아어해여]도|[아어여해와가라워려져]서|하여|"
    r"자마자|듯이|때문에|때|동안|대로|채로|하게)$|"
    r"[가-힣](?:은|는|이|가|을|를|에|에서|에게|한테|께|의|와|과|랑|하고|로|도|만|까지|부터|보다|처럼|마다|밖에|조차)$|"
    r"^(?:그리고|그런데|근데|그래서|하지만|그렇지만|그러면|그럼|그러다가|왜냐하면|왜냐면|그래도|또|즉|만약|만일|혹시)$"
)
"""Connective endings, particles, and words that begin a sentence."""

_KO_CLOSED = re.compile(
    r"(?:요|다|까|죠|지|어|아|야|해|래|네|니|냐|자|군|구나|거든|잖아|봐|줘|돼|져|워|라|음|응|예|까|[는은인던건]가)$"
)
"""Final endings, polite (-요, -습니다, -습니까), plain (-다, -냐, -자) and familiar (-어, -지, -네)."""

_KO_REASON = re.compile(r"([가-힣])니까$")
_BIEUP = 17  # the final ㅂ in Unicode's order of finals: 합니까 asks, 하니까 gives a reason


def ending(words: str, language: str) -> Ending:
    """How `words`, as a recogniser wrote them, end; "open" in languages other than English and Korean.

    A full stop says nothing: recognisers close with it whatever they are given. A comma says little: where not much is
    heard after the voice, one may stand behind a sentence that is over (see `stt.moonshine`). Dots say that there is
    more; so do a conjunction, an article or a particle.
    """
    text = words.strip().lower().replace("’", "'")
    bare = text.rstrip(_STRIPPED)
    if language not in _DIGIT or not bare:
        return "open"
    if _HESITATION[language].search(bare):
        return "hesitation"
    if _DICTATED[language].search(bare):
        return "number"
    if text.endswith(("...", "…", "-")):
        return "unfinished"
    asks = text.endswith("?")
    kind = _korean(bare, asks) if language == "ko" else _english(bare, asks)
    return "comma" if kind == "open" and text.endswith(",") else kind


def _english(bare: str, asks: bool) -> Ending:
    if _EN_UNFINISHED.search(bare) and not asks:  # "what are you waiting for?"
        return "unfinished"
    return "closed" if _EN_CLOSED.search(bare) else "open"


def _korean(bare: str, asks: bool) -> Ending:
    last = bare.rsplit(maxsplit=1)[-1]
    if (reason := _KO_REASON.search(last)) and (ord(reason[1]) - ord("가")) % 28 != _BIEUP:
        return "unfinished"
    if asks or (_KO_CLOSED.search(last) and not _KO_UNFINISHED.search(last)):
        return "closed"
    return "unfinished" if _KO_UNFINISHED.search(last) else "open"
