"""What the season does to colours: nothing between equal months, little where the networks disagree."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from sar_colorize.reference.season import CAUTION, CHANNELS, WEIGHTS, agreed, pixel_values, scene_values, settle
from sar_colorize.weights import read_card

PLACE = (5.0, 50.6)
"""Belgium."""
BOTH = ("VV", "VH")


def _pixels(count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """(3, N) CIE Lab of green and brown land, (2, N) decibels."""
    random = np.random.default_rng(0)
    lab = random.normal(0, 1, (3, count)) * [[6], [5], [6]] + [[36], [-4], [16]]
    db = random.normal(0, 1.5, (2, count)) + np.array([[-11], [-17.5]])
    return lab.astype(np.float32), db.astype(np.float32)


@pytest.mark.parametrize("bands", [BOTH, ("VV",), ("VH",), ("VH", "VV"), ("HH", "HV"), ()])
@pytest.mark.parametrize("has_before", [False, True])
def test_any_radar_gives_a_change_of_every_pixel(bands: tuple[str, ...], has_before: bool) -> None:
    lab, db = _pixels()
    given = db[: max(1, len(bands))]
    change, doubt = settle((1, 7), *PLACE, bands, has_before).drift(lab, given, given - 1 if has_before else None)
    assert (change.shape, doubt.shape, change.dtype, doubt.dtype) == ((3, 400), (400,), np.float32, np.float32)
    assert np.isfinite(change).all()
    assert 0.0 < doubt.mean() < 10.0
    assert doubt.min() >= 0.0


def test_winter_fields_turn_green_by_early_summer_and_the_other_way_round_south_of_the_equator() -> None:
    lab, db = _pixels()
    north = settle((1, 6), *PLACE, BOTH, False).drift(lab, db, None)[0]
    assert north[1].mean() < -0.5  # a, towards green
    autumn = settle((6, 11), *PLACE, BOTH, False).drift(lab, db, None)[0]
    assert autumn[1].mean() > north[1].mean() + 1.0
    assert autumn[0].mean() < north[0].mean()  # and darker


@pytest.mark.parametrize("month", [1, 4, 8, 12])
def test_equal_months_change_nothing(month: int) -> None:
    lab, db = _pixels()
    change, doubt = settle((month, month), *PLACE, BOTH, False).drift(lab, db, None)
    assert not change.any()
    assert doubt.any()


def test_neighbouring_months_change_less_than_distant_ones_also_across_new_year() -> None:
    lab, db = _pixels()
    near, far, turn = (
        np.abs(settle(months, *PLACE, BOTH, False).drift(lab, db, None)[0]).mean()
        for months in ((5, 6), (5, 8), (12, 1))
    )
    assert near < 0.75 * far
    assert turn < 0.75 * far
    strengths = [
        settle(months, *PLACE, BOTH, False).strength for months in ((5, 6), (12, 1), (11, 1), (1, 11), (6, 12))
    ]
    assert strengths == [0.5, 0.5, 1.0, 1.0, 1.0]


def test_a_radar_of_unknown_level_is_not_looked_at() -> None:
    lab, db = _pixels()
    season = settle((3, 8), *PLACE, (), False)
    assert np.array_equal(season.drift(lab, db, None)[0], season.drift(lab, db + 40, db - 3)[0])
    known = settle((3, 8), *PLACE, BOTH, False)
    assert np.abs(known.drift(lab, db, None)[0] - known.drift(lab, db + 5, None)[0]).mean() > 0.1
    assert np.array_equal(known.drift(lab, db, db - 3)[0], known.drift(lab, db, None)[0])  # has no radar before
    told = settle((3, 8), *PLACE, BOTH, True)
    assert np.abs(told.drift(lab, db, db - 4)[0] - told.drift(lab, db, db)[0]).mean() > 0.05


def test_what_is_far_from_all_that_was_learned_counts_as_its_edge() -> None:
    lab, db = _pixels(8)
    season = settle((3, 8), *PLACE, BOTH, False)
    far, farther = (season.drift(lab + offset, db, None)[0] for offset in (1e4, 1e6))
    assert np.array_equal(far, farther)
    assert np.abs(far).max() < 100


def test_the_values_of_a_pixel_stand_where_they_belong() -> None:
    lab, db = np.array([[40.0], [-3.0], [9.0]], np.float32), np.array([[-10.0], [-20.0]], np.float32)
    before = np.array([[-12.0], [np.nan]], np.float32)
    assert pixel_values(lab, db, before, BOTH).tolist() == [[40, -3, 9, 1, -2, -3, 2, 0]]
    swapped = pixel_values(lab, db[::-1], before[::-1], ("VH", "VV"))
    assert np.array_equal(swapped, pixel_values(lab, db, before, BOTH))
    assert pixel_values(lab, db[:1], None, ("HH",)).tolist() == [[40, -3, 9, 1, 0, 0, 0, 0]]
    assert pixel_values(lab, db[1:], None, ("HV",)).tolist() == [[40, -3, 9, 0, -2, 0, 0, 0]]
    assert pixel_values(lab, db[:0], None, ()).shape == (1, CHANNELS)


def test_the_values_of_a_scene_say_months_as_a_circle_and_what_is_known() -> None:
    values = scene_values((1, 7), *PLACE, ("VV",), True)
    old, new, change, flags = values[:4], values[4:8], values[8:12], values[12:15]
    assert old[:2] == pytest.approx(-new[:2], abs=1e-6)  # half a year apart
    assert old[2:] == pytest.approx(new[2:], abs=1e-6)
    assert change == pytest.approx(new - old, abs=1e-6)
    assert flags.tolist() == [1, 0, 1]
    assert scene_values((1, 7), *PLACE, BOTH, False)[12:15].tolist() == [1, 1, 0]
    december, january = scene_values((12, 12), *PLACE, (), False), scene_values((1, 1), *PLACE, (), False)
    assert np.abs(december[:2] - january[:2]).max() < 0.55


def test_disagreement_takes_away() -> None:
    made = np.zeros((4, 2, 3), np.float32)
    made[:, 0, 0] = 6.0  # all agree
    made[:, 0, 1] = (1.5, 2.5, 1.5, 2.5)  # mean 2, variance 1 / 3
    made[:, 0, 2] = (-5.0, 5.0, -5.0, 5.0)
    mean, spread = agreed(made)
    assert mean[0].tolist() == pytest.approx([6.0, 2.0 * (1 - CAUTION / 12), 0.0], abs=1e-5)
    assert spread[0].tolist() == pytest.approx([0, np.sqrt(1 / 3), 10 / np.sqrt(3)])
    assert not mean[1].any()


def test_a_season_travels_to_a_worker() -> None:
    lab, db = _pixels(32)
    season = settle((3, 8), *PLACE, BOTH, False)
    copied = pickle.loads(pickle.dumps(season))  # noqa: S301  # made here
    assert np.array_equal(copied.drift(lab, db, None)[0], season.drift(lab, db, None)[0])


def test_the_weights_carry_a_card_that_names_their_sources() -> None:
    about = json.loads(read_card(WEIGHTS))
    assert about["name"] == "season"
    assert "modified Copernicus Sentinel data" in " ".join(about["sources"])
    assert about["limits"]
