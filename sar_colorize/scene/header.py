"""What an open raster file says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from ..errors import SceneError
from ..raster import Grid, Unit
from .control import GroundControl
from .date import find_date
from .facts import Facts
from .gdal import alpha_bands, is_scaled, is_usable, read_valid
from .layouts import SNAP, recognise
from .scene import sample_step, sample_windows
from .snap import SnapBand, read_bands

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

    from .package import Package

_MANY_ZEROS = 0.01


@dataclass
class Header:
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
        """Its size, transform and CRS; no transform where it is the identity without a CRS."""
        transform: Affine | None = self.dataset.transform
        if transform == Affine.identity() and not self.dataset.crs:
            transform = None
        if transform is not None and not is_usable(transform):
            raise SceneError(
                f"georeference must be finite and span an area, got the transform {tuple(transform)[:6]} in "
                f"{self.source}; mend it, for example with gdal_edit.py -a_ullr"
            )
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
        windows = list(sample_windows(self.grid, self.dataset.block_shapes[0]))
        step = sample_step(windows)
        for window in windows:
            values, valid = read_valid(self.dataset, tuple(self.radar_bands), window, self.invalid)
            for part, band in zip(parts, values, strict=True):
                part.append(np.ascontiguousarray(band[valid][::step]))
        return [np.concatenate(part) for part in parts]

    @cached_property
    def _snap(self) -> tuple[SnapBand, ...]:
        """What SNAP says of the bands, where GDAL knows no names."""
        return () if any(self.dataset.descriptions) else read_bands(self.source, self.dataset.count)

    @cached_property
    def facts(self) -> Facts:
        """What `declare` concludes from."""
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
        """What its layout, and its tags, tell of the acquisition."""
        layout = self.facts.layout
        taken = find_date(self.facts.tags, "")
        about = {} if taken is None else {"time": str(taken)}
        return about | ({"layout": layout.name, **layout.about} if layout else {})

    @cached_property
    def _published(self) -> tuple[float, ...]:
        """Values that SNAP or the layout mean as no data."""
        layout = self.facts.layout
        values = (layout.nodata if layout else ()) + tuple(
            band.nodata for band in self._snap if band.nodata is not None
        )
        return tuple(sorted({value for value in values if not np.isnan(value)}))

    @property
    def invalid(self) -> tuple[float, ...]:
        """Values that are invalid besides what GDAL masks."""
        return self._published if self.nodata is None else (*self._published, self.nodata)

    @property
    def validity(self) -> str:
        """Every way in which the file, and the caller, say what is invalid."""
        flags = {flag.name for index in self.radar_bands for flag in self.dataset.mask_flag_enums[index - 1]}
        ways = ["not finite"]
        if "nodata" in flags:
            ways.append(f"nodata value {self.dataset.nodata:g}")
        if "per_dataset" in flags and "alpha" not in flags:
            ways.append("mask band")
        if alpha_bands(self.dataset):
            ways.append("alpha band")
        published = [value for value in self._published if value != self.dataset.nodata]
        if published:
            listed = " or ".join(f"{value:g}" for value in published)
            ways.append(f"value {listed}, as in {self.facts.layout.name if self.facts.layout else SNAP}")
        if self.nodata is not None:
            ways.append(f"value {self.nodata:g} given by the user")
        return ", ".join(ways)

    def notes(self, unit: Unit) -> Iterator[str]:
        """What a user should know before the picture is made."""
        if unit in (Unit.POWER, Unit.AMPLITUDE, Unit.DN):
            sample = np.concatenate(self._sample)
            if sample.size and (share := float((sample == 0).mean())) > _MANY_ZEROS:
                yield f"{share:.0%} of a sample is exactly 0, unlike backscatter; if it is no data, set `nodata` to 0"
        if self.package and self.package.beside:
            yield f"no backscatter, left out: {', '.join(self.package.beside)}"
        if self.grid.crs_wkt is None and self.control is None:
            yield "no CRS: the picture will have none either"
        if self.grid.transform is not None and (self.grid.transform.b or self.grid.transform.d):
            yield "rotated grid: kept as it is"
