"""Many blocks on this machine: one thread reads ahead, this one computes, one writes behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ..heap import keep_freed_memory
from ..progress import Progress
from ..raster import Window

LOOKAHEAD = 2
"""Blocks that may be loaded and wait, and painted and wait: memory is bounded by these, not by the scene."""

Ready = TypeVar("Ready")
Done = TypeVar("Done")


@dataclass(frozen=True)
class BlockCount:
    """How many blocks there were, and how many of them held nothing valid and were never computed or written."""

    total: int
    skipped: int
    sums: tuple[int, ...] = ()
    """Of what each block counted."""


def run_blocks(
    windows: Iterable[Window],
    load: Callable[[Window], Ready | None],
    paint: Callable[[Ready], Done],
    write: Callable[[Window, Done], None],
    on_progress: Progress | None = None,
    stop: Callable[[], None] | None = None,
) -> BlockCount:
    """Loads, paints and writes every window, in their order.

    Args:
        windows: the blocks.
        load: called in the reading thread; None for a block that holds nothing.
        paint: called in the caller's thread, which is the only one that touches the device.
        write: called in the writing thread, one block after the other.
        on_progress: called in the caller's thread with (done, total) before the first block and after each.
        stop: called where the run is given up; ends what `load` waits for.

    Raises:
        whatever `load`, `paint` or `write` raises, and KeyboardInterrupt; no call is under way after that.
    """
    keep_freed_memory()
    queue = deque(windows)
    total, done, skipped = len(queue), 0, 0
    loading: deque[tuple[Window, Future[Ready | None]]] = deque()
    writing: deque[Future[None]] = deque()
    reader = ThreadPoolExecutor(1, thread_name_prefix="read")
    writer = ThreadPoolExecutor(1, thread_name_prefix="write")
    try:
        if on_progress:
            on_progress(0, total)
        while queue or loading:
            while queue and len(loading) < LOOKAHEAD:
                window = queue.popleft()
                loading.append((window, reader.submit(load, window)))
            window, future = loading.popleft()
            ready = future.result()
            if ready is None:
                skipped += 1
            else:
                while len(writing) >= LOOKAHEAD:
                    writing.popleft().result()
                writing.append(writer.submit(write, window, paint(ready)))
            done += 1
            if on_progress:
                on_progress(done, total)
        while writing:
            writing.popleft().result()
    except BaseException:
        if stop is not None:
            stop()
        raise
    finally:
        reader.shutdown(wait=True, cancel_futures=True)
        writer.shutdown(wait=True, cancel_futures=True)
    return BlockCount(total, skipped)
