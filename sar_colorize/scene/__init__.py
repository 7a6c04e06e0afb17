"""What is on disk or in memory, as a lazy scene with a declared unit."""

from __future__ import annotations

import os
from typing import Any

from .base import Declaration, Scene

__all__ = ["Declaration", "Scene", "open_scene"]


def open_scene(
    source: Any, *, unit: str = "auto", polarization: str | None = None, nodata: float | None = None
) -> Scene:
    """A radar raster as a lazy scene.

    Args:
        source: a path, anything GDAL opens (`/vsizip/`, `/vsis3/`, `https://`), an xarray DataArray, or a Scene.
        unit: "auto", or "dn", "amplitude", "power", "db", "display" to overrule what is found.
        polarization: the one band to use; also names a single band that has no name.
        nodata: a value that is invalid besides what the source says.

    Raises:
        UnreadableError, SceneError, UnitError: one sentence that says what to do.
    """
    if isinstance(source, Scene):
        return source.select(polarization.upper()) if polarization else source
    if isinstance(source, (str, os.PathLike)):
        from .geotiff import open_raster

        return open_raster(os.fspath(source), unit=unit, polarization=polarization, nodata=nodata)
    from .xarray import from_xarray

    return from_xarray(source, unit=unit, polarization=polarization, nodata=nodata)
