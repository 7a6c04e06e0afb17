"""Any optical raster as sRGB, thinned or on a grid: an 8-bit or 16-bit picture, or reflectance 0..1 or 0..10000."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..color import render_reflectance, srgb_to_lab
from ..credentials import name_without_credentials
from ..errors import SettingError, UnreadableError
from ..raster import Bool, Float32, Grid
from ..scene.gdal import is_usable, open_quietly, readable_by_gdal
from ..scene.names import check_name, is_local
from ..scene.sidecars import check_sidecars
from ..scene.vrt import is_vrt, own_vrt
from .array_picture import ArrayPicture
from .clouds import ground
from .offset import NO_OFFSET, Offset, claimed_offset, find_offset, own_offset_dn

PictureSource = str | ArrayPicture
"""A path or a name of GDAL's, or an array."""
PICTURE_8, PICTURE_16 = "an 8-bit picture as it is", "a 16-bit picture as it is"
REFLECTANCE, REFLECTANCE_E4 = "reflectance 0..1", "reflectance 0..10000"
MOST_PX = 1024
"""Side to which a large raster is thinned: pixels are left out, not averaged, so that the spread stays."""
MOST_PIXELS = 4e12
"""Of a raster; a mosaic of the whole Earth at 10 m has 2e12 on land and sea."""
NATURAL = {3: (0, 1, 2), 4: (0, 1, 2), 10: (2, 1, 0), 12: (3, 2, 1), 13: (3, 2, 1)}
"""Where red, green and blue stand by the number of bands: pictures, BigEarthNet's ten, L2A's 12, L1C's 13."""
_NAMES = (("red", "b04", "b4"), ("green", "b03", "b3"), ("blue", "b02", "b2"))
_EDGE_PX = 2
"""Pixels beside nodata and clouds, which resampling may have mixed with them, say nothing of the offset."""


@dataclass(frozen=True)
class Picture:
    """How the numbers of an optical raster become sRGB; from all of it, so that each window is read alike."""

    source: PictureSource
    """A path, a name of GDAL's, or an array."""
    bands: tuple[int, int, int]
    """Red, green and blue, from 1."""
    bands_by: str
    """How these are known, in words."""
    kind: str
    """What the numbers are: PICTURE_8, PICTURE_16, REFLECTANCE or REFLECTANCE_E4."""
    scale: float = 1.0
    scale_offset: float = 0.0
    """The raster's own, number = DN x scale + scale_offset; 1 and 0 where `kind` says as much."""
    offset: Offset = NO_OFFSET
    """Sentinel-2's, see `reference.offset`."""

    @property
    def words(self) -> str:
        """What the numbers were taken for, for the user."""
        return ", ".join(filter(None, (self.kind, self.bands_by, self.offset.note)))

    def rgb(self, values: NDArray[Any]) -> Float32:
        """The sRGB (3, H, W) in 0..1 of the raster's digital numbers (3, H, W)."""
        numbers: Float32 = np.nan_to_num(values.astype(np.float32))
        if self.kind == PICTURE_8:
            return numbers / np.float32(255.0)
        if (self.scale, self.scale_offset) != (1.0, 0.0):
            numbers = numbers * np.float32(self.scale) + np.float32(self.scale_offset)
        rendered: Float32
        if self.kind == PICTURE_16:
            rendered = np.clip(numbers / np.float32(65535.0), 0.0, 1.0)
        elif self.kind == REFLECTANCE:
            rendered = render_reflectance(numbers + np.float32(self.offset.dn / 10000.0))
        else:
            rendered = render_reflectance((numbers + np.float32(self.offset.dn)) / np.float32(10000.0))
        return rendered

    def thinned(self, source: Any, window: Any) -> tuple[Float32, Bool]:
        """The sRGB (3, H, W) in 0..1 of a window, at most MOST_PX a side, and where it holds values."""
        values, seen = _thinned(source, list(self.bands), window)
        return self.rgb(values), seen

    def on(self, grid: Grid) -> tuple[Float32, Bool]:
        """The sRGB (3, H, W) in 0..1 on a grid with a CRS and a transform, and where it holds values; bilinear."""
        from rasterio.enums import ColorInterp, Resampling
        from rasterio.vrt import WarpedVRT

        assert isinstance(self.source, str)
        with open_picture(self.source) as source:
            has_mask = source.nodata is not None or ColorInterp.alpha in source.colorinterp
            options = {"crs": grid.crs_wkt, "transform": grid.transform, "height": grid.height, "width": grid.width}
            with WarpedVRT(source, **options, resampling=Resampling.bilinear, add_alpha=not has_mask) as warped:
                values, seen = warped.read(list(self.bands)), warped.dataset_mask() > 0
        return self.rgb(values), seen


