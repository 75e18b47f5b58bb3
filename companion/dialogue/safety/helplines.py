"""Which numbers to name: by the country of the settings, or where the computer's clock says it stands."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from companion.settings import Language

_ZONES: Final = Path("/usr/share/zoneinfo/zone.tab")
_LOCALTIME: Final = Path("/etc/localtime")


@dataclass(frozen=True, slots=True)
class Helpline:
    """The numbers of a country, whose name stands in the language of the talk."""

    country: str
    crisis: str
    emergency: str
    police: str


def countries() -> list[str]:
    """The countries of the table (ISO 3166, two letters), in its order."""
    return list(_table())


def helpline(country: str | None, language: Language) -> Helpline | None:
    """The numbers of `country` (ISO 3166, two letters); None where it is unknown or not in the table."""
    found = _table().get((country or "").upper())
    if found is None:
        return None
    return Helpline(
        found["name"][language], found["crisis"], found["emergency"], found.get("police", found["emergency"])
    )


def likely_country(language: Language) -> str | None:
    """Where the owner probably is. Korean: Korea. Else the time zone; a locale of another country than the US, which
    is everyone's default, may stand in for it.
    """
    if language == "ko":
        return "KR"
    zone = os.environ.get("TZ", "").lstrip(":") or _zone_of(_LOCALTIME)
    return _country_of_zone(zone) or _country_of_locale(os.environ)


def _table() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "helplines.toml").read_text(encoding="utf-8"))


def _zone_of(localtime: Path) -> str:
    """The name of the zone, as in Europe/Dublin; empty where the link does not tell."""
    _, _, zone = str(localtime.resolve()).partition("zoneinfo/")
    return zone


def _country_of_zone(zone: str) -> str | None:
    try:
        lines = _ZONES.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return next((row[0] for row in rows if row[2:3] == [zone]), None)


def _country_of_locale(environment: Mapping[str, str]) -> str | None:
    locale = environment.get("LC_ALL") or environment.get("LANG") or ""
    country = locale.partition(".")[0].partition("_")[2]
    return country if country not in ("", "US") else None
