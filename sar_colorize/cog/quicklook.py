"""A small picture of a raster that was written, for a viewer of pictures, a mail or a page."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..backscatter import to_db
from ..errors import OutputError
from ..raster import Bool, Float32, Unit
from .beside import Beside
from .messages import cannot_write, gdal_errors
from .writer import CogWriter

MOST_PX = 2048
"""The longest side of a quicklook; a larger raster is reduced, a smaller one keeps its size."""
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
"""Format by suffix."""
_QUALITY = 85
_PAPER = 255
_STRETCH = (2.0, 98.0)
_NOMINAL_DB = (-25.0, 0.0)


class Quicklook(Beside):
    """A PNG, JPEG or WebP of what a `CogWriter` made.

    It lies as the raster does, north up where the raster is, at most MOST_PX a side, read from the overviews of the
    finished file. A picture keeps its colours. Of radar values the first band is shown, its decibels from black to
    white between the 2nd and the 98th percentile of the valid pixels. Invalid pixels are transparent, white in JPEG.

    Raises:
        OutputError: as `CogWriter`; also a suffix of another format.
    """

    def __init__(
        self, path: str | os.PathLike[str], of: CogWriter, *, unit: Unit = Unit.DISPLAY, overwrite: bool = False
    ) -> None:
        check_suffix(Path(path))
        super().__init__(path, overwrite=overwrite)
        self.of, self.unit = of, unit

    def finish(self) -> None:
        """Draws the picture into the hidden folder, from the file that its writer has finished."""
        from PIL import Image

        rgb, valid = small_picture(self.of.hidden.path / "cog.tif", self.unit, of=self.of.path)
        pixels = np.ascontiguousarray(np.where(valid, rgb, np.uint8(_PAPER)).transpose(1, 2, 0))
        kind = FORMATS[self.path.suffix.lower()]
        if kind != "JPEG":
            pixels = np.dstack([pixels, np.where(valid, np.uint8(255), np.uint8(0))])
        try:
            Image.fromarray(pixels).save(self.hidden.path / "cog.tif", kind, quality=_QUALITY)
        except OSError as error:
            raise cannot_write(self.path, error.strerror or str(error)) from error


def check_suffix(path: Path) -> None:
    """Refuses a name that says no format of a quicklook.

    Raises:
        OutputError: its suffix is none of FORMATS.
    """
    if path.suffix.lower() not in FORMATS:
        names = ", ".join(FORMATS)
        raise OutputError(f"quicklook must end in {names}, got {path}; try {path.with_suffix('.png').name}")


def reduced_shape(height: int, width: int, most_px: int = MOST_PX) -> tuple[int, int]:
    """Height and width of a raster whose longest side is at most `most_px`; never enlarged, at least one pixel."""
    share = min(1.0, most_px / max(height, width, 1))
    return max(1, round(height * share)), max(1, round(width * share))


def small_picture(
    path: Path, unit: Unit, *, of: Path | None = None, most_px: int = MOST_PX
) -> tuple[NDArray[np.uint8], Bool]:
    """Codes (3, h, w) and validity (h, w) of a finished raster, read from its overviews.

    Args:
        path: a picture of 8 bits, or radar values. unit: of the latter. of: what the raster will be called, for
            messages. most_px: of the longest side.

    Raises:
        OutputError: the file is damaged or gone.
    """
    values, valid = _reduced(path, of or path, most_px)
    if len(values) >= 3 and values.dtype == np.uint8:
        codes: NDArray[np.uint8] = values[:3].astype(np.uint8)
        return codes, valid
    return _grey(values[0], valid, unit), valid


def _reduced(path: Path, output: Path, most_px: int) -> tuple[NDArray[np.uint8] | Float32, Bool]:
    """Values (C, h, w) and validity (h, w) of a finished raster, at most `most_px` a side."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings(), gdal_errors(output), rasterio.open(path) as dataset:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        shape = reduced_shape(dataset.height, dataset.width, most_px)
        values = dataset.read(out_shape=(dataset.count, *shape), resampling=Resampling.average)
        valid: Bool = dataset.dataset_mask(out_shape=shape) > 0
    if values.dtype != np.uint8:
        valid &= np.isfinite(values).all(axis=0)
    return values, valid


def _grey(values: NDArray[np.uint8] | Float32, valid: Bool, unit: Unit) -> NDArray[np.uint8]:
    """Codes (1, h, w) of radar values (h, w); repeated where a picture has three bands."""
    db: Float32 = to_db(np.where(valid, values, np.float32(1.0)).astype(np.float32), unit, _NOMINAL_DB)
    low, high = np.percentile(db[valid], _STRETCH) if valid.any() else _NOMINAL_DB
    scaled = (db - low) / max(float(high - low), 0.1)
    grey: NDArray[np.uint8] = np.rint(np.clip(scaled, 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.repeat(grey[None], 3, axis=0)
