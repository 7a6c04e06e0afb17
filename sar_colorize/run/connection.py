"""The connection to a dask scheduler: one for all runs of this process that go there at the same time.

Dask's own calls wait without limit for a scheduler that accepts and is silent; so all go through `Client.sync`, which
has a limit, some of them by their inner names.
"""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeVar

from ..credentials import without_credentials
from ..errors import MissingPackageError, SarColorizeError, SettingError

CONNECT_SECONDS = 10
"""What a scheduler, or a worker that has a result, may take to accept a connection."""
ANSWER_SECONDS = 30
"""What it may take to answer a question."""
WORKER_SECONDS = 20
"""What a cluster may be without any worker."""
COUNT_SECONDS = 5
"""So often are workers counted: those that come later get blocks, too."""
_ADDRESS = re.compile(r"((tcp|tls|ucx|ws|wss)://)?([\w.-]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})|inproc://\S+")
_LOGGERS = ("distributed", "distributed.client", "distributed.core", "distributed.comm", "tornado", "asyncio")

Done = TypeVar("Done")


class Connection:
    """A client of a scheduler, and what all runs over it know of each other.

    Raises:
        SettingError: no scheduler answers.
    """

    def __init__(self, address: str, make: Callable[..., Any]) -> None:
        self.address, self.client = address, _client(address, make)
        self.users = 0
        self.runs: list[Any] = []
        """Runs that have blocks under way or to be sent, see `distributed`."""
        self.lock = threading.Lock()
        """Held while a run sends blocks, so that all together have no more under way than there is room for."""
        self._news, self._arrivals = threading.Condition(), 0
        self._threads, self._counted_at = 0, -math.inf

    @property
    def is_open(self) -> bool:
        """Whether its scheduler is still there, as far as the client knows."""
        return bool(self.client.status == "running")

    def announce(self) -> int:
        """Wakes all who wait: a block is done, or there is room for others. Returns how often there was news."""
        with self._news:
            self._arrivals += 1
            self._news.notify_all()
            return self._arrivals

    def wait(self, known: int) -> int:
        """How often there was news, as soon as that is not `known`, or after a second."""
        with self._news:
            self._news.wait_for(lambda: self._arrivals != known, 1)
            return self._arrivals

    def ask(self, question: Callable[..., Any], *given: Any, timeout_s: float = ANSWER_SECONDS, **more: Any) -> Any:
        """What one of the client's coroutines gives.

        Raises:
            SettingError: it fails, or takes longer.
        """
        with self.as_sentence():
            return self.client.sync(question, *given, callback_timeout=timeout_s, **more)

    def count_threads(self) -> int:
        """How many blocks the workers compute at a time."""
        return sum(self.ask(self.client.scheduler.ncores, timeout_s=ANSWER_SECONDS).values())

    def threads(self) -> int:
        """The same, counted every COUNT_SECONDS."""
        if time.monotonic() - self._counted_at > COUNT_SECONDS:
            self._threads, self._counted_at = self.count_threads(), time.monotonic()
        return self._threads

    @contextmanager
    def as_sentence(self) -> Iterator[None]:
        """What a cluster raises that closes or does not answer, as one sentence."""
        try:
            yield
        except SarColorizeError:
            raise
        except Exception as error:
            raise SettingError(
                f"scheduler must answer until the run ends, got {type(error).__name__} at {self.address} "
                f"({one_line(error)}); start the cluster again"
            ) from error

    def no_worker(self) -> SettingError:
        """That it has had none for a while."""
        return SettingError(
            f"scheduler must have at least one worker, got none at {self.address} for {WORKER_SECONDS} s; start one"
        )

    def close(self) -> None:
        """Ends it; nothing is said of a cluster that is gone already."""
        with suppress(Exception):
            self.client.close(timeout=2)


_lock = threading.RLock()
_current: dict[str, Connection] = {}
"""By address, those that the next run takes."""
_kept: Counter[str] = Counter()
"""Addresses whose connection stays open between runs, and for how many callers."""
_living: set[Connection] = set()
_settings = ExitStack()
"""What holds for the process while one is open."""


@contextmanager
def connected(address: str) -> Iterator[Connection]:
    """A connection to a scheduler that has a worker, closed at the end unless others use or keep it.

    Raises:
        MissingPackageError: dask's `distributed` is not installed. SettingError: no scheduler answers, or no worker.
    """
    connection = _take(address)
    try:
        empty_until = time.monotonic() + WORKER_SECONDS
        while not connection.count_threads():
            if time.monotonic() > empty_until:
                raise connection.no_worker()
            time.sleep(0.2)
        yield connection
    finally:
        with _lock:
            connection.users -= 1
            _close_unused(connection)


@contextmanager
def kept_open(address: str) -> Iterator[None]:
    """Inside it a connection that was made stays open for the next run; another is made where it broke."""
    with _lock:
        _kept[address] += 1
    try:
        yield
    finally:
        with _lock:
            _kept[address] -= 1
            if address in _current:
                _close_unused(_current[address])


def _take(address: str) -> Connection:
    """The connection that is open, or a new one."""
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
    with _lock:
        found = _current.get(address)
        if found is None or not found.is_open:
            found = _current[address] = _open(address, Client)
        found.users += 1
        return found


def _open(address: str, make: Callable[..., Any]) -> Connection:
    from dask import config

    if not _living:
        _settings.enter_context(_quiet())
        _settings.enter_context(config.set({"distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s"}))
    try:
        made = Connection(address, make)
    except BaseException:
        if not _living:
            _settings.close()
        raise
    _living.add(made)
    return made


def _close_unused(connection: Connection) -> None:
    """Closes a connection that no run uses, and none will."""
    is_current = _current.get(connection.address) is connection
    if connection.users or (is_current and _kept[connection.address]) or connection not in _living:
        return
    if is_current:
        del _current[connection.address]
    connection.close()
    _living.discard(connection)
    if not _living:
        _settings.close()


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
            f"scheduler must be the address of a running dask scheduler, got {address} ({one_line(found)}); "
            "start one with dask scheduler"
        ) from found
    return found


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


def one_line(error: BaseException) -> str:
    """What an error says, in ASCII, at most 200 characters."""
    return ascii(" ".join(str(error).split())[:200])[1:-1]
