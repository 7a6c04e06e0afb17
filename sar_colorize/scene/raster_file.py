"""A GeoTIFF, a COG, or a raster of another format in `gdal.FORMATS`, as a lazy scene."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..credentials import name_without_credentials
from ..errors import SceneError, UnreadableError
from ..raster import Raster, Window
from .declare import declare
from .gdal import Handles, OneHandle, alpha_bands, handles_for, open_quietly, read_valid, readable_by_gdal
from .header import Header
from .members import members_of_zip
from .names import is_local
from .package import find_package, to_vrt
from .scene import Scene
from .sidecars import check_sidecars, check_sidecars_in_zip
from .vrt import is_vrt, own_vrt

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

RASTER_SUFFIXES = (".tif", ".tiff", ".img", ".jp2", ".png")
"""Members of a zip that are taken for rasters."""
MOST_BANDS = 256
"""A sample of all bands is held in memory."""


@dataclass(frozen=True)
class GeoTiffScene(Scene):
    """A raster file read by windows through GDAL."""

    nodata: tuple[float, ...] = ()
    """Values that are invalid, from the caller or a published layout; the file's own masks count besides."""
    location: str = field(default="", repr=False)
    """What GDAL opens, where that is not the source itself."""
    alone: bool = field(default=False, repr=False)
    """Whether files beside it are left alone: those on servers and in archives that nobody checked."""
    _handles: Handles | OneHandle = field(default_factory=Handles, repr=False, compare=False)

    @property
    def reads_in_threads(self) -> bool:
        """A file on this machine; a server is not asked several things at once, and zips are read in order."""
        return is_local(self.location or self.source)

    def _read_inside(self, window: Window) -> Raster:
        with self._handles.lock, readable_by_gdal(self.source):
            if self._handles.dataset is None:
                self._handles.dataset = open_quietly(self.location or self.source, alone=self.alone)
            values, valid = read_valid(self._handles.dataset, self.declaration.indexes, window, self.nodata)
        return Raster(values, valid, self.bands, self.unit)


def open_raster(
    source: str, *, unit: str = "auto", polarization: str | None = None, nodata: float | None = None
) -> GeoTiffScene:
    """A raster file as a scene; reads its header and, where nothing names its unit, a small sample.

    Args:
        source: a path, a URL, or a name of GDAL's (`/vsizip/...`, `/vsis3/...`, `https://...`). A zip that holds one
            raster is opened in place; a folder or zip with one file for each polarisation is one scene.
        unit, polarization: see `declare`.
        nodata: a value that is invalid besides what the file says.

    Raises:
        UnreadableError: missing, empty, truncated, not a raster.
        SceneError: complex, paletted, or already a colour picture.
        UnitError: see `declare`.
    """
    package = find_package(source)
    with readable_by_gdal(name_without_credentials(source)):
        location, alone = (to_vrt(package, source), False) if package else _locate(source)
    shown = name_without_credentials(source if package or is_vrt(source) else location)
    with readable_by_gdal(shown), open_quietly(location, alone=alone) as dataset:
        _refuse_what_is_no_radar(dataset, shown)
        header = Header(dataset, shown, nodata, package)
        declaration = declare(header.facts, unit, polarization)
        notes, validity, control = tuple(header.notes(declaration.unit)), header.validity, header.control
        grid = header.grid
        block_shape = dataset.block_shapes[header.radar_bands[declaration.indexes[0]] - 1]
        indexes = tuple(header.radar_bands[i] for i in declaration.indexes)
    return GeoTiffScene(
        shown, grid, replace(declaration, indexes=indexes), block_shape, validity, notes, header.about, control,
        nodata=header.invalid, location=location if location != shown else "", alone=alone,
        _handles=handles_for(block_shape),
    )  # fmt: skip


def _locate(source: str) -> tuple[str, bool]:
    """The name under which GDAL opens `source`, and whether files beside it are left alone; looks into a plain zip.

    Raises:
        UnreadableError: a local path that is missing, a folder, empty, or a zip without exactly one raster.
    """
    if not is_local(source):
        return source, True
    path = Path(source)
    if not path.exists():
        raise UnreadableError(f"input must be an existing raster, got {source}, which does not exist; check the path")
    if path.is_dir():
        raise UnreadableError(f"input must be a raster file, got the folder {source}; name one file in it")
    if path.stat().st_size == 0:
        raise UnreadableError(f"input must be a raster, got {source}, which is empty (0 bytes); copy it again")
    if is_vrt(source):
        return own_vrt(source), False
    if path.suffix.lower() != ".zip":
        check_sidecars(path)
        return source, False
    names = members_of_zip(path)
    rasters = [name for name in names if name.lower().endswith(RASTER_SUFFIXES)]
    if len(rasters) != 1:
        listed = ", ".join(rasters[:4]) or "none"
        raise UnreadableError(
            f"input zip must hold one raster, got {len(rasters)} in {source} ({listed}); "
            f"name one as /vsizip/{source}/MEMBER"
        )
    check_sidecars_in_zip(path, rasters[0], names)
    return f"/vsizip/{path.resolve().as_posix()}/{rasters[0]}", False


def _refuse_what_is_no_radar(dataset: DatasetReader, source: str) -> None:
    """One sentence for each kind of raster that cannot be radar intensity."""
    if dataset.count == 0:
        raise SceneError(f"input must hold raster bands, got none in {source}; name one of its subdatasets")
    if dataset.count > MOST_BANDS:
        raise SceneError(
            f"input must have at most {MOST_BANDS} bands, got {dataset.count} in {source}; choose some with "
            "gdal_translate -b"
        )
    if len(alpha_bands(dataset)) == dataset.count:
        raise SceneError(f"input must hold measurements, got only opacity (alpha bands) in {source}; give another file")
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
