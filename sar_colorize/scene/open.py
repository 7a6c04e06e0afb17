"""`open_scene`: anything that is radar, on disk or in memory, as a lazy scene."""

from __future__ import annotations

import logging
import os
import sys
from numbers import Real
from typing import TYPE_CHECKING, Any, TypedDict, cast

from ..credentials import name_without_credentials
from ..errors import SarColorizeError, SceneError, SettingError, UnitError, UnreadableError
from .declare import check_unit
from .gdal import one_line
from .geocode import geocode
from .map_grid import MapGrid
from .names import check_name, is_local
from .safe import QUANTITIES, is_product, open_product
from .scene import Scene

if TYPE_CHECKING:
    import xarray

GRIDS = ("map", "radar")
_log = logging.getLogger("sar_colorize")


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


# long: half of it is the manual of its keywords
def open_scene(
    source: str | os.PathLike[str] | xarray.DataArray | Scene,
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

    What is set but cannot apply to the source is refused.

    Args:
        source: a path, a name for GDAL (`/vsizip/`, `/vsis3/`, `https://`), a SAFE product (its folder, its zip,
            its manifest, one of its measurements), an xarray DataArray, or a Scene.
        unit: "auto", or "dn", "amplitude", "power", "db", "display" to overrule what is found. Not of a Scene.
        polarization: the one band to use; also names a single band that has no name.
        nodata: a value that is invalid besides what the source says. Not of a product or a Scene.
        grid: "map" draws what has ground control points on a map; "radar" keeps the radar's own grid.
        crs: of that map; UTM of the scene where None.
        resolution: of that map, in units of its CRS; the radar's own spacing where None.
        calibration: of a product: "sigma0" (where None), "beta0" or "gamma0".
        remove_noise: of a product: whether thermal noise is subtracted (where None, it is).

    Raises:
        UnreadableError: the source is missing, empty, truncated or not a raster.
        SceneError: it is no radar intensity.
        UnitError: its unit or polarisation is not known, or not the one that is asked for.
        SettingError: a setting is out of its range, or does not apply to the source.
    """
    _check_types(unit=(unit, str), polarization=(polarization, str), nodata=(nodata, Real), grid=(grid, str),
                 crs=(crs, str), resolution=(resolution, Real), calibration=(calibration, str))  # fmt: skip
    check_unit(unit)
    if grid not in GRIDS:
        raise SettingError(f"grid must be one of {', '.join(GRIDS)}, got {grid!r}; map is usual")
    if calibration is not None and calibration not in QUANTITIES:
        raise SettingError(f"calibration must be one of {', '.join(QUANTITIES)}, got {calibration!r}; sigma0 is usual")
    wanted = MapGrid(crs, resolution)
    product_only = {"calibration": calibration, "remove_noise": remove_noise}
    if isinstance(source, Scene):
        refused = product_only | {"nodata": nodata, "unit": None if unit in ("auto", source.unit) else unit}
        _refuse(refused, "an open scene", "set it where the scene is opened")
        scene = source.select(polarization.upper()) if polarization else source
    elif not isinstance(source, (str, os.PathLike)):
        from .array_scene import from_xarray

        _refuse(product_only, "a DataArray", "only a SAFE product has it")
        scene = from_xarray(_data_array(source), unit=unit, polarization=polarization, nodata=nodata)
    else:
        scene = _open_path(os.fsdecode(source), unit, polarization, nodata, product_only)
    scene = _on_grid(scene, grid, wanted)
    _log.info(
        "opened: %s, %d x %d px, %s, %s (%s)",
        scene.source, scene.grid.width, scene.grid.height, "+".join(scene.bands), scene.unit,
        scene.declaration.unit_reason,
    )  # fmt: skip
    return scene


def _open_path(
    source: str, unit: str, polarization: str | None, nodata: float | None, product_only: dict[str, Any]
) -> Scene:
    """A product or a raster, by its path or its name for GDAL.

    Raises:
        SarColorizeError: see `open_scene`.
    """
    check_name(source)
    try:
        if is_local(source) and is_product(source):
            if unit not in ("auto", "power"):
                raise UnitError(f"unit must be auto for a Sentinel-1 product, got {unit}; it is calibrated to power")
            _refuse({"nodata": nodata}, "a Sentinel-1 product", "its digital number 0 is no data")
            return open_product(
                source,
                polarization=polarization,
                calibration=product_only["calibration"] or "sigma0",
                remove_noise=product_only["remove_noise"] is not False,
            )
        from .raster_file import open_raster

        shown = name_without_credentials(source)
        _refuse(product_only, f"the raster {shown}", "only a SAFE product has it")
        return open_raster(source, unit=unit, polarization=polarization, nodata=nodata)
    except OSError as error:
        if isinstance(error, SarColorizeError):
            raise
        shown = name_without_credentials(source)
        raise UnreadableError(f"input must be readable, got {shown} ({one_line(error)}); check the path") from error


def _check_types(**given: tuple[Any, type]) -> None:
    """Refuses values of another type than text or a number; None is a value that was left out.

    Raises:
        SettingError: one is not of its type.
    """
    for name, (value, kind) in given.items():
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            words = "text" if kind is str else "a number"
            raise SettingError(f"{name} must be {words}, got {type(value).__name__}; leave it out for the usual one")


def _on_grid(scene: Scene, grid: str, wanted: MapGrid) -> Scene:
    """The scene on the map that is asked for, or on its own grid.

    Raises:
        SettingError: a map or the radar's grid is asked for that the scene cannot have.
    """
    if scene.control is not None and grid == "map":
        return geocode(scene, scene.control, wanted)
    if wanted != MapGrid():
        why = "grid radar keeps the radar's" if scene.control is not None else "it has a grid of its own"
        raise SettingError(
            f"crs and resolution must be left out for {scene.source}, because {why}; warp the picture with gdalwarp"
        )
    if grid == "radar" and scene.control is None and scene.grid.transform is not None:
        raise SettingError(f"grid must be map for {scene.source}, which lies on a map already, got radar; leave it out")
    return scene


def _refuse(settings: dict[str, Any], source: str, instead: str) -> None:
    """Refuses those that are set.

    Raises:
        SettingError: one is not None.
    """
    for name, value in settings.items():
        if value is not None:
            raise SettingError(f"{name} must be left out for {source}, got {value}; {instead}")


def _data_array(source: Any) -> xarray.DataArray:
    """The source, if it is a DataArray.

    Raises:
        SceneError: it is not.
    """
    known = sys.modules.get("xarray")  # whoever has a DataArray has imported it
    if known is not None and isinstance(source, known.DataArray):
        return cast("xarray.DataArray", source)
    raise SceneError(
        f"source must be a path, an xarray DataArray or an open scene, got {type(source).__module__}."
        f"{type(source).__qualname__}; wrap values as xarray.DataArray(values, dims=('band', 'y', 'x'))"
    )
