"""Two overlapping rasters, radar and colour, to a folder of pairs with a catalogue of where each lies."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backscatter import db_range_of, to_db
from ..color import to_uint8
from ..errors import Cancelled, DataError, OutputError, SarColorizeError, way_out
from ..hidden_folder import HiddenFolder, remove_orphans
from ..lightness import fit_offset_db
from ..progress import Progress
from ..raster import Bool, Window
from ..reference.picture import Picture, look_at, open_picture
from ..scene import Scene, open_scene
from ..writable import check_name_of, publish_folder
from .build_settings import BuildSettings
from .catalogue import CATALOGUE, MANIFEST, write_catalogue
from .geotiff import display_code
from .read import pillow
from .score import scores

_log = logging.getLogger("sar_colorize")
SIDES = ("s1", "s2")
"""Radar and colour."""


@dataclass(frozen=True)
class BuildResult:
    """What was built."""

    catalogue: Path
    """The GeoPackage of footprints."""
    splits: dict[str, int]
    """How many pairs each split has."""
    skipped: dict[str, int]
    """How many patches were left out, by reason."""
    colour: str
    """What the numbers of the colour raster were taken for."""


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
        s1: radar with a CRS and a transform.
        s2: red, green and blue, or reflectance in known bands, with a CRS.
        folder: must not exist, or be empty.
        settings: how the rasters are cut.
        polarization: the radar band; None takes the first.
        progress: called with (patches done, patches in all).

    Raises:
        DataError: a raster has no CRS, or they share no patch.
        SceneError, SettingError: a raster cannot be read.
        OutputError: the folder is in use or cannot be written to.
        Cancelled: a KeyboardInterrupt; nothing was written.
    """
    settings = settings or BuildSettings()
    folder = Path(folder)
    scene = open_scene(s1, polarization=polarization)
    scene = scene.select(scene.bands[0])
    if scene.grid.transform is None or scene.grid.crs_wkt is None:
        raise DataError(f"the radar raster must have a CRS and a transform, got none in {s1}; geocode it first")
    _check_folder(folder)
    picture = _colour_raster(s2)
    _log.info("radar: %s of %s", scene.bands[0], scene.source)
    _log.info("colour: %s, %s", s2, picture.words)
    skipped: dict[str, int] = {}
    files = [MANIFEST, CATALOGUE]
    with _appearing(folder, files) as partial:
        rows = _write_patches(partial, scene, picture, settings, skipped, progress)
        if not rows:
            raise DataError(
                f"the rasters must share at least one patch of {settings.patch_px} px, got none "
                f"({', '.join(f'{count} {reason}' for reason, count in skipped.items()) or 'too small'}); "
                "choose a smaller patch_px or other rasters"
            )
        _split(partial, rows, settings)
        write_catalogue(partial, rows, scene.grid, scene.bands[0])
        files += [f"{row['split']}/{_patch(row, side)}" for row in rows for side in SIDES]
    _log.info(
        "patches: %d kept, %s", len(rows), ", ".join(f"{n} {why}" for why, n in skipped.items()) or "none left out"
    )
    splits = {name: sum(row["split"] == name for row in rows) for name in ("train", "val", "test")}
    return BuildResult(folder / CATALOGUE, splits, skipped, picture.words)


def _colour_raster(path: str | Path) -> Picture:
    """How to read the colour raster.

    Raises:
        SettingError: GDAL cannot read it, or its bands are not known.
        DataError: it has no CRS.
    """
    picture = look_at(str(path), "the colour raster")
    with open_picture(str(path), "the colour raster") as source:
        if source.crs is None:
            raise DataError(f"the colour raster must have a CRS, got none in {path}; choose another")
    return picture


