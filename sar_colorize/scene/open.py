"""`open_scene`: anything that is radar, on disk or in memory, as a lazy scene."""

from __future__ import annotations

import os
from typing import Any, TypedDict

from ..errors import SettingError, UnitError
from .geocode import MapGrid, geocode
from .safe import is_product, open_product
from .scene import Scene

GRIDS = ("map", "radar")


class Reading(TypedDict, total=False):
    """How a source is read: the keywords of `open_scene`, which every entry point passes on."""

    unit: str
    polarization: str | None
    nodata: float | None
    grid: str
    crs: str | None
    resolution: float | None
    calibration: str | None
    remove_noise: bool | None


def open_scene(
    source: Any,
    *,
    unit: str = "auto",
    polarization: str | None = None,
    nodata: float | None = None,
    grid: str = "map",
    crs: str | None = None,
    resolution: float | None = None,
    calibration: str | None = None,
    remove_noise: bool | None = None,
) -> Scene:
    """A radar raster or a Sentinel-1 product as a lazy scene.

    Args:
        source: a path, anything GDAL opens (`/vsizip/`, `/vsis3/`, `https://`), a SAFE product (its folder, its zip,
            its manifest, one of its measurements), an xarray DataArray, or a Scene.
        unit: "auto", or "dn", "amplitude", "power", "db", "display" to overrule what is found.
        polarization: the one band to use; also names a single band that has no name.
        nodata: a value that is invalid besides what the source says.
        grid: "map" draws what has ground control points on a map; "radar" keeps the radar's own grid.
        crs, resolution: of that map; UTM of the scene and the radar's own spacing where None.
        calibration, remove_noise: of a product, see `open_product`.

    Raises:
        UnreadableError, SceneError, UnitError, SettingError: one sentence that says what to do.
    """
    if grid not in GRIDS:
        raise SettingError(f"grid must be one of {', '.join(GRIDS)}, got {grid!r}; map is usual")
    wanted = MapGrid(crs, resolution)
    if isinstance(source, Scene):
        scene = source.select(polarization.upper()) if polarization else source
    elif not isinstance(source, (str, os.PathLike)):
        from .xarray import from_xarray

        scene = from_xarray(source, unit=unit, polarization=polarization, nodata=nodata)
    elif _is_local(os.fspath(source)) and is_product(os.fspath(source)):
        if unit not in ("auto", "power"):
            raise UnitError(f"unit must be auto for a Sentinel-1 product, got {unit}; it is calibrated to power")
        scene = open_product(
            os.fspath(source), polarization=polarization, calibration=calibration or "sigma0",
            remove_noise=remove_noise is not False,
        )
    else:
        from .raster_file import open_raster

        scene = open_raster(os.fspath(source), unit=unit, polarization=polarization, nodata=nodata)
    if scene.control is not None and grid == "map":
        return geocode(scene, scene.control, wanted)
    if wanted != MapGrid():
        why = "--grid radar keeps the radar's" if scene.control is not None else "it has a grid of its own"
        raise SettingError(
            f"crs and resolution must be left out for {scene.source}, because {why}; warp the picture with gdalwarp"
        )
    return scene


def _is_local(path: str) -> bool:
    return not path.startswith("/vsi") and "://" not in path
