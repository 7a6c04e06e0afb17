"""Quegan and Yu's filter over a stack of dates."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sar_colorize.errors import SettingError
from sar_colorize.speckle import get_filter
from sar_colorize.speckle.stack import DEFAULT_SPATIAL, despeckle_dates


def _dates(ground: np.ndarray, levels: list[float], seed: int = 0) -> np.ndarray:
    """(T, H, W): one ground at several levels, each with its own 4.4-look speckle."""
    speckle = np.random.default_rng(seed).gamma(4.4, 1 / 4.4, (len(levels), *ground.shape))
    return (np.array(levels)[:, None, None] * ground * speckle).astype(np.float32)


def test_one_pixel_of_two_dates_by_hand() -> None:
    """E is the 3 x 3 mean: 2 and 20 everywhere but for the pixel in question."""
    power = np.stack([np.full((3, 3), 2.0), np.full((3, 3), 20.0)]).astype(np.float32)
    power[0, 1, 1], power[1, 1, 1] = 11.0, 2.0
    means = (2 * 8 + 11) / 9, (20 * 8 + 2) / 9
    shared = (11 / means[0] + 2 / means[1]) / 2
    out = despeckle_dates(power, np.ones(power.shape, bool), get_filter("boxcar", size_px=3))
    assert out[:, 1, 1] == pytest.approx([means[0] * shared, means[1] * shared], rel=1e-6)


def test_speckle_falls_with_the_dates_and_the_level_of_each_stays() -> None:
    levels = [0.05, 0.1, 0.2, 0.4, 0.1, 0.05, 0.3, 0.2]
    power = _dates(np.ones((200, 200)), levels)
    out = despeckle_dates(power, np.ones(power.shape, bool))
    assert out.mean(axis=(1, 2)) == pytest.approx(power.mean(axis=(1, 2)), rel=0.02)
    enl = (out.mean(axis=(1, 2)) / out.std(axis=(1, 2))) ** 2
    assert enl == pytest.approx(np.full(8, 4.4 * 8 * 49 / (49 + 7)), rel=0.1)  # E adds its own 1 / 49 of speckle


def test_a_line_that_all_dates_share_is_kept_where_a_spatial_filter_blurs_it() -> None:
    ground = np.ones((120, 120))
    ground[:, 60] = 6.0
    power = _dates(ground, [0.1, 0.2, 0.1, 0.3, 0.2, 0.1, 0.2, 0.3])
    out = despeckle_dates(power, np.ones(power.shape, bool))
    blurred = get_filter("boxcar", size_px=7).apply(power[0], np.ones(ground.shape, bool))
    contrast = [np.log(image[:, 60].mean() / image[:, 58].mean()) for image in (out[0], blurred)]
    assert contrast[0] == pytest.approx(np.log(6), rel=0.1)
    assert contrast[1] < 0.1


def test_a_pixel_that_a_date_lacks_stays_invalid_there_and_is_filtered_elsewhere() -> None:
    power = _dates(np.ones((40, 50)), [0.1, 0.2, 0.3])
    valid = np.random.default_rng(1).random(power.shape) > 0.3
    power[~valid] = np.nan
    out = despeckle_dates(power, valid)
    assert np.array_equal(np.isnan(out), ~valid)
    alone = (valid.sum(0) == 1) & valid[0]
    assert out[0][alone] == pytest.approx(power[0][alone], rel=1e-5)  # one date: nothing to average with


def test_a_window_with_its_halo_is_the_same_to_the_last_bit() -> None:
    power = _dates(np.ones((300, 310)), [0.1, 0.2, 0.3])
    valid = np.random.default_rng(2).random(power.shape) > 0.1
    whole, halo = despeckle_dates(power, valid), DEFAULT_SPATIAL.halo_px
    part = np.s_[:, 100 - halo : 290 + halo, 77 - halo : 150 + halo]
    got = despeckle_dates(power[part], valid[part])[:, halo:-halo, halo:-halo]
    assert np.array_equal(got, whole[:, 100:290, 77:150], equal_nan=True)


def test_torch_gives_the_same_as_numpy() -> None:
    power = _dates(np.ones((40, 50)), [0.1, 0.2, 0.3])
    valid = np.random.default_rng(3).random(power.shape) > 0.2
    theirs = despeckle_dates(torch.from_numpy(power), torch.from_numpy(valid)).numpy()
    assert np.allclose(theirs, despeckle_dates(power, valid), rtol=1e-5, equal_nan=True)


def test_a_single_date_is_refused() -> None:
    with pytest.raises(SettingError, match=r"two dates or more .*, got \(1, 5, 5\) and \(1, 5, 5\); `despeckle` takes"):
        despeckle_dates(np.ones((1, 5, 5), np.float32), np.ones((1, 5, 5), bool))
