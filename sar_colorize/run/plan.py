"""The plan of a run that ends in files: how much memory and disk it will need, checked before anything is allocated.

    memory = BASE_BYTES + what is read ahead + what is painted + what waits to be written, each at its peak

Threads that work ahead each have a block of their own; there are as many as MEMORY_SHARE of the memory has room for.
    disk   = the blocks as they are and their overviews, in a hidden folder beside each output, and the outputs

Both are estimates that lie above what runs took, so that a run is refused rather than killed. Measured on 2 cores of an
AMD EPYC with torch 2.13 on 25 November 2026, two bands of 2048 or 4096 px, MB planned and MB at the peak: by-place in
bf16 1011 and 756, in fp32 with a batch of four tiles 1980 and 1466; pix2pix with a batch of 16 659 and 558; composite
in blocks of 4096 px 1423 and 1195; lee in blocks of 1024 px 505 and 284; three dates in blocks of 2048 px 905 and 687.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import OutputError, SettingError
from ..raster import Window
from ..tiles import count_blocks
from .local import LOOKAHEAD, ONE_THREAD, Threads
from .machine import available_memory_bytes, free_disk_bytes, own_memory_bytes

BASE_BYTES = 400 << 20
"""Python with torch, GDAL and its cache, and a network that is loaded."""
LISTED_BYTES = 300
"""One block in the list of what is to be done."""
OVERVIEWS = 4.0 / 3.0
"""Of the bytes of its blocks that a file takes with its overviews before it is built."""
MEMORY_SHARE = 0.25
"""Of the memory that this machine has left, for the sake of which there are fewer threads."""
PICTURE, LOSSY, FLOATS = 0.75, 0.15, 0.95
"""Of the bytes of its values that a lossless picture, a lossy one, and a raster of radar values keep."""


@dataclass(frozen=True)
class BlockBytes:
    """Memory of one block at its peak, in bytes."""

    load: int
    """While it is read and made ready."""
    ready: int
    """Read and waiting."""
    compute: int
    """While it is computed, beside what was read."""
    result: int
    """Computed and waiting to be written."""


@dataclass(frozen=True)
class Plan:
    """What a run needs."""

    blocks: int
    """How many there are."""
    pixels: int
    """Of each output."""
    threads: int
    """How many load blocks at once, on this machine."""
    memory_bytes: int
    """At the peak, about; of a run on a cluster, on this machine alone."""
    output_bytes: int
    """Of all outputs, about."""
    temporary_bytes: int
    """In hidden folders beside the outputs until the run ends, at most."""

    def to_dict(self) -> dict[str, int]:
        """For a result."""
        return dict(vars(self))


@dataclass(frozen=True)
class Output:
    """One file of a run."""

    pixel_bytes: float
    """Bytes of a pixel in all bands, and of its validity, not compressed."""
    share: float
    """Of these bytes that the file has, overviews included, about."""
    folder: Path | None = None
    """Where it goes; None of a dry run that names none."""

    @property
    def packed_bytes(self) -> float:
        """Bytes of a pixel in the file, about."""
        return self.pixel_bytes * self.share

    @property
    def temporary_bytes(self) -> float:
        """Bytes of a pixel in the hidden folder beside the file: the block, and its overviews."""
        return self.pixel_bytes * OVERVIEWS


def plan_run(
    window: Window, block_px: int, block: BlockBytes, outputs: Sequence[Output], threads: Threads = ONE_THREAD
) -> Plan:
    """The plan of a run.

    Args:
        window: what the outputs show.
        block_px: side of the blocks.
        block: memory of the largest block.
        outputs: the files.
        threads: the most that may work ahead.

    Raises:
        SettingError: too many blocks.
    """
    blocks, pixels = count_blocks(window, block_px), window.height * window.width
    room, count = _room(), max(1, min(threads.count, blocks))
    while count > 1 and _held(block, blocks, replace(threads, count=count)) > room:
        count -= 1
    held = _held(block, blocks, replace(threads, count=count))
    return Plan(
        blocks=blocks,
        pixels=pixels,
        threads=count,
        memory_bytes=BASE_BYTES + held + blocks * LISTED_BYTES,
        output_bytes=int(pixels * sum(output.packed_bytes for output in outputs)),
        temporary_bytes=round(pixels * sum(output.temporary_bytes for output in outputs)),
    )


def _held(block: BlockBytes, blocks: int, threads: Threads) -> int:
    """Memory of all blocks that are under way at once."""
    others, waiting = min(threads.ahead, blocks - 1), min(LOOKAHEAD, blocks - 1)
    alone = max(block.load, block.ready + block.compute)
    if threads.are_workers:
        return (others + 1 + waiting) * block.result + min(threads.count, blocks) * alone
    loading = min(threads.count, others)
    held = (waiting + 1) * block.result + (others - loading) * block.ready + loading * block.load
    return held + block.ready + block.compute if others else held + alone


def _room() -> float:
    """Memory that blocks may take for the sake of more threads."""
    available = available_memory_bytes()
    return math.inf if available is None else MEMORY_SHARE * (available + own_memory_bytes())


def check_plan(plan: Plan, outputs: Sequence[Output]) -> None:
    """Refuses a run that this machine has no room for.

    Raises:
        SettingError: too little memory. OutputError: too little disk.
    """
    available = available_memory_bytes()
    if available is not None and plan.memory_bytes > available + own_memory_bytes():
        raise SettingError(
            f"memory of the run must be at most the {_size(available + own_memory_bytes())} that this machine has "
            f"left, got about {_size(plan.memory_bytes)}; choose a smaller block_px, tile_px or batch"
        )
    for folder in sorted({output.folder for output in outputs if output.folder is not None}):
        there = [output for output in outputs if output.folder == folder]
        kept = plan.pixels * sum(output.packed_bytes for output in there)
        needed, free = kept + plan.pixels * sum(output.temporary_bytes for output in there), free_disk_bytes(folder)
        if free is not None and needed > free:
            raise OutputError(
                f"folder of the output must have about {_size(needed)} free, of which {_size(kept)} stay, got "
                f"{_size(free)} in {folder}; choose another folder or a smaller bbox"
            )


def _size(count: float) -> str:
    """Bytes for people."""
    for power, unit in ((40, "TB"), (30, "GB"), (20, "MB")):
        if count >= 1 << power:
            return f"{count / (1 << power):,.1f} {unit}"
    return f"{count / (1 << 20):.1f} MB"