def _write_patches(
    folder: Path,
    scene: Scene,
    picture: Picture,
    settings: BuildSettings,
    skipped: dict[str, int],
    progress: Progress | None,
) -> list[dict[str, Any]]:
    """Writes the patches worth keeping, and counts the others by reason; a row of the catalogue for each."""
    rows: list[dict[str, Any]] = []
    offset_db = _offset_db(scene)
    windows = list(_windows(scene, settings.patch_px))
    for number, window in enumerate(windows):
        raster = scene.read(window)
        code = display_code(raster, offset_db)
        rgb, seen = _colour_on(scene, picture, window)
        valid = raster.valid & seen
        row: dict[str, Any] = {**scores(code, scene.bands[0], rgb), "terrain": settings.terrain, "window": window}
        reason = "not in both rasters" if valid.mean() < settings.least_valid else ""
        if not reason and row["cloud"] > settings.most_cloud:
            reason = "cloud"
        if reason:
            skipped[reason] = skipped.get(reason, 0) + 1
        else:
            row |= {"key": f"r{window.row:05d}_c{window.col:05d}", "site": _site(scene.source, window, settings)}
            rows.append(row)
            _write(folder, row, code, np.where(valid, rgb, np.uint8(0)))
        if progress is not None:
            progress(number + 1, len(windows))
    return rows


def _offset_db(scene: Scene) -> float:
    """The shift of a scene without an absolute scale, fitted once for all of it."""
    if scene.declaration.absolute:
        return 0.0
    band = scene.bands[0]
    samples = (to_db(part.values[0], scene.unit, db_range_of(band))[part.valid] for part in scene.samples())
    return fit_offset_db(samples, band)


def _windows(scene: Scene, patch_px: int) -> Iterator[Window]:
    for row in range(0, scene.grid.height - patch_px + 1, patch_px):
        for col in range(0, scene.grid.width - patch_px + 1, patch_px):
            yield Window(row, col, patch_px, patch_px)


def _colour_on(scene: Scene, picture: Picture, window: Window) -> tuple[NDArray[np.uint8], Bool]:
    """Natural colour (3, H, W), 0..255, of a window of the scene, and where it is valid."""
    rgb, seen = picture.on(scene.grid.crop(window))
    codes: NDArray[np.uint8] = to_uint8(rgb)
    return codes, seen


def _site(s1: str, window: Window, settings: BuildSettings) -> str:
    """The name of the spatial block of a window; the radar file's name, without a side's token, begins it."""
    side_px = settings.patch_px * settings.block_patches
    stem = re.sub(r"(?i)_s[12](?=_|$)", "", Path(s1).stem)
    return f"{stem}_b{window.row // side_px}_{window.col // side_px}"


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
    image = pillow()
    for side, array in zip(SIDES, (code, np.moveaxis(rgb, 0, -1)), strict=True):
        path = folder / _patch(row, side)
        for part in (path.parent.parent, path.parent):  # never the folder itself, which may have been taken away
            part.mkdir(exist_ok=True)
        image.fromarray(np.ascontiguousarray(array)).save(path)


def _patch(row: dict[str, Any], side: str) -> str:
    """The path of a patch in the folder of its split."""
    return f"{row['site']}/{side}/{row['site']}_{side}_{row['key']}.png"


def _check_folder(folder: Path) -> None:
    """Refuses a folder in which no pairs can appear."""
    check_name_of("the folder of pairs", folder.absolute())
    try:
        is_in_use = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise OutputError(f"the folder of pairs must be one that can be made, got {folder} ({error})") from error
    if is_in_use:
        raise OutputError(f"the folder of pairs must be new or empty, got {folder}; name another")


@contextmanager
def _appearing(folder: Path, files: Sequence[str]) -> Iterator[Path]:
    """A folder beside the one asked for, renamed to it at the end with all its files, removed on any error."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder of pairs must be where it can be written, got {folder} ({error})") from error
    place = folder.absolute()
    remove_orphans(place)
    hidden = HiddenFolder(place)
    try:
        partial = hidden.path / "whole"
        partial.mkdir()
        yield partial
        publish_folder(partial, place, files)
    except KeyboardInterrupt as error:
        raise Cancelled("cancelled; nothing was written") from error
    except OSError as error:
        if isinstance(error, SarColorizeError):
            raise
        mend = way_out(error, "free some space or name another")
        raise OutputError(
            f"the folder of pairs must be where it can be written, got {folder} ({error}); {mend}"
        ) from error
    finally:
        hidden.remove()
