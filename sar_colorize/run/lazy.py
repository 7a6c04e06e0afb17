"""Many blocks as one lazy array: dask calls the block function when, and where, it computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import SettingError
from ..heap import keep_freed_memory
from ..raster import Grid, Window
from ..tiles import blocks

MOST_LAZY_BLOCKS = 100_000
"""Dask takes about 0.2 ms and 2 kB for each block, before one is computed."""


def lazy_blocks(
    grid: Grid, window: Window, block_px: int, bands: tuple[str, ...], dtype: Any, make: Callable[[Window], Any]
) -> Any:
    """A DataArray whose blocks are made when they are computed.

    Raises:
        SettingError: more than MOST_LAZY_BLOCKS.
    """
    import dask.array as da
    from dask.delayed import delayed

    from ..scene.to_xarray import with_grid

    count = -(-window.height // block_px) * -(-window.width // block_px)
    if count > MOST_LAZY_BLOCKS:
        raise SettingError(
            f"block_px must be larger for a lazy array of {window.width} x {window.height} px, got {block_px}, which "
            f"makes {count:,} blocks; at most {MOST_LAZY_BLOCKS:,} are allowed"
        )
    rows: dict[int, list[Any]] = {}
    for part in blocks(window, block_px):
        block = da.from_delayed(delayed(_made, pure=False)(make, part), (len(bands), *part.shape), dtype=dtype)
        rows.setdefault(part.row, []).append(block)
    values = da.block(list(rows.values()))
    return with_grid(values, grid.crop(window), bands)


def _made(make: Callable[[Window], Any], part: Window) -> Any:
    """A block, wherever it is computed."""
    keep_freed_memory()
    return make(part)
