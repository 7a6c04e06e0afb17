"""Values of any unit through a speckle filter, which works on power: unit -> power -> filter -> unit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import backscatter
from ..backscatter import DB_RANGES, DbRange, db_range_of, from_power, to_power
from ..errors import SettingError, UnitError
from ..raster import Raster, Unit
from .base import Filter
from .looks import estimate_looks


def to_db(values: Any, valid: Any, unit: Unit, chosen: Filter, db_range: DbRange) -> Any:
    """Decibels of one band after a filter, (H, W), numpy or torch; NaN where invalid, unless the filter is `none`.

    Args:
        values: (H, W), float32, in `unit`. valid: (H, W).
        db_range: decibels that display values 0 and 255 stand for.
    """
    if chosen.name == "none":
        return backscatter.to_db(values, unit, db_range)
    power = chosen.apply(to_power(values, unit, db_range), valid)
    return backscatter.to_db(power, Unit.POWER, db_range)


def despeckle_raster(raster: Raster, chosen: Filter) -> Raster:
    """The same raster with its speckle filtered, in its own unit; what was invalid stays so."""
    values = []
    for band, name in zip(raster.values, raster.bands, strict=True):
        db_range = db_range_of(name)
        power = chosen.apply(to_power(band.astype(np.float32, copy=False), raster.unit, db_range), raster.valid)
        values.append(from_power(power, raster.unit, db_range))
    return Raster(np.stack(values), raster.valid, raster.bands, raster.unit)


def looks_of_rasters(rasters: Iterable[Raster]) -> float:
    """Equivalent number of looks of one scene, from samples of it; see `looks.estimate_looks`."""
    return estimate_looks(
        (to_power(band.astype(np.float32, copy=False), raster.unit, db_range_of(name)), raster.valid)
        for raster in rasters
        for band, name in zip(raster.values, raster.bands, strict=True)
    )


def despeckle_values(values: Any, chosen: Filter, unit: str) -> Any:
    """Numpy or torch values of one unit, filtered; NaN stays NaN."""
    kind, stacked = _stacked(values, unit)
    out = stacked + 0.0
    db_range = DB_RANGES["VV"]
    for index, band in enumerate(stacked):
        valid = (band - band) == 0.0  # false for NaN and for both infinities, in numpy and torch
        out[index] = from_power(chosen.apply(to_power(band, kind, db_range), valid), kind, db_range)
    return out if values.ndim == 3 else out[0]


def looks_of_values(values: Any, unit: str) -> float:
    """Equivalent number of looks of numpy or torch values of one unit."""
    kind, stacked = _stacked(values, unit)
    bands = stacked if isinstance(stacked, np.ndarray) else stacked.cpu().numpy()
    return estimate_looks((to_power(band, kind, DB_RANGES["VV"]), np.isfinite(band)) for band in bands)


def _stacked(values: Any, unit: str) -> tuple[Unit, Any]:
    """The unit and the values as float32 (bands, H, W)."""
    kind = Unit.POWER if unit == "auto" else Unit(unit) if unit in list(Unit) else None
    if kind is None:
        raise UnitError(f"unit must be auto or one of {', '.join(Unit)}, got {unit!r}; auto takes arrays for power")
    if values.ndim not in (2, 3):
        raise SettingError(f"values must be (H, W) or (bands, H, W), got {tuple(values.shape)}; pick one image")
    numeric = values.astype(np.float32) if isinstance(values, np.ndarray) else values.float()
    return kind, numeric if numeric.ndim == 3 else numeric[None]
