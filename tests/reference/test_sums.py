"""Sums, maxima and thresholds without SciPy and scikit-image: to the last bit what these give."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import correlate1d, maximum_filter
from skimage.filters import threshold_otsu

from sar_colorize.reference.half import box, gaussian, grown, spread
from sar_colorize.reference.water import level_of

VALUES = np.random.default_rng(0).normal(0.0, 20.0, (70, 90)).astype(np.float32)


@pytest.mark.parametrize("weights", [box(1), box(9), gaussian(2.0, 6), gaussian(5.0, 40)], ids=len)
def test_weighted_sums_are_scipys(weights: np.ndarray) -> None:
    wanted = VALUES
    for axis in (0, 1):
        wanted = correlate1d(wanted, weights, axis=axis, mode="constant")
    np.testing.assert_array_equal(spread(VALUES, weights), wanted)


@pytest.mark.parametrize("margin_px", [0, 1, 3, 8, 100])
def test_maxima_of_squares_are_scipys(margin_px: int) -> None:
    positive = np.maximum(VALUES, 0.0)
    np.testing.assert_array_equal(
        grown(positive, margin_px), maximum_filter(positive, 2 * margin_px + 1, mode="constant")
    )
    part = VALUES > 30.0
    np.testing.assert_array_equal(grown(part, margin_px), maximum_filter(part, 2 * margin_px + 1, mode="constant"))


def test_the_valley_is_that_of_scikit_image() -> None:
    rng = np.random.default_rng(1)
    for dark in (-26.0, -22.0, -19.0):
        db = np.concatenate([rng.normal(dark, 1.0, 500), rng.normal(-11.0, 2.0, 1500)]).astype(np.float32)
        assert level_of(db).valley == pytest.approx(float(threshold_otsu(db)), abs=1e-6)
