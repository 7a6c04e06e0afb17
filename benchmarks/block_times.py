"""What each block takes on a worker of a cluster: noted there, and fetched by `cluster.py`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

_taken: list[float] = []


def begin() -> None:
    """Has CPU seconds of each block noted in this process, from now on."""
    from sar_colorize.run import distributed

    call = distributed._call

    def timed(block: Callable[[Any], Any], window: Any) -> Any:
        started = time.thread_time()
        try:
            return call(block, window)
        finally:
            _taken.append(time.thread_time() - started)

    distributed._call = timed


def take() -> list[float]:
    """Those since the last call, in order."""
    found = list(_taken)
    _taken.clear()
    return found
