"""`despeckle`: a radar scene with its speckle filtered."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..cog import Beside, CogWriter, Quicklook, item_path
from ..errors import SettingError
from ..offset import AUTO
from ..progress import Progress, say
from ..raster import Raster, Window
from ..run.lazy import lazy_blocks
from ..run.local import BlockCount, Threads, most_threads
from ..run.plan import FLOATS, BlockBytes, Output, check_plan, plan_run
from ..run.to_file import Work, run_to_files
from ..scene import Scene
from ..scene.area import Area
from ..scene.gdal import bounded_gdal
from ..speckle import Filter
from ..speckle.choose import check_looks, choose_filter, looks_reason, make_filter
from ..speckle.values import despeckle_raster, despeckle_values, looks_of_values
from ..tiles import blocks, check_block_px, count_blocks, largest_blocks
from .info import about
from .keywords import usual_values, verb
from .output import Box, PathLike, Target, check_file_alone, check_outputs, is_array, origin
from .radar_source import check_offline, open_input
from .result import describe
from .stac_item import item_of, taken_of

if TYPE_CHECKING:
    import torch
    import xarray

_log = logging.getLogger("sar_colorize")


@verb()
def despeckle(  # long: the public signature spells out every keyword, and its docstring documents each
    source: PathLike | xarray.DataArray | Scene | NDArray[Any] | torch.Tensor,
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
    offline: bool = False,
    filter: str = "lee",
    size: int | None = None,
    looks: float | str | None = None,
    bbox: Box | None = None,
    bbox_crs: str | None = None,
    aoi: PathLike | None = None,
    quicklook: PathLike | None = None,
    stac: bool = False,
    profile: str = "deflate",
    creation_options: Mapping[str, str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    engine: str = "auto",
    precision: str = "auto",
    block_px: int = 1024,
    on_progress: Progress | None = None,
) -> Any:
    """Radar values with their speckle filtered, in the unit and bands they came in.

    Input:
        source: A path, a URL, a GDAL name, a Sentinel-1 product, an xarray DataArray, or a Scene; in Python also a
            numpy array or torch tensor (H, W) or (C, H, W), NaN where invalid, which is linear power unless `unit`
            says otherwise. Also the name of a Sentinel-1 product, or the address of its STAC item or manifest.safe, of
            which what is read is fetched.
        unit: What the values measure: auto, dn, amplitude, power, db or display; auto finds it and says why.
        polarization: The band to use; also names a single band that has no name. None filters all bands.
        nodata: A value that is invalid besides what the file says.
        offline: Ask no server; an input on one is refused.

    Map:
        grid: "map" draws what has ground control points on a map, "radar" keeps the radar's own grid.
        crs: Of that map, such as EPSG:3857; None for UTM of the scene.
        resolution: Of that map, in units of its CRS; None for the radar's own spacing.
        calibration: What a SAFE product is calibrated to: sigma0 (where None), beta0 or gamma0.
        remove_noise: Whether thermal noise is removed from a SAFE product; None removes it.

    Speckle:
        filter: Name of the speckle filter.
        size: Width of its window in pixels, odd; None for the filter's own.
        looks: Equivalent number of looks; None for the filter's usual, auto to estimate it once from the scene.

    Area:
        bbox: Only this box: west, south, east, north; the output is cut to it.
        bbox_crs: CRS of the box, such as EPSG:4326; None for the scene's own.
        aoi: A vector file; pixels outside its polygons become invalid.

    Output:
        output: Path of the Cloud Optimized GeoTIFF to write, float32, NaN where invalid; None for an array.
        quicklook: Path of a small picture of the output, .png, .jpg or .webp, at most 2048 pixels a side: the decibels
            of its first band in grey; invalid pixels are transparent, white in .jpg.
        stac: Also write a STAC item beside the output, .json for .tif: place, time and tags.
        profile: Compression of the output: deflate or zstd.
        creation_options: Options of GDAL's COG driver, by name.
        overwrite: Replace an existing output.
        dry_run: Check everything and say what would be done; write nothing.

    Run:
        engine: What runs the network of a filter that has one (learned): auto, torch or openvino; auto takes openvino
            where it is installed.
        precision: auto, fp32 or bf16, of a filter with a network (learned); auto takes bf16 where the processor
            multiplies it in hardware.
        block_px: Side of the blocks that are read, filtered and written as one, at least 64.
        on_progress: Called with (done, total) blocks.

    Returns:
        With an output, a `Result`. Without one, the same kind as came in: numpy, torch, or a lazy DataArray.

    Raises:
        SarColorizeError: One sentence; nothing is written and an older output is untouched.
    """
    check_block_px(block_px)
    check_looks(looks)
    chosen = make_filter(filter, size, looks, precision, engine)
    for name, value in {"precision": precision, "engine": engine}.items():
        if value != AUTO and not chosen.has_network:
            raise SettingError(f"{name} must be auto for the filter {chosen.name}, got {value}; only learned has one")
    target = Target(bbox, bbox_crs, aoi, profile, creation_options, overwrite)
    if is_array(source):
        given = {
            "output": output, "polarization": polarization, "nodata": nodata, "grid": grid, "crs": crs,
            "resolution": resolution, "calibration": calibration, "remove_noise": remove_noise, "bbox": bbox,
            "aoi": aoi, "quicklook": quicklook, "stac": stac, "profile": profile, "creation_options": creation_options,
            "overwrite": overwrite, "dry_run": dry_run, "block_px": block_px, "on_progress": on_progress,
        }  # fmt: skip
        check_array_alone(source, given, despeckle)
        if looks == AUTO:
            chosen = replace(chosen, looks=looks_of_values(source, unit))
        return despeckle_values(source, chosen, unit)
    if output is None and not dry_run:
        given = {
            "quicklook": quicklook, "stac": stac, "profile": profile, "creation_options": creation_options,
            "overwrite": overwrite, "on_progress": on_progress,
        }  # fmt: skip
        check_file_alone(given, usual_values(despeckle))
    is_lazy = output is None and not dry_run
    check_offline(offline, source, aoi)
    with bounded_gdal(), open_input(
        source, keep=is_lazy, unit=unit, polarization=polarization, nodata=nodata, grid=grid, crs=crs,
        resolution=resolution, calibration=calibration, remove_noise=remove_noise,
    ) as opened:  # fmt: skip
        scene = opened.scene
        check_outputs(
            [output] if output is not None else [], [scene], origin(source), aoi, quicklook=quicklook, stac=stac
        )
        taken = taken_of(stac, scene)
        window, area = target.extent(scene)
        count_blocks(window, block_px)
        chosen = choose_filter(scene.samples, filter, size, looks, precision, engine)
        reason = looks_reason(chosen, looks)
        _log.info("filter: %s, size %d px, %.3g looks (%s)", chosen.name, chosen.size_px, chosen.looks, reason)
        facts: dict[str, Any] = {}
        if chosen.uses_looks:
            facts = {"looks": round(chosen.looks, 2), "looks_reason": reason}
        load = partial(_filtered, scene, chosen, area)
        if is_lazy:
            return lazy_blocks(scene.grid, window, block_px, scene.bands, np.float32, partial(_with_nan, scene, load))
        writers: list[CogWriter] = []
        beside: list[Beside] = []
        if output is not None:
            tags = _tags(scene, chosen, reason)
            cut = scene.grid.crop(window)
            writers.append(target.writer(output, cut, bands=scene.bands, dtype="float32", tags=tags))
            picture = None
            if quicklook is not None:
                picture = Quicklook(quicklook, writers[0], unit=scene.unit, overwrite=overwrite)
            item = item_of("radar", writers, picture, taken)
            beside = [each for each in (picture, item) if each is not None]
        outputs = [Output(4.0 * len(scene.bands), FLOATS, None if output is None else Path(output).absolute().parent)]
        threads = most_threads(several=scene.reads_in_threads and not chosen.has_network)
        block = _block_bytes(chosen, len(scene.bands), window, block_px)
        plan = plan_run(window, block_px, block, outputs, threads)
        check_plan(plan, outputs)
        work = Work(scene.in_reading_order(blocks(window, block_px)), load, _alone, scene.stop, Threads(plan.threads))
        say(on_progress, scene.notes)
        count, seconds = BlockCount(len(work.windows), 0), 0.0
        if not dry_run:
            count, seconds = run_to_files(work, writers, window, beside=beside, on_progress=on_progress)
        made = None if dry_run or output is None else os.fspath(output)
        shown = None if made is None or quicklook is None else os.fspath(quicklook)
        facts |= {"plan": plan.to_dict(), "quicklook": shown}
        facts["stac"] = None if made is None or not stac else os.fspath(item_path(made))
        return describe(scene, window, chosen, made, count, seconds, opened.notes, **facts)


def _block_bytes(chosen: Filter, bands: int, window: Window, block_px: int) -> BlockBytes:
    """Memory of the largest block, which is filtered as it is read."""
    largest = largest_blocks(window, block_px)
    inner = max(part.height * part.width for part in largest)
    outer = max(part.pad(chosen.halo_px).height * part.pad(chosen.halo_px).width for part in largest)
    kept = outer * (4 * bands + 1)
    return BlockBytes(load=outer * (12 * bands + 8), ready=kept, compute=0, result=kept + inner)


def check_array_alone(values: Any, given: Mapping[str, Any], verb: Callable[..., Any]) -> None:
    """Refuses an array of anything but real numbers, and beside one what only a scene can have.

    Args:
        values: numpy or torch. given: keywords of the verb, each of which must be as where it is left out.

    Raises:
        SettingError: the first that is not.
    """
    real = values.dtype.kind in "fiu" if isinstance(values, np.ndarray) else not values.dtype.is_complex
    if not real:
        raise SettingError(
            f"array must hold real numbers, got {values.dtype}; give power, of complex values abs() ** 2"
        )
    for name, default in usual_values(verb).items():
        if name in given and given[name] != default:
            raise SettingError(
                f"{name} must be left out for an array, got {given[name]!r}; give a path or an xarray DataArray for it"
            )


def _tags(scene: Scene, chosen: Filter, looks_from: str) -> dict[str, str]:
    """What a despeckled raster says of itself; its unit is found again by `open_scene`."""
    looks = f", looks {chosen.looks:.3g}, {looks_from}" if chosen.uses_looks else ""
    return {
        "UNITS": str(scene.unit) if scene.declaration.absolute else f"{scene.unit}, relative",
        "SAR_COLORIZE_SOURCE": scene.source,
        **about(scene),
        "SAR_COLORIZE_DESPECKLE": f"{chosen.name}, size {chosen.size_px} px" + looks,
    }


def _filtered(scene: Scene, chosen: Filter, area: Area | None, window: Window) -> Raster | None:
    """A filtered window, None where nothing in it is valid."""
    inside = area.inside(window) if area is not None else None
    if inside is not None and not inside.any():
        return None
    padded = window.pad(chosen.halo_px)
    raster = scene.read(padded)
    rows, cols = window.within(padded)
    if not raster.valid[rows, cols].any():
        return None
    raster = despeckle_raster(raster, chosen).crop(rows, cols)
    if inside is not None:
        raster = replace(raster, valid=raster.valid & inside)
    return raster if raster.valid.any() else None


def _alone(raster: Raster) -> tuple[Raster]:
    """The rasters of a block for one file."""
    return (raster,)


def _with_nan(scene: Scene, load: Any, window: Window) -> NDArray[np.float32]:
    """(C, height, width) float32 of a window, NaN where invalid."""
    raster: Raster | None = load(window)
    if raster is None:
        return np.full((len(scene.bands), *window.shape), np.nan, dtype=np.float32)
    values: NDArray[np.float32] = np.where(raster.valid, raster.values, np.float32(np.nan))
    return values
