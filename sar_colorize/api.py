"""The composition: paths, arrays and options to results. The only module that knows every other."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from .cog import PROFILES
from .colorizer import RGB, Colorizer, ColorizeSettings, despeckle_block, prepare
from .demo import demo
from .doctor import examine
from .errors import SettingError
from .evaluation.run import INPUTS, evaluate
from .infer import DEVICES, PRECISIONS
from .models.registry import DEFAULT_MODEL, load_card
from .models.registry import names as model_names
from .models.registry import verify as verify_models
from .raster import Grid, Raster, Unit, Window
from .result import Result, describe
from .run.distributed import run_blocks_on
from .run.lazy import lazy_blocks
from .run.local import BlockCount, Progress, run_blocks
from .scene import Scene, open_scene
from .scene.area import Area
from .scene.declare import POLARIZATIONS
from .speckle import FILTER_NAMES, Filter, get_filter
from .speckle.values import despeckle_values
from .target import Box, Target, check_output, extent, open_writer, shifted
from .tiles import blocks
from .training.folders import build_pairs, train, train_options

__all__ = [
    "DEFAULT_MODEL",
    "DEVICES",
    "FILTER_NAMES",
    "INPUTS",
    "POLARIZATIONS",
    "PRECISIONS",
    "PROFILES",
    "Result",
    "Unit",
    "build_pairs",
    "colorize",
    "demo",
    "despeckle",
    "evaluate",
    "examine",
    "info",
    "load_card",
    "model_names",
    "open_scene",
    "train",
    "train_options",
    "verify_models",
]

GDAL_CACHE_BYTES = 256 << 20
"""GDAL's own cache of decoded blocks; its default is a twentieth of the machine, which is not bounded by the block."""


