"""Many blocks on a dask cluster: the same block function, called by the workers, written here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import MissingPackageError, SettingError
from ..raster import Raster, Window
from .local import BlockCount, Progress

CONNECT_SECONDS = 10
BLOCKS_PER_THREAD = 2
"""Blocks under way for each thread of the cluster: what is waited for here is bounded by it."""


def run_blocks_on(
    address: str,
    windows: Iterable[Window],
    block: Callable[[Any, Window], Raster],
    scene: Any,
    write: Callable[[Window, Raster], None],
    on_progress: Progress | None = None,
) -> BlockCount:
    """Paints every window on a cluster and writes it here, as the results arrive.

    Args:
        address: of a dask scheduler, such as tcp://10.0.0.5:8786; its workers need this package and must reach the
            scene under the same path.
        block: called on the workers with the scene and a window.
        others: see `run_blocks`.

    Raises:
        MissingPackageError: dask's `distributed` is not installed.
        SettingError: no scheduler answers.
    """
    try:
        from distributed import Client, as_completed
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
        remote_block, remote_scene = client.scatter([block, scene], broadcast=True)
        queue = deque(windows)
        total, skipped = len(queue), 0
        under_way = as_completed(loop=client.loop, with_results=True)
        places: dict[Any, Window] = {}

        def submit() -> None:
            window = queue.popleft()
            future = client.submit(_call, remote_block, remote_scene, window, pure=False)
            places[future.key] = window
            under_way.add(future)

        for _ in range(min(total, BLOCKS_PER_THREAD * max(1, sum(client.nthreads().values())))):
            submit()
        if on_progress:
            on_progress(0, total)
        for done, (future, raster) in enumerate(under_way, 1):
            window = places.pop(future.key)
            if raster is None:
                skipped += 1
            else:
                write(window, raster)
            if queue:
                submit()
            if on_progress:
                on_progress(done, total)
    return BlockCount(total, skipped)


def _call(block: Callable[[Any, Window], Raster], scene: Any, window: Window) -> Raster | None:
    """A block, or None where it holds nothing, so that nothing travels."""
    raster = block(scene, window)
    return raster if raster.valid.any() else None
