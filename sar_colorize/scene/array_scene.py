"""An xarray DataArray as a scene, with rioxarray's conventions for the CRS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from ..credentials import name_without_credentials
from ..errors import SceneError
from ..raster import Bool, Grid, Raster, Unit, Window
from .bands import POLARIZATIONS
from .date import find_date
from .declare import declare
from .facts import Facts
from .scene import Scene, sample_step, sample_windows

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class ArrayScene(Scene):
    """A DataArray (y, x) or (band, y, x), numpy or dask; a window is computed when it is read."""

    array: Any = field(default=None, repr=False, compare=False)
    nodata: float | None = None

    def _read_inside(self, window: Window) -> Raster:
        rows, cols = window.within(self.grid.window)
        return _raster(self.array[list(self.declaration.indexes), rows, cols], self.nodata, self.bands, self)


def from_xarray(
    array: xarray.DataArray, *, unit: str = "auto", polarization: str | None = None, nodata: float | None = None
) -> ArrayScene:
    """A DataArray as a scene.

    Args:
        array: (y, x) or (band, y, x), real numbers. The band coordinate or `attrs["long_name"]` may name
            polarisations, `attrs["units"]` the unit; CRS, transform and nodata are read as rioxarray writes them.
        unit, polarization: see `declare`.
        nodata: a value that is invalid besides NaN and the array's own.

    Raises:
        SceneError: other dimensions, or complex numbers.
        UnitError: see `declare`.
    """
    import rioxarray  # noqa: F401  # registers .rio

    if array.ndim not in (2, 3):
        raise SceneError(f"array must have the dimensions (y, x) or (band, y, x), got {array.dims}; select one time")
    if np.iscomplexobj(array.data):
        raise SceneError("array must be detected intensity, got complex values; take abs(value)**2 first")
    stacked = array if array.ndim == 3 else array.expand_dims("band")
    height, width = stacked.shape[1:]
    crs = array.rio.crs
    has_grid = crs is not None or array.rio.transform() != Affine.identity()
    grid = Grid(height, width, array.rio.transform() if has_grid else None, crs.to_wkt() if crs is not None else None)
    own_nodata = array.rio.nodata if nodata is None else nodata
    name = name_without_credentials(str(array.name)) if array.name is not None else "array"
    chunks = getattr(stacked.data, "chunks", None)
    block_shape = (chunks[1][0], chunks[2][0]) if chunks else (min(512, height), min(512, width))

    def sample() -> list[NDArray[np.float32]]:
        parts: list[list[NDArray[np.float32]]] = [[] for _ in range(stacked.shape[0])]
        windows = list(sample_windows(grid, block_shape))
        step = sample_step(windows)
        for w in windows:
            array = stacked.data[:, w.row : w.row + w.height, w.col : w.col + w.width]
            raster = _raster(array, own_nodata, None, None)
            for part, band in zip(parts, raster.values, strict=True):
                part.append(np.ascontiguousarray(band[raster.valid][::step]))
        return [np.concatenate(part) for part in parts]

    facts = Facts(
        source=name,
        dtype=str(array.dtype),
        descriptions=_band_names(stacked),
        units=[str(array.attrs.get("units", ""))] * stacked.shape[0],
        tags={key: value for key, value in array.attrs.items() if isinstance(value, str)},
        sample=sample,
    )
    declaration = declare(facts, unit, polarization)
    notes = () if crs is not None else ("no CRS: the picture will have none either",)
    validity = (
        "not finite" if own_nodata is None or np.isnan(own_nodata) else f"not finite, nodata value {own_nodata:g}"
    )
    taken = find_date(facts.tags, "")
    return ArrayScene(
        name, grid, declaration, block_shape, validity, notes=notes,
        about={} if taken is None else {"time": str(taken)}, array=stacked.data, nodata=own_nodata,
    )  # fmt: skip


def _raster(part: Any, nodata: float | None, bands: tuple[str, ...] | None, scene: Scene | None) -> Raster:
    """A slice of an array, computed in this thread, with its validity."""
    if hasattr(part, "compute"):
        part = part.compute(scheduler="synchronous")
    raw = np.asarray(part)
    values = raw.astype(np.float32)
    valid: Bool = np.asarray(np.isfinite(values).all(axis=0))
    if nodata is not None and not np.isnan(nodata):
        valid &= (raw != nodata).all(axis=0)
    names = bands if bands is not None else tuple(str(i) for i in range(len(values)))
    return Raster(values, valid, names, scene.unit if scene is not None else Unit.POWER)


def _band_names(array: xarray.DataArray) -> list[str]:
    """Polarisations from the band coordinate, else from `long_name`, else the array's name, else nothing."""
    count = array.shape[0]
    first = array.dims[0]
    if first in array.coords:
        names = [str(value) for value in np.atleast_1d(array.coords[first].values)]
        if any(name.upper() in POLARIZATIONS for name in names):
            return names
    long_name = array.attrs.get("long_name", ())
    if isinstance(long_name, str):
        long_name = (long_name,)
    if len(long_name) == count:
        return [str(name) for name in long_name]
    return [str(array.name or "")] if count == 1 else [""] * count