def reference_on(path: str, grid: Grid) -> tuple[Float32, Bool]:
    """CIE Lab (3, H, W) of an optical raster on a grid with a CRS and a transform, and where it shows ground."""
    rgb, seen = look_at(path).on(grid)
    lab: Float32 = srgb_to_lab(rgb)
    return lab, ground(rgb * np.float32(255.0), seen)


def name_of(source: PictureSource) -> str:
    """What a picture is called in messages and tags."""
    return name_without_credentials(source) if isinstance(source, str) else source.name


def look_at(source: PictureSource, what: str = "reference") -> Picture:
    """How to read an optical raster, from a thinned look at all of it.

    Args:
        source: a raster of a format in `scene.gdal` with red, green and blue, or an array.
        what: the setting that named it, for messages.

    Raises:
        SettingError: no such raster, its bands are not known, or it holds nothing but nodata.
    """
    if not isinstance(source, str):
        return _look(source, what)
    check_name(source, what, SettingError)
    local = is_local(source)
    if local and not Path(source).exists():
        allowed = "auto, none or an optical raster" if what == "palette" else "an optical raster"
        raise SettingError(f"{what} must be {allowed}, got {source}, which does not exist; correct the path")
    return _looked_at(source, what, Path(source).stat().st_mtime_ns if local else 0)


@contextmanager
def open_picture(source: PictureSource, what: str = "reference") -> Iterator[Any]:
    """An optical raster from a user, open in rasterio; what goes wrong with it while it is used is one sentence.

    As scenes are, it is of a few formats that hold their own pixels; see `scene.gdal` and `scene.vrt`.

    Args:
        source: path of a file, a name of GDAL's, or an array.
        what: the setting that named it, for messages.

    Raises:
        SettingError: it cannot be read.
    """
    with readable_by_gdal(name_of(source), what, SettingError):
        dataset = opened_picture(source, what)
        if not isinstance(source, str):
            yield dataset
            return
        with dataset:
            yield dataset


def opened_picture(source: PictureSource, what: str = "reference", overview: int | None = None) -> Any:
    """The same without an end: the caller closes it, and uses it inside `readable_by_gdal`.

    Args:
        overview: number of the overview to be read in place of the raster, from 0.
    """
    if not isinstance(source, str):
        dataset: Any = source
    else:
        try:
            if is_local(source) and Path(source).exists() and not Path(source).is_file():
                raise UnreadableError(
                    f"input must be a file, got {name_of(source)}, a folder, a device or a pipe; name a raster"
                )
            location = own_vrt(source) if is_vrt(source) else source
            if is_local(location):
                check_sidecars(Path(source))
            dataset = open_quietly(location, alone=not is_local(source), overview=overview)
        except UnreadableError as error:
            raise SettingError(f"{what} cannot be used: {error}") from error
    if not is_usable(dataset.transform):
        transform = tuple(dataset.transform)[:6]
        if isinstance(source, str):
            dataset.close()
        raise SettingError(
            f"{what} must have a georeference that is finite and spans an area, or none, got {transform} in "
            f"{name_of(source)}; mend it, for example with gdal_edit.py -a_ullr"
        )
    return dataset


