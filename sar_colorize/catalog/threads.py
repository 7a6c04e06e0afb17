"""A few threads that wait for servers, and a caller that can cancel them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from threading import BoundedSemaphore, Thread
from typing import TypeVar

from .client import Client

THREADS = 6
"""That ask servers at a time, of all callers of this process together: several scenes may be prepared at once."""
_TICK_S = 0.2
_places = BoundedSemaphore(THREADS)
P = TypeVar("P")
R = TypeVar("R")


def in_threads(
    client: Client, work: Callable[[P], R], parts: Sequence[P], on_tick: Callable[[int, int], None]
) -> list[R]:
    """What `work` makes of each part, in their order.

    Args:
        client: is stopped where a part fails or the caller cancels. work: asks servers through it.
        on_tick: called in this thread a few times a second with (done, total) parts; may raise.

    Raises:
        NetworkError: of the first part that fails. Also what `on_tick` raises.
    """
    futures = _begun(work, parts)
    pending = set(futures)
    try:
        while pending:
            done, pending = wait(pending, _TICK_S, FIRST_EXCEPTION)
            for future in done:
                future.result()
            on_tick(len(futures) - len(pending), len(futures))
        return [future.result() for future in futures]
    except BaseException:
        client.stop()
        wait(pending, _TICK_S)
        raise


def _begun(work: Callable[[P], R], parts: Sequence[P]) -> list[Future[R]]:
    """What each part will be.

    The threads are daemons, unlike those of a ThreadPoolExecutor: a process that is cancelled must not wait for a
    server.
    """
    futures: list[Future[R]] = [Future() for _ in parts]
    left = deque(zip(parts, futures, strict=True))

    def run() -> None:
        while True:
            try:
                part, future = left.popleft()
            except IndexError:
                return
            try:
                with _places:
                    future.set_result(work(part))
            except BaseException as error:  # noqa: BLE001  # raised again by whoever waits
                future.set_exception(error)

    for number in range(min(THREADS, len(parts))):
        Thread(target=run, name=f"tile-{number}", daemon=True).start()
    return futures
