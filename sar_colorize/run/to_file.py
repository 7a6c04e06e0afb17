"""A run that ends in files: open the writers, run the blocks, publish all of the files or none."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

from ..cog import Beside, CogWriter, builders, publish
from ..errors import Cancelled, SettingError
from ..progress import Progress
from ..raster import Raster, Window
from .distributed import run_blocks_on
from .local import ONE_THREAD, BlockCount, Threads, run_blocks
from .machine import is_out_of_memory

_log = logging.getLogger("sar_colorize")
Ready = TypeVar("Ready")
Rasters = Sequence[Raster]
"""The rasters of one block, one for each file."""


@dataclass(frozen=True)
class Counted:
    """The rasters of one block and what was counted in it, such as pixels of a kind; sums are taken over all blocks."""

    rasters: Rasters
    counts: tuple[int, ...]


Made = Rasters | Counted
FILES_AT_ONCE = 3
"""Files that are built side by side: each by a process of some 100 MB."""
NOTHING = "cancelled; nothing was written"


@dataclass(frozen=True)
class Work(Generic[Ready]):
    """What is done for each block."""

    windows: Sequence[Window]
    """The blocks, in the order in which they are read."""
    load: Callable[[Window], Ready | None]
    """Reads what a block needs; None where nothing in it is valid."""
    compute: Callable[[Ready], Made]
    """From what was read to a raster for each file."""
    stop: Callable[[], None] | None = None
    """Ends what `load` waits for, where a run is given up."""
    threads: Threads = ONE_THREAD
    """Those that work ahead, where the blocks are computed here."""

    def block(self, window: Window) -> Made | None:
        """Both steps, for a worker elsewhere; None where nothing is valid, so that nothing travels."""
        ready = self.load(window)
        return None if ready is None else self.compute(ready)


def _write(writers: Sequence[CogWriter], window: Window, rasters: Rasters) -> None:
    """A block into each file; what is invalid throughout takes no room."""
    for writer, raster in zip(writers, rasters, strict=True):
        if raster.valid.any():
            writer.write(window, raster)


def _finish(writers: Sequence[CogWriter], beside: Sequence[Beside]) -> None:
    """Builds the files, several side by side, and then the small ones."""
    for number, writer in enumerate(writers):
        if number >= FILES_AT_ONCE:
            writers[number - FILES_AT_ONCE].finish()
        writer.begin()
    outputs: list[CogWriter | Beside] = [*writers[-FILES_AT_ONCE:], *beside]
    for output in outputs:
        output.finish()


def _names(outputs: Sequence[CogWriter | Beside]) -> str:
    """The paths of outputs, in words."""
    return ", ".join(str(output.path) for output in outputs)


def _spent(count: BlockCount, threads: Threads) -> str:
    """Where the time of blocks went that were computed here, in words."""
    spent = ", ".join(f"{name.replace('_', ' ')} {seconds:.2f}" for name, seconds in count.seconds.items())
    return f"; {threads.count} at once{' with computing' * threads.are_workers}, seconds: {spent}" if spent else ""


def run_to_files(
    work: Work[Ready],
    writers: Sequence[CogWriter],
    extent: Window,
    *,
    beside: Sequence[Beside] = (),
    scheduler: str | None = None,
    on_progress: Progress | None = None,
) -> tuple[BlockCount, float]:
    """Runs every block and leaves all files, whole, or none.

    Args:
        writers: not yet open; what they cannot do was refused when they were made.
        beside: small files, such as a picture of one of them, made behind them and published with them.
        extent: the window of the scene that the files show; block windows are counted in the scene.
        scheduler: address of a dask scheduler whose workers compute the blocks; None computes them here.

    Returns:
        How many blocks there were, with the sums of what they counted, and the seconds that all took.

    Raises:
        Cancelled: Ctrl-C; nothing was written. Also whatever a step raises; then nothing was written either.
    """
    started = time.perf_counter()
    outputs: list[CogWriter | Beside] = [*writers, *beside]
    sums: list[int] = []

    def write(window: Window, made: Made) -> None:
        rasters = made.rasters if isinstance(made, Counted) else made
        if isinstance(made, Counted):
            sums[:] = map(sum, zip(sums or [0] * len(made.counts), made.counts, strict=True))
        _write(writers, Window(window.row - extent.row, window.col - extent.col, window.height, window.width), rasters)

    try:
        with ExitStack() as stack:
            stack.enter_context(builders(min(FILES_AT_ONCE, len(writers))))
            for output in outputs:
                stack.callback(output.close)
                output.open()
            if scheduler is not None:
                made_there = cast(Callable[[Window], Any], work.block)  # mypy infers no union
                count = run_blocks_on(scheduler, work.windows, made_there, write, on_progress)
            else:
                count = run_blocks(work.windows, work.load, work.compute, write, on_progress, work.stop, work.threads)
            _log.info("blocks: %d, %d of them empty%s", count.total, count.skipped, _spent(count, work.threads))
            built = time.perf_counter()
            _finish(writers, beside)
            publish(outputs)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise SettingError(
            "memory must hold a block and its tiles, got none left; choose a smaller block_px, tile_px or batch"
        ) from error
    except KeyboardInterrupt as error:
        done = all(output.is_published for output in outputs)
        raise Cancelled(f"cancelled when all was done: {_names(outputs)}" if done else NOTHING) from error
    _log.info("written: %s; files built in %.2f s", _names(outputs), time.perf_counter() - built)
    return replace(count, sums=tuple(sums)), time.perf_counter() - started
