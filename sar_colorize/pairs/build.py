"""Two overlapping rasters, radar and colour, to a folder of pairs with a catalogue of where each lies."""

from __future__ import annotations

import csv
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backscatter import to_db
from ..color import srgb_to_lab
from ..errors import DataError, OutputError, SettingError
from ..lightness import fit_offset_db
from ..raster import Unit, Window
from ..scene import Scene, open_scene
from ..speckle import get_filter
from .geotiff import NATURAL, display_code, render

CATALOGUE = "catalogue.gpkg"
MANIFEST = "manifest.csv"
_CLOUD_CODE = 228
_CLOUD_SPREAD = 22
_PLAIN_L = 10.0
_LEAST_ALIKE = 0.25
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class BuildSettings:
    """How rasters become pairs.

    patch_px: side of a patch. block_patches: side of a spatial block in patches; a block is wholly in one split.
    val_share, test_share: of the blocks.
    least_valid: share of a patch that both rasters must show. most_cloud: share of it that may be cloud.
    terrain: a word for the whole place, kept in the catalogue.
    """

    patch_px: int = 256
    block_patches: int = 4
    val_share: float = 0.15
    test_share: float = 0.15
    least_valid: float = 0.98
    most_cloud: float = 0.3
    terrain: str = ""

    def __post_init__(self) -> None:
        for name, low in (("patch_px", 16), ("block_patches", 1)):
            if getattr(self, name) < low:
                raise SettingError(f"{name} must be at least {low}, got {getattr(self, name)}; leave it out")
        for name in ("val_share", "test_share", "least_valid", "most_cloud"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"{name} must be within 0..1, got {getattr(self, name)}; leave it out")
        if self.val_share + self.test_share >= 1:
            raise SettingError(
                f"val_share and test_share must leave something to train on, got {self.val_share} and "
                f"{self.test_share}; 0.15 each is usual"
            )


@dataclass(frozen=True)
class BuildResult:
    """catalogue: the GeoPackage; splits: pairs by split; skipped: patches left out by reason."""

    catalogue: Path
    splits: dict[str, int]
    skipped: dict[str, int]


def build_pairs(
    s1: str | Path,
    s2: str | Path,
    folder: Path,
    settings: BuildSettings | None = None,
    *,
    polarization: str | None = None,
    progress: Progress | None = None,
) -> BuildResult:
    """Cuts two rasters into pairs on the grid of the radar, and catalogues them.

    The colour is warped to the radar's grid (bilinear); the radar's pixels stay as they are, because resampling
    changes speckle. The folder holds SPLIT/SITE/{s1,s2}/, manifest.csv and catalogue.gpkg, and appears whole or not at
    all. A site is a spatial block, and so never in two splits.

    Args:
        s1: radar with a CRS and a transform. s2: red, green and blue, or reflectance in known bands.
        folder: must not exist, or be empty.

    Raises:
        DataError: a raster has no place on Earth, or they share no patch.
        SceneError: a raster cannot be read.
        OutputError: the folder is in use or cannot be written to.
    """
    settings = settings or BuildSettings()
    folder = Path(folder)
    scene = open_scene(s1, polarization=polarization)
    scene = scene.select(scene.bands[0])
    if scene.grid.transform is None or scene.grid.crs_wkt is None:
        raise DataError(f"the radar raster must have a CRS and a transform, got none in {s1}; geocode it first")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"the folder of pairs must be new or empty, got {folder}; name another")
    offset_db = _offset_db(scene)
    windows = list(_windows(scene, settings.patch_px))
    rows: list[dict[str, Any]] = []
    skipped: dict[str, int] = {}
    with _appearing(folder) as partial, _colour_on(scene, s2) as colour:
        for number, window in enumerate(windows):
            raster = scene.read(window)
            rgb, seen = colour(window)
            valid = raster.valid & seen
            row = _scores(display_code(raster, offset_db), rgb, settings) | {"window": window}
            reason = "not in both rasters" if valid.mean() < settings.least_valid else ""
            if not reason and row["cloud"] > settings.most_cloud:
                reason = "cloud"
            if reason:
                skipped[reason] = skipped.get(reason, 0) + 1
            else:
                rows.append(row | {"key": f"r{window.row:05d}_c{window.col:05d}", "site": _site(s1, window, settings)})
                _write(partial, rows[-1], display_code(raster, offset_db), np.where(valid, rgb, 0).astype(np.uint8))
            if progress is not None:
                progress(number + 1, len(windows))
        if not rows:
            raise DataError(
                f"the rasters must share at least one patch of {settings.patch_px} px, got none "
                f"({', '.join(f'{count} {reason}' for reason, count in skipped.items()) or 'too small'}); "
                "choose a smaller patch_px or other rasters"
            )
        _split(partial, rows, settings)
        _catalogue(partial, rows, scene)
    splits = {name: sum(row["split"] == name for row in rows) for name in ("train", "val", "test")}
    return BuildResult(folder / CATALOGUE, splits, skipped)


