"""The first run asks what cannot be guessed well enough."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from companion.apps import setup
from companion.dialogue.safety.helplines import helpline
from companion.settings import Settings


def answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))


def interviewed() -> Settings:
    return setup._interview(Console(file=io.StringIO()), Settings(), None, None)


@pytest.mark.parametrize(("answer", "country"), [("FR", "FR"), ("kr", "KR"), ("", "IE"), ("other", "ZZ")])
def test_setup_asks_the_country_and_offers_the_one_of_the_clock(
    monkeypatch: pytest.MonkeyPatch, answer: str, country: str
) -> None:
    monkeypatch.setenv("TZ", "Europe/Dublin")
    answers(monkeypatch, "en", "y", answer, "Sam", "n")
    settings = interviewed()
    assert settings.country == country
    assert settings.owner_name == "Sam"


def test_a_country_that_is_not_listed_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "ko", "y", "Korea", "KR", "", "n")
    assert interviewed().country == "KR"


def test_who_is_elsewhere_hears_how_to_find_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "en", "y", "other", "", "n")
    assert helpline(interviewed().country, "en") is None
