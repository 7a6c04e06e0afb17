"""A GeoTIFF, a COG, or any other raster that GDAL opens, as a lazy scene."""

from __future__ import annotations

import threading
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from ..errors import SceneError, UnreadableError
from ..raster import Bool, Grid, Raster, Window
from .ard import recognise, without_query
from .base import Scene, sample_windows
from .control import GroundControl
from .declare import Facts, declare
from .package import Package, find_package, to_vrt
from .snap import SnapBand, read_bands

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

RASTER_SUFFIXES = (".tif", ".tiff", ".vrt", ".img", ".jp2", ".png", ".nc", ".h5")
"""Members of a zip that are taken for rasters."""


class _Handles(threading.local):
    """One open dataset for each thread: GDAL's datasets must not be shared between threads."""

    dataset: DatasetReader | None = None

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return _Handles, ()


@dataclass(frozen=True)
class GeoTiffScene(Scene):
    """A raster file read by windows through GDAL, with one handle for each thread.

    nodata: values that are invalid, from the caller or a published layout; the file's own masks count besides.
    location: what GDAL opens, where that is not the source itself.
    """

    nodata: tuple[float, ...] = ()
    location: str = field(default="", repr=False)
    _handles: _Handles = field(default_factory=_Handles, repr=False, compare=False)

    def _read_inside(self, window: Window) -> Raster:
        with readable_by_gdal(self.source):
            if self._handles.dataset is None:
                self._handles.dataset = open_quietly(self.location or self.source)
            values, valid = _read(self._handles.dataset, self.declaration.indexes, window, self.nodata)
        return Raster(values, valid, self.bands, self.unit)


def open_raster(
    source: str, *, unit: str = "auto", polarization: str | None = None, nodata: float | None = None
) -> GeoTiffScene:
    """A raster file as a scene; reads its header and, where nothing names its unit, a small sample.

    Args:
        source: a path, or anything GDAL opens (`/vsizip/...`, `/vsis3/...`, `https://...`). A zip that holds one
            raster is opened in place; a folder or zip with one file for each polarisation is one scene.
        unit, polarization: see `declare`.
        nodata: a value that is invalid besides what the file says.

    Raises:
        UnreadableError: missing, empty, truncated, not a raster.
        SceneError: complex, paletted, or already a colour picture.
        UnitError: see `declare`.
    """
    package = find_package(source)
    with readable_by_gdal(without_query(source)):
        location = to_vrt(package, source) if package else _locate(source)
    shown = source if package else without_query(location)
    with readable_by_gdal(shown), open_quietly(location) as dataset:
        _refuse_what_is_no_radar(dataset, shown)
        opened = _Opened(dataset, shown, nodata, package)
        declaration = declare(opened.facts, unit, polarization)
        notes, validity, control = tuple(opened.notes()), opened.validity, opened.control
        grid = opened.grid
        block_shape = dataset.block_shapes[opened.radar_bands[declaration.indexes[0]] - 1]
        indexes = tuple(opened.radar_bands[i] for i in declaration.indexes)
    declaration = type(declaration)(**{**declaration.__dict__, "indexes": indexes})
    return GeoTiffScene(
        shown, grid, declaration, block_shape, validity, notes, opened.about, control,
        nodata=opened.invalid, location=location if location != shown else "",
    )  # fmt: skip


