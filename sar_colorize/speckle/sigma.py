"""The improved Lee sigma filter: the mean of those pixels that speckle alone could have made of the same ground."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from ..arrays import as_float, namespace
from ..errors import SettingError
from .base import Filter
from .gamma import gammainc, gammaincinv
from .windows import box_sum, inner, moments, moments_of, speckle_share

POINT_QUANTILE = 0.98
"""A pixel brighter than this quantile of speckle over the ground around may belong to a point target."""

POINT_PIXELS = 5
"""That many such pixels of a 3 x 3 make one."""


@dataclass(frozen=True)
class LeeSigma(Filter):
    """Improved Lee sigma filter.

    1. A first guess of the ground: Lee's minimum mean square error filter in 3 x 3 px.
    2. Of the window, the pixels between I1 and I2 times that guess: the range that holds `share` of all speckle and
       has the mean 1, so that nothing is biased. The first guess stands where there is none.
    3. out = mean + b (power - mean), b = (variance - mean**2 eta**2) / (variance (1 + eta**2)), at least 0, over those
       pixels, with eta the standard deviation of speckle cut to [I1, I2].
    4. Point targets stay as they are: bright pixels with at least five such pixels in their 3 x 3.

    Differs from the paper: there a pixel is bright above the 98 % quantile of the whole image; here above the 98 %
    quantile of speckle over the mean of the window's outer pixels, because no statistic of an image or a tile may
    decide what a pixel becomes. I1, I2 and eta are solved for any number of looks, not looked up for 1 to 4.

    Source: J.-S. Lee, J.-H. Wen, T. L. Ainsworth, K.-S. Chen, A. J. Chen, Improved sigma filter for speckle filtering
    of SAR imagery, IEEE Transactions on Geoscience and Remote Sensing 47 (2009) 202-213.
    """

    name: ClassVar[str] = "lee-sigma"
    default_size_px: ClassVar[int] = 9
    share: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.share < 1.0:
            raise SettingError(f"share must be between 0 and 1, got {self.share}; 0.9 is usual")

    def _estimate(self, power: Any, present: Any) -> Any:
        xp, radius = namespace(power), self.halo_px
        centre = inner(power, radius)
        guess = self._first_guess(power, present)
        low, high, deviation = sigma_range(self.looks, self.share)
        lowest, highest = guess * np.float32(low), guess * np.float32(high)
        count, total, squares = (xp.zeros_like(centre) for _ in range(3))
        height, width = centre.shape[-2:]
        for row in range(self.size_px):
            for col in range(self.size_px):
                at = (..., slice(row, row + height), slice(col, col + width))
                inside = as_float((power[at] >= lowest) & (power[at] <= highest), power)
                if present is not None:
                    inside *= present[at]
                count += inside
                inside *= power[at]
                total += inside
                inside *= power[at]
                squares += inside
        mean, variance = moments_of(total, squares, xp.clip(count, 1.0, None))
        signal = np.float32(1.0) - speckle_share(mean, variance, deviation**2)
        out = mean + signal * np.float32(1.0 / (1.0 + deviation**2)) * (centre - mean)
        return xp.where(self._is_point(power, present), centre, xp.where(count > 0, out, guess))

    def _first_guess(self, power: Any, present: Any) -> Any:
        """The minimum mean square error filter in 3 x 3 px."""
        near = inner(power, self.halo_px - 1)
        mean, variance = moments(near, inner(present, self.halo_px - 1) if present is not None else None, 3)
        signal = np.float32(1.0) - speckle_share(mean, variance, 1.0 / self.looks)
        return mean + signal * np.float32(1.0 / (1.0 + 1.0 / self.looks)) * (inner(near, 1) - mean)

    def _is_point(self, power: Any, present: Any) -> Any:
        """Where a pixel and enough of its neighbours stand out of the ground around."""
        xp, radius, core = namespace(power), self.halo_px, max(3, self.size_px - 4)
        reach = radius - core // 2
        ones = xp.ones_like(power) if present is None else present
        total = box_sum(power, self.size_px) - box_sum(inner(power, reach), core)
        around = box_sum(ones, self.size_px) - box_sum(inner(ones, reach), core)
        threshold = total / xp.clip(around, 1.0, None) * np.float32(_speckle_quantile(self.looks, POINT_QUANTILE))
        threshold = xp.where((around > 0) & (threshold > 0), threshold, np.inf)
        near, bright = inner(power, radius - 1), 0.0
        height, width = threshold.shape[-2:]
        for row in range(3):
            for col in range(3):
                bright = bright + as_float(near[..., row : row + height, col : col + width] > threshold, power)
        return (bright >= POINT_PIXELS) & (inner(power, radius) > threshold)


@lru_cache
def sigma_range(looks: float, share: float) -> tuple[float, float, float]:
    """I1, I2 and eta of speckle of mean 1: the range that holds `share` of it with mean 1, and its deviation there.

    Equals table II of the paper for 1 to 4 looks.
    """

    def cumulated(value: float, power: int) -> float:
        """Integral of x**power times the density from 0 to a value."""
        moment = (1.0, 1.0, (looks + 1.0) / looks)[power]
        return moment * gammainc(looks + power, looks * value)

    def upper(low: float) -> float:
        return gammaincinv(looks, min(cumulated(low, 0) + share, 1.0 - 1e-15)) / looks

    def excess(low: float) -> float:
        return cumulated(upper(low), 1) - cumulated(low, 1) - share

    low = _root(excess, 0.0, gammaincinv(looks, 1.0 - share) / looks)
    high = upper(low)
    return low, high, ((cumulated(high, 2) - cumulated(low, 2)) / share - 1.0) ** 0.5


@lru_cache
def _speckle_quantile(looks: float, quantile: float) -> float:
    """A quantile of speckle of mean 1."""
    return gammaincinv(looks, quantile) / looks


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that rises or falls from `low` to `high` is 0, by halving."""
    rises = function(high) > 0.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if (function(middle) > 0.0) is rises else (middle, high)
    return 0.5 * (low + high)
