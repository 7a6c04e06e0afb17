"""`colorize`: a radar scene to a colour picture."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from ..colorizer import ERROR, RGB, Colorizer, ColorizeSettings, prepare
from ..errors import SettingError
from ..raster import Window
from ..run.distributed import run_blocks_on
from ..run.lazy import lazy_blocks
from ..run.local import BlockCount, Progress, run_blocks
from ..scene import Reading, Scene, open_scene
from ..scene.cache import bounded_gdal
from ..tiles import blocks
from .info import about
from .output import Box, Target, apart, check_output, extent, open_error_writer, open_writer, shifted
from .result import describe


def colorize(
    source: Any,
    output: str | os.PathLike[str] | None = None,
    *,
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
        bbox, bbox_crs, aoi, confidence, profile, creation_options, overwrite: see `Target`.
        dry_run: say what would be done and check that it could be; write nothing.
        scheduler: address of a dask scheduler whose workers paint the blocks; None paints them here.
        on_progress: called with (done, total) blocks.
        settings: how the source is read, see `Reading`: unit, polarization, nodata, grid, crs, resolution, ...; and how
            it is painted, see `ColorizeSettings`: model, palette, despeckle, device, tile_px, ...

    Returns:
        With an output, a `Result`. Without one, a DataArray (band, y, x), uint8, bands red, green, blue, alpha
        (255 valid, 0 invalid), dask behind it and rioxarray's CRS on it; nothing is computed yet.

    Raises:
        SarColorizeError: one sentence; nothing is written and an older output is untouched.
    """
    target = Target(bbox, bbox_crs, aoi, confidence, profile, creation_options, overwrite)
    reading = {name: settings.pop(name) for name in Reading.__annotations__ if name in settings}
    chosen = _settings(settings)
    if target.confidence is not None and output is None and not dry_run:
        raise SettingError(f"confidence must be left out without an output, got {target.confidence}; name an output")
    with bounded_gdal():
        scene = open_scene(source, **reading)
        window, area = extent(scene, target)
        if output is not None:
            check_output(scene, output)
            if target.confidence is not None:
                check_output(scene, target.confidence)
        scene, colorizer = prepare(scene, chosen, area, tells_error=target.confidence is not None)
        if output is None and not dry_run:
            return lazy_blocks(
                scene.grid, window, chosen.block_px, (*RGB, "alpha"), np.uint8, partial(_rgba, colorizer, scene)
            )
        windows = scene.in_reading_order(blocks(window, chosen.block_px))
        count, seconds = BlockCount(len(windows), 0), 0.0
        if output is not None:
            writer = open_writer(
                output, scene.grid.crop(window), target, RGB, "uint8", colorizer.tags(scene) | about(scene)
            )
            if target.confidence is not None:
                error_writer = open_error_writer(writer, target, ERROR)
        if not dry_run:
            started = time.perf_counter()
            with ExitStack() as stack:
                write = shifted(stack.enter_context(writer), window)
                if target.confidence is not None:
                    write = apart(write, shifted(stack.enter_context(error_writer), window))
                if scheduler is not None:
                    count = run_blocks_on(scheduler, windows, colorizer.block, scene, write, on_progress)
                else:
                    count = run_blocks(windows, partial(colorizer.load, scene), colorizer.paint, write, on_progress)
            seconds = time.perf_counter() - started
        made = None if dry_run or output is None else os.fspath(output)
        return describe(
            scene, window, colorizer.filter, made, count, seconds, said=colorizer.notes, **colorizer.facts()
        )


def _settings(values: dict[str, Any]) -> ColorizeSettings:
    """Keyword settings, with a sentence for one that does not exist."""
    known = [*ColorizeSettings.__dataclass_fields__, *Reading.__annotations__]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise SettingError(f"setting must be one of {', '.join(known)}, got {unknown[0]!r}; check its spelling")
    return ColorizeSettings(**values)


def _rgba(colorizer: Colorizer, scene: Scene, window: Window) -> np.ndarray:
    """(4, height, width) uint8 of a window, the fourth 255 where valid."""
    raster = colorizer.block(scene, window)
    return np.concatenate([raster.values, np.where(raster.valid, np.uint8(255), np.uint8(0))[None]])
