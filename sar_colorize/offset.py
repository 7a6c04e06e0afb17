"""The shift in decibels of a whole scene, where its scale is not known or the user wants one."""

from __future__ import annotations

from collections.abc import Iterator

from .backscatter import db_range_of, to_db
from .lightness import fit_offset_db
from .raster import Float32
from .scene import Scene

AUTO = "auto"


def offset_of(scene: Scene, wanted: str | float) -> tuple[float, str]:
    """The shift in decibels of the whole scene, and why."""
    if not isinstance(wanted, str):
        return float(wanted), "given by the user"
    if wanted == AUTO and scene.declaration.absolute:
        return 0.0, scene.declaration.scale_reason
    reason = "asked for by the user" if wanted == "fit" else scene.declaration.scale_reason
    return fit_offset_db(_valid_db(scene), scene.bands[0]), f"fitted once to the scene's median: {reason}"


def _valid_db(scene: Scene) -> Iterator[Float32]:
    """Valid decibels of the first band, from the scene's sample."""
    db_range = db_range_of(scene.bands[0])
    for raster in scene.samples():
        yield to_db(raster.values[0][raster.valid], raster.unit, db_range)
