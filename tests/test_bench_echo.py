"""What `tools.bench_echo` makes of a loudspeaker's sound is an echo: as loud, as late and as long as it says."""

from __future__ import annotations

import numpy as np
import pytest

from companion.audio.far_line import LEAD
from companion.audio.level import dbfs
from companion.events import SAMPLE_RATE
from tests.echoes import noise
from tools import bench_echo


@pytest.mark.parametrize("room", [0.0, 0.4])
@pytest.mark.parametrize("level_db", [-6.0, -20.0])
def test_an_echo_has_its_level_whatever_the_room(room: float, level_db: float) -> None:
    far = noise(4 * SAMPLE_RATE, -20.0)
    assert dbfs(bench_echo.echo(far, room, level_db)[SAMPLE_RATE:]) == pytest.approx(-20.0 + level_db, abs=0.5)


def test_without_a_room_it_is_the_sound_itself_some_time_later() -> None:
    far = noise(SAMPLE_RATE, -20.0)
    late = LEAD + bench_echo.DELAY
    heard = bench_echo.echo(far, 0.0, 0.0)
    assert not np.abs(heard[:late]).max() > 1e-5
    np.testing.assert_allclose(heard[late:], far[:-late], atol=1e-5)


def test_another_place_in_the_room_is_another_way() -> None:
    far = noise(SAMPLE_RATE, -20.0)
    one, other = (bench_echo.echo(far, 0.4, 0.0, seed=seed) for seed in (0, 1))
    assert abs(float(np.corrcoef(one, other)[0, 1])) < 0.9