def _offset_db(scene: Scene) -> float:
    """The shift of a scene without an absolute scale, fitted once for all of it."""
    if scene.declaration.absolute or scene.unit is Unit.DISPLAY:
        return 0.0
    samples = (to_db(part.values[0], scene.unit, (-25.0, 0.0))[part.valid] for part in scene.samples())
    return fit_offset_db(samples, scene.bands[0])


def _windows(scene: Scene, patch_px: int) -> Iterator[Window]:
    for row in range(0, scene.grid.height - patch_px + 1, patch_px):
        for col in range(0, scene.grid.width - patch_px + 1, patch_px):
            yield Window(row, col, patch_px, patch_px)


@contextmanager
def _colour_on(scene: Scene, path: str | Path) -> Iterator[Callable[[Window], tuple[NDArray[np.uint8], NDArray]]]:
    """A function from a window of the scene to natural colour (3, H, W) and where it is valid."""
    import rasterio
    from rasterio.enums import ColorInterp, Resampling
    from rasterio.errors import RasterioError
    from rasterio.vrt import WarpedVRT

    try:
        source = rasterio.open(path)
    except RasterioError as error:
        raise DataError(f"the colour raster must be readable, got {path} ({error}); correct the path") from error
    with source:
        bands = source.count - (ColorInterp.alpha in source.colorinterp)
        if source.crs is None or bands not in NATURAL:
            raise DataError(
                f"the colour raster must have a CRS and {', '.join(map(str, NATURAL))} bands, got {bands} and "
                f"{source.crs} in {path}; choose another"
            )
        grid = scene.grid
        add_alpha = source.nodata is None and bands == source.count
        options = {"crs": grid.crs_wkt, "transform": grid.transform, "height": grid.height, "width": grid.width}
        with WarpedVRT(source, **options, resampling=Resampling.bilinear, add_alpha=add_alpha) as warped:

            def read(window: Window) -> tuple[NDArray[np.uint8], NDArray]:
                part = rasterio.windows.Window(window.col, window.row, window.width, window.height)
                values = warped.read([band + 1 for band in NATURAL[bands]], window=part)
                return render(values), warped.dataset_mask(window=part) > 0

            yield read


def _scores(code: NDArray[np.uint8], rgb: NDArray[np.uint8], settings: BuildSettings) -> dict[str, Any]:
    """cloud: share of white; flat: 1 where the colour patch shows nothing, 0 where its L spreads by 10 or more;
    shift_px: see `_shift_px`."""
    white = (rgb.min(0) >= _CLOUD_CODE) & (np.ptp(rgb, axis=0) <= _CLOUD_SPREAD)
    lightness = srgb_to_lab(rgb.astype(np.float32) / np.float32(255.0))[0]
    power = (10.0 ** (code.astype(np.float32) / 102.0)).astype(np.float32)
    radar = np.log10(get_filter("lee").apply(power, np.ones(code.shape, bool)))
    return {
        "cloud": round(float(white.mean()), 4),
        "flat": round(1.0 - min(1.0, float(lightness.std()) / _PLAIN_L), 4),
        "shift_px": _shift_px(radar, lightness),
        "terrain": settings.terrain,
    }


