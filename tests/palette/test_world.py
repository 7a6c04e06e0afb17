"""What is to be expected at a place in a month: shares and colours of kinds of ground."""

from __future__ import annotations

import numpy as np
import pytest

from sar_colorize.palette.palette import GUESSED
from sar_colorize.palette.world import (
    FIELD,
    KINDS,
    anywhere,
    conditions,
    expect,
    expectation,
    familiarity,
    ground_model,
    guess_palette,
    mean_of,
)

SAHARA, AMAZON, YAKUTSK, BELGIUM, ATLANTIC = (5.0, 25.0), (-62.0, -5.0), (129.5, 62.5), (5.3, 50.6), (-30.0, 40.0)
WATER, WOOD, FIELDS, BARE, TOWN, SNOW = range(6)


@pytest.mark.parametrize(
    ("longitude", "latitude", "words"),
    [
        (-48.1, -25.3, "25.3° S 48.1° W"),
        (10.0, 50.0, "50.0° N 10.0° E"),
        (151.2, -33.9, "33.9° S 151.2° E"),
        (-99.9, 38.2, "38.2° N 99.9° W"),
    ],
)
def test_the_note_names_hemispheres_not_signs(longitude: float, latitude: float, words: str) -> None:
    note = guess_palette(longitude, latitude).note
    assert f"at {words} " in note
    assert "-" not in note


def test_the_note_names_the_month_or_the_year() -> None:
    assert "in March;" in guess_palette(*BELGIUM, 3).note
    assert "mean of the year;" in guess_palette(*BELGIUM).note
    assert guess_palette(*BELGIUM).trust == GUESSED


@pytest.mark.parametrize("month", [None, 1, 7])
@pytest.mark.parametrize(
    "place", [SAHARA, AMAZON, YAKUTSK, BELGIUM, ATLANTIC, (180.0, 0.0), (-180.0, 90.0), (0, -90.0), (359.0, 10.0)]
)
def test_shares_add_up_and_colours_are_colours_everywhere(place: tuple[float, float], month: int | None) -> None:
    found = expect(*place, month)
    assert found.shares.shape == (len(KINDS),)
    assert found.shares.sum() == pytest.approx(1.0)
    assert (found.shares >= 0.0).all()
    assert ((found.colours[:, 0] > 0.0) & (found.colours[:, 0] < 100.0)).all()
    assert (np.abs(found.colours[:, 1:]) < 60.0).all()
    assert np.isfinite(found.doubt).all()
    assert (found.deviation > 0.0).all()


def test_longitudes_beyond_180_degrees_are_those_west_of_greenwich() -> None:
    assert np.array_equal(conditions(300.0, -5.0, 4)[0], conditions(-60.0, -5.0, 4)[0])


def test_kinds_of_ground_lie_where_they_do() -> None:
    assert expect(*SAHARA).shares[BARE] > 0.8
    assert expect(*AMAZON).shares[WOOD] > 0.7
    assert expect(*ATLANTIC).shares[WATER] > 0.9
    assert expect(*BELGIUM).shares[FIELDS] > expect(*BELGIUM).shares[BARE]


def test_snow_lies_in_winter_and_is_white() -> None:
    winter, summer = expect(*YAKUTSK, 1), expect(*YAKUTSK, 7)
    assert winter.shares[SNOW] > 0.5
    assert winter.mean[0] > 70.0
    assert summer.shares[SNOW] == pytest.approx(0.0)
    assert expect(*AMAZON, 1).shares[SNOW] == pytest.approx(0.0)
    assert expect(*YAKUTSK).shares[SNOW] == pytest.approx(0.0)  # of a month that is not known
    assert expect(-40.0, 72.0).shares[SNOW] > 0.8  # Greenland


@pytest.mark.parametrize("place", [SAHARA, AMAZON, BELGIUM, (76.3, 10.0), (-98.0, 38.0), (92.8, 26.5)])
def test_a_reader_can_tell_kinds_apart_by_colour(place: tuple[float, float]) -> None:
    water, wood, fields, bare, town, _ = expect(*place).colours
    assert wood[0] < fields[0] - 3.0  # woods are dark
    assert fields[0] < bare[0] - 5.0
    assert fields[1] < bare[1] - 5.0  # fields are greener
    assert town[2] < bare[2]  # towns are greyer
    assert water[2] < min(wood[2], fields[2]) - 5.0  # water is bluer


def test_the_sea_is_dark_blue_and_a_desert_bright() -> None:
    assert expect(*ATLANTIC).mean[0] < 15.0
    assert expect(*ATLANTIC).mean[2] < -5.0
    assert expect(*SAHARA).mean[0] > 55.0
    assert expect(*SAHARA).mean[1] > 4.0


def test_conditions_like_those_learned_from_are_believed_and_others_are_not() -> None:
    known = ground_model()["known"]
    assert familiarity(known[0], known) == pytest.approx(1.0)
    assert familiarity(known[0] + 20.0, known) < 0.01


def test_where_nothing_like_it_was_learned_each_kind_has_its_usual_colour() -> None:
    model = ground_model() | {"known": np.full((1, 7), 50.0)}
    values, land = conditions(*SAHARA, 7)
    far = expectation((5.0, 25.0), values, land, model | {"nodes": np.array([[-150.0, -60.0]]),
                      "node_colours": np.zeros((1, 5, 3)), "node_green": np.zeros(1)})  # fmt: skip
    assert far.colours[FIELD] == pytest.approx(model["start"].mean(0)[FIELD], abs=0.01)


def test_ground_nearby_counts_and_ground_far_away_does_not() -> None:
    values, land = conditions(*BELGIUM, 7)
    shift = {"node_colours": np.full((1, 5, 3), 6.0), "node_green": np.zeros(1)}
    near, far = (
        expectation(BELGIUM, values, land, ground_model() | shift | {"nodes": np.array([node])})
        for node in (BELGIUM, SAHARA)
    )
    moved = near.colours[FIELD] - far.colours[FIELD]
    assert moved == pytest.approx([5.0, 5.0, 5.0], abs=0.01)  # 6 / (1 + 0.2)


def test_the_mean_of_months_weighs_colours_by_shares() -> None:
    months = [expect(*BELGIUM, month) for month in (1, 7)]
    mean = mean_of(months, np.array([1.0, 1.0]))
    shares = np.array([each.shares[FIELD] for each in months])
    colours = np.array([each.colours[FIELD] for each in months])
    assert mean.colours[FIELD] == pytest.approx(shares @ colours / shares.sum(), abs=1e-5)
    assert mean.shares == pytest.approx((months[0].shares + months[1].shares) / 2, abs=1e-5)
    assert (mean.spread[FIELD] >= min(each.spread[FIELD].min() for each in months)).all()


def test_land_anywhere_has_all_kinds_but_snow_in_colours_that_can_be_told_apart() -> None:
    found = anywhere()
    assert found.shares.sum() == pytest.approx(1.0)
    assert found.shares[-1] == 0.0
    assert 0.0 < found.shares[0] < 0.1
    water, wood, _, bare, _ = found.colours[:5]
    assert wood[1] < bare[1] - 5.0
    assert wood[0] < bare[0] - 15.0
    assert water[2] < wood[2] - 5.0
