"""New water: dark in a bright scene, and not where the picture shows water or leads one to expect the dark."""

from __future__ import annotations

import numpy as np
import pytest

from sar_colorize.reference.water import (
    Level,
    absolute_chance,
    chance,
    dark_values,
    level_of,
    looks_like_water,
    table,
    water_colour_values,
)

BRIGHT = Level(median=-10.0, spread=2.0, valley=-15.0, distance=4.0, dark=0.1)


def test_the_level_of_a_scene_is_its_median_its_spread_and_the_valley_before_the_dark() -> None:
    random = np.random.default_rng(0)
    db = np.concatenate([random.normal(-10, 1.5, 9000), random.normal(-21, 1.0, 1000)]).astype(np.float32)
    level = level_of(db)
    assert level.median == pytest.approx(-10.2, abs=0.2)
    assert level.spread == pytest.approx(1.8, abs=0.3)
    assert -19 < level.valley < -13
    assert level.dark == pytest.approx(0.1, abs=0.005)
    assert level.distance == pytest.approx(11.0 / (np.sqrt(0.9 * 1.5**2 + 0.1) + 0.3), rel=0.05)
    moved = level_of(db + 30)
    assert (moved.median, moved.valley) == pytest.approx((level.median + 30, level.valley + 30), abs=0.1)


def test_a_scene_of_one_value_has_no_valley() -> None:
    level = level_of(np.full(500, -12.0, np.float32))
    assert (level.median, level.spread, level.distance, level.dark) == (-12.0, 1.0, 0.0, 0.0)
    assert level.valley < level.median - 5


def test_dark_values_are_relative_to_the_scene() -> None:
    db = np.full((15, 15), -16.0, np.float32)
    weight, odd = np.ones_like(db), np.full_like(db, -3.0)
    values = dark_values(BRIGHT, db, odd, weight)
    assert values[:, 7, 7].tolist() == pytest.approx([-3, -3, -0.5, -2, -3, -3, 0.1])
    shifted = Level(20.0, 2.0, 15.0, 4.0, 0.1)
    assert np.allclose(dark_values(shifted, db + 30, odd, weight), values, atol=1e-5)
    weight[:, :7] = 0
    db[:, :7] = 0
    assert np.allclose(
        dark_values(BRIGHT, db, odd, weight)[1:4, 7, 7], values[1:4, 7, 7], atol=1e-5
    )  # means of what is known


def test_water_is_dark_and_unexpectedly_so() -> None:
    everywhere = np.ones((9, 9), np.float32)

    def sure(db: float, odd: float) -> float:
        return float(chance(dark_values(BRIGHT, everywhere * np.float32(db), everywhere * np.float32(odd), everywhere),
                            "dark")[4, 4])  # fmt: skip

    assert sure(-19.0, -4.0) > 0.4 > 0.1 > sure(-10.0, 0.0)
    assert sure(-19.0, -4.0) > sure(-17.0, -4.0) > sure(-14.0, -4.0)
    assert sure(-17.0, -4.0) > sure(-17.0, 0.0) + 0.05


def test_a_chance_is_a_logistic_regression() -> None:
    line = table()["absolute_VV"]
    values = np.array([[[0.5, -40.0, 40.0]]], np.float32)
    expected = [1 / (1 + np.exp(-np.clip(line["start"] + line["slopes"][0] * each, -30, 30))) for each in values[0, 0]]
    assert chance(values, "absolute_VV")[0].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("bands", [("VV", "VH"), ("VV",), ("VH",)])
def test_absolute_decibels_tell_lakes_from_land(bands: tuple[str, ...]) -> None:
    lake, land = ({"VV": -20.0, "VH": -28.0}, {"VV": -10.0, "VH": -16.5})
    given = np.array([[[lake[band], land[band]]] for band in bands], np.float32)
    found = absolute_chance(bands, given)[0]
    assert found[0] > 0.9
    assert found[1] < 0.2


def test_the_order_of_bands_and_their_first_letter_do_not_matter() -> None:
    db = np.random.default_rng(0).normal(0, 3, (2, 4, 5)).astype(np.float32) + np.array([[[-14]], [[-21]]], np.float32)
    found = absolute_chance(("VV", "VH"), db)
    assert found.std() > 0.1
    for bands, values in ((("VH", "VV"), db[::-1]), (("HH", "HV"), db), (("HV", "HH"), db[::-1])):
        assert np.array_equal(absolute_chance(bands, values), found)
    assert np.array_equal(absolute_chance(("HH",), db[:1]), absolute_chance(("VV",), db[:1]))
    assert not np.array_equal(absolute_chance(("HH",), db[:1]), absolute_chance(("HV",), db[:1]))


def test_the_colour_of_water_is_told_from_that_of_land() -> None:
    middle = np.array([50.0, -3.0, 15.0], np.float32)
    lab = np.array([[[30.0, 48.0, 60.0]], [[-3.0, -10.0, 6.0]], [[-8.0, 22.0, 24.0]]], np.float32)
    lake, meadow, soil = looks_like_water(lab, middle)[0]
    assert lake > 0.8
    assert max(meadow, soil) < 0.2
    values = water_colour_values(lab, middle)
    assert values[:, 0, 0].tolist() == pytest.approx([1.5, -0.15, -0.4, -2.0, 0.0, -2.3, (9 + 64) / 400])


def test_the_table_says_what_a_flood_does_to_land() -> None:
    after = table()["flood_land"]
    assert len(after["gain"]) == len(after["start"]) == 3
    light, a, b = (
        gain * value + start
        for gain, value, start in zip(after["gain"], (50.0, -12.0, 25.0), after["start"], strict=True)
    )
    assert light < 50.0
    assert -12.0 < a < 3.0
    assert 8.0 < b < 25.0
