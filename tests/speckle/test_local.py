"""Boxcar and Lee: against scipy, by hand, and the laws that every filter keeps."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

from sar_colorize.errors import SettingError
from sar_colorize.speckle import FILTER_NAMES, get_filter
from sar_colorize.speckle.base import window_sum

NAMES = [name for name in FILTER_NAMES if name != "none"]


def _speckle(height: int = 60, width: int = 70, looks: float = 4.4) -> np.ndarray:
    return np.random.default_rng(0).gamma(looks, 1 / looks, (height, width)).astype(np.float32)


@pytest.mark.parametrize("size", [3, 5, 7, 11, 31])
def test_window_sums_equal_scipy_inside_the_border(size: int) -> None:
    values, inner = _speckle(), slice(size // 2, -(size // 2))
    expected = uniform_filter(values.astype(np.float64), size, mode="constant") * size**2
    assert window_sum(values, size) == pytest.approx(expected, rel=1e-5)
    assert window_sum(values, size)[inner, inner].shape == (60 - size + 1, 70 - size + 1)


def test_lee_follows_its_formula_from_scipy_means() -> None:
    power, size, looks = _speckle().astype(np.float64), 5, 4.4
    mean, square = uniform_filter(power, size), uniform_filter(power**2, size)
    variance = square - mean**2
    weight = np.clip(1 - mean**2 / looks / variance, 0, None)
    expected = mean + weight * (power - mean)
    got = get_filter("lee", size_px=size, looks=looks).apply(power.astype(np.float32), np.ones(power.shape, bool))
    assert got[3:-3, 3:-3] == pytest.approx(expected[3:-3, 3:-3], rel=1e-4)


def test_lee_averages_flat_speckle_and_keeps_a_point() -> None:
    power = _speckle(200, 200)
    power[100, 100] = 400.0
    out = get_filter("lee", size_px=7).apply(power, np.ones(power.shape, bool))
    flat = np.s_[10:80, 10:190]
    assert out[flat].mean() == pytest.approx(power[flat].mean(), rel=0.01)
    assert out[flat].var() < power[flat].var() / 4
    assert out[100, 100] > 300


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_stays_a_constant_up_to_the_border(name: str) -> None:
    out = get_filter(name).apply(np.full((20, 30), 0.25, np.float32), np.ones((20, 30), bool))
    assert out == pytest.approx(np.full((20, 30), 0.25), rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_invalid_values_never_leak_and_stay_invalid(name: str) -> None:
    power = np.full((30, 30), 0.5, np.float32)
    valid = np.ones((30, 30), bool)
    valid[10:20, 12:14] = False
    for poison in (np.nan, np.inf, 1e30):
        power[~valid] = poison
        out = get_filter(name).apply(power, valid)
        assert np.isnan(out[~valid]).all()
        assert out[valid] == pytest.approx(0.5, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 20), st.integers(1, 20), st.sampled_from(NAMES))
def test_a_window_with_its_halo_is_the_same_to_the_last_bit(r: int, c: int, h: int, w: int, name: str) -> None:
    power = _speckle(80, 80)
    chosen = get_filter(name, size_px=7)
    halo = chosen.halo_px
    padded = np.pad(power, halo)
    valid = np.pad(np.ones(power.shape, bool), halo)
    whole = chosen.apply(power, np.ones(power.shape, bool))
    part = chosen.apply(
        padded[r : r + h + 2 * halo, c : c + w + 2 * halo], valid[r : r + h + 2 * halo, c : c + w + 2 * halo]
    )
    assert np.array_equal(part[halo : halo + h, halo : halo + w], whole[r : r + h, c : c + w])


@pytest.mark.parametrize("name", FILTER_NAMES)
def test_torch_and_numpy_agree(name: str) -> None:
    power, valid = _speckle(), np.random.default_rng(1).random((60, 70)) > 0.1
    ours = get_filter(name).apply(power, valid)
    theirs = get_filter(name).apply(torch.from_numpy(power), torch.from_numpy(valid)).numpy()
    assert np.array_equal(np.isnan(ours), np.isnan(theirs))
    assert theirs[valid] == pytest.approx(ours[valid], rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "leee"}, r"filter must be one of none, boxcar, lee, got 'leee'"),
        ({"name": "lee", "size_px": 4}, r"odd number of pixels from 3 to 31, got 4"),
        ({"name": "lee", "size_px": 33}, r"odd number of pixels from 3 to 31, got 33"),
        ({"name": "lee", "looks": 0.0}, r"looks must be above 0, got 0.0"),
    ],
)
def test_wrong_settings_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        get_filter(**arguments)
