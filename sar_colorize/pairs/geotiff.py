"""GeoTIFF patches as pictures: radar to display code, reflectance to natural colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..backscatter import db_range_of, to_db
from ..color import to_uint8
from ..errors import DataError, SceneError, UnreadableError
from ..raster import Raster
from ..reference.picture import NATURAL, PICTURE_8, REFLECTANCE_E4, Picture
from ..scene import open_scene
from ..scene.gdal import open_quietly


def read_radar(path: Path, polarization: str) -> NDArray[np.uint8]:
    """Display code (H, W) of one band of a radar GeoTIFF; 0 where invalid.

    Raises:
        DataError: it is no radar raster with that polarisation.
    """
    try:
        scene = open_scene(path)
        scene = scene.select(polarization if polarization in scene.bands else scene.bands[0])
        return display_code(scene.read(scene.grid.window))
    except SceneError as error:
        raise DataError(f"a patch must be a whole radar raster, got {path} ({error}); leave it out") from error


def display_code(raster: Raster, offset_db: float = 0.0) -> NDArray[np.uint8]:
    """Display code (H, W), 1..255 over the decibels of its polarisation, 0 where invalid."""
    low, high = db_range_of(raster.bands[0])
    db = to_db(raster.values[0].astype(np.float32), raster.unit, (low, high)) + np.float32(offset_db)
    code = np.clip(np.rint((db - np.float32(low)) * np.float32(255.0 / (high - low))), 1, 255)
    return np.where(raster.valid, code, 0).astype(np.uint8)


def read_colour(path: Path) -> NDArray[np.uint8]:
    """Natural colour (3, H, W), 0..255, of a GeoTIFF of reflectance x 10000, or of an 8-bit picture as it is.

    Raises:
        DataError: it is no raster, or its bands are not known.
    """
    from rasterio.errors import RasterioError

    try:
        with open_quietly(str(path), alone=True) as source:
            if source.count not in NATURAL:
                raise DataError(
                    f"a colour patch must have {', '.join(map(str, NATURAL))} bands, got {source.count} in {path}; "
                    "leave it out"
                )
            red, green, blue = (band + 1 for band in NATURAL[source.count])
            values = source.read([red, green, blue])
    except (RasterioError, UnreadableError) as error:
        raise DataError(f"a patch must be a whole raster, got {path} ({error}); leave it out") from error
    # One patch shows too little to find an offset of its numbers in; the layouts known have none.
    kind = PICTURE_8 if values.dtype == np.uint8 else REFLECTANCE_E4
    codes: NDArray[np.uint8] = to_uint8(Picture(str(path), (red, green, blue), "", kind).rgb(values))
    return codes
