"""`info`: what a scene is, and why we think so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..colorizer import RGB
from ..raster import Grid
from ..scene import Scene
from ..scene.gdal import bounded_gdal
from .keywords import verb
from .output import PathLike
from .radar_source import check_offline, open_input

if TYPE_CHECKING:
    import xarray


@verb()
def info(  # long: the public signature spells out every keyword, and its docstring documents each
    source: PathLike | xarray.DataArray | Scene,
    *,
    unit: str = "auto",
    polarization: str | None = None,
    nodata: float | None = None,
    grid: str = "map",
    crs: str | None = None,
    resolution: float | None = None,
    calibration: str | None = None,
    remove_noise: bool | None = None,
    offline: bool = False,
) -> dict[str, Any]:
    """What a scene is and why we think so: bands, unit, scale, grid, validity of a sample; plain values, for JSON.

    Of a picture that `colorize` wrote: source, width, height, bands, crs, transform, notice (one sentence), facts
    (names and values) and legend (kind, share and colour of what its hues stand for).

    Input:
        source: A path, a URL, a GDAL name, a Sentinel-1 product, an xarray DataArray, or a Scene. Also the name of a
            Sentinel-1 product, or the address of its STAC item or manifest.safe, of which a sample is fetched.
        unit: What the values measure: auto, dn, amplitude, power, db or display; auto finds it and says why.
        polarization: The band to use; also names a single band that has no name.
        nodata: A value that is invalid besides what the file says.
        offline: Ask no server; an input on one is refused.

    Map:
        grid: "map" draws what has ground control points on a map, "radar" keeps the radar's own grid.
        crs: Of that map, such as EPSG:3857; None for UTM of the scene.
        resolution: Of that map, in units of its CRS; None for the radar's own spacing.
        calibration: What a SAFE product is calibrated to: sigma0 (where None), beta0 or gamma0.
        remove_noise: Whether thermal noise is removed from a SAFE product; None removes it.

    Raises:
        SarColorizeError: One sentence that says what to do.
    """
    check_offline(offline, source)
    if (picture := _picture(source)) is not None:
        return picture
    with bounded_gdal(), open_input(
        source, unit=unit, polarization=polarization, nodata=nodata, grid=grid, crs=crs, resolution=resolution,
        calibration=calibration, remove_noise=remove_noise,
    ) as opened:  # fmt: skip
        scene = opened.scene
        samples = list(scene.samples())
        valid = [float(raster.valid.mean()) for raster in samples]
        declared = scene.declaration
        levels = {}
        for index, band in enumerate(scene.bands):
            values = np.concatenate([raster.values[index][raster.valid] for raster in samples])
            if values.size:
                low, middle, high = np.percentile(values, (1, 50, 99))
                levels[band] = {"p1": float(low), "median": float(middle), "p99": float(high)}
        return {
            "source": scene.source,
            "width": scene.grid.width,
            "height": scene.grid.height,
            "bands": list(scene.bands),
            "bands_reason": declared.bands_reason,
            "unit": str(declared.unit),
            "unit_reason": declared.unit_reason,
            "absolute_scale": declared.absolute,
            "scale_reason": declared.scale_reason,
            "crs": _crs_name(scene.grid),
            "transform": list(scene.grid.transform)[:6] if scene.grid.transform else None,
            "block_shape": list(scene.block_shape),
            "invalid_where": scene.validity,
            "sampled_valid_fraction": round(float(np.mean(valid)), 4) if valid else 0.0,
            "sampled_levels": levels,
            "about": dict(scene.about) | scene.sampled_facts(),
            "notes": [*scene.notes, *opened.notes],
        }


def _picture(source: object) -> dict[str, Any] | None:
    """What the tags of a picture that `colorize` wrote say of it; None of anything else."""
    if not isinstance(source, str | os.PathLike) or not os.path.isfile(source):  # noqa: PTH113  # Path's may raise
        return None
    import rasterio

    from ..viewer.facts import facts_of

    try:
        with bounded_gdal(), rasterio.open(source) as dataset:
            if "SAR_COLORIZE_NOTICE" not in dataset.tags() or dataset.count < len(RGB):
                return None
            facts, epsg = facts_of(dataset.tags()), dataset.crs.to_epsg() if dataset.crs else None
            return {
                "source": os.fspath(source),
                "width": dataset.width,
                "height": dataset.height,
                "bands": list(RGB),
                "crs": f"EPSG:{epsg}" if epsg else dataset.crs.to_wkt() if dataset.crs else None,
                "transform": list(dataset.transform)[:6] if dataset.crs else None,
                "notice": facts.notice,
                "facts": dict(facts.rows),
                "legend": [{"kind": kind, "share": share, "colour": colour} for kind, share, colour in facts.legend],
            }
    except rasterio.errors.RasterioIOError:  # products and formats of our own, and files that the reader explains
        return None


def about(scene: Scene) -> dict[str, str]:
    """What a scene says of itself, as tags of what is made from it."""
    return {f"SAR_COLORIZE_{name.upper()}": text for name, text in scene.about.items()}


def _crs_name(grid: Grid) -> str | None:
    """EPSG:n where the CRS has one, else its WKT."""
    if grid.crs_wkt is None:
        return None
    from rasterio.crs import CRS

    epsg = CRS.from_wkt(grid.crs_wkt).to_epsg()
    return f"EPSG:{epsg}" if epsg else grid.crs_wkt
