"""Many blocks as one lazy array: dask calls the block function when, and where, it computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..raster import Grid, Window
from ..tiles import blocks


def lazy_blocks(
    grid: Grid, window: Window, block_px: int, bands: tuple[str, ...], dtype: Any, make: Callable[[Window], Any]
) -> Any:
    """A DataArray whose blocks are made when they are computed."""
    import dask.array as da
    from dask.delayed import delayed

    from ..scene.to_xarray import with_grid

    rows: dict[int, list[Any]] = {}
    for part in blocks(window, block_px):
        block = da.from_delayed(delayed(make, pure=False)(part), (len(bands), *part.shape), dtype=dtype)
        rows.setdefault(part.row, []).append(block)
    values = da.block(list(rows.values()))
    return with_grid(values, grid.crop(window), bands)
