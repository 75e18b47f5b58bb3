"""Simulated owners with hidden tastes: what helps is found, followed when it changes, and forgotten at a word."""

from __future__ import annotations

from companion.apps.bench_owners import run


def test_learning_misses_less_help_than_one_style_for_all() -> None:
    result = run(owners=60)
    assert result.regret < result.regret_fixed / 2
    assert result.late < result.regret


def test_a_taste_that_flips_is_followed_and_a_reset_begins_anew() -> None:
    result = run(owners=60)
    assert result.flipped < result.regret_fixed / 2
    assert result.late < result.reset < result.regret_fixed
