"""Where the result goes, and which part of the scene it covers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..cog import CogWriter
from ..errors import OutputError, SettingError
from ..raster import Grid, Raster, Window
from ..scene import Scene, is_product
from ..scene.area import Area, read_area, read_bbox

LOSSLESS = ("deflate", "zstd")
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Target:
    """Where the result goes and which part of the scene it covers.

    bbox: west, south, east, north in bbox_crs (the scene's own where None); the output is cut to it.
    aoi: a vector file; pixels outside its polygons become invalid.
    confidence: path of a second file, for how sure the model is: float32, the expected absolute error of a and b in Lab
        units, at most 25.5, NaN where invalid. Never lossy: deflate where the profile is a lossy one.
    profile, creation_options: see `CogWriter`.
    """

    bbox: Box | None = None
    bbox_crs: str | None = None
    aoi: str | None = None
    confidence: str | None = None
    profile: str = "deflate"
    creation_options: Mapping[str, str] | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.bbox_crs is not None and self.bbox is None:
            raise SettingError(f"bbox_crs must come with a bbox, got {self.bbox_crs} alone; give the bbox too")


def extent(scene: Scene, target: Target) -> tuple[Window, Area | None]:
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


def check_output(scene: Scene, output: str | os.PathLike[str]) -> None:
    """Never writes onto the input, nor into the folder that is the input, whatever the options."""
    path, source = Path(output), Path(scene.source)
    if source.is_file() and source.suffix.lower() != ".zip" and is_product(scene.source):
        source = source.parent if source.name.lower() == "manifest.safe" else source.parents[1]
    if source.is_dir() and source.resolve() in path.resolve().parents:
        raise OutputError(f"output must stand outside its input, got {path} in {source}; choose another folder")
    if path.exists() and source.exists() and path.samefile(source):
        raise OutputError(f"output must be another file than the input, got {path} for both; choose a new name")


def open_writer(
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


def open_error_writer(picture: CogWriter, target: Target, band: str) -> CogWriter:
    """The writer of the file that says how sure the model is, beside that of the picture.

    Raises:
        OutputError: both are one file.
    """
    if Path(str(target.confidence)).absolute() == picture.path.absolute():
        raise OutputError(f"confidence must be another file than the picture, got {target.confidence} for both")
    return CogWriter(
        str(target.confidence),
        picture.grid,
        bands=(band,),
        dtype="float32",
        profile=target.profile if target.profile in LOSSLESS else "deflate",
        tags=picture.tags,
        units=("Lab units",),
        overwrite=target.overwrite,
    )


def apart(
    write_picture: Callable[[Window, Raster], None], write_error: Callable[[Window, Raster], None]
) -> Callable[[Window, Raster], None]:
    """Writes the first three bands of a block as a picture, and the fourth, tenths of a Lab unit, as Lab units."""

    def write(window: Window, raster: Raster) -> None:
        write_picture(window, replace(raster, values=raster.values[:3], bands=raster.bands[:3]))
        error = raster.values[3:].astype(np.float32) / np.float32(10.0)
        write_error(window, replace(raster, values=error, bands=raster.bands[3:]))

    return write


def shifted(writer: CogWriter, origin: Window) -> Callable[[Window, Raster], None]:
    """Writes windows of the scene into an output that begins at `origin`."""

    def write(window: Window, raster: Raster) -> None:
        writer.write(Window(window.row - origin.row, window.col - origin.col, window.height, window.width), raster)

    return write
