"""Many blocks on a dask cluster: the same block function, called by the workers, written here.

Workers may come, go and die: what they lose is sent to others. What cannot go on is one sentence: no scheduler, no
worker for a while, a block that ends its worker again and again, a cluster that closes. Several scenes may be under way
at once, each in a thread of the caller's: they share the connection, and what it has room for.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ..engine.shared import keep_graphs
from ..errors import SarColorizeError, SettingError
from ..heap import keep_freed_memory
from ..progress import Progress
from ..raster import Window
from . import connection as limits
from .connection import Connection, connected, one_line
from .local import BlockCount

SEND_SECONDS = 300
"""What the function may take on its way to all workers, or one block on its way here."""
TRIES = 3
"""How often a block is sent out that is lost with its worker."""
BLOCKS_PER_THREAD = 2
"""Blocks under way for each thread of the cluster: what is waited for here is bounded by it."""
GRAPH_SECONDS = 300.0
"""So long a worker keeps compiled graphs behind its last block: those of the next scene may be the same."""

Done = TypeVar("Done")


def run_blocks_on(
    address: str,
    windows: Iterable[Window],
    block: Callable[[Window], Done | None],
    write: Callable[[Window, Done], None],
    on_progress: Progress | None = None,
) -> BlockCount:
    """Computes every window on a cluster and writes it here, as the results arrive.

    Args:
        address: of a dask scheduler, such as tcp://10.0.0.5:8786; its workers need this package and must reach the
            scene under the same path.
        windows: the blocks.
        block: called on the workers; None for a block that holds nothing, so that nothing travels.
        write: called here with each result.
        on_progress: called with (done, total) before the first block and after each.

    Raises:
        MissingPackageError: dask's `distributed` is not installed.
        SettingError: no scheduler answers, no worker is left, or they cannot compute a block.
    """
    with connected(address) as connection, _begun(connection, windows, block) as blocks:
        total, done, skipped = len(blocks.queue), 0, 0
        if on_progress:
            on_progress(0, total)
        while blocks.queue or blocks.under_way:
            blocks.send_more()
            for window, result in blocks.results():
                if result is None:
                    skipped += 1
                else:
                    write(window, result)
                done += 1
                if on_progress:
                    on_progress(done, total)
    return BlockCount(total, skipped)


class _Blocks:
    """The blocks of one scene on a cluster."""

    def __init__(self, connection: Connection, windows: Iterable[Window], block: Callable[[Window], Any]) -> None:
        self.connection, self.queue, self.block = connection, deque(windows), block
        self.under_way: dict[Any, tuple[Window, Any]] = {}
        """Futures, each with its window and with the sent function that it needs."""
        self._tries: dict[Window, int] = {}
        """Of the blocks that were lost with a worker."""
        self._function = self._send_function()
        self._empty_since: float | None = None
        self._known = 0

    def send_more(self) -> None:
        """Sends as many blocks as there is room for: of several scenes each has its share."""
        with self.connection.lock:
            runs, room = self.connection.runs, BLOCKS_PER_THREAD * max(1, self.connection.threads())
            share = -(-room // max(1, sum(bool(run.queue) for run in runs)))
            free = min(share - len(self.under_way), room - sum(len(run.under_way) for run in runs))
            for _ in range(min(free, len(self.queue))):
                self.send(self.queue.popleft())

    def send(self, window: Window) -> None:
        """Has a block computed by whatever worker."""
        future = self.connection.client.submit(_call, self._function, window, pure=False)
        self.under_way[future] = window, self._function
        future.add_done_callback(lambda _: self.connection.announce())

    def results(self) -> list[tuple[Window, Any]]:
        """What has arrived; waits a second at most. What was lost is sent anew.

        Raises:
            SettingError: a block that cannot be computed, or no worker for WORKER_SECONDS.
        """
        before, self._known = self._known, self.connection.wait(self._known)
        finished = [future for future in self.under_way if future.done()]
        if not finished and before == self._known:
            self._check_workers()
        arrived = []
        for future in finished:
            window, function = self.under_way.pop(future)
            try:
                arrived.append((window, future.result(timeout=SEND_SECONDS)))
            except SarColorizeError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever a worker raised: told from a lost worker below
                self._send_again(window, function, error)
        if finished and len(self.connection.runs) > 1:
            self.connection.announce()  # there is room
        return arrived

    def release(self) -> None:
        """Gives up what is under way: no worker begins it any more."""
        for future in (*self.under_way, self._function):
            future.release()
        self.under_way.clear()

    def _send_function(self) -> Any:
        until = time.monotonic() + limits.WORKER_SECONDS
        while True:
            try:
                # Not hashed: a function that was lost with its workers keeps no name that the scheduler has given up.
                return self.connection.ask(
                    self.connection.client._scatter, self.block, broadcast=True, hash=False,
                    timeout=limits.WORKER_SECONDS, timeout_s=SEND_SECONDS,
                )  # fmt: skip
            except SettingError as error:
                if isinstance(error.__cause__, TimeoutError):
                    raise self._none_left() from error
                # A worker that ends while it gets the function fails for all of them.
                if not isinstance(error.__cause__, KeyError | OSError | ValueError) or time.monotonic() > until:
                    raise
            self.connection.count_threads()  # refuses a scheduler that is no more
            time.sleep(0.2)

    def _send_again(self, window: Window, function: Any, error: Exception) -> None:
        """Sends a block that was lost; any other failure, and the last try, is one sentence."""
        from concurrent.futures import CancelledError

        from distributed import KilledWorker

        self._tries[window] = self._tries.get(window, 1) + 1
        is_last = self._tries[window] > TRIES
        if isinstance(error, KilledWorker) or (isinstance(error, CancelledError) and is_last):
            raise _ended_workers(window, "several that ended") from error
        if is_last or not isinstance(error, CancelledError | OSError | TimeoutError):
            raise SettingError(
                f"workers of the scheduler must be able to compute a block, got {type(error).__name__}: "
                f"{one_line(error)}; give them this version of the package, and the scene under the same path"
            ) from error
        self._check_workers()
        if function is self._function:
            self._function = self._send_function()
        self.send(window)

    def _check_workers(self) -> None:
        """Refuses a cluster that has had no worker for a while."""
        if self.connection.count_threads():
            self._empty_since = None
            return
        self._empty_since = self._empty_since or time.monotonic()
        if time.monotonic() - self._empty_since > limits.WORKER_SECONDS:
            raise self._none_left()

    def _none_left(self) -> SettingError:
        """Without any worker: a nanny gives one up that ends before it has told that it runs."""
        windows = [*self._tries, *(window for window, _ in self.under_way.values())]
        if windows:
            return _ended_workers(windows[0], f"none left for {limits.WORKER_SECONDS} s")
        return self.connection.no_worker()


@contextmanager
def _begun(connection: Connection, windows: Iterable[Window], block: Callable[[Window], Any]) -> Iterator[_Blocks]:
    """Blocks that have their share of a cluster until they are done or given up."""
    blocks = _Blocks(connection, windows, block)
    with connection.lock:
        connection.runs.append(blocks)
    try:
        yield blocks
    finally:
        with connection.lock:
            connection.runs.remove(blocks)
        blocks.release()
        connection.announce()


def ask_workers(address: str, question: Callable[[], Done]) -> dict[str, Done]:
    """What each worker of a cluster answers, by its address.

    Raises:
        MissingPackageError, SettingError: as `run_blocks_on`; also what `question` raises on a worker.
    """
    with connected(address) as connection:
        answers: dict[str, Done] = connection.ask(connection.client._run, question)
    return answers


def _ended_workers(window: Window, got: str) -> SettingError:
    return SettingError(
        f"workers of the scheduler must outlive a block, got {got} while they computed {window}; "
        "give them more memory, or choose a smaller block_px"
    )


def _call(block: Callable[[Window], Done | None], window: Window) -> Done | None:
    """A block, on the worker that holds the function."""
    keep_freed_memory()
    keep_graphs(GRAPH_SECONDS)
    return block(window)
