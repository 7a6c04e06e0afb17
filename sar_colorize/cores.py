"""How many processors this process may use."""

from __future__ import annotations

import os


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
