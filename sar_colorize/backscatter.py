"""Backscatter from one unit to another: display, digital numbers, amplitude, power and decibels.

Elementwise, float32, the same on numpy and torch. A leaf: it knows no other stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .arrays import namespace
from .errors import UnitError
from .raster import Unit

DbRange = tuple[float, float]

DB_RANGES: Mapping[str, DbRange] = {
    "VV": (-25.0, 0.0),
    "VH": (-32.5, 0.0),
    "HH": (-25.0, 0.0),
    "HV": (-32.5, 0.0),
}
"""Decibels shown as black and white, by polarisation: SEN1-2's for VV, SEN12MS's for VH; HH as VV, HV as VH."""

MEDIAN_DB: Mapping[str, float] = {"VV": -12.0, "VH": -18.5, "HH": -12.0, "HV": -18.5}
"""Median backscatter of land, by polarisation: what a scene without an absolute scale is set to.

Medians of the six calibrated two-band examples that this was written with: VV -10.4 to -13.9, VH -16.2 to -20.1 dB.
"""

FLOOR_POWER = 1e-9
"""Power at and under which a measurement counts as -90 dB: noise removal leaves zeros and negatives."""


def to_db(values: Any, unit: Unit, db_range: DbRange) -> Any:
    """Backscatter in decibels.

    power: 10 log10(p); amplitude and dn: 20 log10(a); display: lo + v / 255 (hi - lo).

    Args:
        values: any shape, numpy or torch, float32.
        unit: what they are.
        db_range: (lo, hi) in dB that display values 0 and 255 stand for.

    Returns:
        Same shape, dB; -90 where power is zero or negative.
    """
    xp = namespace(values)
    if unit is Unit.DB:
        return values
    if unit is Unit.DISPLAY:
        low, high = db_range
        return values * np.float32((high - low) / 255.0) + np.float32(low)
    floor = FLOOR_POWER if unit is Unit.POWER else FLOOR_POWER**0.5
    factor = 10.0 if unit is Unit.POWER else 20.0
    return xp.log10(xp.clip(values, floor, None)) * np.float32(factor)


def to_power(values: Any, unit: Unit, db_range: DbRange) -> Any:
    """Linear power from any unit; see `to_db` for the arguments.

    dn and amplitude: a**2; decibels: 10**(dB / 10); display by way of decibels.
    """
    if unit is Unit.POWER:
        return values
    if unit in (Unit.AMPLITUDE, Unit.DN):
        return values * values
    return 10.0 ** (to_db(values, unit, db_range) * np.float32(0.1))


def from_power(power: Any, unit: Unit, db_range: DbRange) -> Any:
    """The inverse of `to_power`: the same measurement in `unit`, display clipped to 0..255."""
    xp = namespace(power)
    if unit is Unit.POWER:
        return power
    if unit in (Unit.AMPLITUDE, Unit.DN):
        return xp.clip(power, 0.0, None) ** 0.5
    db = to_db(power, Unit.POWER, db_range)
    if unit is Unit.DB:
        return db
    low, high = db_range
    return xp.clip((db - np.float32(low)) * np.float32(255.0 / (high - low)), 0.0, 255.0)


def db_range_of(polarization: str, ranges: Mapping[str, DbRange] = DB_RANGES) -> DbRange:
    """The decibel range of a polarisation, by name.

    Raises:
        UnitError: no range is known for it.
    """
    try:
        return ranges[polarization]
    except KeyError:
        known = ", ".join(ranges)
        raise UnitError(f"polarization must be one of {known}, got {polarization!r}; name one of them") from None
