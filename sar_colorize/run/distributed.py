"""Many blocks on a dask cluster: the same block function, called by the workers, written here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ..errors import MissingPackageError, SettingError
from ..progress import Progress
from ..raster import Window
from .local import BlockCount

CONNECT_SECONDS = 10
BLOCKS_PER_THREAD = 2
"""Blocks under way for each thread of the cluster: what is waited for here is bounded by it."""

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
        block: called on the workers; None for a block that holds nothing, so that nothing travels.
        others: see `run_blocks`.

    Raises:
        MissingPackageError: dask's `distributed` is not installed.
        SettingError: no scheduler answers.
    """
    with _connected(address) as client:
        from distributed import as_completed

        remote = client.scatter(block, broadcast=True)
        queue = deque(windows)
        total, skipped = len(queue), 0
        under_way = as_completed(loop=client.loop, with_results=True)
        places: dict[Any, Window] = {}

        def submit() -> None:
            window = queue.popleft()
            future = client.submit(_call, remote, window, pure=False)
            places[future.key] = window
            under_way.add(future)

        for _ in range(min(total, BLOCKS_PER_THREAD * max(1, sum(client.nthreads().values())))):
            submit()
        if on_progress:
            on_progress(0, total)
        for done, (future, result) in enumerate(under_way, 1):
            window = places.pop(future.key)
            if result is None:
                skipped += 1
            else:
                write(window, result)
            if queue:
                submit()
            if on_progress:
                on_progress(done, total)
    return BlockCount(total, skipped)


def ask_workers(address: str, question: Callable[[], Done]) -> dict[str, Done]:
    """What each worker of a cluster answers, by its address.

    Raises:
        MissingPackageError, SettingError: as `run_blocks_on`; also what `question` raises on a worker, and no worker.
    """
    with _connected(address) as client:
        answers: dict[str, Done] = client.run(question)
    if not answers:
        raise SettingError(f"scheduler must have at least one worker, got none at {address}; start one")
    return answers


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """A client of the scheduler, closed at the end."""
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingPackageError(
            'scheduler must not be given without distributed; pip install "sar-colorize[cluster]"'
        ) from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise SettingError(
            f"scheduler must be the address of a running dask scheduler, got {address} ({error})"
        ) from error
    with client:
        yield client


def _call(block: Callable[[Window], Done | None], window: Window) -> Done | None:
    """A block, on the worker that holds the function."""
    return block(window)
