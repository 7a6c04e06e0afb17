"""`despeckle_stack`: scenes of one ground at several dates, filtered together."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..backscatter import db_range_of, from_power, to_power
from ..errors import OutputError, SettingError
from ..progress import Progress
from ..raster import Grid, Raster, Window
from ..run.local import BlockCount, most_threads
from ..run.plan import FLOATS, BlockBytes, Output, Plan, check_plan, plan_run
from ..run.to_file import Rasters, Work, run_to_files
from ..scene import Scene, open_scene
from ..scene.area import Area
from ..scene.gdal import bounded_gdal
from ..speckle.local import Boxcar
from ..speckle.stack import DEFAULT_SPATIAL, despeckle_dates
from ..tiles import blocks, check_block_px, check_whole_number, largest_blocks
from .despeckle import check_array_alone
from .info import about
from .keywords import verb
from .output import Box, PathLike, Target, check_outputs, is_array, origin
from .result import Result, describe

if TYPE_CHECKING:
    import torch
    import xarray

_log = logging.getLogger("sar_colorize")
NAME = "quegan-yu"
"""The filter's name in results and tags."""


@verb()
def despeckle_stack(  # long: the public signature spells out every keyword, and its docstring documents each
    sources: Sequence[PathLike | xarray.DataArray | Scene] | NDArray[Any] | torch.Tensor,
    folder: PathLike | None = None,
    *,
    unit: str = "auto",
    polarization: str | None = None,
    nodata: float | None = None,
    size: int | None = None,
    bbox: Box | None = None,
    bbox_crs: str | None = None,
    aoi: PathLike | None = None,
    profile: str = "deflate",
    creation_options: Mapping[str, str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    block_px: int = 1024,
    on_progress: Progress | None = None,
) -> Any:
    """Each scene of a stack with less speckle, at full resolution: Quegan and Yu's filter, see `despeckle_dates`.

    Input:
        sources: Two or more paths, DataArrays or Scenes on one grid with the same bands, each in its own unit; in
            Python also a numpy array or torch tensor (dates, H, W) of linear power, NaN where invalid.
        unit: What the values measure: auto, dn, amplitude, power, db or display; auto finds it and says why.
        polarization: The band to use; also names a single band that has no name. None filters all bands.
        nodata: A value that is invalid besides what the files say.

    Speckle:
        size: Width in pixels of the window that dates are compared by, odd; None for 7.

    Area:
        bbox: Only this box: west, south, east, north; the outputs are cut to it.
        bbox_crs: CRS of the box, such as EPSG:4326; None for the scenes' own.
        aoi: A vector file; pixels outside its polygons become invalid.

    Output:
        folder: Where a float32 Cloud Optimized GeoTIFF is made of each scene, under its own name; it is made where it
            does not exist. All files appear together, or none. Not for an array.
        profile: Compression of the outputs: deflate or zstd.
        creation_options: Options of GDAL's COG driver, by name.
        overwrite: Replace existing outputs.
        dry_run: Check everything and say what would be done; write nothing.

    Run:
        block_px: Side of the blocks that are read, filtered and written as one, at least 64.
        on_progress: Called with (done, total) blocks.

    Returns:
        A `Result` for each source; an array for an array.

    Raises:
        SarColorizeError: One sentence; nothing is written and older outputs are untouched.
    """
    check_block_px(block_px)
    check_whole_number("size", size)
    spatial = DEFAULT_SPATIAL if size is None else Boxcar(size_px=size)
    target = Target(bbox, bbox_crs, aoi, profile, creation_options, overwrite)
    if is_array(sources):
        given = {
            "folder": folder, "polarization": polarization, "nodata": nodata, "bbox": bbox, "aoi": aoi,
            "profile": profile, "creation_options": creation_options, "overwrite": overwrite, "dry_run": dry_run,
            "block_px": block_px, "on_progress": on_progress,
        }  # fmt: skip
        check_array_alone(sources, given, despeckle_stack)
        if unit not in ("auto", "power"):
            raise SettingError(f"unit must be auto or power for an array of dates, got {unit}; convert it to power")
        return _despeckle_array(sources, spatial)
    if folder is None:
        raise SettingError("folder must be given for scenes, got none; name one")
    if any(is_array(source) for source in sources):
        raise SettingError("sources must be paths, DataArrays or Scenes, got arrays; stack arrays to (dates, H, W)")
    with bounded_gdal():
        scenes = [open_scene(source, unit=unit, polarization=polarization, nodata=nodata) for source in sources]
        _check_alike(scenes)
        _log.info("filter: %s, %d dates, size %d px", NAME, len(scenes), spatial.size_px)
        outputs = _outputs(scenes, Path(folder))
        check_outputs(outputs, scenes, *map(origin, sources), aoi)
        window, area = target.extent(scenes[0])
        files = [Output(4.0 * len(scene.bands), FLOATS, Path(folder).absolute()) for scene in scenes]
        threads = most_threads(several=all(scene.reads_in_threads for scene in scenes), compute=True)
        plan = plan_run(window, block_px, _block_bytes(scenes, spatial, window, block_px), files, threads)
        check_plan(plan, files)
        work = Work(
            list(blocks(window, block_px)), partial(_read, scenes, spatial, area), partial(_filter, spatial),
            threads=replace(threads, count=plan.threads),
        )  # fmt: skip
        count, seconds = BlockCount(len(work.windows), 0), 0.0
        made = _make_folder(Path(folder))
        try:
            writers = [
                target.writer(
                    output, scene.grid.crop(window), bands=scene.bands, dtype="float32",
                    tags=_tags(scene, spatial, len(scenes)),
                )
                for scene, output in zip(scenes, outputs, strict=True)
            ]  # fmt: skip
            if not dry_run:
                count, seconds = run_to_files(work, writers, window, on_progress=on_progress)
                made = None
        finally:
            if made is not None:
                with contextlib.suppress(OSError):  # somebody else uses it, or has removed it
                    made.rmdir()
    return _results(scenes, window, spatial, None if dry_run else outputs, count, seconds, plan)


def _despeckle_array(values: Any, spatial: Boxcar) -> Any:
    """Dates (T, H, W) of power, numpy or torch, filtered; NaN where invalid."""
    numeric = values.astype(np.float32) if isinstance(values, np.ndarray) else values.float()
    return despeckle_dates(numeric, (numeric - numeric) == 0.0, spatial)


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
                f"{'+'.join(other.bands)} in {other.source}; pick one with polarization"
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
    try:
        if "\0" in str(folder):
            raise ValueError("a null character")
        str(folder).encode()  # GDAL takes names as UTF-8 alone
        is_file = folder.exists() and not folder.is_dir()
    except (OSError, ValueError) as error:
        raise OutputError(
            f"folder must be a name that a folder can have, got {str(folder)!r} ({error}); choose another"
        ) from error
    if is_file:
        raise OutputError(f"folder must be a folder, got the file {folder}; name another")
    names = [f"{Path(scene.source.rstrip('/')).stem}.tif" for scene in scenes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise OutputError(f"scenes of a stack must have different names, got {twice[0]} twice; rename one")
    return [folder / name for name in names]


def _make_folder(folder: Path) -> Path | None:
    """Makes the folder of the outputs; None where it is there already, and must stay if the run fails."""
    if folder.is_dir():
        return None
    try:
        folder.mkdir()
    except OSError as error:
        raise OutputError(f"folder must be one that can be made, got {folder} ({error}); name another") from error
    return folder


def _block_bytes(scenes: Sequence[Scene], spatial: Boxcar, window: Window, block_px: int) -> BlockBytes:
    """Memory of the largest block of all dates."""
    largest = largest_blocks(window, block_px)
    inner = max(part.height * part.width for part in largest)
    outer = max(part.pad(spatial.halo_px).height * part.pad(spatial.halo_px).width for part in largest)
    values = len(scenes) * len(scenes[0].bands) * 4
    one = outer * len(scenes) * 4  # one band of all dates
    ready = outer * (values + 2 * len(scenes))
    return BlockBytes(
        load=ready // len(scenes) * 3, ready=ready, compute=4 * one + inner * values, result=inner * values
    )


def _read(
    scenes: Sequence[Scene], spatial: Boxcar, area: Area | None, window: Window
) -> tuple[list[Raster], NDArray[np.bool_], Window] | None:
    """A window of every scene with the filter's halo, and where each is to be shown; None where none is."""
    inside = area.inside(window) if area is not None else np.ones(window.shape, bool)
    padded = window.pad(spatial.halo_px)
    rasters = [scene.read(padded) for scene in scenes]
    shown = np.stack([raster.valid for raster in rasters])[(slice(None), *window.within(padded))] & inside
    return (rasters, shown, window) if shown.any() else None


def _filter(spatial: Boxcar, ready: tuple[list[Raster], NDArray[np.bool_], Window]) -> Rasters:
    """A window of every scene, filtered together."""
    rasters, shown, window = ready
    rows, cols = window.within(window.pad(spatial.halo_px))
    valid = np.stack([raster.valid for raster in rasters])
    values = np.zeros((len(rasters), len(rasters[0].bands), *window.shape), np.float32)
    for index, band in enumerate(rasters[0].bands):
        db_range = db_range_of(band)
        power = np.stack([to_power(raster.values[index], raster.unit, db_range) for raster in rasters])
        smooth = despeckle_dates(power, valid, spatial)[:, rows, cols]
        for date, raster in enumerate(rasters):
            values[date, index] = from_power(smooth[date], raster.unit, db_range)
    return [
        Raster(values[date], shown[date] & np.isfinite(values[date]).all(0), raster.bands, raster.unit)
        for date, raster in enumerate(rasters)
    ]


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
    plan: Plan,
) -> list[Result]:
    """The record of each scene; seconds and plan are those of the whole stack."""
    paths = [None] * len(scenes) if outputs is None else [str(path) for path in outputs]
    made = [describe(scene, window, spatial, path, count, seconds) for scene, path in zip(scenes, paths, strict=True)]
    return [replace(result, filter=NAME, plan=plan.to_dict()) for result in made]