@lru_cache(maxsize=64)
def _looked_at(path: str, what: str, changed_ns: int) -> Picture:  # noqa: ARG001  # the time is part of the key
    return _look(path, what)


def _look(picture_source: PictureSource, what: str) -> Picture:
    from rasterio.windows import Window

    path = picture_source if isinstance(picture_source, str) else picture_source.name
    with open_picture(picture_source, what) as source:
        bands, bands_by = _natural(source, path, what)
        red_green_blue = (bands[0], bands[1], bands[2])
        if isinstance(picture_source, str) and source.dtypes[bands[0] - 1] == "uint8":
            return Picture(picture_source, red_green_blue, bands_by, PICTURE_8)
        values, seen = _thinned(source, bands, Window(0, 0, source.width, source.height))
        if values.dtype == np.uint8 or getattr(source, "is_8bit", False):
            return Picture(picture_source, red_green_blue, bands_by, PICTURE_8)
        claim = claimed_offset(source, path)
        scale, scale_offset = _own_scale(source)
    seen = seen & np.isfinite(values).all(0)
    if not seen.any():
        raise SettingError(f"{what} must show ground, got only nodata in {path}; choose another picture")
    high = float(np.percentile(values[:, seen], 99)) * scale + scale_offset
    kind = REFLECTANCE if high <= 2.0 else REFLECTANCE_E4 if high <= 20000.0 else PICTURE_16
    picture = Picture(picture_source, red_green_blue, bands_by, kind, scale, scale_offset)
    if kind == PICTURE_16 or (scale, scale_offset) != (1.0, 0.0):
        return picture
    codes = picture.rgb(values) * np.float32(255.0)
    numbers = values * 10000.0 if kind == REFLECTANCE else values
    offset = find_offset(numbers, ground(codes, seen, margin_px=_EDGE_PX), claim)
    return Picture(picture_source, red_green_blue, bands_by, kind, offset=offset)


def _thinned(source: Any, bands: list[int], window: Any) -> tuple[NDArray[Any], Bool]:
    if source.width * source.height > MOST_PIXELS:
        raise SettingError(
            f"an optical raster must hold at most {MOST_PIXELS:.0e} pixels, got {source.width} x {source.height}; cut "
            "out the place with gdal_translate -projwin"
        )
    shape = tuple(min(MOST_PX, max(1, round(side))) for side in (window.height, window.width))
    values = source.read(bands, window=window, out_shape=(3, *shape))
    return values, source.dataset_mask(window=window, out_shape=shape) > 0


def _own_scale(source: Any) -> tuple[float, float]:
    """Scale and offset of the first band; 1 and 0 for Sentinel-2's own, which `find_offset` settles."""
    return (source.scales[0], source.offsets[0]) if own_offset_dn(source) is None else (1.0, 0.0)


def _natural(source: Any, path: str, what: str) -> tuple[list[int], str]:
    """Which bands are red, green and blue, from 1, and how that is known."""
    from rasterio.enums import ColorInterp

    names = [str(name or "").lower() for name in source.descriptions]
    found = [next((i for i, name in enumerate(names, 1) if name in wanted), None) for wanted in _NAMES]
    if None not in found:
        return [int(i) for i in found if i is not None], "bands by name"
    kinds = list(source.colorinterp)
    colours = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
    if all(kind in kinds for kind in colours):
        return [kinds.index(kind) + 1 for kind in colours], "bands by colour"
    count = source.count - (ColorInterp.alpha in kinds)
    if count not in NATURAL:
        raise SettingError(
            f"{what} must have bands named red, green and blue, or {', '.join(map(str, NATURAL))} of them, got "
            f"{source.count} in {path}; name its bands"
        )
    bands = [i + 1 for i in NATURAL[count]]
    return bands, f"red, green, blue taken from bands {bands}"
