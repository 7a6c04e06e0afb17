"""The kinds of ground of a scene, told by its radar, and the colours that a painter gives them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from sar_colorize.backscatter import DB_RANGES
from sar_colorize.color import lab_to_srgb
from sar_colorize.models.ground_kinds import (
    expected_error,
    ground_chances,
    ground_colours,
    ground_logs,
    ground_moments,
)
from sar_colorize.models.ground_numbers import numbers_of
from sar_colorize.palette.from_radar import RadarGround, block_db, ground_kinds, in_words, level_of
from sar_colorize.palette.likelihood import SHARPNESS, colours_of, kinds_of
from sar_colorize.palette.palette import UNKNOWN_PALETTE, GroundKinds
from sar_colorize.palette.world import expect

BANDS, PLACE = ("VV", "VH"), (5.3, 50.6)
HERE = expect(*PLACE, 7)


def _lightness(db: np.ndarray, bands: tuple[str, ...] = BANDS) -> torch.Tensor:
    """L (1, C, H, W) of decibels (C, H, W), not clipped."""
    ranges = [DB_RANGES[band] for band in bands]
    return torch.tensor(
        np.stack([100 * (x - low) / (high - low) for x, (low, high) in zip(db, ranges, strict=True)])[None]
    )


def _colours(ground: GroundKinds, lightness: torch.Tensor) -> torch.Tensor:
    kinds = numbers_of(ground)
    logs = ground_logs(kinds, lightness)
    lab = ground_colours(kinds, ground_chances(kinds.snow, logs, SHARPNESS))
    error = expected_error(ground_moments(kinds, ground_chances(kinds.snow, logs)), lab[:, 1:], kinds.off)
    return torch.cat([lab, error], 1)


def test_the_mean_of_a_block_is_that_of_power_and_a_hole_leaves_it_out() -> None:
    db = np.full((1, 8, 12), -10.0, np.float32)
    db[0, :2] = 0.0
    valid = np.ones((8, 12), bool)
    valid[5, 5] = False
    found, known = block_db(db, valid)
    assert found[0, 0, 0] == pytest.approx(10 * np.log10((1.0 + 0.1) / 2), abs=1e-4)
    assert found[0, 1, 0] == pytest.approx(-10.0, abs=1e-4)
    assert known.tolist() == [[True, True, True], [True, False, True]]


@pytest.mark.parametrize("bands", [("VV", "VH"), ("HH", "HV"), ("VV",), ("VH",), ("HV",)])
@pytest.mark.parametrize("month", [1, 7])
def test_a_painter_tells_ground_as_the_likelihood_does(bands: tuple[str, ...], month: int) -> None:
    expected = expect(25.0, 61.0, month)
    for level in (-24.0, -20.0, -16.0, -11.5, -8.0, -3.0):
        db = np.array([level if band in ("VV", "HH") else level - 6.5 for band in bands])
        drawn, chance = (kinds_of(db[:, None], bands, expected, sharpness) for sharpness in (SHARPNESS, 1.0))
        lab, error = colours_of(drawn, expected, chance)
        flat = np.broadcast_to(db[:, None, None], (len(bands), 32, 32))
        ground = ground_kinds(expected, bands, {band: DB_RANGES[band] for band in bands})
        made = _colours(ground, _lightness(flat, bands))
        assert made.shape == (1, 4, 16, 16)
        assert made[0, :3, 4, 4].numpy() == pytest.approx(lab[:, 0], abs=0.05)
        assert float(made[0, 3, 4, 4]) == pytest.approx(error[0], abs=0.05)


def test_a_block_depends_on_its_neighbours_alone() -> None:
    ground = ground_kinds(HERE, BANDS, DB_RANGES)
    db = np.random.default_rng(0).normal([[[-12.0]], [[-19.0]]], 3.0, (2, 64, 64))
    other = db.copy()
    other[:, 32:34, 32:34] = -3.0
    changed = (_colours(ground, _lightness(db)) != _colours(ground, _lightness(other)))[0].any(0).numpy()
    assert changed[16, 16]
    changed[15:18, 15:18] = False
    assert not changed.any()


def test_the_note_says_what_the_radar_shows_the_largest_first() -> None:
    found = RadarGround(BANDS, 7)
    db = np.full((2, 64, 64), -11.0, np.float32)
    db[1] = -18.0
    db[:, :, :16] = [[[-21.0]], [[-29.0]]]
    found.add(db, np.ones((64, 64), bool), PLACE)
    palette = found.palette(UNKNOWN_PALETTE, DB_RANGES)
    assert palette.ground is not None
    assert [kind.name for kind in palette.ground.kinds] == ["water", "wood", "field", "bare", "town"]
    assert palette.mean == UNKNOWN_PALETTE.mean  # what the network is given does not change
    assert "The radar shows field" in palette.note
    assert "water 2" in palette.note  # a quarter


def test_the_legend_names_kinds_by_their_share_and_colour() -> None:
    ground = replace(ground_kinds(HERE, BANDS, DB_RANGES), seen=(0.25, 0.004, 0.7, 0.0, 0.046, 0.0))
    names = [part.split()[:2] for part in ground.legend.split(", ")]
    assert names == [["field", "70%"], ["water", "25%"], ["town", "5%"]]
    colour = ground.legend.split(", ")[1].split("#")[1]
    water = lab_to_srgb(np.array(ground.kinds[0].colour)[:, None, None])[:, 0, 0]
    assert [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)] == pytest.approx(water, abs=0.003)


def test_too_little_ground_leaves_the_palette_as_it_is() -> None:
    found = RadarGround(BANDS, None)
    found.add(np.full((2, 12, 12), -12.0, np.float32), np.ones((12, 12), bool), PLACE)
    found.add(np.full((2, 64, 64), -12.0, np.float32), np.zeros((64, 64), bool), PLACE)
    assert found.palette(UNKNOWN_PALETTE, DB_RANGES) is UNKNOWN_PALETTE


@pytest.mark.parametrize("bands", [("VV", "VH"), ("VH",)])
def test_a_level_that_is_not_known_is_brought_to_what_is_to_be_expected(bands: tuple[str, ...]) -> None:
    random = np.random.default_rng(0)
    kind = random.choice(5, 4000, p=HERE.shares[:5] / HERE.shares[:5].sum())
    both = np.stack([random.multivariate_normal(HERE.db[k], HERE.db_covariance[k]) for k in kind]).T
    db = both if len(bands) == 2 else both[1:]
    assert level_of(db, bands, HERE) == pytest.approx(0.0, abs=0.5)
    assert level_of(db - 3.0, bands, HERE) == pytest.approx(3.0, abs=1.0)
    assert level_of(db + 2.0, bands, HERE) == pytest.approx(-2.0, abs=1.0)


def test_the_note_says_that_a_level_was_fitted() -> None:
    found = RadarGround(BANDS, 7, absolute=False)
    db = np.full((2, 64, 64), -11.0, np.float32) + np.array([[[2.0]], [[-5.0]]], np.float32)
    found.add(db, np.ones((64, 64), bool), PLACE)
    palette = found.palette(UNKNOWN_PALETTE, DB_RANGES)
    assert "The level of the radar is not known and was fitted to what is expected. The radar shows" in palette.note
    known = replace(found, absolute=True).palette(UNKNOWN_PALETTE, DB_RANGES)
    assert palette.ground is not None
    assert known.ground is not None
    assert "is not known" not in known.note
    assert palette.ground.kinds[2].lightness != known.ground.kinds[2].lightness


def test_small_shares_are_left_out_of_words() -> None:
    shares = np.array([0.2, 0.796, 0.004, 0.0, 0.0, 0.0])
    assert in_words(shares) == "wood 80%, water 20%"
    assert in_words(replace(HERE, shares=np.eye(6)[5]).shares) == "snow 100%"


@pytest.mark.parametrize("place", [PLACE, (91.0, 26.1)])
def test_the_error_that_is_expected_is_not_smaller_than_the_real_one(place: tuple[float, float]) -> None:
    """Ground made as it is expected, and off by as much as other places were: its season and its rendering."""
    here, random = expect(*place, 7), np.random.default_rng(1)
    kind = random.choice(6, 4096, p=here.shares)
    of_radar = np.minimum(kind, 4)  # no backscatter of snow was learned
    db = np.stack([random.multivariate_normal(here.db[k], here.db_covariance[k]) for k in of_radar])
    ground = ground_kinds(here, BANDS, DB_RANGES)
    blocks = np.kron(db.T.reshape(2, 64, 64), np.ones((8, 8)))  # of 80 m: the neighbours hardly count
    made = _colours(ground, _lightness(blocks))[0, :, 1::4, 1::4].reshape(4, -1).numpy()
    real = []
    for _ in range(20):
        colours = here.colours + random.normal(0.0, 1.0, here.colours.shape) * here.doubt
        true = colours[kind] + random.normal(0.0, 1.0, (4096, 3)) * here.spread[kind]
        real.append(np.abs(made[1:3] - true.T[1:]).mean())
    assert 0.6 < np.mean(real) / made[3].mean() < 1.0


def test_the_error_is_larger_where_nothing_near_by_was_learned_from() -> None:
    assert expect(5.3, 50.6, 7).off == pytest.approx(1.15, abs=0.05)
    assert expect(-72.5, -38.8, 7).off == pytest.approx(1.54, abs=0.01)
    assert ground_kinds(HERE, BANDS, DB_RANGES).off == pytest.approx(HERE.off, abs=1e-3)
