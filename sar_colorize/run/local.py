"""Many blocks on this machine: threads read ahead, this one computes unless they do, one writes behind."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..cores import usable_cores
from ..heap import keep_freed_memory
from ..progress import Progress
from ..raster import Window

LOOKAHEAD = 2
"""Blocks that may be painted and wait to be written, and read ahead by one thread; more threads read one more than they
are. Memory is bounded by these, not by the scene."""
MOST_THREADS = 16
"""That work ahead: each takes the memory of a block, and 7 % of what it does is Python's alone."""
STAGES = ("load", "compute", "write", "wait_for_blocks", "wait_for_writer")
"""What seconds are counted of: three stages over all threads, and what the caller's thread waits for."""

Ready = TypeVar("Ready")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Threads:
    """Threads that work ahead of the caller's."""

    count: int = 1
    """How many blocks are loaded at once."""
    compute: bool = False
    """Whether more than one of them also compute what they loaded; else the caller's thread computes every block."""

    @property
    def are_workers(self) -> bool:
        """Whether blocks are computed ahead."""
        return self.compute and self.count > 1

    @property
    def ahead(self) -> int:
        """Blocks that are under way or wait for the caller's thread, at most."""
        return self.count + LOOKAHEAD - 1


ONE_THREAD = Threads()


def most_threads(*, several: bool, compute: bool = False) -> Threads:
    """One thread for each core that this process may use, at most MOST_THREADS; a single one unless `several` gain."""
    return Threads(min(MOST_THREADS, usable_cores()) if several else 1, compute)


@dataclass(frozen=True)
class BlockCount:
    """How many blocks there were, and how many of them held nothing valid and were never computed or written."""

    total: int
    skipped: int
    sums: tuple[int, ...] = ()
    """Of what each block counted."""
    seconds: dict[str, float] = field(default_factory=dict, compare=False)
    """Where the time went, by STAGES."""


def run_blocks(
    windows: Iterable[Window],
    load: Callable[[Window], Ready | None],
    paint: Callable[[Ready], Done],
    write: Callable[[Window, Done], None],
    on_progress: Progress | None = None,
    stop: Callable[[], None] | None = None,
    threads: Threads = ONE_THREAD,
) -> BlockCount:
    """Loads, paints and writes every window, in their order.

    Args:
        windows: the blocks.
        load: called in the threads ahead; None for a block that holds nothing.
        paint: called in the caller's thread, which is then the only one that touches the device, or in those ahead.
        write: called in the writing thread, one block after the other.
        on_progress: called in the caller's thread with (done, total) before the first block and after each.
        stop: called where the run is given up; ends what `load` waits for.
        threads: those ahead.

    Raises:
        whatever `load`, `paint` or `write` raises, and KeyboardInterrupt; no call is under way after that.
    """
    keep_freed_memory()
    queue = deque(windows)
    total, done, skipped = len(queue), 0, 0
    timed_load, timed_paint, timed_write = _Timed(load), _Timed(paint), _Timed(write)

    def loaded(window: Window) -> Any:
        made: Ready | None = timed_load(window)
        return made if made is None or not threads.are_workers else timed_paint(made)

    ahead, behind = _Pool(threads.count, "read"), _Pool(1, "write")
    try:
        if on_progress:
            on_progress(0, total)
        while queue or ahead.under_way:
            while queue and len(ahead.under_way) < threads.ahead:
                ahead.submit(loaded, queue.popleft())
            window, made = ahead.first()
            if made is None:
                skipped += 1
            else:
                behind.wait(LOOKAHEAD - 1)
                behind.submit(timed_write, window, made if threads.are_workers else timed_paint(made))
            done += 1
            if on_progress:
                on_progress(done, total)
        behind.wait(0)
    except BaseException:
        if stop is not None:
            stop()
        raise
    finally:
        ahead.close()
        behind.close()
    seconds = [each.seconds for each in (timed_load, timed_paint, timed_write)] + [ahead.waited, behind.waited]
    return BlockCount(total, skipped, seconds=dict(zip(STAGES, seconds, strict=True)))


class _Timed:
    """A function that several threads may call, and the seconds that all calls took."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.seconds, self._function, self._lock = 0.0, function, threading.Lock()

    def __call__(self, *given: Any) -> Any:
        started = time.perf_counter()
        try:
            return self._function(*given)
        finally:
            with self._lock:
                self.seconds += time.perf_counter() - started


class _Pool:
    """Threads, the calls that they have, in order, and the seconds that the caller waited for them."""

    def __init__(self, count: int, name: str) -> None:
        self.under_way: deque[tuple[Window, Future[Any]]] = deque()
        self.waited = 0.0
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)

    def submit(self, call: Callable[..., Any], window: Window, *given: Any) -> None:
        """Has a window worked on."""
        self.under_way.append((window, self._threads.submit(call, window, *given)))

    def first(self) -> tuple[Window, Any]:
        """The window that was submitted first, and what was made of it, once that is done."""
        window, future = self.under_way.popleft()
        started = time.perf_counter()
        made = future.result()
        self.waited += time.perf_counter() - started
        return window, made

    def wait(self, most: int) -> None:
        """Waits until at most so many windows are under way."""
        while len(self.under_way) > most:
            self.first()

    def close(self) -> None:
        """Ends all threads; what has not begun never does."""
        self._threads.shutdown(wait=True, cancel_futures=True)
