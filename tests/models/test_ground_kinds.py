"""Shores: what is half water and half land is not drawn as bare ground, and a bank of sand is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sar_colorize.backscatter import DB_RANGES
from sar_colorize.models.ground_kinds import (
    BARE,
    REACH_PX,
    ground_chances,
    ground_logs,
    told_picture,
    without_rims,
)
from sar_colorize.models.ground_numbers import numbers_of
from sar_colorize.palette.from_radar import ground_kinds
from sar_colorize.palette.likelihood import SHARPNESS
from sar_colorize.palette.world import expect

BANDS = ("VV", "VH")
ASSAM = expect(91.0, 26.1, 1)
GROUND = ground_kinds(ASSAM, BANDS, DB_RANGES)
WATER, FIELD = 0, 2


def _scene(levels: list[tuple[int, int]], side: int = 128) -> torch.Tensor:
    """L (1, 2, side, side): columns up to each edge have the backscatter of a kind; power is mixed over 7 px."""
    db = np.empty((2, side))
    first = 0
    for kind, end in levels:
        db[:, first:end] = ASSAM.db[kind][:, None]
        first = end
    power = np.pad(10.0 ** (db / 10.0), ((0, 0), (3, 3)), mode="edge")
    mixed = 10.0 * np.log10(np.stack([np.convolve(row, np.ones(7) / 7.0, "valid") for row in power]))
    ranges = [DB_RANGES[band] for band in BANDS]
    rows = np.stack([100.0 * (x - low) / (high - low) for x, (low, high) in zip(mixed, ranges, strict=True)])
    return torch.tensor(np.repeat(rows[None, :, None], side, 2), dtype=torch.float32).clip(0.0, 100.0)


def _chances(lightness: torch.Tensor) -> torch.Tensor:
    return ground_chances(GROUND.snow, ground_logs(numbers_of(GROUND), lightness), SHARPNESS)


def test_a_shore_has_no_rim_of_bare_ground() -> None:
    chance = _chances(_scene([(WATER, 64), (FIELD, 128)]))
    assert chance[0, BARE, 32].max() > 0.5  # it would have one
    drawn = without_rims(chance)
    assert drawn[0, BARE, 32].max() < 0.1
    assert drawn.sum(1).numpy() == pytest.approx(1.0, abs=1e-5)
    assert drawn[0, WATER, 32, :28].min() > 0.8
    assert drawn[0, FIELD, 32, 40:].min() > 0.4


def test_a_wide_bank_between_water_and_fields_stays_bare() -> None:
    chance = _chances(_scene([(WATER, 50), (BARE, 80), (FIELD, 128)]))
    assert chance[0, BARE, 32, 27:38].min() > 0.5
    np.testing.assert_allclose(without_rims(chance)[0, BARE, 32, 27:38], chance[0, BARE, 32, 27:38], atol=0.01)


def test_a_path_of_bare_ground_through_fields_stays() -> None:
    chance = _chances(_scene([(FIELD, 60), (BARE, 68), (FIELD, 128)]))
    assert chance[0, BARE, 32, 32] > 0.5
    np.testing.assert_allclose(without_rims(chance), chance, atol=0.01)


def test_a_picture_depends_on_no_more_than_its_reach() -> None:
    random = np.random.default_rng(0)
    patches = np.kron(random.random((2, 12, 12)), np.ones((16, 16))) * 100.0  # ponds, banks, fields
    lightness = torch.tensor(patches[None], dtype=torch.float32)
    other = lightness.clone()
    other[..., 96:] = 100.0 - other[..., 96:]
    before, after = told_picture(GROUND, lightness), told_picture(GROUND, other)
    for made, again in ((before.lab, after.lab), (before.kinds, after.kinds), (before.error, after.error)):
        np.testing.assert_array_equal(made[..., : 96 - REACH_PX], again[..., : 96 - REACH_PX])
        assert (made[..., 96:] != again[..., 96:]).any()
