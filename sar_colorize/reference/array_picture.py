"""A DataArray as an optical raster: the part of rasterio's datasets that pictures are read with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from ..credentials import name_without_credentials
from ..errors import SettingError

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, eq=False)
class ArrayPicture:
    """A DataArray (band, y, x), numpy or dask; a window is computed when it is read. Names are rasterio's."""

    name: str
    """For messages and tags."""
    array: Any = field(repr=False)
    """Its values (band, y, x)."""
    transform: Affine
    """The identity where it has no georeference."""
    crs: Any
    """None where it has none."""
    descriptions: tuple[str, ...]
    """Names of its bands, "" where not known."""
    nodata: float | None
    """Besides what is not finite."""
    scale: float = 1.0
    scale_offset: float = 0.0
    """Of all bands: number = value * scale + offset."""
    is_8bit: bool = False
    """Whether it is an 8-bit picture, perhaps as floats."""
    attributes: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> int:
        """Bands."""
        return int(self.array.shape[0])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.array.shape[1])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.array.shape[2])

    @property
    def colorinterp(self) -> tuple[Any, ...]:
        """Alpha where a band is called so; nothing is known of the others."""
        from rasterio.enums import ColorInterp

        return tuple(
            ColorInterp.alpha if name.lower() == "alpha" else ColorInterp.undefined for name in self.descriptions
        )

    @property
    def scales(self) -> tuple[float, ...]:
        """By band."""
        return (self.scale,) * self.count

    @property
    def offsets(self) -> tuple[float, ...]:
        """By band."""
        return (self.scale_offset,) * self.count

    def tags(self, number: int = 0) -> dict[str, str]:
        """Attributes that are text; those of a band are not known."""
        return self.attributes if number == 0 else {}

    def read(self, bands: list[int], window: Any = None, out_shape: tuple[int, ...] | None = None) -> NDArray[Any]:
        """Bands (numbers from 1) of a window of whole pixels; thinned to `out_shape` by leaving pixels out."""
        return self._computed([band - 1 for band in bands], window, out_shape)

    def read_masks(self, bands: list[int], window: Any = None) -> NDArray[np.uint8]:
        """255 where a band holds a value."""
        return self._masks([band - 1 for band in bands], window, None)

    def dataset_mask(self, window: Any = None, out_shape: tuple[int, ...] | None = None) -> NDArray[np.uint8]:
        """255 where any band holds a value."""
        masks: NDArray[np.uint8] = self._masks(list(range(self.count)), window, out_shape).max(0)
        return masks

    def _masks(self, bands: list[int], window: Any, out_shape: tuple[int, ...] | None) -> NDArray[np.uint8]:
        alpha = [i for i, name in enumerate(self.descriptions) if name.lower() == "alpha"]
        if alpha:
            present = np.repeat(self._computed(alpha[:1], window, out_shape) > 0, len(bands), axis=0)
        else:
            values = self._computed(bands, window, out_shape)
            present = np.isfinite(values)
            if self.nodata is not None and not np.isnan(self.nodata):
                present &= values != self.nodata
        return np.where(present, np.uint8(255), np.uint8(0))

    def _computed(self, bands: list[int], window: Any, out_shape: tuple[int, ...] | None) -> NDArray[Any]:
        if window is None:
            row, col, height, width = 0.0, 0.0, float(self.height), float(self.width)
        else:
            row, col, height, width = window.row_off, window.col_off, window.height, window.width
        rows, cols = out_shape[-2:] if out_shape is not None else (round(height), round(width))
        down, right = _picked(row, height, rows, self.height), _picked(col, width, cols, self.width)
        part = self.array[bands, down[0] : down[-1] + 1, right[0] : right[-1] + 1]
        if hasattr(part, "compute"):
            part = part.compute(scheduler="synchronous")
        values: NDArray[Any] = np.asarray(part)[:, down - down[0]][:, :, right - right[0]]
        return values


def _picked(first: float, length: float, count: int, most: int) -> NDArray[np.intp]:
    """The pixels under the middles of `count` equal parts of a line, as GDAL picks the nearest."""
    middles = np.floor(first + (np.arange(count) + 0.5) * (length / count))
    picked: NDArray[np.intp] = np.clip(middles, 0, most - 1).astype(np.intp)
    return picked


def picture_of(array: xarray.DataArray, what: str = "reference") -> ArrayPicture:
    """A DataArray as an optical raster.

    Args:
        array: (band, y, x), real numbers, bands named red, green and blue or as many as a picture has; CRS, transform
            and nodata are read as rioxarray writes them.
        what: the keyword that it was given as, for messages.

    Raises:
        SettingError: other dimensions, complex numbers, or a size of nothing.
    """
    import rioxarray  # noqa: F401  # registers .rio

    if array.ndim != 3 or not {"x", "y"} <= set(array.dims) or 0 in array.shape:
        raise SettingError(
            f"{what} must have the dimensions (band, y, x) and a pixel, got {array.dims} of {array.shape}; select one "
            "time, and name them so"
        )
    if np.iscomplexobj(array.data):
        raise SettingError(f"{what} must hold real numbers, got complex ones; give a picture or reflectance")
    first = next(name for name in array.dims if name not in ("x", "y"))
    stacked = array.transpose(first, "y", "x")
    nodata, encoded = array.rio.nodata, array.encoding.get("rasterio_dtype") or array.encoding.get("dtype")
    return ArrayPicture(
        name_without_credentials(str(array.name)) if array.name is not None else "array",
        stacked.data,
        array.rio.transform(),
        array.rio.crs,
        _band_names(stacked, str(first)),
        None if nodata is None else float(nodata),
        _number(array.attrs.get("scale_factor"), 1.0),
        _number(array.attrs.get("add_offset"), 0.0),
        "uint8" in (str(array.dtype), str(encoded)),
        {str(key): str(value) for key, value in array.attrs.items() if isinstance(value, str | int | float)},
    )


def _number(value: Any, usual: float) -> float:
    return float(value) if isinstance(value, int | float | np.number) else usual


def _band_names(array: xarray.DataArray, first: str) -> tuple[str, ...]:
    """From `long_name`, else from the band coordinate, else nothing."""
    long_name = array.attrs.get("long_name", ())
    if not isinstance(long_name, str) and len(long_name) == array.shape[0]:
        return tuple(str(name) for name in long_name)
    if first in array.coords:
        return tuple(str(name) for name in array.coords[first].values)
    return ("",) * int(array.shape[0])
