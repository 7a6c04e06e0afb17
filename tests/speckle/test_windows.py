"""Window sums and moments against SciPy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from sar_colorize.speckle.windows import TINY, box_sum, counts, inner, moments, speckle_share


@pytest.mark.parametrize("size", [3, 5, 7, 11, 31])
def test_box_sums_equal_scipy(size: int) -> None:
    values = np.random.default_rng(0).random((60, 70), np.float32)
    expected = uniform_filter(values.astype(np.float64), size) * size**2
    assert box_sum(values, size) == pytest.approx(inner(expected, size // 2), rel=1e-5)


def test_moments_of_three_pixels_by_hand() -> None:
    power = np.array([[1.0, 2.0, 0.0], [6.0, 0.0, 0.0], [0.0, 0.0, 0.0]], np.float32)
    present = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], np.float32)
    mean, variance = moments(power, present, 3)
    assert mean == pytest.approx(3.0)
    assert variance == pytest.approx(((1 - 3) ** 2 + (2 - 3) ** 2 + (6 - 3) ** 2) / 2)


def test_all_present_gives_the_same_bits_as_no_mask() -> None:
    power = np.random.default_rng(1).random((40, 50), np.float32)
    for masked, plain in zip(moments(power, np.ones_like(power), 5), moments(power, None, 5), strict=True):
        assert np.array_equal(masked, plain)


def test_a_window_without_valid_pixels_counts_as_one() -> None:
    assert counts(np.zeros((5, 5), np.float32), 5) == 1.0


def test_speckle_explains_between_nothing_and_all() -> None:
    mean, variance = np.array([2.0, 2.0, 0.0], np.float32), np.array([4.0, 0.5, 0.0], np.float32)
    assert speckle_share(mean, variance, 0.25) == pytest.approx([0.25, 1.0, 1.0])
    assert np.finfo(np.float32).tiny < TINY
