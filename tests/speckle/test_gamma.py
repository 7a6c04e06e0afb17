"""The gamma distribution equals SciPy's for every number of looks that a filter takes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammainc as expected
from scipy.special import gammaincinv as expected_inverse

from sar_colorize.speckle.gamma import gammainc, gammaincinv
from sar_colorize.speckle.sigma import sigma_range

LOOKS = (0.01, 0.1, 1.0, 3.0, 4.4, 25.0, 1e3, 1e6)


@pytest.mark.parametrize("a", LOOKS)
def test_the_function_is_scipys(a: float) -> None:
    for x in (0.0, 1e-6, 0.3, 1.0, 0.5 * a, a, 1.2 * a, a + 3.0 * a**0.5, 5.0 * a):
        assert gammainc(a, x) == pytest.approx(float(expected(a, x)), abs=1e-9)


@pytest.mark.parametrize("a", LOOKS)
def test_the_inverse_is_scipys(a: float) -> None:
    for share in (0.0, 1e-6, 0.05, 0.5, 0.9, 0.98, 0.9999):
        assert gammaincinv(a, share) == pytest.approx(float(expected_inverse(a, share)), rel=1e-8, abs=1e-50)


@pytest.mark.parametrize("looks", [0.5, 1.0, 4.4, 100.0])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_range_holds_its_share_of_speckle_and_has_the_mean_1(looks: float, share: float) -> None:
    low, high, deviation = sigma_range(looks, share)
    x = np.linspace(low, high, 200_001)
    density = np.gradient(expected(looks, looks * x), x)
    assert float(expected(looks, looks * high) - expected(looks, looks * low)) == pytest.approx(share, abs=1e-9)
    assert np.trapezoid(density * x, x) / share == pytest.approx(1.0, abs=1e-4)
    assert np.trapezoid(density * x * x, x) / share - 1.0 == pytest.approx(deviation**2, abs=1e-3)
