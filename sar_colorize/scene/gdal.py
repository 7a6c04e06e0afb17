"""GDAL as every reader of scenes uses it: a bounded cache, opening, its errors, values with their validity."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableError
from ..raster import Bool, Window

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

GDAL_CACHE_BYTES = 256 << 20
"""GDAL's own cache of decoded blocks; its default is a twentieth of the machine, which is not bounded by the block."""


def bounded_gdal() -> Any:
    """GDAL with a bounded cache, as a context."""
    import rasterio

    return rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES)


def open_quietly(location: str) -> DatasetReader:
    """Opens without the warning that a raster has no georeference: the scene's notes say it.

    GDAL 3.10's driver SNAP_TIFF takes the one-band files of SNAP and reads no grid but tie points; where there is a
    grid, GDAL's usual driver for GeoTIFF keeps it.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        dataset = rasterio.open(location)
        if dataset.driver == "SNAP_TIFF":
            usual = rasterio.open(location, driver="GTiff")
            if usual.transform.is_identity:
                usual.close()
            else:
                dataset.close()
                dataset = usual
        return dataset


@contextmanager
def readable_by_gdal(source: str) -> Iterator[None]:
    """GDAL's errors as one sentence."""
    from rasterio.errors import RasterioError, RasterioIOError

    try:
        yield
    except RasterioIOError as error:
        detail = str(error).strip().splitlines()[-1].rstrip(".")
        raise UnreadableError(
            f"input must be a whole raster that GDAL reads, got {source} ({detail}); "
            "if it is truncated, copy or download it again"
        ) from error
    except RasterioError as error:
        raise UnreadableError(f"input must be a raster that GDAL reads, got {source} ({error})") from error


def alpha_bands(dataset: DatasetReader) -> list[int]:
    """Numbers, from 1, of the bands that hold opacity."""
    return [i for i, kind in zip(dataset.indexes, dataset.colorinterp, strict=True) if kind.name == "alpha"]


def is_scaled(dataset: DatasetReader) -> bool:
    """Whether a band has a scale or an offset."""
    return any(scale != 1.0 for scale in dataset.scales) or any(offset != 0.0 for offset in dataset.offsets)


def read_valid(
    dataset: DatasetReader, indexes: tuple[int, ...], window: Window, nodata: tuple[float, ...]
) -> tuple[NDArray[np.float32], Bool]:
    """Values of bands (numbers from 1), scale and offset applied, and where all of them are valid."""
    import rasterio
    from rasterio.enums import MaskFlags

    part: Any = rasterio.windows.Window(window.col, window.row, window.width, window.height)
    raw = dataset.read(list(indexes), window=part)
    valid = np.ones(window.shape, dtype=bool)
    for position, index in enumerate(indexes):
        if MaskFlags.all_valid not in dataset.mask_flag_enums[index - 1]:
            valid &= dataset.read_masks(index, window=part) != 0
        for value in nodata:
            valid &= raw[position] != value
    for index in alpha_bands(dataset):  # GDAL makes no mask of an alpha band of floats
        valid &= dataset.read(index, window=part) != 0
    values = raw.astype(np.float32)
    for position, index in enumerate(indexes):
        scale, offset = dataset.scales[index - 1], dataset.offsets[index - 1]
        if scale != 1.0 or offset != 0.0:
            values[position] = raw[position] * scale + offset
    valid &= np.isfinite(values).all(axis=0)
    return values, valid
