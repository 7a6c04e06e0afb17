"""The composition: paths, arrays and options to results. The only module that knows every other."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .backscatter import DB_RANGES, from_power, to_power
from .cog import CogWriter
from .colorizer import RGB, Colorizer, ColorizeSettings, despeckle_block, prepare
from .speckle import Filter, get_filter
from .errors import OutputError, SettingError, UnitError
from .raster import Grid, Raster, Unit, Window
from .run.local import BlockCount, Progress, run_blocks
from .scene import Scene, open_scene
from .scene.area import Area, read_area, read_bbox
from .tiles import blocks

GDAL_CACHE_BYTES = 128 << 20
"""GDAL's own cache of decoded blocks; its default is a twentieth of the machine, which is not bounded by the block."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Target:
    """Where the result goes and which part of the scene it covers.

    bbox: west, south, east, north in bbox_crs (the scene's own where None); the output is cut to it.
    aoi: a vector file; pixels outside its polygons become invalid. profile, creation_options: see `CogWriter`.
    """

    bbox: Box | None = None
    bbox_crs: str | None = None
    aoi: str | None = None
    profile: str = "deflate"
    creation_options: Mapping[str, str] | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.bbox_crs is not None and self.bbox is None:
            raise SettingError(f"bbox_crs must come with a bbox, got {self.bbox_crs} alone; give the bbox too")


