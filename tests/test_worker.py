"""A worker runs what it is given, in order, and outlives what fails."""

from __future__ import annotations

import threading

from companion.worker import Worker


def test_jobs_run_in_the_order_in_which_they_came() -> None:
    done: list[int] = []
    worker = Worker("test")
    for number in range(50):
        worker.submit(lambda number=number: done.append(number), failed=lambda error: None)  # type: ignore[misc]
    worker.close()
    assert done == list(range(50))


def test_a_job_that_fails_is_told_and_the_next_one_runs() -> None:
    failures: list[Exception] = []
    done: list[str] = []
    worker = Worker("test")

    def fail() -> None:
        raise ValueError("broken")

    worker.submit(fail, failed=failures.append)
    worker.submit(lambda: done.append("next"), failed=failures.append)
    worker.close()
    assert [type(error) for error in failures] == [ValueError]
    assert done == ["next"]


def test_idle_is_true_only_when_the_job_is_over() -> None:
    release, finished = threading.Event(), threading.Event()
    worker = Worker("test", done=finished.set)
    worker.submit(lambda: bool(release.wait()), failed=lambda error: None)  # type: ignore[arg-type,return-value]
    assert not worker.idle
    release.set()
    finished.wait()
    assert worker.idle
    worker.close()
