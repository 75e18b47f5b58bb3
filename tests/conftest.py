"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# No test has a time limit: a machine that is busy, or stopped for a while, is no failure.
settings.register_profile("companion", deadline=None)
settings.load_profile("companion")
