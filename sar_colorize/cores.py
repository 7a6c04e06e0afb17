"""How many processors this process may use, and work that threads do ahead on them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def threads_of() -> int | None:
    """Threads that the environment allows each pool, OMP_NUM_THREADS, which torch obeys too; None for no limit."""
    text = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(text) if text.isdecimal() and int(text) else None


def usable_cores() -> int:
    """Processors that this process may run on, and no more than `threads_of`.

    A control group's share of processor time is not known here.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    return min(cores, threads_of() or cores)


def made_ahead(
    make: Callable[[Given], Made],
    items: Iterable[Given],
    threads: int | None = None,
    stop: Callable[[], None] | None = None,
) -> Iterator[Made]:
    """What `make` gives for each item, in their order; threads are one item further than they are many, no more.

    Args:
        make: called in several threads at once.
        threads: None for one on each usable core; one is that of the caller, for each has memory of its own.
        stop: called where the rest is not wanted any more, or fails; ends what `make` waits for.

    Raises:
        whatever `make` raises, with the item whose turn it is, and KeyboardInterrupt; no call is under way after that.
    """
    count = usable_cores() if threads is None else threads
    if count == 1:
        yield from map(make, items)
        return
    under_way: deque[Future[Made]] = deque()
    pool = ThreadPoolExecutor(count, thread_name_prefix="ahead")
    try:
        for item in items:
            under_way.append(pool.submit(make, item))
            if len(under_way) > count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    except BaseException:
        if stop is not None:
            stop()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
