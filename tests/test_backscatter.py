"""Units, with numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sar_colorize.backscatter import db_range_of, from_power, to_db, to_power
from sar_colorize.errors import UnitError
from sar_colorize.raster import Unit

VV = (-25.0, 0.0)


@pytest.mark.parametrize(
    ("unit", "value", "db"),
    [
        (Unit.DB, -12.5, -12.5),
        (Unit.POWER, 0.01, -20.0),
        (Unit.AMPLITUDE, 0.1, -20.0),
        (Unit.DN, 100.0, 40.0),
        (Unit.DISPLAY, 0.0, -25.0),
        (Unit.DISPLAY, 255.0, 0.0),
        (Unit.DISPLAY, 102.0, -15.0),
    ],
)
def test_decibels_of_each_unit(unit: Unit, value: float, db: float) -> None:
    assert to_db(np.array([value], np.float32), unit, VV)[0] == pytest.approx(db, abs=1e-4)


@pytest.mark.parametrize("unit", [Unit.POWER, Unit.AMPLITUDE, Unit.DN])
def test_zero_and_negative_power_become_minus_ninety_decibels_not_infinite(unit: Unit) -> None:
    assert to_db(np.array([0.0, -3.0], np.float32), unit, VV) == pytest.approx([-90.0, -90.0], abs=1e-3)


@pytest.mark.parametrize("unit", list(Unit))
def test_power_and_back_is_the_same_measurement(unit: Unit) -> None:
    values = np.array([[1.0, 20.0, 200.0]], np.float32)
    values = -values / 10 if unit is Unit.DB else values
    back = from_power(to_power(values, unit, VV), unit, VV)
    assert back == pytest.approx(values, rel=1e-4)
    assert back.dtype == np.float32


def test_an_unknown_polarization_is_named() -> None:
    with pytest.raises(UnitError, match=r"must be one of VV, VH, HH, HV, got 'XX'"):
        db_range_of("XX")
