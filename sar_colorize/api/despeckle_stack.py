"""`despeckle_stack`: scenes of one ground at several dates, filtered together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from ..backscatter import db_range_of, from_power, to_power
from ..errors import OutputError, SettingError
from ..raster import Grid, Raster, Window
from ..run.local import BlockCount, Progress, run_blocks
from ..scene import Reading, Scene, open_scene
from ..scene.area import Area
from ..scene.cache import bounded_gdal
from ..speckle.local import Boxcar
from ..speckle.stack import DEFAULT_SPATIAL, despeckle_dates
from ..tiles import blocks
from .info import about
from .output import Box, Target, check_output, extent, open_writer, shifted
from .result import Result, describe

NAME = "quegan-yu"
"""The filter's name in results and tags."""


def despeckle_stack(
    sources: Any,
    folder: str | os.PathLike[str] | None = None,
    *,
    size: int | None = None,
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
    """Each scene of a stack with less speckle, at full resolution: Quegan and Yu's filter, see `despeckle_dates`.

    Args:
        sources: two or more paths, DataArrays or Scenes on one grid with the same bands, each in its own unit; or a
            numpy array or torch tensor (dates, H, W) of linear power, NaN where invalid.
        folder: where a float32 Cloud Optimized GeoTIFF is made of each, under its own name; not for an array.
        size: width in pixels of the window that dates are compared by; 7 where None.
        reading: see `Reading`; others: see `colorize`.

    Returns:
        A `Result` for each source; an array for an array.

    Raises:
        SarColorizeError: one sentence; no file of the stack is begun.
    """
    spatial = DEFAULT_SPATIAL if size is None else Boxcar(size_px=size)
    if isinstance(sources, np.ndarray) or type(sources).__module__.split(".")[0] == "torch":
        numeric = sources.astype(np.float32) if isinstance(sources, np.ndarray) else sources.float()
        return despeckle_dates(numeric, (numeric - numeric) == 0.0, spatial)
    if folder is None:
        raise SettingError("folder must be given for scenes, got none; name one that exists")
    target = Target(bbox, bbox_crs, aoi, None, profile, creation_options, overwrite)
    with bounded_gdal(), ExitStack() as writers:
        scenes = [open_scene(source, **reading) for source in sources]
        _check_alike(scenes)
        outputs = _outputs(scenes, Path(folder))
        window, area = extent(scenes[0], target)
        windows = list(blocks(window, block_px))
        if dry_run:
            return _results(scenes, window, spatial, None, BlockCount(len(windows), 0), 0.0)
        started = time.perf_counter()
        writes = []
        for scene, output in zip(scenes, outputs, strict=True):
            check_output(scene, output)
            tags = _tags(scene, spatial, len(scenes))
            writer = open_writer(output, scene.grid.crop(window), target, scene.bands, "float32", tags)
            writes.append(shifted(writers.enter_context(writer), window))
        load = partial(_filtered, scenes, spatial, area)
        count = run_blocks(windows, load, lambda raster: raster, partial(_write_each, scenes, writes), on_progress)
    return _results(scenes, window, spatial, outputs, count, time.perf_counter() - started)


def _check_alike(scenes: Sequence[Scene]) -> None:
    """One grid and the same bands, or one sentence."""
    if len(scenes) < 2:
        raise SettingError(f"stack must hold two scenes or more, got {len(scenes)}; `despeckle` takes a single one")
    first = scenes[0]
    for other in scenes[1:]:
        if not _same_grid(first.grid, other.grid):
            raise SettingError(
                f"stack must lie on one grid, got {_described(first.grid)} in {first.source} and "
                f"{_described(other.grid)} in {other.source}; warp them to one with gdalwarp -te -tr -t_srs"
            )
        if other.bands != first.bands:
            raise SettingError(
                f"stack must have the same bands, got {'+'.join(first.bands)} in {first.source} and "
                f"{'+'.join(other.bands)} in {other.source}; pick one with --polarization"
            )


def _same_grid(first: Grid, other: Grid) -> bool:
    """Same size, same CRS however it is written, and corners within a thousandth of a pixel."""
    if (first.height, first.width) != (other.height, other.width):
        return False
    if first.transform is None or other.transform is None:
        return first.transform is other.transform
    if first.crs_wkt != other.crs_wkt:
        from rasterio.crs import CRS

        if None in (first.crs_wkt, other.crs_wkt) or CRS.from_wkt(first.crs_wkt) != CRS.from_wkt(other.crs_wkt):
            return False
    to_pixels = ~first.transform
    corners = [(0, 0), (first.width, 0), (0, first.height)]
    return all(np.allclose(to_pixels @ (other.transform @ corner), corner, rtol=0, atol=1e-3) for corner in corners)


def _described(grid: Grid) -> str:
    """A grid in a few words."""
    if grid.transform is None:
        return f"{grid.width} x {grid.height} px without georeference"
    at = grid.transform
    return f"{grid.width} x {grid.height} px of {at.a:g} from {at.c:.9g}, {at.f:.9g}"


def _outputs(scenes: Sequence[Scene], folder: Path) -> list[Path]:
    """A path for each scene, by its own name."""
    if not folder.is_dir():
        raise OutputError(f"folder must exist, got {folder}; make it first")
    names = [f"{Path(scene.source.rstrip('/')).stem}.tif" for scene in scenes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise OutputError(f"scenes of a stack must have different names, got {twice[0]} twice; rename one")
    return [folder / name for name in names]


def _filtered(scenes: Sequence[Scene], spatial: Boxcar, area: Area | None, window: Window) -> Raster | None:
    """A window of every scene, filtered: the bands of all, one scene after the other, NaN where one is invalid."""
    inside = area.inside(window) if area is not None else np.ones(window.shape, bool)
    padded = window.pad(spatial.halo_px)
    rows, cols = window.within(padded)
    rasters = [scene.read(padded) for scene in scenes]
    valid = np.stack([raster.valid for raster in rasters])
    shown = valid[:, rows, cols] & inside
    if not shown.any():
        return None
    values = np.full((len(scenes), len(scenes[0].bands), *window.shape), np.nan, np.float32)
    for index, band in enumerate(scenes[0].bands):
        db_range = db_range_of(band)
        power = np.stack([to_power(raster.values[index], raster.unit, db_range) for raster in rasters])
        smooth = despeckle_dates(power, valid, spatial)[:, rows, cols]
        for date, raster in enumerate(rasters):
            filtered = from_power(smooth[date], raster.unit, db_range)
            values[date, index] = np.where(shown[date], filtered, np.float32(np.nan))
    names = tuple(f"{scene.source} {band}" for scene in scenes for band in scene.bands)
    return Raster(values.reshape(-1, *window.shape), np.any(shown, axis=0), names, scenes[0].unit)


def _write_each(
    scenes: Sequence[Scene], writes: Sequence[Callable[[Window, Raster], None]], window: Window, raster: Raster
) -> None:
    """Every scene's own bands into its own file."""
    bands = len(scenes[0].bands)
    for date, (scene, write) in enumerate(zip(scenes, writes, strict=True)):
        values = raster.values[date * bands : (date + 1) * bands]
        valid = np.isfinite(values).all(0)
        if valid.any():
            write(window, Raster(values, np.asarray(valid), scene.bands, scene.unit))


def _tags(scene: Scene, spatial: Boxcar, dates: int) -> dict[str, str]:
    """What a raster of the stack says of itself."""
    return {
        "UNITS": str(scene.unit) if scene.declaration.absolute else f"{scene.unit}, relative",
        "SAR_COLORIZE_SOURCE": scene.source,
        **about(scene),
        "SAR_COLORIZE_DESPECKLE": f"{NAME}, {dates} dates, size {spatial.size_px} px",
    }


def _results(
    scenes: Sequence[Scene],
    window: Window,
    spatial: Boxcar,
    outputs: Sequence[Path] | None,
    count: BlockCount,
    seconds: float,
) -> list[Result]:
    """The record of each scene; the seconds are those of the whole stack."""
    paths = [None] * len(scenes) if outputs is None else [str(path) for path in outputs]
    made = [describe(scene, window, spatial, path, count, seconds) for scene, path in zip(scenes, paths, strict=True)]
    return [replace(result, despeckle=NAME) for result in made]
