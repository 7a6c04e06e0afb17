"""Many blocks on a dask cluster: the same block function, called by the workers, written here.

Workers may come, go and die: what they lose is sent to others. What cannot go on is one sentence: no scheduler, no
worker for a while, a block that ends its worker again and again, a cluster that closes. Dask's own calls wait without
limit for a scheduler that accepts and is silent; so all go through `Client.sync`, which has a limit, some of them by
their inner names.
"""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from ..credentials import without_credentials
from ..errors import MissingPackageError, SarColorizeError, SettingError
from ..heap import keep_freed_memory
from ..progress import Progress
from ..raster import Window
from .local import BlockCount

CONNECT_SECONDS = 10
"""What a scheduler, or a worker that has a result, may take to accept a connection."""
ANSWER_SECONDS = 30
"""What it may take to answer a question."""
WORKER_SECONDS = 20
"""What a cluster may be without any worker."""
SEND_SECONDS = 300
"""What the function may take on its way to all workers, or one block on its way here."""
TRIES = 3
"""How often a block is sent out that is lost with its worker."""
COUNT_SECONDS = 5
"""So often are workers counted: those that come later get blocks, too."""
BLOCKS_PER_THREAD = 2
"""Blocks under way for each thread of the cluster: what is waited for here is bounded by it."""
_ADDRESS = re.compile(r"((tcp|tls|ucx|ws|wss)://)?([\w.-]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})|inproc://\S+")
_LOGGERS = ("distributed", "distributed.client", "distributed.core", "distributed.comm", "tornado", "asyncio")

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
    with _connected(address) as client:
        cluster = _Cluster(client, address, block)
        queue = deque(windows)
        total, done, skipped = len(queue), 0, 0
        if on_progress:
            on_progress(0, total)
        while queue or cluster.under_way:
            room = cluster.room() - len(cluster.under_way)
            for _ in range(min(room, len(queue))):
                cluster.send(queue.popleft())
            for window, result in cluster.results():
                if result is None:
                    skipped += 1
                else:
                    write(window, result)
                done += 1
                if on_progress:
                    on_progress(done, total)
    return BlockCount(total, skipped)


class _Cluster:
    """Blocks under way on a cluster."""

    def __init__(self, client: Any, address: str, block: Callable[[Window], Any]) -> None:
        self.client, self.address, self.block = client, address, block
        self.under_way: dict[Any, tuple[Window, Any]] = {}
        """Futures, each with its window and with the sent function that it needs."""
        self._tries: dict[Window, int] = {}
        """Of the blocks that were lost with a worker."""
        self._function = self._send_function()
        self._empty_since: float | None = None
        self._news = threading.Event()
        self._threads, self._counted_at = 0, -math.inf

    def send(self, window: Window) -> None:
        """Has a block computed by whatever worker."""
        future = self.client.submit(_call, self._function, window, pure=False)
        self.under_way[future] = window, self._function
        future.add_done_callback(lambda _: self._news.set())

    def results(self) -> list[tuple[Window, Any]]:
        """What has arrived; waits a second at most. What was lost is sent anew.

        Raises:
            SettingError: a block that cannot be computed, or no worker for WORKER_SECONDS.
        """
        self._news.wait(1)
        self._news.clear()
        finished = [future for future in self.under_way if future.done()]
        if not finished:
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
        return arrived

    def room(self) -> int:
        """How many blocks may be under way; workers that came or went are counted every COUNT_SECONDS."""
        if time.monotonic() - self._counted_at > COUNT_SECONDS:
            self._threads, self._counted_at = _threads(self.client, self.address), time.monotonic()
        return BLOCKS_PER_THREAD * max(1, self._threads)

    def _send_function(self) -> Any:
        until = time.monotonic() + WORKER_SECONDS
        while True:
            try:
                # Not hashed: a function that was lost with its workers keeps no name that the scheduler has given up.
                with _as_sentence(self.address):
                    return self.client.sync(
                        self.client._scatter, self.block, broadcast=True, hash=False, timeout=WORKER_SECONDS,
                        callback_timeout=SEND_SECONDS,
                    )  # fmt: skip
            except SettingError as error:
                if isinstance(error.__cause__, TimeoutError):
                    raise self._none_left() from error
                # A worker that ends while it gets the function fails for all of them.
                if not isinstance(error.__cause__, KeyError | OSError | ValueError) or time.monotonic() > until:
                    raise
            _threads(self.client, self.address)  # refuses a scheduler that is no more
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
                f"{_one_line(error)}; give them this version of the package, and the scene under the same path"
            ) from error
        self._check_workers()
        if function is self._function:
            self._function = self._send_function()
        self.send(window)

    def _check_workers(self) -> None:
        """Refuses a cluster that has had no worker for a while."""
        if _threads(self.client, self.address):
            self._empty_since = None
            return
        self._empty_since = self._empty_since or time.monotonic()
        if time.monotonic() - self._empty_since > WORKER_SECONDS:
            raise self._none_left()

    def _none_left(self) -> SettingError:
        """Without any worker: a nanny gives one up that ends before it has told that it runs."""
        windows = [*self._tries, *(window for window, _ in self.under_way.values())]
        if windows:
            return _ended_workers(windows[0], f"none left for {WORKER_SECONDS} s")
        return _no_worker(self.address)


