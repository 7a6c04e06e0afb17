import numpy as np
import pytest

from sar_colorize.evaluation.color import legibility
from sar_colorize.evaluation.color.legibility import KINDS, agreement, features, kinds_of

SIDE = 96
ALL = np.ones((SIDE, SIDE), bool)
WATER, WOOD, FIELD, BARE, TOWN = range(5)


def ground(light, a, b, contrast=0.0, seed=0):
    """(3, H, W) ground of one colour; `contrast` is the deviation of L from pixel to pixel."""
    noise = np.random.default_rng(seed).normal(0, 1, (SIDE, SIDE)) * contrast
    return np.stack([np.clip(light + noise, 0, 100), np.full_like(noise, a), np.full_like(noise, b)]).astype(np.float32)


def test_agreement_is_the_intersection_over_the_union_by_hand():
    true = np.repeat([[WATER, WATER, FIELD, FIELD]], 4, 0)
    ours = np.repeat([[WATER, WATER, WATER, FIELD]], 4, 0)
    # water 8 / 12, field 4 / 8
    assert agreement(ours, true, np.ones((4, 4), bool)) == pytest.approx(((8 / 12 + 4 / 8) / 2, 8 / 12))


def test_only_kinds_that_the_real_picture_shows_count():
    true, ours = np.full((10, 10), FIELD), np.full((10, 10), FIELD)
    true[0, 0] = WATER  # one in a hundred: no kind of its own, but no field either
    ours[5:, :] = TOWN  # false town takes from the field
    mean, water = agreement(ours, true, np.ones((10, 10), bool))
    assert mean == pytest.approx(49 / 100)
    assert np.isnan(water)


def test_pixels_that_are_not_valid_count_for_nothing():
    true, ours, valid = np.full((10, 10), BARE), np.full((10, 10), BARE), np.ones((10, 10), bool)
    ours[:3], valid[:3] = TOWN, False
    assert agreement(ours, true, valid)[0] == 1.0
    lab, spoilt, seen = ground(40, 0, 20, 5.0), ground(40, 0, 20, 5.0), ALL.copy()
    seen[20:50, 30:60] = False
    spoilt[:, ~seen] = 99.0
    np.testing.assert_array_equal(features(lab, seen)[:, seen], features(spoilt, seen)[:, seen])


@pytest.mark.parametrize(
    ("kind", "lab"),
    [
        (WATER, ground(25, -8, -12)),
        (WOOD, ground(22, -10, 12, 2.0)),
        (FIELD, ground(55, -20, 28, 1.0)),
        (BARE, ground(65, 10, 28, 1.0)),
        (TOWN, ground(50, 0, 2, 18.0)),
    ],
    ids=KINDS,
)
def test_ground_of_a_plain_colour_is_what_people_take_it_for(kind, lab):
    assert (kinds_of(lab, ALL) == kind).mean() > 0.9


def test_a_picture_of_one_tint_is_illegible_and_the_real_one_is_not():
    left, right = ground(25, -8, -12), ground(65, 10, 28, 1.0)
    true = np.where(np.arange(SIDE) < SIDE // 2, left, right)
    tint = np.stack([true[0], np.full((SIDE, SIDE), 1.0), np.full((SIDE, SIDE), 8.0)]).astype(np.float32)
    assert legibility.legibility(true, true, ALL) == (1.0, 1.0)
    mean, water = legibility.legibility(tint, true, ALL)
    assert mean < 0.75
    assert water < 0.5


def test_contrast_is_a_feature_at_two_scales_and_colour_is_the_mean_around_a_pixel():
    found = features(ground(50, 4, -3, 10.0), ALL)[:, 48, 48]
    np.testing.assert_allclose(found[1:3], (4, -3), atol=1e-4)
    assert found[3] == pytest.approx(np.log1p(10.0), abs=0.25)
    assert found[4] < 1.2
    assert found[5] == pytest.approx(0.0, abs=1e-3)


def test_the_shipped_table_names_its_sources_and_how_well_it_tells_kinds_apart():
    card = legibility.card()
    assert set(card["weights"]) == set(KINDS)
    assert all(len(weights) == 28 for weights in card["weights"].values())
    assert card["sources"]
    assert set(card["recall_left_out"]) == {"infrared", "hue", "pixels"}
    assert legibility.TABLE.stat().st_size < 10_000
