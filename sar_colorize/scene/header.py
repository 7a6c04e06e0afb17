"""An open GDAL dataset: what it says of itself, and its values with their validity."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from ..errors import UnreadableError
from ..raster import Bool, Grid, Unit, Window
from .control import GroundControl
from .declare import Facts
from .layouts import SNAP, recognise
from .scene import sample_windows
from .snap import SnapBand, read_bands

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

    from .package import Package

_MANY_ZEROS = 0.01


@dataclass
class Opened:
    """An open dataset and what it says of itself."""

    dataset: DatasetReader
    source: str
    nodata: float | None
    package: Package | None = None

    @cached_property
    def radar_bands(self) -> list[int]:
        """Numbers, from 1, of the bands that are not alpha."""
        alpha = alpha_bands(self.dataset)
        return [i for i in self.dataset.indexes if i not in alpha]

    @cached_property
    def grid(self) -> Grid:
        transform: Affine | None = self.dataset.transform
        if transform == Affine.identity() and not self.dataset.crs:
            transform = None
        return Grid(
            self.dataset.height,
            self.dataset.width,
            transform,
            self.dataset.crs.to_wkt() if self.dataset.crs else None,
        )

    @cached_property
    def control(self) -> GroundControl | None:
        """Ground control points of a raster without a grid of its own."""
        points, crs = self.dataset.gcps
        if self.grid.transform is not None or len(points) < 4 or not crs:
            return None
        return GroundControl.of(
            [point.row for point in points],
            [point.col for point in points],
            [point.x for point in points],
            [point.y for point in points],
            [point.z or 0.0 for point in points],
            crs.to_wkt(),
        )

    @cached_property
    def _sample(self) -> list[NDArray[np.float32]]:
        parts: list[list[NDArray[np.float32]]] = [[] for _ in self.radar_bands]
        for window in sample_windows(self.grid, self.dataset.block_shapes[0]):
            values, valid = read_valid(self.dataset, tuple(self.radar_bands), window, self.invalid)
            for part, band in zip(parts, values, strict=True):
                part.append(band[valid])
        return [np.concatenate(part) for part in parts]

    @cached_property
    def _snap(self) -> tuple[SnapBand, ...]:
        """What SNAP says of the bands, where GDAL knows no names."""
        return () if any(self.dataset.descriptions) else read_bands(self.source, self.dataset.count)

    @cached_property
    def facts(self) -> Facts:
        bands = [i - 1 for i in self.radar_bands]
        names = [self._snap[i].name if self._snap else self.dataset.descriptions[i] or "" for i in bands]
        units = [self._snap[i].unit if self._snap else self.dataset.units[i] or "" for i in bands]
        source = next(iter(self.package.files.values())) if self.package else self.source
        tags = self.dataset.tags()
        named_by = "the names of its files" if self.package else "the band descriptions"
        dtype = self.dataset.dtypes[bands[0]] if not is_scaled(self.dataset) else "float32"
        return Facts(
            source=source,
            dtype=dtype,
            descriptions=names,
            units=units,
            tags=tags,
            sample=lambda: self._sample,
            named_by="SNAP's band names (TIFF tag 65000)" if self._snap else named_by,
            layout=recognise(source, names, tags, dtype),
        )

    @property
    def about(self) -> dict[str, str]:
        """What its layout tells of the acquisition."""
        layout = self.facts.layout
        return {"layout": layout.name, **layout.about} if layout else {}

    @cached_property
    def _published(self) -> tuple[float, ...]:
        """Values that SNAP or the layout mean as no data."""
        layout = self.facts.layout
        said = (layout.nodata if layout else ()) + tuple(band.nodata for band in self._snap if band.nodata is not None)
        return tuple(sorted({value for value in said if not np.isnan(value)}))

    @property
    def invalid(self) -> tuple[float, ...]:
        """Values that are invalid besides what GDAL masks."""
        return self._published if self.nodata is None else (*self._published, self.nodata)

    @property
    def validity(self) -> str:
        """Every way in which the file, and the caller, say what is invalid."""
        flags = {flag.name for index in self.radar_bands for flag in self.dataset.mask_flag_enums[index - 1]}
        said = ["not finite"]
        if "nodata" in flags:
            said.append(f"nodata value {self.dataset.nodata:g}")
        if "per_dataset" in flags and "alpha" not in flags:
            said.append("mask band")
        if alpha_bands(self.dataset):
            said.append("alpha band")
        published = [value for value in self._published if value != self.dataset.nodata]
        if published:
            values = " or ".join(f"{value:g}" for value in published)
            said.append(f"value {values}, as in {self.facts.layout.name if self.facts.layout else SNAP}")
        if self.nodata is not None:
            said.append(f"value {self.nodata:g}, as you said")
        return ", ".join(said)

    def notes(self, unit: Unit) -> Iterator[str]:
        """What a user should know before the picture is made."""
        if unit in (Unit.POWER, Unit.AMPLITUDE, Unit.DN):
            sample = np.concatenate(self._sample)
            if sample.size and (share := float((sample == 0).mean())) > _MANY_ZEROS:
                yield f"{share:.0%} of a sample is exactly 0, unlike backscatter; if it is no data, say --nodata 0"
        if self.package and self.package.beside:
            yield f"no backscatter, left out: {', '.join(self.package.beside)}"
        if self.grid.crs_wkt is None and self.control is None:
            yield "no CRS: the picture will have none either"
        if self.grid.transform is not None and (self.grid.transform.b or self.grid.transform.d):
            yield "rotated grid: kept as it is"


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
        detail = re.sub(r"(https?://[^\s?]*)\?\S*", r"\1", str(error).strip().splitlines()[-1].rstrip("."))
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