@dataclass(frozen=True)
class Result:
    """What was made, for people and scripts.

    output: the path; None for a dry run. blocks, skipped_blocks: skipped ones held nothing valid. notes: what a user
    should know of the input.
    """

    output: str | None
    source: str
    width: int
    height: int
    bands: tuple[str, ...]
    bands_reason: str
    unit: str
    unit_reason: str
    despeckle: str
    blocks: int
    skipped_blocks: int
    seconds: float
    notes: tuple[str, ...] = ()
    model: str | None = None
    weights_sha256: str | None = None
    offset_db: float | None = None
    offset_reason: str | None = None
    device: str | None = None
    precision: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what does not apply is left out."""
        return {key: value for key, value in asdict(self).items() if value is not None}


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
    profile: str = "deflate",
    creation_options: Mapping[str, str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    on_progress: Progress | None = None,
    **settings: Any,
) -> Any:
    """A colour picture of a radar scene: path to path, or lazy array to lazy array.

    Args:
        source: a path, anything GDAL opens, an xarray DataArray, or a Scene.
        output: path of the Cloud Optimized GeoTIFF to write; None for a lazy array.
        unit, polarization, nodata: see `open_scene`.
        bbox, bbox_crs, aoi, profile, creation_options, overwrite: see `Target`.
        dry_run: say what would be done and check that it could be; write nothing.
        on_progress: called with (done, total) blocks.
        settings: see `ColorizeSettings`: model, despeckle, device, tile_px, ...

    Returns:
        With an output, a `Result`. Without one, a DataArray (band, y, x), uint8, bands red, green, blue, alpha
        (255 valid, 0 invalid), dask behind it and rioxarray's CRS on it; nothing is computed yet.

    Raises:
        SarColorizeError: one sentence; nothing is written and an older output is untouched.
    """
    target = Target(bbox, bbox_crs, aoi, profile, creation_options, overwrite)
    chosen = _settings(settings)
    with _gdal():
        scene = open_scene(source, unit=unit, polarization=polarization, nodata=nodata)
        window, area = _extent(scene, target)
        if output is not None and not dry_run:
            _check_output(scene, output)
        scene, colorizer = prepare(scene, chosen, area)
        if output is None and not dry_run:
            return _lazy(scene, window, chosen.block_px, (*RGB, "alpha"), np.uint8, partial(_rgba, colorizer, scene))
        described = partial(
            _describe,
            scene,
            window,
            colorizer.filter,
            model=colorizer.card.name,
            weights_sha256=colorizer.checksum,
            offset_db=colorizer.offset_db,
            offset_reason=colorizer.offset_reason,
            device=colorizer.inference.device if colorizer.inference else "cpu",
            precision=colorizer.inference.precision if colorizer.inference else "fp32",
        )
        windows = list(blocks(window, chosen.block_px))
        if dry_run:
            return described(None, BlockCount(len(windows), 0), 0.0)
        started = time.perf_counter()
        load = partial(colorizer.load, scene)
        with _writer(output, scene.grid.crop(window), target, RGB, "uint8", colorizer.tags(scene)) as writer:
            write = _shifted(writer, window)
            count = run_blocks(windows, load, colorizer.paint, write, on_progress)
        return described(os.fspath(output), count, time.perf_counter() - started)  # type: ignore[arg-type]


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
        return _despeckle_values(source, chosen, unit)
    target = Target(bbox, bbox_crs, aoi, profile, creation_options, overwrite)
    with _gdal():
        scene = open_scene(source, unit=unit, polarization=polarization, nodata=nodata)
        window, area = _extent(scene, target)
        load = partial(_despeckled, scene, chosen, area)
        windows = list(blocks(window, block_px))
        if dry_run:
            return _describe(scene, window, chosen, None, BlockCount(len(windows), 0), 0.0)
        if output is None:
            return _lazy(scene, window, block_px, scene.bands, np.float32, lambda w: _with_nan(load(w), scene, w))
        _check_output(scene, output)
        started = time.perf_counter()
        with _writer(output, scene.grid.crop(window), target, scene.bands, "float32", _tags(scene, chosen)) as writer:
            count = run_blocks(windows, load, lambda raster: raster, _shifted(writer, window), on_progress)
        return _describe(scene, window, chosen, os.fspath(output), count, time.perf_counter() - started)


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


def _extent(scene: Scene, target: Target) -> tuple[Window, Area | None]:
    """The window to be made and the area it is limited to."""
    window = scene.grid.window
    if window.is_empty:
        raise SettingError(f"scene must hold pixels, got {window.height} x {window.width} in {scene.source}")
    if target.bbox is not None:
        window = read_bbox(target.bbox, target.bbox_crs, scene.grid)
    area = read_area(target.aoi, scene.grid) if target.aoi is not None else None
    if area is not None and window.intersect(area.bounds).is_empty:
        raise SettingError(f"aoi must share ground with the bbox, got {target.aoi}, which lies outside it; drop one")
    return window, area


def _check_output(scene: Scene, output: str | os.PathLike[str]) -> None:
    """Never writes onto the input, whatever the options."""
    path = Path(output)
    if path.exists() and Path(scene.source).exists() and path.samefile(scene.source):
        raise OutputError(f"output must be another file than the input, got {path} for both; choose a new name")


def _writer(
    output: Any, grid: Grid, target: Target, bands: tuple[str, ...], dtype: str, tags: Mapping[str, str]
) -> CogWriter:
    return CogWriter(
        output,
        grid,
        bands=bands,
        dtype=dtype,
        profile=target.profile,
        options=target.creation_options,
        tags=tags,
        overwrite=target.overwrite,
    )


def _shifted(writer: CogWriter, origin: Window) -> Callable[[Window, Raster], None]:
    """Writes windows of the scene into an output that begins at `origin`."""

    def write(window: Window, raster: Raster) -> None:
        writer.write(Window(window.row - origin.row, window.col - origin.col, window.height, window.width), raster)

    return write


def _describe(
    scene: Scene,
    window: Window,
    chosen: Filter,
    output: str | None,
    count: BlockCount,
    seconds: float,
    **more: Any,
) -> Result:
    declared = scene.declaration
    return Result(
        output=output,
        source=scene.source,
        width=window.width,
        height=window.height,
        bands=declared.bands,
        bands_reason=declared.bands_reason,
        unit=str(declared.unit),
        unit_reason=declared.unit_reason,
        despeckle=chosen.name,
        blocks=count.total,
        skipped_blocks=count.skipped,
        seconds=round(seconds, 2),
        notes=scene.notes,
        **more,
    )


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


def _despeckle_values(values: Any, chosen: Filter, unit: str) -> Any:
    """Numpy or torch values of one unit, filtered; NaN stays NaN."""
    kind = Unit.POWER if unit == "auto" else Unit(unit) if unit in list(Unit) else None
    if kind is None:
        raise UnitError(f"unit must be auto or one of {', '.join(Unit)}, got {unit!r}; auto takes arrays for power")
    if values.ndim not in (2, 3):
        raise SettingError(f"values must be (H, W) or (bands, H, W), got {tuple(values.shape)}; pick one image")
    numeric = values.astype(np.float32) if isinstance(values, np.ndarray) else values.float()
    stacked = numeric if numeric.ndim == 3 else numeric[None]
    out = stacked + 0.0
    db_range = DB_RANGES["VV"]
    for index, band in enumerate(stacked):
        valid = (band - band) == 0.0  # false for NaN and for both infinities, in numpy and torch
        out[index] = from_power(chosen.apply(to_power(band, kind, db_range), valid), kind, db_range)
    return out if numeric.ndim == 3 else out[0]


def _rgba(colorizer: Colorizer, scene: Scene, window: Window) -> np.ndarray:
    """(4, height, width) uint8 of a window, the fourth 255 where valid."""
    raster = colorizer.block(scene, window)
    return np.concatenate([raster.values, np.where(raster.valid, np.uint8(255), np.uint8(0))[None]])


def _with_nan(raster: Raster | None, scene: Scene, window: Window) -> np.ndarray:
    """(C, height, width) float32 of a window, NaN where invalid."""
    if raster is None:
        return np.full((len(scene.bands), *window.shape), np.nan, dtype=np.float32)
    return np.where(raster.valid, raster.values, np.float32(np.nan))


def _lazy(
    scene: Scene, window: Window, block_px: int, bands: tuple[str, ...], dtype: Any, make: Callable[[Window], Any]
) -> Any:
    """A DataArray whose blocks are made when they are computed."""
    import dask
    import dask.array as da

    from .scene.xarray import with_grid

    rows: dict[int, list[Any]] = {}
    for part in blocks(window, block_px):
        block = da.from_delayed(dask.delayed(make, pure=False)(part), (len(bands), *part.shape), dtype=dtype)
        rows.setdefault(part.row, []).append(block)
    values = da.block([[block for block in row] for row in rows.values()])
    return with_grid(values, scene.grid.crop(window), bands)


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

    return rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES) if rasterio else nullcontext()