@dataclass
class _Opened:
    """An open dataset and what it says of itself."""

    dataset: DatasetReader
    source: str
    nodata: float | None
    package: Package | None = None

    @cached_property
    def radar_bands(self) -> list[int]:
        """Numbers, from 1, of the bands that are not alpha."""
        alpha = _alpha_bands(self.dataset)
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
            values, valid = _read(self.dataset, tuple(self.radar_bands), window, self.invalid)
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
        named_by = "the names of its files" if self.package else "the band descriptions"
        return Facts(
            source=source,
            dtype=self.dataset.dtypes[bands[0]] if not _is_scaled(self.dataset) else "float32",
            descriptions=names,
            units=units,
            tags=self.dataset.tags(),
            sample=lambda: self._sample,
            named_by="SNAP's band names (TIFF tag 65000)" if self._snap else named_by,
            layout=recognise(source, names),
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
        if _alpha_bands(self.dataset):
            said.append("alpha band")
        if self._published and self.facts.layout:
            said.append(f"value {' or '.join(f'{value:g}' for value in self._published)}, as {self.facts.layout.name} does")
        if self.nodata is not None:
            said.append(f"value {self.nodata:g}, as you said")
        return ", ".join(said)

    def notes(self) -> Iterator[str]:
        """What a user should know before the picture is made."""
        if self.package and self.package.beside:
            yield f"{', '.join(self.package.beside)} beside it: no backscatter, left out"
        if self.grid.crs_wkt is None and self.control is None:
            yield "no CRS: the picture will have none either"
        if self.grid.transform is not None and (self.grid.transform.b or self.grid.transform.d):
            yield "rotated grid: kept as it is"


def _locate(source: str) -> str:
    """The name under which GDAL opens `source`; looks into a plain zip.

    Raises:
        UnreadableError: a local path that is missing, a folder, empty, or a zip without exactly one raster.
    """
    if source.startswith("/vsi") or "://" in source:
        return source
    path = Path(source)
    if not path.exists():
        raise UnreadableError(f"input must be an existing raster, got {source}, which does not exist; check the path")
    if path.is_dir():
        raise UnreadableError(f"input must be a raster file, got the folder {source}; name one file in it")
    if path.stat().st_size == 0:
        raise UnreadableError(f"input must be a raster, got {source}, which is empty (0 bytes); copy it again")
    if path.suffix.lower() != ".zip":
        return source
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        raise UnreadableError(f"input must be a whole zip, got {source}, which is damaged; download it again") from None
    rasters = [name for name in names if name.lower().endswith(RASTER_SUFFIXES)]
    if len(rasters) != 1:
        listed = ", ".join(rasters[:4]) or "none"
        raise UnreadableError(
            f"input zip must hold one raster, got {len(rasters)} in {source} ({listed}); "
            f"name one as /vsizip/{source}/MEMBER"
        )
    return f"/vsizip/{path.resolve().as_posix()}/{rasters[0]}"


def _refuse_what_is_no_radar(dataset: DatasetReader, source: str) -> None:
    """One sentence for each kind of raster that cannot be radar intensity."""
    if dataset.count == 0:
        raise SceneError(f"input must hold raster bands, got none in {source}; name one of its subdatasets")
    if any(dtype.startswith("complex") for dtype in dataset.dtypes):
        raise SceneError(
            f"input must be detected intensity, got complex values in {source}; take the GRD product, or write "
            "abs(value)**2 first"
        )
    kinds = {kind.name for kind in dataset.colorinterp}
    if "palette" in kinds:
        raise SceneError(
            f"input must hold measurements, got a paletted picture in {source}; expand it to grey values first"
        )
    if {"red", "green", "blue"} <= kinds:
        raise SceneError(
            f"input must be radar, got a red, green, blue picture in {source}; it is coloured already, or take one "
            "of its bands"
        )


def open_quietly(location: str) -> DatasetReader:
    """Opens without the warning that a raster has no georeference: the scene's notes say it."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(location)


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


def _alpha_bands(dataset: DatasetReader) -> list[int]:
    """Numbers, from 1, of the bands that hold opacity."""
    return [i for i, kind in zip(dataset.indexes, dataset.colorinterp, strict=True) if kind.name == "alpha"]


def _is_scaled(dataset: DatasetReader) -> bool:
    return any(scale != 1.0 for scale in dataset.scales) or any(offset != 0.0 for offset in dataset.offsets)


def _read(
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
    for index in _alpha_bands(dataset):  # GDAL makes no mask of an alpha band of floats
        valid &= dataset.read(index, window=part) != 0
    values = raw.astype(np.float32)
    for position, index in enumerate(indexes):
        scale, offset = dataset.scales[index - 1], dataset.offsets[index - 1]
        if scale != 1.0 or offset != 0.0:
            values[position] = raw[position] * scale + offset
    valid &= np.isfinite(values).all(axis=0)
    return values, valid