def ask_workers(address: str, question: Callable[[], Done]) -> dict[str, Done]:
    """What each worker of a cluster answers, by its address.

    Raises:
        MissingPackageError, SettingError: as `run_blocks_on`; also what `question` raises on a worker.
    """
    with _connected(address) as client, _as_sentence(address):
        answers: dict[str, Done] = client.sync(client._run, question, callback_timeout=ANSWER_SECONDS)
    return answers


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """A client of the scheduler that has a worker, closed at the end."""
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingPackageError(
            'scheduler must not be given without distributed; pip install "sar-colorize[cluster]"'
        ) from error
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        raise SettingError(
            f"scheduler must be an address such as tcp://10.0.0.5:8786, got {without_credentials(address)[:200]!a}; "
            "name the host and port of a running dask scheduler"
        )
    from dask import config

    with _quiet(), config.set({"distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s"}):
        client = _client(address, Client)
        try:
            empty_until = time.monotonic() + WORKER_SECONDS
            while not _threads(client, address):
                if time.monotonic() > empty_until:
                    raise _no_worker(address)
                time.sleep(0.2)
            yield client
        finally:
            with suppress(Exception):  # of a cluster that is gone already
                client.close(timeout=2)


def _client(address: str, make: Callable[..., Any]) -> Any:
    """A client of a scheduler, made in a thread: it would wait for ever for one that accepts and says nothing."""
    made: list[Any] = []

    def connect() -> None:
        try:
            made.append(make(address, timeout=CONNECT_SECONDS, set_as_default=False))
        except Exception as error:  # noqa: BLE001  # raised below, in the thread that asked
            made.append(error)

    thread = threading.Thread(target=connect, name="connect", daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS + 2)
    found = made[0] if made else TimeoutError(f"no answer in {CONNECT_SECONDS} s")
    if isinstance(found, Exception):
        raise SettingError(
            f"scheduler must be the address of a running dask scheduler, got {address} ({_one_line(found)}); "
            "start one with dask scheduler"
        ) from found
    return found


def _threads(client: Any, address: str) -> int:
    """How many blocks the workers of a cluster compute at a time."""
    with _as_sentence(address):
        found: dict[str, int] = client.sync(client.scheduler.ncores, callback_timeout=ANSWER_SECONDS)
    return sum(found.values())


@contextmanager
def _as_sentence(address: str) -> Iterator[None]:
    """What a cluster raises that closes or does not answer, as one sentence."""
    try:
        yield
    except SarColorizeError:
        raise
    except Exception as error:
        raise SettingError(
            f"scheduler must answer until the run ends, got {type(error).__name__} at {address} ({_one_line(error)}); "
            "start the cluster again"
        ) from error


def _no_worker(address: str) -> SettingError:
    return SettingError(
        f"scheduler must have at least one worker, got none at {address} for {WORKER_SECONDS} s; start one"
    )


def _ended_workers(window: Window, got: str) -> SettingError:
    return SettingError(
        f"workers of the scheduler must outlive a block, got {got} while they computed {window}; "
        "give them more memory, or choose a smaller block_px"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what distributed logs of broken connections: what matters of it is an error here."""
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in levels:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _one_line(error: BaseException) -> str:
    return ascii(" ".join(str(error).split())[:200])[1:-1]


def _call(block: Callable[[Window], Done | None], window: Window) -> Done | None:
    """A block, on the worker that holds the function."""
    keep_freed_memory()
    return block(window)
