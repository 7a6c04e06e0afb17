"""Where a colour picture shows the ground."""

from __future__ import annotations

import numpy as np
import pytest
from torch import from_numpy
from torch.nn import functional as F

from sar_colorize.reference.clouds import CLEAR_HALO_PX, clear_ground, ground


def pixels(*colours):
    return np.array(colours).T[:, None, :]


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_black_and_white_clouds_are_not_ground_but_a_bright_roof_is(dtype):
    codes = pixels((4, 4, 4), (0, 5, 0), (228, 228, 228), (227, 228, 228), (250, 228, 240), (251, 228, 240))
    assert ground(codes.astype(dtype)).tolist() == [[False, True, False, True, False, True]]


def test_a_pixel_without_a_value_is_not_ground():
    codes = pixels((90.0, 90.0, 90.0), (np.nan, 90.0, 90.0), (90.0, np.inf, 90.0), (90.0, 90.0, 90.0))
    assert ground(codes, np.array([[True, True, True, False]])).tolist() == [[True, False, False, False]]


def test_the_margin_is_a_square_around_what_is_not_ground():
    codes = np.full((3, 20, 20), 90, np.uint8)
    codes[:, 8, 3] = 255
    expected = np.ones((20, 20), bool)
    expected[4:13, 0:8] = False  # 9 px wide, cut at the edge
    assert (ground(codes, margin_px=4) == expected).all()


@pytest.mark.parametrize("margin_px", [1, 4, 7])
def test_the_margin_equals_torchs_max_pool(margin_px):
    random = np.random.default_rng(3)
    codes = random.choice([0, 90, 240], (1, 61, 47), p=[0.002, 0.996, 0.002]).astype(np.uint8).repeat(3, 0)
    size = 2 * margin_px + 1
    pooled = F.max_pool2d(from_numpy(~ground(codes))[None].float(), size, stride=1, padding=margin_px)
    assert 0.2 < ground(codes, margin_px=margin_px).mean() < 1.0
    assert (ground(codes, margin_px=margin_px) == (pooled[0] == 0).numpy()).all()


def test_outside_the_picture_is_no_cloud():
    assert ground(np.full((3, 5, 5), 90, np.uint8), margin_px=4).all()


def test_clear_ground_needs_no_more_than_its_halo():
    random = np.random.default_rng(5)
    codes = random.choice([0, 90, 240], (1, 30, 30), p=[0.02, 0.78, 0.2]).astype(np.uint8).repeat(9, 1).repeat(9, 2)
    puffs = random.random((1, 90, 90)) < 0.1
    codes = np.where(puffs.repeat(3, 1).repeat(3, 2), np.uint8(240), codes).repeat(3, 0)
    seen = random.random(codes.shape[1:]) > 0.0005
    whole, halo = clear_ground(codes, seen), CLEAR_HALO_PX
    assert 0.02 < whole.mean() < 0.95
    for row, col in ((50, 60), (150, 33), (101, 77)):
        part = (slice(row - halo, row + 30 + halo), slice(col - halo, col + 40 + halo))
        inner = clear_ground(codes[(slice(None), *part)], seen[part])[halo:-halo, halo:-halo]
        assert np.array_equal(inner, whole[row : row + 30, col : col + 40])


def test_white_halls_are_ground_and_small_clouds_near_a_large_one_are_not() -> None:
    codes = np.full((3, 200, 200), 90, np.uint8)
    codes[:, 20:29, 20:60] = 250  # a hall of 90 x 400 m at 10 m
    codes[:, 100:140, 100:150] = 250  # a cloud
    codes[:, 120:126, 158:164] = 250  # a puff beside it
    clear = clear_ground(codes, np.ones((200, 200), bool))
    assert clear[15:35, 15:65].all()
    assert not clear[97:143, 97:153].any()
    assert not clear[118:128, 156:166].any()
    assert clear.mean() > 0.9
