"""Threads that wait for servers: how many there are at a time."""

from __future__ import annotations

import threading
import time
from typing import Any

from sar_colorize.catalog.threads import THREADS, in_threads

PATIENCE_S = 60.0


class _Client:
    def stop(self) -> None:
        """Nothing is to be stopped here."""


def test_several_callers_together_have_as_many_threads_as_one() -> None:
    go, lock = threading.Event(), threading.Lock()
    running = [0]
    most = [0]
    given: list[list[int]] = [[], []]

    def ask(part: int) -> int:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        go.wait(PATIENCE_S)
        with lock:
            running[0] -= 1
        return 2 * part

    def call(number: int) -> None:
        client: Any = _Client()
        given[number] = in_threads(client, ask, range(2 * THREADS), lambda *_: None)

    callers = [threading.Thread(target=call, args=(number,)) for number in (0, 1)]
    for caller in callers:
        caller.start()
    until = time.monotonic() + PATIENCE_S
    while running[0] < THREADS and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.3)  # for those that should not come
    go.set()
    for caller in callers:
        caller.join(PATIENCE_S)
    assert most[0] == THREADS
    assert given == [[2 * part for part in range(2 * THREADS)]] * 2
