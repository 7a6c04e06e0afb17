"""`colorize`: a radar scene to a colour picture."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..catalog.sources import parse_source
from ..colorizer import RGB
from ..models.registry import DEFAULT_MODEL
from ..offset import AUTO
from ..place import Reference
from ..prepare import ColorizeSettings, Prepared, prepare
from ..progress import Progress, in_units, say
from ..raster import Window
from ..reference.array_picture import picture_of
from ..reference.picture import PictureSource
from ..run.lazy import lazy_blocks
from ..run.local import BlockCount, most_threads
from ..run.plan import BlockBytes, check_plan, plan_run
from ..run.to_file import Work, run_to_files
from ..scene import Scene, open_scene
from ..scene.gdal import bounded_gdal
from ..scene.names import is_local
from ..scene.safe import is_product
from ..tiles import blocks, count_blocks, largest_blocks
from .engines import engines_on
from .info import about
from .keywords import usual_values, verb
from .many import run_list
from .output import Box, PathLike, Target, check_file_alone, check_outputs, origin
from .picture_files import PictureFiles, beside_of, counts_of, outputs_of, rgba_block, split, writers_of
from .radar_source import check_offline, check_scheduler, open_input
from .reference_source import check_memory, choose_palette_file, choose_reference, given_reference, settings_with
from .result import Result, describe
from .stac_item import taken_of

if TYPE_CHECKING:
    import xarray


@verb(run_list, despeckle="filter", filter_size_px="size", confidence="uncertainty")
def colorize(  # long: the public signature spells out every keyword, and its docstring documents each
    source: PathLike | xarray.DataArray | Scene | list[Any],
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
    reference: PathLike | xarray.DataArray | None = "auto",
    reference_resolution: float | None = None,
    offline: bool = False,
    reference_date: str | None = None,
    reference_radar: PathLike | xarray.DataArray | Scene | None = None,
    date: str | None = None,
    structure: str = "both",
    palette: str = "auto",
    filter: str = "auto",
    size: int | None = None,
    looks: float | str | None = None,
    offset_db: float | str = "auto",
    bbox: Box | None = None,
    bbox_crs: str | None = None,
    aoi: PathLike | None = None,
    uncertainty: PathLike | None = None,
    memory: PathLike | None = None,
    classes: PathLike | None = None,
    quicklook: PathLike | None = None,
    stac: bool = False,
    profile: str = "deflate",
    creation_options: Mapping[str, str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    engine: str = "auto",
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
        source: A path, a URL, a GDAL name, a Sentinel-1 product, an xarray DataArray, or a Scene. Also the name of a
            Sentinel-1 product, or the address of its STAC item or manifest.safe, of which what is read is fetched.
            In Python also a list of these, each of which is a picture of its own.
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
        reference: An optical raster of the place, of any earlier or later date, resolution and CRS: its picture is kept
            where the radar agrees with it. A path, a DataArray (band, y, x) with rioxarray's CRS, or a source on the
            network (worldcover[:YEAR], mosaic-120[:MONTH], sentinel-2[:DATE|:+-DAYS], stac:URL#COLLECTION), of which
            the part that the scene needs is fetched. auto fetches worldcover or mosaic-120 where the user has allowed
            the network, else none is used; none or None.
        reference_resolution: Metres at which a source is fetched, at least its own; None for 20 m, coarser for large
            scenes.
        offline: Ask no server, whatever is allowed; what was fetched before is used.
        reference_date: The day or month of the reference, YYYY-MM-DD or YYYY-MM. None takes that of its tags or name.
        reference_radar: A radar scene of the reference's date, of the same polarisations; it shows what has changed
            since.
        date: The day or month of the scene, likewise, for a reference or for palette auto. None takes that of its
            product, tags or name.
        structure: Whose structure the picture shows: both, the reference's with the radar's news; radar, the radar's in
            the reference's colours; or reference.
        palette: What colours the place has: auto, the reference's, or without one those of the kinds of ground that
            place, month and radar lead to expect; none; or the path of an optical raster of the place, or a source as
            for the reference, whose colours are fitted to the radar where the two overlap.
        filter: Speckle filter before the lightness; auto is the one that the model was trained with.
        size: Width of the filter's window in pixels, odd; None for the filter's own.
        looks: Equivalent number of looks; None for the filter's usual, auto to estimate it once from the scene.
        offset_db: Shift of the whole scene in dB; auto fits one where the unit has no absolute scale, fit always.

    Area:
        bbox: Only this box: west, south, east, north; the output is cut to it.
        bbox_crs: CRS of the box, such as EPSG:4326; None for the scene's own.
        aoi: A vector file; pixels outside its polygons become invalid.

    Output:
        output: Path of the Cloud Optimized GeoTIFF to write, of a list the folder of all; None for a lazy array.
        uncertainty: Path of a second file: the expected absolute error of a and b for each pixel, float32, in Lab
            units, at most 25.5, NaN where invalid; always lossless.
        memory: Path of another file, with a reference: bands memory and changed, uint8, 0 to 100 percent of each pixel
            that is the reference's, and how far the radar shows something new; always lossless.
        classes: Path of another file, where colours are told by kinds of ground: bands kind (1 water, 2 wood, 3 field,
            4 bare, 5 town, 6 snow), the most likely one, and probability in percent, uint8; always lossless.
        quicklook: Path of a small picture of the output, .png, .jpg or .webp, at most 2048 pixels a side; invalid
            pixels are transparent, white in .jpg.
        stac: Also write a STAC item beside the output, .json for .tif: place, time, tags, and all files of the run.
        profile: Compression of the output: deflate, zstd, webp or jpeg; the last two lose detail.
        creation_options: Options of GDAL's COG driver, by name.
        overwrite: Replace existing outputs.
        dry_run: Check everything and say what would be done; write nothing.

    Run:
        engine: What runs the network: auto, torch or openvino; auto takes openvino on a CPU where it is installed.
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
        (255 valid, 0 invalid), dask behind it and rioxarray's CRS on it; nothing is computed yet. Of a list, what
        `colorize_many` gives, or a list of DataArrays.

    Raises:
        SarColorizeError: One sentence; nothing is written and an older output is untouched.
    """
    assert not isinstance(source, list)  # `run_list` takes those
    given = given_reference(reference, reference_resolution, offline=offline)
    check_offline(offline, source, given.picture, reference_radar, None if parse_source(palette) else palette, aoi)
    check_scheduler(scheduler, source)
    settings = ColorizeSettings(
        model=model, palette=palette, reference=_name(given.name), reference_radar=_name(reference_radar),
        reference_date=reference_date, date=date, structure=structure, filter=filter, size=size, looks=looks,
        offset_db=offset_db, tile_px=tile_px, overlap_px=overlap_px, batch=batch, block_px=block_px, engine=engine,
        device=device, precision=precision,
    )  # fmt: skip
    target = Target(bbox, bbox_crs, aoi, profile, creation_options, overwrite)
    files = PictureFiles(output, uncertainty, memory, classes, quicklook)
    check_memory(memory, given.name)
    if output is None and not dry_run:
        of_files = {
            "uncertainty": uncertainty, "memory": memory, "classes": classes, "quicklook": quicklook, "stac": stac,
            "profile": profile, "creation_options": creation_options, "overwrite": overwrite, "scheduler": scheduler,
            "on_progress": on_progress,
        }  # fmt: skip
        check_file_alone(of_files, usual_values(colorize))
    is_lazy = output is None and not dry_run
    with bounded_gdal(), open_input(
        source, keep=is_lazy, unit=unit, polarization=polarization, nodata=nodata, grid=grid, crs=crs,
        resolution=resolution, calibration=calibration, remove_noise=remove_noise,
    ) as opened:  # fmt: skip
        scene = opened.scene
        before = _before(reference_radar, calibration, remove_noise)
        read = [_path(x) for x in (source, given.picture, reference_radar)]
        scenes = [scene] if before is None else [scene, before]
        check_outputs(files.given, scenes, *read, aoi, palette, model, quicklook=quicklook, stac=stac)
        files = replace(files, taken=taken_of(stac, scene, date))
        window, area = target.extent(scene)
        count_blocks(window, block_px)
        ticks: Any = {"dry_run": dry_run, "on_tick": in_units(on_progress, "tiles")}
        chosen = choose_reference(given, scene, settings, **ticks)
        colours = choose_palette_file(given, scene, settings, **ticks)
        settings = settings_with(settings, chosen, memory)
        prepared = prepare(
            scene, settings, area, with_error=uncertainty is not None, with_kinds=classes is not None,
            start=scheduler is None,
            reference=None if chosen.picture is None else Reference(_picture(chosen.picture), before),
            palette=AUTO if colours.is_planned else _name(colours.picture),
        )  # fmt: skip
        notes = (*chosen.notes, *colours.notes, *prepared.notes)
        prepared = replace(prepared, tags=prepared.tags | chosen.tags | colours.tags, notes=notes)
        if is_lazy:
            rgba = partial(rgba_block, prepared.colorizer, prepared.scene)
            return lazy_blocks(prepared.scene.grid, window, block_px, (*RGB, "alpha"), np.uint8, rgba)
        tell = partial(say, on_progress, [*scene.notes, *notes, *([chosen.hint] if chosen.hint else [])])
        made = _to_files(prepared, settings, target, window, files, dry_run, scheduler, on_progress, tell)
        return replace(
            made, hint=chosen.hint, fetched=chosen.fetched or colours.fetched, notes=(*opened.notes, *made.notes)
        )


