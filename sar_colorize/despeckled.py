"""One window of a scene through a speckle filter, which works on power whatever the scene's unit."""

from __future__ import annotations

import numpy as np

from .backscatter import db_range_of, from_power, to_db, to_power
from .raster import Bool, Float32, Raster, Unit, Window
from .scene import Scene
from .speckle import Filter
from .speckle.looks import estimate_looks


def to_db_despeckled(
    values: Float32, valid: Bool, unit: Unit, despeckle: Filter, db_range: tuple[float, float]
) -> Float32:
    """Decibels of one band after the filter, which works on power; (H, W), numpy or torch."""
    if despeckle.name == "none":
        return to_db(values, unit, db_range)
    power = despeckle.apply(to_power(values, unit, db_range), valid)
    return to_db(power, Unit.POWER, db_range)


def despeckle_block(scene: Scene, window: Window, despeckle: Filter) -> Raster:
    """A window with its speckle filtered, in the scene's own unit and bands; invalid pixels stay so."""
    padded = window.pad(despeckle.halo_px)
    raster = scene.read(padded)
    rows, cols = window.within(padded)
    if not raster.valid[rows, cols].any():
        return raster.crop(rows, cols)
    values = []
    for band, name in zip(raster.values, raster.bands, strict=True):
        db_range = db_range_of(name)
        power = despeckle.apply(to_power(band, raster.unit, db_range), raster.valid)
        values.append(from_power(power, raster.unit, db_range))
    return Raster(np.stack(values), raster.valid, raster.bands, raster.unit).crop(rows, cols)


def looks_of(scene: Scene) -> float:
    """Equivalent number of looks of a scene, from a fixed sample of all its bands."""
    return estimate_looks(
        (to_power(band, raster.unit, db_range_of(name)), raster.valid)
        for raster in scene.samples()
        for band, name in zip(raster.values, raster.bands, strict=True)
    )
