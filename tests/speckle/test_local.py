"""Filters by window moments, Frost and the median: against SciPy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import generic_filter, uniform_filter

from sar_colorize.speckle import get_filter

INNER = np.s_[4:-4, 4:-4]


def _speckle(height: int = 60, width: int = 70) -> np.ndarray:
    return np.random.default_rng(0).gamma(4.4, 1 / 4.4, (height, width)).astype(np.float32)


def _moments(power: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    mean, square = uniform_filter(power, size), uniform_filter(power**2, size)
    return mean, (square - mean**2) * size**2 / (size**2 - 1)


def _apply(name: str, power: np.ndarray, **settings: float) -> np.ndarray:
    return get_filter(name, **settings).apply(power.astype(np.float32), np.ones(power.shape, bool))


def test_lee_follows_its_formula_from_scipy_means() -> None:
    power = _speckle().astype(np.float64)
    mean, variance = _moments(power, 5)
    weight = np.clip(1 - mean**2 / 4.4 / variance, 0, None)
    expected = mean + weight * (power - mean)
    assert _apply("lee", power, size_px=5, looks=4.4)[INNER] == pytest.approx(expected[INNER], rel=1e-4)


def test_enhanced_lee_follows_its_formula_from_scipy_means() -> None:
    power = _speckle().astype(np.float64)
    power[20:30, 20:30] *= 30
    mean, variance = _moments(power, 5)
    cv, flat, point = variance**0.5 / mean, 4.4**-0.5, (1 + 2 / 4.4) ** 0.5
    between = np.clip((cv - flat) / np.where(cv < point, point - cv, 1), 0, 700)
    weight = np.where(cv <= flat, 1, np.where(cv >= point, 0, np.exp(-between)))
    expected = mean * weight + power * (1 - weight)
    assert (cv >= point).any()
    assert (cv <= flat).any()
    assert _apply("enhanced-lee", power, size_px=5, looks=4.4)[INNER] == pytest.approx(expected[INNER], rel=1e-3)


def test_lee_averages_flat_speckle_and_keeps_a_point() -> None:
    power = _speckle(200, 200)
    power[100, 100] = 400.0
    out = _apply("lee", power, size_px=7)
    flat = np.s_[10:80, 10:190]
    assert out[flat].mean() == pytest.approx(power[flat].mean(), rel=0.01)
    assert out[flat].var() < power[flat].var() / 4
    assert out[100, 100] > 300


@pytest.mark.parametrize("name", ["enhanced-lee", "gamma-map"])
def test_a_point_target_keeps_its_very_value(name: str) -> None:
    power = _speckle(40, 40)
    power[20, 20] = 400.0
    assert _apply(name, power)[20, 20] == power[20, 20]


def test_gamma_map_is_the_mean_on_ground_flatter_than_speckle() -> None:
    power = np.full((20, 20), 0.1, np.float32) + np.linspace(0, 0.01, 20, dtype=np.float32)
    assert _apply("gamma-map", power, size_px=3)[INNER] == pytest.approx(uniform_filter(power, 3)[INNER], rel=1e-5)


def test_kuan_leans_on_the_mean_a_little_more_than_lee() -> None:
    power = _speckle()
    mean = _apply("boxcar", power, size_px=7)
    lee, kuan = _apply("lee", power, size_px=7), _apply("kuan", power, size_px=7)
    assert kuan - mean == pytest.approx((lee - mean) / (1 + 1 / 4.4), abs=1e-5)


def test_frost_weights_pixels_by_their_distance() -> None:
    """A spike of 1 over ground of 1: the weight of a neighbour is exp(-2 cv2 distance) that of the centre."""
    power = np.ones((7, 7), np.float64)
    power[3, 3] = 2.0
    cv2 = power[1:6, 1:6].var(ddof=1) / power[1:6, 1:6].mean() ** 2
    rows, cols = np.mgrid[-2:3, -2:3]
    weights = np.exp(-2.0 * cv2 * np.hypot(rows, cols))
    expected = (weights * power[1:6, 1:6]).sum() / weights.sum()
    assert _apply("frost", power, size_px=5)[3, 3] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("size", [3, 5, 7])
def test_median_equals_scipy_and_skips_what_is_missing(size: int) -> None:
    power = _speckle(40, 45)
    margin = size // 2
    middle = np.s_[margin:-margin, margin:-margin]
    assert np.array_equal(_apply("median", power, size_px=size)[middle], generic_filter(power, np.median, size)[middle])
    valid = np.random.default_rng(1).random(power.shape) > 0.3
    holed = np.where(valid, power, np.float32(np.nan))
    expected = generic_filter(holed, np.nanmedian, size, mode="constant", cval=np.nan)
    got = get_filter("median", size_px=size).apply(holed, valid)
    assert got[valid] == pytest.approx(expected[valid], rel=1e-6)
