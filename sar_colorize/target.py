"""Where the result goes, and which part of the scene it covers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cog import CogWriter
from .errors import OutputError, SettingError
from .raster import Grid, Raster, Window
from .scene import Scene
from .scene.area import Area, read_area, read_bbox

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Target:
    """Where the result goes and which part of the scene it covers.

    bbox: west, south, east, north in bbox_crs (the scene's own where None); the output is cut to it.
    aoi: a vector file; pixels outside its polygons become invalid.
    confidence: refused until there is a model that says how sure it is.
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
        if self.confidence is not None:
            raise SettingError(f"confidence must be left out, got {self.confidence}; no model says how sure it is yet")
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
    """Never writes onto the input, whatever the options."""
    path = Path(output)
    if path.exists() and Path(scene.source).exists() and path.samefile(scene.source):
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


def shifted(writer: CogWriter, origin: Window) -> Callable[[Window, Raster], None]:
    """Writes windows of the scene into an output that begins at `origin`."""

    def write(window: Window, raster: Raster) -> None:
        writer.write(Window(window.row - origin.row, window.col - origin.col, window.height, window.width), raster)

    return write
