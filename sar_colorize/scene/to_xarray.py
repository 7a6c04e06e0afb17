"""A scene as a lazy DataArray, with rioxarray's conventions for the CRS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SceneError
from ..raster import Grid, Raster, Unit, Window

if TYPE_CHECKING:
    import xarray

CHUNK_PX = 1024
"""Dask chunks are about this wide: the nearest whole multiple of the source's blocks."""

MOST_SIDE_PX, MOST_PIXELS = 20_000_000, 4e12
"""Coordinates and chunks are listed, so that there is an end to them; the Earth at 10 m is 4,000,000 x 2,000,000."""


def to_xarray(
    read: Callable[[Window], Raster],
    grid: Grid,
    bands: tuple[str, ...],
    unit: Unit,
    *,
    block_shape: tuple[int, int],
    absolute: bool,
    source: str,
) -> xarray.DataArray:
    """See `Scene.to_xarray`; `read` gives the bands of a window, `source` is a name for messages and dask."""
    import dask.array as da
    from dask.base import tokenize

    if max(grid.window.shape) > MOST_SIDE_PX or grid.width * grid.height > MOST_PIXELS:
        raise SceneError(
            f"scene must be at most {MOST_SIDE_PX} px a side and {MOST_PIXELS:.0e} px to be a DataArray, got "
            f"{grid.width} x {grid.height} in {source}; cut it with gdal_translate -projwin"
        )
    chunks = tuple(_chunk(block, side) for block, side in zip(block_shape, grid.window.shape, strict=True))
    lazy = da.from_array(
        _Lazy(read, grid, len(bands)),
        chunks=(len(bands), *chunks),
        name=f"scene-{tokenize(source, bands, unit)}",
        meta=np.empty((0, 0, 0), dtype=np.float32),
        asarray=False,
    )
    array = with_grid(lazy, grid, bands)
    array.attrs["units"] = str(unit)
    array.attrs["scale"] = "absolute" if absolute else "relative"
    array.attrs["long_name"] = bands
    declared: xarray.DataArray = array.rio.write_nodata(np.nan)
    return declared


def with_grid(values: Any, grid: Grid, bands: tuple[str, ...]) -> xarray.DataArray:
    """Values (band, y, x) with band names, pixel centres, and the grid in `spatial_ref`."""
    import rioxarray  # noqa: F401  # registers .rio
    import xarray

    coords: dict[str, Any] = {"band": list(bands)}
    transform = grid.transform
    if transform is not None and not transform.b and not transform.d:
        coords["x"] = transform.c + transform.a * (np.arange(grid.width) + 0.5)
        coords["y"] = transform.f + transform.e * (np.arange(grid.height) + 0.5)
    array = xarray.DataArray(values, dims=("band", "y", "x"), coords=coords)
    if grid.crs_wkt is not None:
        array = array.rio.write_crs(grid.crs_wkt)
    if transform is not None:
        array = array.rio.write_transform(transform)
    return array


@dataclass(frozen=True)
class _Lazy:
    """A scene as the array-like that dask slices; every slice reads one window."""

    read: Callable[[Window], Raster]
    grid: Grid
    bands: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.bands, self.grid.height, self.grid.width

    @property
    def ndim(self) -> int:
        return 3

    @property
    def dtype(self) -> np.dtype[np.float32]:
        return np.dtype(np.float32)

    def __getitem__(self, index: tuple[slice | int, ...]) -> NDArray[np.float32]:
        """Dask fuses a choice of one band, row or column into the read, as a whole number."""
        slices = (part if isinstance(part, slice) else slice(part, part + 1) for part in index)
        bands, rows, cols = (part.indices(side) for part, side in zip(slices, self.shape, strict=True))
        window = Window(rows[0], cols[0], max(0, rows[1] - rows[0]), max(0, cols[1] - cols[0]))
        raster = self.read(window)
        values = np.where(raster.valid, raster.values, np.float32(np.nan))[slice(*bands), :: rows[2], :: cols[2]]
        return values[tuple(slice(None) if isinstance(part, slice) else 0 for part in index)]


def _chunk(block: int, side: int) -> int:
    """A whole multiple of `block` near CHUNK_PX, at most the side."""
    return min(side, max(1, round(CHUNK_PX / block)) * block)