def _before(source: PathLike | xarray.DataArray | Scene | None, calibration: str | None, noise: bool | None) -> Any:
    """The radar of the reference's date, opened as the scene is; None without one."""
    if source is None:
        return None
    path = os.fspath(source) if isinstance(source, str | os.PathLike) else None
    if path is None or not (is_local(path) and is_product(path)):
        return open_scene(source)
    return open_scene(path, calibration=calibration, remove_noise=noise)


def _path(source: object) -> PathLike | None:
    """The file that an input is read from; None of an open scene, which names its own."""
    return source if isinstance(source, str | os.PathLike) else origin(source)


def _name(source: object) -> str | None:
    """What an input is called in settings and tags; None without one."""
    if source is None or isinstance(source, str | os.PathLike):
        return None if source is None else os.fspath(source)
    return str(getattr(source, "source", None) or getattr(source, "name", None) or "array")


def _picture(reference: PathLike | xarray.DataArray) -> PictureSource:
    """The reference as what reads it."""
    return os.fspath(reference) if isinstance(reference, str | os.PathLike) else picture_of(reference)


def _to_files(
    prepared: Prepared,
    settings: ColorizeSettings,
    target: Target,
    window: Window,
    files: PictureFiles,
    dry_run: bool,
    scheduler: str | None,
    on_progress: Progress | None,
    tell: Callable[[], None],
) -> Result:
    """The picture, and what else is asked for, as files; a dry run stops before the first block.

    Args:
        tell: says what the user should know, once nothing is left to refuse.
    """
    scene, colorizer, facts = prepared.scene, prepared.colorizer, dict(prepared.facts)
    writers = writers_of(target, files, scene.grid.crop(window), prepared.tags | about(scene))
    if scheduler is not None:
        facts |= engines_on(scheduler, settings)
    beside, outputs = beside_of(target, files, writers), outputs_of(target, files)
    block = _block_bytes(prepared, window, settings.block_px, here=scheduler is None)
    many = scheduler is None and colorizer.loads_in_threads(scene)
    threads = most_threads(several=many, compute=many and colorizer.painter.paints_in_threads)
    plan = plan_run(window, settings.block_px, block, outputs, threads)
    check_plan(plan, outputs)
    tell()
    work = Work(
        scene.in_reading_order(blocks(window, settings.block_px)),
        partial(colorizer.load, scene),
        partial(split, colorizer.paint, tuple(writer.bands for writer in writers)),
        scene.stop,
        replace(threads, count=plan.threads),
    )
    count, seconds = BlockCount(len(work.windows), 0), 0.0
    if not dry_run:
        count, seconds = run_to_files(
            work, writers, window, beside=beside, scheduler=scheduler, on_progress=on_progress
        )
        facts |= counts_of(count.sums)
    return describe(
        scene, window, colorizer.radar.filter, files.written(files.output, dry_run=dry_run), count, seconds,
        prepared.notes,
        uncertainty=files.written(files.uncertainty, dry_run=dry_run),
        memory=files.written(files.memory, dry_run=dry_run),
        classes=files.written(files.classes, dry_run=dry_run),
        quicklook=files.written(files.quicklook, dry_run=dry_run),
        stac=files.written(files.item, dry_run=dry_run),
        plan=plan.to_dict(),
        **facts,
    )  # fmt: skip


def _block_bytes(prepared: Prepared, window: Window, block_px: int, *, here: bool) -> BlockBytes:
    """Memory of the largest block; where workers paint, of what they send."""
    colorizer, largest = prepared.colorizer, largest_blocks(window, block_px)
    result = max(part.height * part.width for part in largest) * (len(colorizer.bands) + 1)
    if not here:
        return BlockBytes(0, 0, 0, result)
    parts = (colorizer.memory_bytes(prepared.scene, part) for part in largest)
    load, ready, compute = (max(sizes) for sizes in zip(*parts, strict=True))
    return BlockBytes(load, ready, compute, result)
