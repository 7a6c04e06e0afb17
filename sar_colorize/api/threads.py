"""Scenes of one call side by side, each in a thread: while a cluster paints some, others are prepared and built."""

from __future__ import annotations

import contextlib
import ctypes
import queue
import threading
import warnings
from collections import deque
from collections.abc import Callable
from typing import Any

from ..cog import builders
from ..progress import Progress

SCENES_AT_ONCE = 3
"""One is prepared, one is painted, one is built; each has the memory of a run of its own."""
_WAIT_SECONDS = 0.2
"""So often does a wait let Ctrl-C through, which on Windows nothing else does."""

Attempt = Callable[[int, Progress], Any]


def side_by_side(
    attempt: Attempt,
    count: int,
    *,
    on_tick: Callable[[int, int, int], None],
    on_end: Callable[[int, Any], None],
) -> None:
    """Makes every scene, SCENES_AT_ONCE at a time, begun in their order.

    An interrupt in this thread, or whatever a function that it calls raises, is a KeyboardInterrupt in each of the
    others; all have undone what they began when this returns.

    Args:
        attempt: what makes scene `number`, in a thread; takes what shows its progress.
        count: of the scenes.
        on_tick: called in this thread with (number, done, total). on_end: likewise, with (number, what was made).

    Raises:
        whatever a scene raises that is not its failure.
    """
    threads = _Threads(attempt, count)
    # Filters of warnings belong to the process, and threads leave them to each other: here all are put back.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Dataset has no geotransform")  # as each reader and writer says
        try:
            threads.start()
            ended = 0
            while ended < count:
                number, *news = threads.next_news()
                if len(news) == 2:
                    on_tick(number, *news)
                    continue
                ended += 1
                if isinstance(news[0], BaseException):
                    raise news[0]
                on_end(number, news[0])
        except BaseException:
            threads.interrupt()
            raise
        finally:
            threads.join()
            for number, *news in threads.rest():  # ended while the others were given up
                if len(news) == 1 and not isinstance(news[0], BaseException):
                    on_end(number, news[0])


class _Threads:
    """The threads, and what they tell: (number, done, total) of progress, (number, what was made) at the end."""

    def __init__(self, attempt: Attempt, count: int) -> None:
        self._attempt, self._left, self._stopped = attempt, deque(range(count)), threading.Event()
        self._news: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"scene-{number}", daemon=True)
            for number in range(min(SCENES_AT_ONCE, count))
        ]

    def start(self) -> None:
        """Begins the first scenes."""
        for thread in self._threads:
            thread.start()

    def next_news(self) -> tuple[Any, ...]:
        """Waits for it."""
        while True:
            with contextlib.suppress(queue.Empty):
                return self._news.get(timeout=_WAIT_SECONDS)

    def rest(self) -> list[tuple[Any, ...]]:
        """What nobody has read."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._news.get_nowait())
        return found

    def interrupt(self) -> None:
        """Raises in each thread what Ctrl-C raises in this one; where Python swallows it, progress raises it again."""
        self._stopped.set()
        self._left.clear()
        for thread in self._threads:
            if thread.is_alive():
                ident = ctypes.c_ulong(thread.ident or 0)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(KeyboardInterrupt))

    def join(self) -> None:
        """Waits until all have ended."""
        for thread in self._threads:
            while thread.is_alive():
                thread.join(_WAIT_SECONDS)

    def _work(self) -> None:
        number: int | None = None
        try:
            with builders():
                while (number := self._next()) is not None:
                    self._news.put((number, self._attempt(number, self._ticker(number))))
        except BaseException as error:  # noqa: BLE001  # raised again by whoever waits
            self._news.put((number, error))

    def _next(self) -> int | None:
        """The next scene; None where none is left."""
        with contextlib.suppress(IndexError):
            return self._left.popleft()
        return None

    def _ticker(self, number: int) -> Progress:
        def tick(done: int, total: int) -> None:
            if self._stopped.is_set():
                raise KeyboardInterrupt
            self._news.put((number, done, total))

        return tick
