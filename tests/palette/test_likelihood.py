"""Backscatter to kinds of ground and their colours."""

from __future__ import annotations

import numpy as np
import pytest

from sar_colorize.palette.likelihood import colours_of, kinds_of
from sar_colorize.palette.world import KINDS, expect

WATER, WOOD, FIELDS, BARE, TOWN, SNOW = range(6)
BELGIUM = expect(5.3, 50.6, 7)


def _most(db: list[float], bands: tuple[str, ...] = ("VV", "VH")) -> str:
    return KINDS[int(kinds_of(np.array(db)[:, None], bands, BELGIUM)[:, 0].argmax())]


def test_probabilities_add_up_to_one() -> None:
    db = np.random.default_rng(0).uniform(-40.0, 10.0, (2, 500))
    assert kinds_of(db, ("VV", "VH"), BELGIUM).sum(0) == pytest.approx(np.ones(500))
    assert kinds_of(db, ("VV", "VH"), expect(25.0, 66.0, 2)).sum(0) == pytest.approx(np.ones(500))


def test_dark_is_water_bright_is_town_and_a_high_vh_is_wood() -> None:
    assert _most([-21.0, -29.0]) == "water"
    assert _most([-3.0, -11.0]) == "town"
    assert _most([-11.0, -18.0]) == "field"
    wood = kinds_of(np.array([[-10.0, -10.0], [-14.5, -19.0]]), ("VV", "VH"), BELGIUM)[WOOD]
    assert wood[0] > wood[1]


def test_one_polarisation_is_enough_for_water() -> None:
    assert _most([-22.0], ("VV",)) == "water"
    assert _most([-30.0], ("VH",)) == "water"
    assert _most([-11.0], ("VV",)) == "field"


def test_hh_and_hv_stand_for_vv_and_vh() -> None:
    db = np.random.default_rng(1).uniform(-30.0, 0.0, (2, 50))
    assert np.array_equal(kinds_of(db, ("HH", "HV"), BELGIUM), kinds_of(db, ("VV", "VH"), BELGIUM))


def test_snow_has_its_share_of_all_that_is_not_water() -> None:
    winter = expect(129.5, 62.5, 1)
    found = kinds_of(np.array([[-10.0], [-17.0]]), ("VV", "VH"), winter)[:, 0]
    assert found[SNOW] == pytest.approx(winter.shares[SNOW] / (1.0 - winter.shares[WATER]) * (1.0 - found[WATER]))


def test_a_kind_for_certain_has_its_colour_and_only_its_own_spread() -> None:
    lab, error = colours_of(np.eye(6)[:, [BARE]], BELGIUM)
    assert lab[:, 0] == pytest.approx(BELGIUM.colours[BARE], abs=1e-4)
    own = np.sqrt(BELGIUM.spread[BARE] ** 2 + BELGIUM.doubt[BARE] ** 2)[1:]
    assert error[0] == pytest.approx(BELGIUM.off * 0.8 * own.mean(), abs=1e-4)


def test_two_kinds_alike_are_mixed_and_more_in_doubt() -> None:
    chance = np.zeros((6, 2))
    chance[[FIELDS, BARE], 0], chance[FIELDS, 1] = 0.5, 1.0
    lab, error = colours_of(chance, BELGIUM)
    assert lab[:, 0] == pytest.approx((BELGIUM.colours[FIELDS] + BELGIUM.colours[BARE]) / 2, abs=1e-4)
    assert error[0] > error[1]
