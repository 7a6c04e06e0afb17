"""`colorize`: a radar scene to a colour picture."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..colorizer import ERROR, RGB, Colorizer, Loaded
from ..engine.choose import choose_device, choose_precision
from ..models.registry import DEFAULT_MODEL
from ..prepare import ColorizeSettings, Prepared, prepare
from ..progress import Progress
from ..raster import Raster, Window
from ..run.distributed import ask_workers
from ..run.lazy import lazy_blocks
from ..run.local import BlockCount
from ..run.plan import FLOATS, LOSSY, PICTURE, BlockBytes, Output, check_plan, plan_run
from ..run.to_file import Rasters, Work, run_to_files
from ..scene import Scene, open_scene
from ..scene.gdal import bounded_gdal
from ..tiles import blocks, count_blocks, largest_blocks
from .info import about
from .keywords import usual_values, verb
from .output import LOSSLESS, Box, PathLike, Target, check_file_alone, check_outputs, origin
from .result import Result, describe

if TYPE_CHECKING:
    import xarray


@verb(despeckle="filter", filter_size_px="size", confidence="uncertainty")
def colorize(  # long: the public signature spells out every keyword, and its docstring documents each
    source: PathLike | xarray.DataArray | Scene,
    output: PathLike | None = None,
    *,
    unit: str = "auto",
    polarization: str | None = None,
    nodata: float | None = None,
    grid: str = "map",
    crs: str | None = None,
    resolution: float | None = None,
    calibration: str | None = None,
    remove_noise: bool | None = None,
    model: str = DEFAULT_MODEL,
    palette: str = "auto",
    filter: str = "auto",
    size: int | None = None,
    looks: float | str | None = None,
    offset_db: float | str = "auto",
    bbox: Box | None = None,
    bbox_crs: str | None = None,
    aoi: PathLike | None = None,
    uncertainty: PathLike | None = None,
    profile: str = "deflate",
    creation_options: Mapping[str, str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    device: str = "auto",
    precision: str = "auto",
    block_px: int = 1024,
    tile_px: int | None = None,
    overlap_px: int | None = None,
    batch: int | None = None,
    scheduler: str | None = None,
    on_progress: Progress | None = None,
) -> Any:
    """A colour picture of a radar scene: path to path, or lazy array to lazy array.

    Input:
        source: A path, a URL, a GDAL name, a Sentinel-1 product, an xarray DataArray, or a Scene.
        unit: What the values measure: auto, dn, amplitude, power, db or display; auto finds it and says why.
        polarization: The band to use; also names a single band that has no name. None uses those that the model takes.
        nodata: A value that is invalid besides what the file says.

    Map:
        grid: "map" draws what has ground control points on a map, "radar" keeps the radar's own grid.
        crs: Of that map, such as EPSG:3857; None for UTM of the scene.
        resolution: Of that map, in units of its CRS; None for the radar's own spacing.
        calibration: What a SAFE product is calibrated to: sigma0 (where None), beta0 or gamma0.
        remove_noise: Whether thermal noise is removed from a SAFE product; None removes it.

    Picture:
        model: A model's name, or a weights file.
        palette: What colours the place has: auto, a guess from the map; none; or the path of an optical raster of the
            place, whose colours are fitted to the radar where the two overlap.
        filter: Speckle filter before the lightness; auto is the one that the model was trained with.
        size: Width of the filter's window in pixels, odd; None for the filter's own.
        looks: Equivalent number of looks; None for the filter's usual, auto to estimate it once from the scene.
        offset_db: Shift of the whole scene in dB; auto fits one where the unit has no absolute scale, fit always.

    Area:
        bbox: Only this box: west, south, east, north; the output is cut to it.
        bbox_crs: CRS of the box, such as EPSG:4326; None for the scene's own.
        aoi: A vector file; pixels outside its polygons become invalid.

    Output:
        output: Path of the Cloud Optimized GeoTIFF to write; None for a lazy array.
        uncertainty: Path of a second file: the expected absolute error of a and b for each pixel, float32, in Lab
            units, at most 25.5, NaN where invalid; always lossless.
        profile: Compression of the output: deflate, zstd, webp or jpeg; the last two lose detail.
        creation_options: Options of GDAL's COG driver, by name.
        overwrite: Replace existing outputs.
        dry_run: Check everything and say what would be done; write nothing.

    Run:
        device: auto, cpu or cuda; auto takes the GPU where there is one.
        precision: auto, fp32 or bf16; auto takes bf16 where the device multiplies it in hardware.
        block_px: Side of the blocks that are read, painted and written as one, at least 64.
        tile_px: Side of the tiles that the network sees; None for the model's own.
        overlap_px: Pixels that neighbouring tiles share; None for the model's own.
        batch: Tiles at a time; None for the device's usual number.
        scheduler: Address of a dask scheduler whose workers paint the blocks, with what devices they have.
        on_progress: Called with (done, total) blocks.

    Returns:
        With an output, a `Result`. Without one, a DataArray (band, y, x), uint8, bands red, green, blue, alpha
        (255 valid, 0 invalid), dask behind it and rioxarray's CRS on it; nothing is computed yet.

    Raises:
        SarColorizeError: One sentence; nothing is written and an older output is untouched.
    """
    settings = ColorizeSettings(
        model=model, palette=palette, filter=filter, size=size, looks=looks, offset_db=offset_db, tile_px=tile_px,
        overlap_px=overlap_px, batch=batch, block_px=block_px, device=device, precision=precision,
    )  # fmt: skip
    target = Target(bbox, bbox_crs, aoi, profile, creation_options, overwrite)
    if output is None and not dry_run:
        given = {
            "uncertainty": uncertainty, "profile": profile, "creation_options": creation_options,
            "overwrite": overwrite, "scheduler": scheduler, "on_progress": on_progress,
        }  # fmt: skip
        check_file_alone(given, usual_values(colorize))
    with bounded_gdal():
        scene = open_scene(
            source, unit=unit, polarization=polarization, nodata=nodata, grid=grid, crs=crs, resolution=resolution,
            calibration=calibration, remove_noise=remove_noise,
        )  # fmt: skip
        outputs = [path for path in (output, uncertainty) if path is not None]
        check_outputs(outputs, [scene], origin(source), aoi, palette, model)
        window, area = target.extent(scene)
        count_blocks(window, block_px)
        prepared = prepare(scene, settings, area, with_error=uncertainty is not None, start=scheduler is None)
        if output is None and not dry_run:
            rgba = partial(_rgba, prepared.colorizer, prepared.scene)
            return lazy_blocks(prepared.scene.grid, window, block_px, (*RGB, "alpha"), np.uint8, rgba)
        return _to_files(prepared, settings, target, window, output, uncertainty, dry_run, scheduler, on_progress)


def _to_files(
    prepared: Prepared,
    settings: ColorizeSettings,
    target: Target,
    window: Window,
    output: PathLike | None,
    uncertainty: PathLike | None,
    dry_run: bool,
    scheduler: str | None,
    on_progress: Progress | None,
) -> Result:
    """The picture, and the expected error where it is asked for, as files; a dry run stops before the first block."""
    scene, colorizer, facts = prepared.scene, prepared.colorizer, dict(prepared.facts)
    tags, grid = prepared.tags | about(scene), scene.grid.crop(window)
    writers = []
    if output is not None:
        writers.append(target.writer(output, grid, bands=RGB, dtype="uint8", tags=tags))
    if uncertainty is not None:
        writers.append(
            target.writer(
                uncertainty, grid, bands=(ERROR,), dtype="float32", tags=tags, units=("Lab units",), lossless=True
            )
        )
    if scheduler is not None:
        facts |= _engines(scheduler, settings)
    outputs = _outputs(target, output, uncertainty)
    block = _block_bytes(prepared, window, settings.block_px, here=scheduler is None)
    plan = plan_run(window, settings.block_px, block, outputs)
    check_plan(plan, outputs)
    work = Work(
        scene.in_reading_order(blocks(window, settings.block_px)),
        partial(colorizer.load, scene),
        partial(_split, colorizer.paint),
    )
    count, seconds = BlockCount(len(work.windows), 0), 0.0
    if not dry_run:
        count, seconds = run_to_files(work, writers, window, scheduler=scheduler, on_progress=on_progress)
    chosen = colorizer.radar.filter
    return describe(
        scene,
        window,
        chosen,
        None if dry_run or output is None else os.fspath(output),
        count,
        seconds,
        prepared.notes,
        uncertainty=None if dry_run or uncertainty is None else os.fspath(uncertainty),
        plan=plan.to_dict(),
        **facts,
    )


def _outputs(target: Target, output: PathLike | None, uncertainty: PathLike | None) -> list[Output]:
    """The files of a run, as its plan sees them."""
    share = PICTURE if target.profile in LOSSLESS else LOSSY
    outputs = [Output(3.125, share, None if output is None else Path(output).absolute().parent)]
    if uncertainty is not None:
        outputs.append(Output(4.0, FLOATS, Path(uncertainty).absolute().parent))
    return outputs


def _block_bytes(prepared: Prepared, window: Window, block_px: int, *, here: bool) -> BlockBytes:
    """Memory of the largest block; where workers paint, of what they send."""
    colorizer, largest = prepared.colorizer, largest_blocks(window, block_px)
    result = max(part.height * part.width for part in largest) * (5 if colorizer.painter.with_error else 4)
    if not here:
        return BlockBytes(0, 0, 0, result)
    parts = (colorizer.memory_bytes(prepared.scene, part) for part in largest)
    load, ready, compute = (max(sizes) for sizes in zip(*parts, strict=True))
    return BlockBytes(load, ready, compute, result)


def _split(paint: Callable[[Loaded], Raster], loaded: Loaded) -> Rasters:
    """The picture of a block, and the expected error in Lab units where the block has a fourth band."""
    raster = paint(loaded)
    picture = replace(raster, values=raster.values[:3], bands=raster.bands[:3])
    if len(raster.bands) == 3:
        return (picture,)
    error = raster.values[3:].astype(np.float32) / np.float32(10.0)
    return picture, replace(raster, values=error, bands=raster.bands[3:])


def _engines(scheduler: str, settings: ColorizeSettings) -> dict[str, str]:
    """Device and precision on the workers, each chosen by what it has.

    Raises:
        SettingError: a worker does not have what is asked for.
    """
    found = set(ask_workers(scheduler, partial(_engine_here, settings.device, settings.precision)).values())
    devices, precisions = (" and ".join(sorted(set(names))) for names in zip(*found, strict=True))
    return {"device": devices, "precision": precisions}


def _engine_here(device: str, precision: str) -> tuple[str, str]:
    """Device and precision in this process."""
    chosen = choose_device(device)
    return chosen, choose_precision(precision, chosen)


def _rgba(colorizer: Colorizer, scene: Scene, window: Window) -> NDArray[np.uint8]:
    """(4, height, width) uint8 of a window, the fourth 255 where valid."""
    raster = colorizer.block(scene, window)
    alpha = np.where(raster.valid, np.uint8(255), np.uint8(0))[None]
    rgba: NDArray[np.uint8] = np.concatenate([raster.values, alpha])
    return rgba