def colorize(
    source: Any,
    output: str | os.PathLike[str] | None = None,
    *,
    unit: str = "auto",
    polarization: str | None = None,
    nodata: float | None = None,
    bbox: Box | None = None,
    bbox_crs: str | None = None,
    aoi: str | None = None,
    confidence: str | None = None,
    profile: str = "deflate",
    creation_options: Mapping[str, str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    scheduler: str | None = None,
    on_progress: Progress | None = None,
    **settings: Any,
) -> Any:
    """A colour picture of a radar scene: path to path, or lazy array to lazy array.

    Args:
        source: a path, anything GDAL opens, an xarray DataArray, or a Scene.
        output: path of the Cloud Optimized GeoTIFF to write; None for a lazy array.
        unit, polarization, nodata: see `open_scene`.
        bbox, bbox_crs, aoi, confidence, profile, creation_options, overwrite: see `Target`.
        dry_run: say what would be done and check that it could be; write nothing.
        scheduler: address of a dask scheduler whose workers paint the blocks; None paints them here.
        on_progress: called with (done, total) blocks.
        settings: see `ColorizeSettings`: model, despeckle, device, tile_px, ...

    Returns:
        With an output, a `Result`. Without one, a DataArray (band, y, x), uint8, bands red, green, blue, alpha
        (255 valid, 0 invalid), dask behind it and rioxarray's CRS on it; nothing is computed yet.

    Raises:
        SarColorizeError: one sentence; nothing is written and an older output is untouched.
    """
    target = Target(bbox, bbox_crs, aoi, confidence, profile, creation_options, overwrite)
    chosen = _settings(settings)
    with _gdal():
        scene = open_scene(source, unit=unit, polarization=polarization, nodata=nodata)
        window, area = extent(scene, target)
        if output is not None:
            check_output(scene, output)
        scene, colorizer = prepare(scene, chosen, area)
        if output is None and not dry_run:
            return lazy_blocks(
                scene.grid, window, chosen.block_px, (*RGB, "alpha"), np.uint8, partial(_rgba, colorizer, scene)
            )
        windows = list(blocks(window, chosen.block_px))
        count, seconds = BlockCount(len(windows), 0), 0.0
        if output is not None:
            writer = open_writer(output, scene.grid.crop(window), target, RGB, "uint8", colorizer.tags(scene))
        if not dry_run:
            started = time.perf_counter()
            with writer:
                write = shifted(writer, window)
                if scheduler is not None:
                    count = run_blocks_on(scheduler, windows, colorizer.block, scene, write, on_progress)
                else:
                    count = run_blocks(windows, partial(colorizer.load, scene), colorizer.paint, write, on_progress)
            seconds = time.perf_counter() - started
        made = None if dry_run or output is None else os.fspath(output)
        return describe(scene, window, colorizer.filter, made, count, seconds, **colorizer.facts())


def despeckle(
    source: Any,
    output: str | os.PathLike[str] | None = None,
    *,
    filter: str = "lee",
    size: int | None = None,
    looks: float | None = None,
    unit: str = "auto",
    polarization: str | None = None,
    nodata: float | None = None,
    bbox: Box | None = None,
    bbox_crs: str | None = None,
    aoi: str | None = None,
    profile: str = "deflate",
    creation_options: Mapping[str, str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    block_px: int = 1024,
    on_progress: Progress | None = None,
) -> Any:
    """Radar values with their speckle filtered, in the unit and bands they came in.

    Args:
        source: a path, a DataArray, a Scene; or a numpy array or torch tensor (H, W) or (C, H, W), NaN where invalid,
            which is linear power unless `unit` says otherwise.
        output: path of a float32 Cloud Optimized GeoTIFF, NaN where invalid; None for an array.
        filter: a name of `speckle.FILTER_NAMES`. size: its window in pixels. looks: equivalent number of looks.
        others: see `colorize`.

    Returns:
        With an output, a `Result`. Without one, the same kind as came in: numpy, torch, or a lazy DataArray.

    Raises:
        SarColorizeError: one sentence; nothing is written.
    """
    chosen = get_filter(filter, size_px=size, looks=looks)
    if isinstance(source, np.ndarray) or type(source).__module__.split(".")[0] == "torch":
        return despeckle_values(source, chosen, unit)
    target = Target(bbox, bbox_crs, aoi, None, profile, creation_options, overwrite)
    with _gdal():
        scene = open_scene(source, unit=unit, polarization=polarization, nodata=nodata)
        window, area = extent(scene, target)
        load = partial(_despeckled, scene, chosen, area)
        windows = list(blocks(window, block_px))
        if dry_run:
            return describe(scene, window, chosen, None, BlockCount(len(windows), 0), 0.0)
        if output is None:
            return lazy_blocks(
                scene.grid, window, block_px, scene.bands, np.float32, lambda w: _with_nan(load(w), scene, w)
            )
        check_output(scene, output)
        started = time.perf_counter()
        with open_writer(
            output, scene.grid.crop(window), target, scene.bands, "float32", _tags(scene, chosen)
        ) as writer:
            count = run_blocks(windows, load, lambda raster: raster, shifted(writer, window), on_progress)
        return describe(scene, window, chosen, os.fspath(output), count, time.perf_counter() - started)


def info(source: Any, *, unit: str = "auto", polarization: str | None = None, nodata: float | None = None) -> dict:
    """What a scene is and why we think so: bands, unit, scale, grid, validity of a sample; plain values, for JSON."""
    with _gdal():
        scene = open_scene(source, unit=unit, polarization=polarization, nodata=nodata)
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
        "notes": list(scene.notes),
    }


def _settings(values: dict[str, Any]) -> ColorizeSettings:
    """Keyword settings, with a sentence for one that does not exist."""
    known = ColorizeSettings.__dataclass_fields__
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise SettingError(f"setting must be one of {', '.join(known)}, got {unknown[0]!r}; check its spelling")
    return ColorizeSettings(**values)


def _tags(scene: Scene, chosen: Filter) -> dict[str, str]:
    """What a despeckled raster says of itself; its unit is found again by `open_scene`."""
    return {
        "UNITS": str(scene.unit) if scene.declaration.absolute else f"{scene.unit}, relative",
        "SAR_COLORIZE_SOURCE": scene.source,
        "SAR_COLORIZE_DESPECKLE": f"{chosen.name}, size {chosen.size_px} px, looks {chosen.looks:g}",
    }


def _despeckled(scene: Scene, chosen: Filter, area: Area | None, window: Window) -> Raster | None:
    """A despeckled window, None where nothing in it is valid."""
    inside = area.inside(window) if area is not None else None
    if inside is not None and not inside.any():
        return None
    raster = despeckle_block(scene, window, chosen)
    if inside is not None:
        raster = Raster(raster.values, raster.valid & inside, raster.bands, raster.unit)
    return raster if raster.valid.any() else None


def _rgba(colorizer: Colorizer, scene: Scene, window: Window) -> np.ndarray:
    """(4, height, width) uint8 of a window, the fourth 255 where valid."""
    raster = colorizer.block(scene, window)
    return np.concatenate([raster.values, np.where(raster.valid, np.uint8(255), np.uint8(0))[None]])


def _with_nan(raster: Raster | None, scene: Scene, window: Window) -> np.ndarray:
    """(C, height, width) float32 of a window, NaN where invalid."""
    if raster is None:
        return np.full((len(scene.bands), *window.shape), np.nan, dtype=np.float32)
    return np.where(raster.valid, raster.values, np.float32(np.nan))


def _crs_name(grid: Grid) -> str | None:
    """EPSG:n where the CRS has one, else its WKT."""
    if grid.crs_wkt is None:
        return None
    from rasterio.crs import CRS

    epsg = CRS.from_wkt(grid.crs_wkt).to_epsg()
    return f"EPSG:{epsg}" if epsg else grid.crs_wkt


def _gdal() -> Any:
    """GDAL with a bounded cache."""
    import rasterio

    return rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES)
