"""What a place is like in a month: the right way up, and defined to the ends of the Earth."""

from __future__ import annotations

import numpy as np
import pytest

from sar_colorize.reference.climate import LAND, climate_at

WARM_THEN, WARM_NOW, WARMER, RAIN_THEN, RAIN_NOW = range(5)
COVER = slice(5, 15)
NOW_LAB, CHANGE_LAB = slice(15, 18), slice(18, 21)


@pytest.mark.parametrize(("latitude", "sign"), [(48.0, 1), (-33.0, -1)])
def test_july_is_warmer_than_january_in_the_north_and_colder_in_the_south(latitude: float, sign: int) -> None:
    longitude = 11.0 if latitude > 0 else 149.0
    found = climate_at(longitude, latitude, (1, 7))
    assert sign * found[WARMER] > 0.5
    assert found[WARMER] * 10 == pytest.approx((found[WARM_NOW] - found[WARM_THEN]) * 15)
    back = climate_at(longitude, latitude, (7, 1))
    assert back[WARMER] == -found[WARMER]
    assert np.array_equal(back[CHANGE_LAB], -found[CHANGE_LAB])
    assert (back[RAIN_THEN], back[WARM_NOW]) == (found[RAIN_NOW], found[WARM_THEN])


def test_known_places_are_where_they_are() -> None:
    shares = {
        name: dict(zip(LAND, climate_at(*at, (7, 7))[COVER], strict=True))
        for name, at in {
            "Congo": (22.5, 0.5), "Sahara": (10.5, 24.5), "Greenland": (-42.5, 72.5), "Atlantic": (-30.5, 30.5),
            "Beauce": (1.7, 48.2),
        }.items()
    }  # fmt: skip
    for place, kind in (("Congo", "forest"), ("Sahara", "bare"), ("Greenland", "snow"), ("Atlantic", "water"),
                        ("Beauce", "crop")):  # fmt: skip
        assert shares[place][kind] > 0.8, place
        assert sum(shares[place].values()) == pytest.approx(1.0, abs=0.03)
    assert climate_at(-42.5, 72.5, (1, 1))[WARM_NOW] * 15 < -20  # degrees
    assert climate_at(10.5, 24.5, (7, 7))[WARM_NOW] * 15 > 25
    wet, dry = (np.expm1(climate_at(*at, (7, 7))[RAIN_NOW] * 2 + 4) for at in ((77.5, 10.5), (10.5, 24.5)))
    assert wet > 50 * dry  # the monsoon of Kerala
    assert climate_at(-42.5, 72.5, (7, 7))[NOW_LAB][0] * 20 > 80  # the ice is white


def test_months_are_those_of_the_year() -> None:
    yakutsk, bangladesh = (129.5, 62.5), (90.0, 24.0)  # degrees and mm a month, from ERA5 itself
    found, back = climate_at(*yakutsk, (1, 7)), climate_at(*bangladesh, (1, 7))
    assert (found[WARM_THEN] * 15, found[WARM_NOW] * 15) == pytest.approx((-39.1, 19.6), abs=0.5)
    assert np.expm1(back[[RAIN_THEN, RAIN_NOW]] * 2 + 4) == pytest.approx([7, 317], rel=0.1)
    assert found[CHANGE_LAB][0] * 10 < -40  # snow in January


def test_equal_months_change_nothing() -> None:
    found = climate_at(11.0, 48.0, (5, 5))
    assert not found[CHANGE_LAB].any()
    assert found[WARMER] == 0.0
    assert found.shape == (21,)


@pytest.mark.parametrize("latitude", [90.0, 89.9, -89.9, -90.0, 91.0, 0.0, 12.3])
def test_the_table_has_no_ends(latitude: float) -> None:
    for longitude in (-180.0, -0.5, 0.0, 179.99, 180.0, 359.9):
        found = climate_at(longitude, latitude, (1, 12))
        assert np.isfinite(found).all()
        assert np.abs(found).max() < 6.0
        assert np.array_equal(found, climate_at(longitude - 360.0, latitude, (1, 12)))
    assert np.array_equal(climate_at(180.0, latitude, (1, 12)), climate_at(-180.0, latitude, (1, 12)))


def test_the_poles_are_the_outermost_rows() -> None:
    assert np.array_equal(climate_at(20.0, 90.0, (1, 7)), climate_at(20.0, 89.5, (1, 7)))
    assert np.array_equal(climate_at(20.0, -90.0, (1, 7)), climate_at(20.0, -89.5, (1, 7)))
    assert np.array_equal(climate_at(20.0, 91.0, (1, 7)), climate_at(20.0, 90.0, (1, 7)))
    assert not np.array_equal(climate_at(20.0, -89.5, (1, 7)), climate_at(20.0, -88.5, (1, 7)))
    assert climate_at(20.0, 90.0, (1, 7))[WARMER] > 1.0
    assert climate_at(20.0, -90.0, (1, 7))[WARMER] < -1.0