def _shift_px(radar: NDArray[np.floating], lightness: NDArray[np.floating]) -> float:
    """How far the edges of the colour lie from those of the radar, by cross correlation.

    NaN where the edges do not resemble each other even so, correlation under 0.25: nothing can be said then.
    """
    from skimage.registration import phase_cross_correlation

    edges = [np.hypot(*np.gradient(x)) for x in (radar, lightness)]
    edges = [edge - edge.mean() for edge in edges]
    if not all(edge.any() for edge in edges):
        return float("nan")
    shift = phase_cross_correlation(*edges, normalization=None)[0]
    moved = np.roll(edges[1], [int(s) for s in shift], (0, 1))
    alike = float((edges[0] * moved).mean() / (edges[0].std() * edges[1].std()))
    return round(float(np.hypot(*shift)), 2) if alike >= _LEAST_ALIKE else float("nan")


def _site(s1: str | Path, window: Window, settings: BuildSettings) -> str:
    side_px = settings.patch_px * settings.block_patches
    return f"{Path(s1).stem}_b{window.row // side_px}_{window.col // side_px}"


def _split(folder: Path, rows: list[dict[str, Any]], settings: BuildSettings) -> None:
    """Gives each site a split, in the order of its name's digest, and moves it there."""
    sites = sorted({row["site"] for row in rows}, key=lambda site: hashlib.sha256(site.encode()).digest())
    test = round(settings.test_share * len(sites)) or (settings.test_share > 0 and len(sites) > 2)
    val = round(settings.val_share * len(sites)) or (settings.val_share > 0 and len(sites) > 1)
    names = ["test"] * test + ["val"] * val + ["train"] * (len(sites) - test - val)
    splits = dict(zip(sites, names, strict=True))
    for site, split in splits.items():
        (folder / split).mkdir(exist_ok=True)
        (folder / site).rename(folder / split / site)
    for row in rows:
        row["split"] = splits[row["site"]]


def _write(folder: Path, row: dict[str, Any], code: NDArray[np.uint8], rgb: NDArray[np.uint8]) -> None:
    from PIL import Image

    for side, array in (("s1", code), ("s2", np.moveaxis(rgb, 0, -1))):
        path = folder / row["site"] / side / f"{row['site']}_{side}_{row['key']}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(array)).save(path)


def _catalogue(folder: Path, rows: list[dict[str, Any]], scene: Scene) -> None:
    """Writes manifest.csv, which `find_pairs` reads, and the GeoPackage of footprints."""
    import geopandas
    from shapely.geometry import Polygon

    band = scene.bands[0]
    columns = ("split", "site", "key", "cloud", "flat", "shift_px", "terrain")
    table = [{name: row[name] for name in columns} | {"s1_code": f"{band} in dB -> 0..255"} for row in rows]
    with (folder / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    footprints = []
    for row in rows:
        grid = replace(scene.grid).crop(row["window"])
        corners = [(0, 0), (grid.width, 0), (grid.width, grid.height), (0, grid.height)]
        footprints.append(Polygon([grid.transform @ corner for corner in corners if grid.transform is not None]))
    frame = geopandas.GeoDataFrame(table, geometry=footprints, crs=scene.grid.crs_wkt)
    frame.to_file(folder / CATALOGUE, layer="pairs", driver="GPKG")


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder beside the one asked for, renamed to it at the end, removed on any error."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise OutputError(f"the folder of pairs must be where it can be written, got {folder} ({error})") from error
    try:
        yield partial
        partial.chmod(0o755)
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
