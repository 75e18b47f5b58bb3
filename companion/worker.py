"""A thread that does work for the loop: jobs in, messages out, no state of the conversation."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

Job = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Item:
    job: Job
    failed: Callable[[Exception], None]


class Worker:
    """Runs jobs one after the other, in the order in which they came.

    A job posts its own results. One that raises hands the exception to its `failed`, and the worker goes on. `done` is
    called after each job, in the worker's thread, once `idle` tells the truth about it.
    """

    def __init__(self, name: str, done: Callable[[], None] = lambda: None) -> None:
        self._done = done
        self._items: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._open = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """True where every job is done and its messages are posted."""
        with self._lock:
            return self._open == 0

    def submit(self, job: Job, failed: Callable[[Exception], None]) -> None:
        """Run `job` after those before it; `failed` is called in the worker's thread if it raises."""
        with self._lock:
            self._open += 1
        self._items.put(_Item(job, failed))

    def close(self) -> None:
        """Finish the job in hand and stop; jobs that wait are run first, and should see that they are void."""
        self._items.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._items.get()) is not None:
            try:
                item.job()
            except Exception as error:  # a worker must outlive any job; the loop is told
                item.failed(error)
            finally:
                with self._lock:
                    self._open -= 1
                self._done()
