"""`despeckle`: a radar scene with its speckle filtered."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

import numpy as np

from ..despeckled import despeckle_block, looks_of
from ..errors import SettingError
from ..raster import Raster, Window
from ..run.lazy import lazy_blocks
from ..run.local import BlockCount, Progress, run_blocks
from ..scene import Reading, Scene, open_scene
from ..scene.area import Area
from ..scene.cache import bounded_gdal
from ..speckle import DEFAULT_LOOKS, Filter, get_filter
from ..speckle.values import despeckle_values, looks_of_values
from ..tiles import blocks
from .info import about
from .output import Box, Target, check_output, extent, open_writer, shifted
from .result import describe

AUTO = "auto"


def despeckle(
    source: Any,
    output: str | os.PathLike[str] | None = None,
    *,
    filter: str = "lee",
    size: int | None = None,
    looks: float | str | None = None,
    bbox: Box | None = None,
    bbox_crs: str | None = None,
    aoi: str | None = None,
    profile: str = "deflate",
    creation_options: Mapping[str, str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    block_px: int = 1024,
    on_progress: Progress | None = None,
    **reading: Unpack[Reading],
) -> Any:
    """Radar values with their speckle filtered, in the unit and bands they came in.

    Args:
        source: a path, a DataArray, a Scene; or a numpy array or torch tensor (H, W) or (C, H, W), NaN where invalid,
            which is linear power unless `unit` says otherwise.
        output: path of a float32 Cloud Optimized GeoTIFF, NaN where invalid; None for an array.
        filter: a name of `speckle.FILTER_NAMES`. size: its window in pixels.
        looks: equivalent number of looks; None for that of Sentinel-1 IW GRDH (4.4), "auto" to estimate it once from
            the whole scene (see `speckle.looks`); the result and the tags of the output say which it was.
        reading: see `Reading`; others: see `colorize`.

    Returns:
        With an output, a `Result`. Without one, the same kind as came in: numpy, torch, or a lazy DataArray.

    Raises:
        SarColorizeError: one sentence; nothing is written.
    """
    given = _given(looks)
    chosen = get_filter(filter, size_px=size, looks=given)
    if isinstance(source, np.ndarray) or type(source).__module__.split(".")[0] == "torch":
        unit = reading.get("unit", "auto")
        if looks == AUTO:
            chosen = replace(chosen, looks=looks_of_values(source, unit))
        return despeckle_values(source, chosen, unit)
    target = Target(bbox, bbox_crs, aoi, None, profile, creation_options, overwrite)
    with bounded_gdal():
        scene = open_scene(source, **reading)
        window, area = extent(scene, target)
        if looks == AUTO:
            chosen = replace(chosen, looks=looks_of(scene))
        facts: dict[str, Any] = {"looks": round(chosen.looks, 2), "looks_reason": _reason(looks)}
        load = partial(_despeckled, scene, chosen, area)
        windows = scene.in_reading_order(blocks(window, block_px))
        if dry_run:
            return describe(scene, window, chosen, None, BlockCount(len(windows), 0), 0.0, **facts)
        if output is None:
            return lazy_blocks(
                scene.grid, window, block_px, scene.bands, np.float32, lambda w: _with_nan(load(w), scene, w)
            )
        check_output(scene, output)
        started = time.perf_counter()
        with open_writer(
            output, scene.grid.crop(window), target, scene.bands, "float32", _tags(scene, chosen, _reason(looks))
        ) as writer:
            count = run_blocks(windows, load, lambda raster: raster, shifted(writer, window), on_progress)
        return describe(scene, window, chosen, os.fspath(output), count, time.perf_counter() - started, **facts)


def _given(looks: float | str | None) -> float | None:
    """The looks that a filter is made with before the scene is seen."""
    if isinstance(looks, str) and looks != AUTO:
        raise SettingError(f"looks must be auto or a number above 0, got {looks!r}; leave it out for {DEFAULT_LOOKS}")
    return None if isinstance(looks, str) else looks


def _reason(looks: float | str | None) -> str:
    """Where the number of looks comes from."""
    if looks == AUTO:
        return "estimated from the flattest ground of the scene"
    return "those of Sentinel-1 IW GRDH" if looks is None else "given"


def _tags(scene: Scene, chosen: Filter, looks_reason: str) -> dict[str, str]:
    """What a despeckled raster says of itself; its unit is found again by `open_scene`."""
    return {
        "UNITS": str(scene.unit) if scene.declaration.absolute else f"{scene.unit}, relative",
        "SAR_COLORIZE_SOURCE": scene.source,
        **about(scene),
        "SAR_COLORIZE_DESPECKLE": f"{chosen.name}, size {chosen.size_px} px, looks {chosen.looks:.3g}, {looks_reason}",
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


def _with_nan(raster: Raster | None, scene: Scene, window: Window) -> np.ndarray:
    """(C, height, width) float32 of a window, NaN where invalid."""
    if raster is None:
        return np.full((len(scene.bands), *window.shape), np.nan, dtype=np.float32)
    return np.where(raster.valid, raster.values, np.float32(np.nan))
